"""The one object that a benchmark prints, and what it says while it runs."""

import argparse
import json
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """What was wanted and what was found; a missed target is printed, not hidden.

    Attributes:
        target: in words and figures.
        low: smallest and largest (`high`) of the passes or seeds.
    """

    target: str
    measured: float
    low: float
    high: float
    holds: bool


def at_most(limit: float, values: Sequence[float], measured: float) -> Target:
    return _target(f"<= {limit:g}", values, measured, measured <= limit)


def at_least(limit: float, values: Sequence[float], measured: float) -> Target:
    return _target(f">= {limit:g}", values, measured, measured >= limit)


def below(limit: float, values: Sequence[float], measured: float) -> Target:
    """Strictly: as good as the other is not better."""
    return _target(f"< {limit:g}", values, measured, measured < limit)


def within(low: float, high: float, values: Sequence[float], measured: float) -> Target:
    holds = low <= measured <= high
    return _target(f"{low:g} to {high:g}", values, measured, holds)


def _target(words: str, values: Sequence[float], found: float, holds: bool) -> Target:
    measured, low, high = (
        float(f"{each:.6g}") for each in (found, min(values), max(values))
    )
    return Target(words, measured, low=low, high=high, holds=bool(holds))


def versions(*packages: str) -> dict[str, str]:
    """Of Python and of these packages; "absent" where one is not installed."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def report(
    benchmark: str,
    targets: Mapping[str, Target],
    *,
    n: Mapping[str, int],
    seed: str,
    control: Mapping[str, Any],
    checks: Mapping[str, bool],
    raw: Mapping[str, Any],
    passes: int,
    skipped: Sequence[str],
    packages: Mapping[str, str],
) -> dict[str, Any]:
    """The object; every figure in it is about invented people."""
    return {
        "benchmark": benchmark,
        "figures": "synthetic",
        "targets": {name: asdict(each) for name, each in targets.items()},
        "n": n,
        "seed": seed,
        "control": control,
        "passes": passes,
        "cache": "warm: data in memory and page cache, byte code compiled",
        "raw": raw,
        "checks": {name: bool(holds) for name, holds in checks.items()},
        "skipped": skipped,
        "versions": packages,
    }


def say(text: str) -> None:
    """Progress, where it does not disturb the printed object."""
    print(text, file=sys.stderr, flush=True)


def run(name: str, measure: Callable[[bool], dict[str, Any]]) -> None:
    """Measure, print, and fail if a result was wrong."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--quick", action="store_true", help="a tiny run, for its form")
    parser.add_argument("--json", action="store_true", help="one object, for machines")
    options = parser.parse_args()
    found = measure(options.quick)
    print(json.dumps(found, indent=None if options.json else 2))
    wrong = [check for check, holds in found["checks"].items() if not holds]
    if wrong:
        raise SystemExit(f"{name}: wrong: {'; '.join(wrong)}")
