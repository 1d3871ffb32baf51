"""How many small wrong changes to `questionnaires` its tests notice.

`python -m benchmarks.mutation [--n 400] [--all] [--seed 1] [--json]`

Each mutant runs in a process of its own, in which one module is replaced in memory;
nothing on disk changes. It is noticed when a test fails (or runs far longer than the
tests need). It is shown to the tests that enter the changed function, and to all of
them if it is in none. The control runs all tests on the unchanged room: they must pass.
"""

import argparse
import importlib.abc
import importlib.util
import io
import json
import os
import platform
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import pytest

from benchmarks.entered import Entered, Place, tests_that_enter
from benchmarks.mutants import Mutant, mutants_of

ROOT = Path(__file__).parents[1]
ROOM = "questionnaires"
TARGET = 0.90
TESTS = (
    "tests/unit/questionnaires",
    "tests/property/test_scoring.py",
    "tests/property/test_changed_answers.py",
)
PACKAGES = ("pytest", "hypothesis")
PARALLEL = 2
BROKEN = 70  # exit code of a process in which something other than a test failed
CPU_SECONDS = 120  # for one mutant; the tests need a small part of it


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints one object; exit code 1 if the control fails."""
    options = _parser().parse_args(arguments)
    mutants = [each for file in _modules() for each in _mutants(file)]
    if not options.all and options.n < len(mutants):
        mutants = random.Random(options.seed).sample(mutants, options.n)
    _say(f"control: {ROOM} unchanged")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "entered.json"
        control = _failed(lambda: _control(file))
        noticed = _noticed_all(mutants, tests_that_enter(file)) if not control else []
    survivors = [each for each, seen in zip(mutants, noticed, strict=False) if not seen]
    score = 1 - len(survivors) / len(mutants) if noticed else 0.0
    report = {
        "benchmark": "mutation",
        "targets": {
            "mutation_score": {
                "target": TARGET,
                "measured": round(score, 4),
                "holds": score >= TARGET,
            }
        },
        "n": len(mutants),
        "of": sum(len(_mutants(file)) for file in _modules()),
        "seed": options.seed,
        "control": {"unchanged_code_passes": not control},
        "survivors": [_told(each) for each in survivors],
        "versions": {
            "python": platform.python_version(),
            **{each: version(each) for each in PACKAGES},
        },
    }
    if options.json:
        print(json.dumps(report))
    else:
        print(json.dumps(report["targets"]))
    return int(control)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation")
    parser.add_argument("--n", type=int, default=400, help="mutants drawn at random")
    parser.add_argument("--all", action="store_true", help="every mutant (slow)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser


def _modules() -> list[Path]:
    found = sorted((ROOT / ROOM).rglob("*.py"))
    return [each for each in found if each.name not in ("__init__.py", "errors.py")]


def _mutants(file: Path) -> list[Mutant]:
    module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
    return list(mutants_of(module, file.read_text(encoding="utf-8")))


def _noticed_all(
    mutants: Sequence[Mutant], entered: Mapping[Place, Sequence[str]]
) -> list[bool]:
    """Whether a test fails, for each mutant."""
    noticed = [False] * len(mutants)
    running: dict[int, int] = {}  # process -> place in the list
    begun = time.monotonic()

    def wait() -> None:
        process, status = os.wait()
        place = running.pop(process)
        noticed[place] = _says_no(status)
        if not noticed[place]:
            _say(f"not noticed: {_told(mutants[place])}")

    for place, mutant in enumerate(mutants):
        if len(running) == PARALLEL:
            wait()
        tests = _tests_for(mutant, entered)
        running[_started(lambda: _run_tests(tests, mutant))] = place  # noqa: B023  # called before the loop goes on
        if place and place % 20 == 0:
            minutes = (time.monotonic() - begun) / 60
            _say(f"{place} of {len(mutants)} mutants, {minutes:.1f} minutes")
    while running:
        wait()
    return noticed


def _tests_for(
    mutant: Mutant, entered: Mapping[Place, Sequence[str]]
) -> list[list[str]]:
    """Node ids by their file, the files with the fastest tests first.

    None if nothing enters the changed function.
    """
    if not mutant.function:
        return [list(TESTS)]
    file = ROOT / Path(*mutant.module.split(".")).with_suffix(".py")
    by_file: dict[str, list[str]] = {}
    for test in entered.get((str(file), mutant.function), ()):
        by_file.setdefault(test.partition("::")[0], []).append(test)
    # The module's own tests before all others: most mutants end there.
    own = f"test_{file.stem}.py"
    return sorted(by_file.values(), key=lambda each: f"/{own}::" not in each[0])


def _started(work: Callable[[], int]) -> int:
    """The id of a new process that does this and ends with its answer."""
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        code = BROKEN
        try:
            code = work()
        finally:
            os._exit(code)
    return process


def _failed(work: Callable[[], int]) -> bool:
    return _says_no(os.waitpid(_started(work), 0)[1])


def _says_no(status: int) -> bool:
    """Whether the tests failed, from how their process ended."""
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == BROKEN:
        raise RuntimeError("the tests could not be run: nothing is measured")
    return status != 0


def _control(file: Path) -> int:
    """In a child: every test over the unchanged room; writes what each enters."""
    entered = Entered(ROOT / ROOM)
    code = _pytest(TESTS, entered)
    entered.write(file)
    return code


def _run_tests(tests: Sequence[Sequence[str]], mutant: Mutant) -> int:
    """In a child: these tests over this mutant. Returns 0 if none of them fails."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    signal.alarm(CPU_SECONDS * 4)
    sys.meta_path.insert(0, _Replaced(mutant))
    for of_one_file in tests:
        code = _pytest(of_one_file)
        if code == pytest.ExitCode.USAGE_ERROR:
            # Some of these are not even there: a mutant may change which there are.
            code = _pytest(TESTS)
        if code:
            return code
    return 0


def _pytest(tests: Sequence[str], *plugins: object) -> int:
    options = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:randomly"]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return int(pytest.main([*options, "--hypothesis-seed=1", *tests], plugins))


class _Replaced(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves one module from memory."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: object, target: object = None
    ) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.source, self._mutant.module, "exec"), vars(module))


def _told(mutant: Mutant) -> str:
    return f"{mutant.module}:{mutant.line} {mutant.what}"


def _say(progress: str) -> None:
    print(f"mutation: {progress}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
