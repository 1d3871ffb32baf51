"""How many small wrong changes to a room its tests notice.

`python -m benchmarks.mutation [--room questionnaires] [--n 400] [--all] [--seed 1]
[--json]`; a room is a folder or a file, `clinical/signals` or `clinical/pairs.py`.

Each mutant runs in a forked process of its own, in which one module is replaced in
memory; nothing on disk changes. It is noticed when a test fails (or runs far longer
than the tests need). It is shown to the tests that enter the changed function, to all
of them if it is in none; those that reach the changed line come first.

Controls: all tests pass on the unchanged room; a module replaced by itself survives; a
module that cannot be imported is noticed. No mutant is taken out afterwards as
equivalent: what is never changed, and why, `benchmarks.mutants` says.
"""

import argparse
import gc
import importlib.abc
import importlib.util
import io
import json
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import pytest

from benchmarks.entered import Entered, TestsByPlace, tests_by_place
from benchmarks.mutants import Mutant, mutants_of
from benchmarks.report import versions

ROOT = Path(__file__).parents[1]
TARGET = 0.90
# The tests that concern a room: half a minute of them, not those of the whole product.
TESTS: Mapping[str, tuple[str, ...]] = {
    "questionnaires": (
        "tests/unit/questionnaires",
        "tests/property/test_scoring.py",
        "tests/property/test_changed_answers.py",
    ),
    "clinical": (
        "tests/unit/clinical",
        "tests/spec",
        "tests/property/test_signals.py",
        "tests/property/test_pairs.py",
    ),
}
PACKAGES = ("pytest", "hypothesis")
PARALLEL = 2
BROKEN = 70  # exit code of a process in which something other than a test failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints one object; exit code 1 if the control fails."""
    options = _parser().parse_args(arguments)
    room = ROOT / options.room
    every = [each for file in _modules(room) for each in _mutants(file)]
    mutants = every
    if not options.all and options.n < len(every):
        mutants = random.Random(options.seed).sample(every, options.n)
    _warm_up()
    control, noticed = _measured(room, mutants)
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
        "room": options.room,
        "n": len(mutants),
        "of": len(every),
        "equivalents_taken_out": 0,
        "seed": options.seed,
        "control": control,
        "survivors": [_told(each) for each in survivors],
        "versions": versions(*PACKAGES),
    }
    print(json.dumps(report if options.json else report["targets"]))
    return int(not all(control.values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation")
    parser.add_argument(
        "--room", type=_room, default="questionnaires", help="a folder or a file"
    )
    parser.add_argument("--n", type=int, default=400, help="mutants drawn at random")
    parser.add_argument("--all", action="store_true", help="every mutant (slow)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser


def _room(name: str) -> str:
    """A folder or a file that some tests concern, as it is written here."""
    if not (ROOT / name).exists():
        raise argparse.ArgumentTypeError(f"{name} is not here")
    if Path(name).parts[0] not in TESTS:
        raise argparse.ArgumentTypeError(f"{name} lies in none of {', '.join(TESTS)}")
    return name


def _tests(room: Path) -> tuple[str, ...]:
    return TESTS[room.relative_to(ROOT).parts[0]]


def _modules(room: Path) -> list[Path]:
    return sorted(room.rglob("*.py")) if room.is_dir() else [room]


def _mutants(file: Path) -> list[Mutant]:
    module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
    return list(mutants_of(module, file.read_text(encoding="utf-8")))


def _warm_up() -> None:
    """Loads pytest and Hypothesis, and nothing of ours, for all processes to come."""
    with TemporaryDirectory() as empty:
        _pytest(["--collect-only", empty])
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutation",
        # Whether an example fails, not which is the simplest.
        phases=(Phase.explicit, Phase.generate),
        # A slow machine is no failing test; no example is kept for another mutant.
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        database=None,
    )
    settings.load_profile("mutation")
    gc.freeze()  # a child that collects need not go through all this again


def _measured(
    room: Path, mutants: Sequence[Mutant]
) -> tuple[dict[str, bool], list[bool]]:
    """The controls, and whether each mutant is noticed; none if a control fails."""
    _say(f"control: {room.relative_to(ROOT)} unchanged")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "entered.json"
        passes = not _says_no(os.waitpid(_started(lambda: _control(room, file)), 0)[1])
        control = {"unchanged_code_passes": passes}
        if not passes:
            return control, []
        tests = tests_by_place(file)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = 10 + round(2 * (used.ru_utime + used.ru_stime))
    same, broken = _noticed_all(_planted(mutants[0]), tests, seconds=seconds)
    control |= {"same_module_survives": not same, "broken_module_is_noticed": broken}
    if not all(control.values()):
        return control, []
    return control, _noticed_all(mutants, tests, seconds=seconds)


def _planted(mutant: Mutant) -> list[Mutant]:
    """Its module replaced by itself, and by one that cannot be imported."""
    plain = replace(mutant, line=1, function=0, place=0, change=id)
    return [
        replace(plain, what=what, original=text)
        for what, text in (
            ("planted: no change", mutant.original),
            ("planted: no import", "raise ImportError"),
        )
    ]


def _noticed_all(
    mutants: Sequence[Mutant], tests: TestsByPlace, *, seconds: int
) -> list[bool]:
    """Whether a test fails, for each mutant; no answer in these CPU seconds is one."""
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
        work = partial(_run_tests, _tests_for(mutant, tests), mutant, seconds=seconds)
        running[_started(work)] = place
        if place and place % 20 == 0:
            minutes = (time.monotonic() - begun) / 60
            _say(f"{place} of {len(mutants)} mutants, {minutes:.1f} minutes")
    while running:
        wait()
    return noticed


def _tests_for(mutant: Mutant, tests: TestsByPlace) -> list[list[str]]:
    """Those that reach the changed line first; all tests if it is in no function."""
    file = str(ROOT / Path(*mutant.module.split(".")).with_suffix(".py"))
    line, function = (file, mutant.line), (file, mutant.function)
    chosen = tests.likeliest_first(line=line, function=function)
    return chosen or [list(tests.every)]


def _started(work: Callable[[], int]) -> int:
    """The id of a new process that does this and ends with its answer."""
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        code = BROKEN
        try:
            code = work()
        except BaseException:  # noqa: BLE001  # whatever it is, this process ends here
            traceback.print_exc()
        os._exit(code)
    return process


def _says_no(status: int) -> bool:
    """Whether the tests failed, from how their process ended."""
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == BROKEN:
        raise RuntimeError("the tests could not be run: nothing is measured")
    return status != 0


def _control(room: Path, file: Path) -> int:
    """In a child: every test over the unchanged room; writes what each enters."""
    entered = Entered(room)
    code = _pytest(_tests(room), entered)
    entered.write(file)
    return code


def _run_tests(tests: Sequence[Sequence[str]], mutant: Mutant, *, seconds: int) -> int:
    """In a child: these tests over this mutant. Returns 0 if none of them fails."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    signal.alarm(seconds * 10)  # of the clock: for one that waits for ever
    sys.meta_path.insert(0, _Replaced(mutant))
    for some in tests:
        code = _pytest(some)
        if code == pytest.ExitCode.USAGE_ERROR:
            # Some of these are not even there: a mutant may change which there are.
            _forget_tests()
            code = _pytest(_tests(ROOT / Path(*mutant.module.split("."))))
        if code:
            return code
    return 0


def _forget_tests() -> None:
    """pytest keeps a file of tests whose import failed, as one without any test."""
    for name in [each for each in sys.modules if each.startswith("tests.")]:
        del sys.modules[name]


def _pytest(tests: Sequence[str], *plugins: object) -> int:
    options = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:randomly"]
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
        exec(compile(self._mutant.tree(), self._mutant.module, "exec"), vars(module))


def _told(mutant: Mutant) -> str:
    return f"{mutant.module}:{mutant.line} {mutant.what}"


def _say(progress: str) -> None:
    print(f"mutation: {progress}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
