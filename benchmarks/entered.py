"""Which tests enter which functions: a mutant is shown to those that can notice it.

A pytest plugin. Of each function only that it was entered is recorded, so that the
tests run nearly as fast as without it.
"""

import json
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType

import pytest

Place = tuple[str, int]  # file name, first line of the function


class Entered:
    """Functions of one folder, by the test that enters them.

    What the files of tests enter while they are read (a library at the top of one is
    there for all) counts for every test.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = f"{folder}/"
        self.by_test: dict[str, set[Place]] = {}
        self.by_all: set[Place] = set()
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        begun = time.process_time()
        with self._watched() as codes:
            result = yield
        self.by_test[item.nodeid] = self._places(codes)
        self.seconds[item.nodeid] = time.process_time() - begun
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        with self._watched() as codes:
            result = yield
        self.by_all |= self._places(codes)
        return result

    @contextmanager
    def _watched(self) -> Iterator[set[CodeType]]:
        codes: set[CodeType] = set()

        def trace(frame: FrameType, event: str, arg: object) -> None:
            codes.add(frame.f_code)

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            yield codes
        finally:
            sys.settrace(before)

    def _places(self, codes: set[CodeType]) -> set[Place]:
        return {
            (code.co_filename, code.co_firstlineno)
            for code in codes
            if code.co_filename.startswith(self._folder)
        }

    def write(self, file: Path) -> None:
        """The tests in the order of their speed, and for each what it enters."""
        found = [
            (test, sorted(places | self.by_all))
            for test, places in self.by_test.items()
        ]
        found.sort(key=lambda each: self.seconds[each[0]])
        file.write_text(json.dumps(found), encoding="utf-8")


def tests_that_enter(file: Path) -> dict[Place, list[str]]:
    """What `write` wrote: place -> tests that enter it, the fastest first."""
    entered: dict[Place, list[str]] = {}
    for test, places in json.loads(file.read_text(encoding="utf-8")):
        for name, line in places:
            entered.setdefault((name, line), []).append(test)
    return entered
