"""Which tests reach which lines: a mutant is shown first to those likely to notice it.

A pytest plugin. Only the functions of one folder or file are followed, line by line.
"""

import json
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

Place = tuple[str, int]  # file name, line; a function stands for its first line


class Entered:
    """The places each test reaches.

    What the files of tests reach while they are read (a library at the top of one is
    there for all) belongs to every test.
    """

    def __init__(self, room: Path) -> None:
        self._room = f"{room}/" if room.is_dir() else str(room)
        self.by_test: dict[str, set[Place]] = {}
        self.by_all: set[Place] = set()
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        begun = time.process_time()
        with self._watched() as places:
            result = yield
        self.by_test[item.nodeid] = places
        self.seconds[item.nodeid] = time.process_time() - begun
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        with self._watched() as places:
            result = yield
        self.by_all |= places
        return result

    @contextmanager
    def _watched(self) -> Iterator[set[Place]]:
        places: set[Place] = set()

        def trace(frame: FrameType, event: str, arg: object) -> Any:
            code = frame.f_code
            # Not the bodies of modules and classes, which every import runs.
            if not code.co_flags & CO_OPTIMIZED or not code.co_filename.startswith(
                self._room
            ):
                return None
            line = code.co_firstlineno if event == "call" else frame.f_lineno
            places.add((code.co_filename, line))
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            yield places
        finally:
            sys.settrace(before)

    def write(self, file: Path) -> None:
        """What `tests_by_place` reads."""
        fastest = sorted(self.by_test, key=lambda each: self.seconds[each])
        found = {
            "each": [(test, sorted(self.by_test[test])) for test in fastest],
            "all": sorted(self.by_all),
        }
        file.write_text(json.dumps(found), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class TestsByPlace:
    """Node ids of tests, the fastest first: of all, and of those that reach a place."""

    every: tuple[str, ...]
    reaching: dict[Place, list[str]]
    reached_by_all: frozenset[Place]

    def likeliest_first(self, *, line: Place, function: Place) -> list[list[str]]:
        """Those that reach the line, then the function; none that reach neither."""
        groups = [self.reaching.get(line, []), self.reaching.get(function, [])]
        if function in self.reached_by_all:
            groups.append(list(self.every))
        seen: set[str] = set()
        fresh = []
        for group in groups:
            fresh.append([each for each in group if each not in seen])
            seen.update(group)
        return [each for each in fresh if each]


def tests_by_place(file: Path) -> TestsByPlace:
    """What `Entered.write` wrote."""
    found = json.loads(file.read_text(encoding="utf-8"))
    reaching: dict[Place, list[str]] = {}
    for test, places in found["each"]:
        for name, line in places:
            reaching.setdefault((name, line), []).append(test)
    return TestsByPlace(
        every=tuple(test for test, _ in found["each"]),
        reaching=reaching,
        reached_by_all=frozenset((name, line) for name, line in found["all"]),
    )
