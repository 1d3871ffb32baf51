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
    """Functions of one folder, by the test (or the file of tests) that enters them."""

    def __init__(self, folder: Path) -> None:
        self._folder = f"{folder}/"
        self._now: set[CodeType] = set()
        self.by_test: dict[str, set[Place]] = {}
        self.by_file: dict[str, set[Place]] = {}
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        begun = time.monotonic()
        with self._watched():
            result = yield
        self.by_test[item.nodeid] = self._places()
        self.seconds[item.nodeid] = time.monotonic() - begun
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        with self._watched():
            result = yield
        if isinstance(collector, pytest.Module):
            self.by_file[collector.nodeid] = self._places()
        return result

    @contextmanager
    def _watched(self) -> Iterator[None]:
        self._now = set()
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            yield
        finally:
            sys.settrace(before)

    def _trace(self, frame: FrameType, event: str, arg: object) -> None:
        self._now.add(frame.f_code)

    def _places(self) -> set[Place]:
        return {
            (code.co_filename, code.co_firstlineno)
            for code in self._now
            if code.co_filename.startswith(self._folder)
        }

    def write(self, file: Path) -> None:
        """The tests in the order of their speed, and for each what it enters."""
        found = [
            (test, sorted(places | self.by_file.get(test.partition("::")[0], set())))
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
