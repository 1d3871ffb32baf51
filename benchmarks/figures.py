"""The figures of all benchmarks, as one page that a reader can check by command.

`python -m benchmarks.figures FOLDER [NAME ...]`

Runs each benchmark as a process of its own, one after the other, keeps what it
printed as `FOLDER/NAME.json`, and prints the page from all such files that are there:
figures of an earlier run stay until that benchmark is run again. Without a NAME, all.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

# In the order of the page, with what each is about.
ABOUT = {
    "hook_cost": "A signed call of the EHR, against a service that does nothing",
    "delivery": "Responses lost, doubled or misfiled under faults and sudden ends",
    "norm_fit": "Fitting a norm, against R's lme4, statsmodels and reading the rows",
    "federated_fit": "One norm of many sites from their sums, no row of a person",
    "coverage": "How many people are inside the bands that promise 80 %",
    "detection": "Who will end reliably worse, seen at session 3, 5 and 8",
    "ruptures": "Drops of the alliance, against a fixed cut-off and a one-point drop",
    "bulk": "From an export's NDJSON to norms, against counting its lines",
    "mutation": "Faults put into the scoring that the tests notice",
}
HEAD = """# Figures

Written by `make bench`; each line can be had again by its command. All people in them
are invented. Times appear only as ratios of things that were measured side by side in
one run. A target that was missed says so. What a figure is compared with, and why,
stands at the head of `benchmarks/NAME.py`.
"""


def page(folder: Path) -> str:
    """The page of the files that are in the folder."""
    parts = [HEAD]
    for name, about in ABOUT.items():
        file = folder / f"{name}.json"
        if file.exists():
            parts.append(section(name, about, json.loads(file.read_bytes())))
    return "\n".join(parts)


def section(name: str, about: str, found: dict[str, Any]) -> str:
    """One benchmark: its targets as a table, then what they rest on."""
    rows = [
        f"| {target.replace('_', ' ')} | {goal(each['target'])} | {measured(each)} |"
        f" {'holds' if each['holds'] else '**missed**'} |"
        for target, each in found["targets"].items()
    ]
    under = [f"n: {counted(found['n'])}", f"seed: {found['seed']}"]
    if found.get("skipped"):
        under.append(f"left out: {listed(found['skipped'])}")
    under.append(", ".join(f"{key} {each}" for key, each in found["versions"].items()))
    return (
        f"## {about}\n\n`{command_of(name, found)}`\n\n"
        "| | target | measured | |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n\n"
        + " · ".join(under)
        + "\n"
    )


def command_of(name: str, found: dict[str, Any]) -> str:
    """What prints these very figures again, also where it was not the default."""
    sizes = {
        "bulk": ("gigabytes", "passes"),
        "delivery": ("seed",),
        "mutation": ("n", "seed"),
    }
    words = [f"--{each} {found[each]:g}" for each in sizes.get(name, ())]
    return " ".join(("python -m", f"benchmarks.{name}", *words, "--json"))


def goal(target: object) -> str:
    """A target in words, or the bare number some benchmarks give."""
    return str(target).replace("|", "/")


def measured(target: dict[str, Any]) -> str:
    """The figure with the lowest and highest of its passes or seeds."""
    found = short(target["measured"])
    if target.get("low") is None or target["low"] == target["high"]:
        return found
    return f"{found} ({short(target['low'])} to {short(target['high'])})"


def short(number: object) -> str:
    """Three digits that count, which is what such machines can tell."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return str(number)
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def counted(n: object) -> str:
    if not isinstance(n, dict):
        return short(n)
    return ", ".join(f"{key.replace('_', ' ')} {each}" for key, each in n.items())


def listed(skipped: dict[str, str] | list[str]) -> str:
    if isinstance(skipped, dict):
        return "; ".join(f"{name}: {why}" for name, why in skipped.items())
    return "; ".join(skipped)


def measure(name: str, folder: Path) -> None:
    """Runs one benchmark; its progress is shown, its object kept.

    Raises:
        SystemExit: it found something wrong; what it printed is kept beside.
    """
    print(f"figures: {name}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        (folder / f"{name}.wrong").write_bytes(done.stdout)
        raise SystemExit(f"figures: {name} ended with {done.returncode}")
    (folder / f"{name}.json").write_bytes(done.stdout)


def main() -> None:
    """Measure what was asked for, then print the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ABOUT))
    parser.add_argument("--only-page", action="store_true", help="measure nothing")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(ABOUT))
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    options.folder.mkdir(parents=True, exist_ok=True)
    if not options.only_page:
        for name in options.names or ABOUT:
            measure(name, options.folder)
    print(page(options.folder), end="")


if __name__ == "__main__":
    main()
