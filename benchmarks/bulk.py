"""NDJSON of an export to norms: against counting lines, orjson, DuckDB, a cold disk.

`python -m benchmarks.bulk [--gigabytes N] [--passes N] [--quick] [--json]`

Observations of about 1.45 KB, half of them the wanted score, those of one person never
side by side. Per core: CPU (user + system) of one process, warm cache, passes
interleaved. To norms: wall time on two cores from a file that was put out of the cache,
against `cat` of the same file put out of the cache. Memory: peak resident size of the
process and its children, at a tenth of the size and at the whole. All data are
invented.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import psutil

from benchmarks.invented_export import BUFFER, CODE, SEED, cohort, write
from clinical.norms.cells import Cells, add, cells_of
from clinical.norms.fit import Fit, fit
from clinical.norms.form import FULL
from ehr.bulk.extract import Wish, extract
from server.bulk.scores import Choice, Report, scores_from_folder

GIGABYTE = 1_000_000_000
PASSES = 5
SAMPLE_SECONDS = 0.02
PACKAGES = ("msgspec", "orjson", "numpy", "duckdb")


def count_lines(folder: Path) -> tuple[int, float]:
    """The floor: reads the file and counts its lines."""
    lines, buffer = 0, bytearray(BUFFER)
    with (folder / "Observation.ndjson").open("rb", buffering=0) as stream:
        while read := stream.readinto(buffer):
            lines += buffer.count(b"\n", 0, read)
    return lines // 2, 0.0


def ours(folder: Path) -> tuple[int, float]:
    """The extraction as shipped, in one process."""
    found = extract(folder, Wish("phq-9"), processes=1)
    return len(found.columns.value), sum(found.columns.value)


def with_orjson(folder: Path) -> tuple[int, float]:
    """The usual way: each line parsed, four fields taken, kept as they are."""
    patients, dates, values = [], [], array("d")
    with (folder / "Observation.ndjson").open("rb") as stream:
        for line in stream:
            found = orjson.loads(line)
            if found["code"]["coding"][0]["code"] == CODE:
                patients.append(found["subject"]["reference"])
                dates.append(found["effectiveDateTime"])
                values.append(found["valueQuantity"]["value"])
    return len(values), sum(values)


def with_duckdb(folder: Path) -> tuple[int, float]:
    """Typed columns, one thread, the same four fields fetched as arrays."""
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    found = connection.execute(
        """
        select subject.reference as patient, effectiveDateTime as day,
               valueQuantity.value as value
        from read_json(?, format = 'newline_delimited', columns = {
            code: 'STRUCT(coding STRUCT(code VARCHAR)[])',
            subject: 'STRUCT(reference VARCHAR)',
            effectiveDateTime: 'VARCHAR',
            valueQuantity: 'STRUCT("value" DOUBLE)'})
        where code.coding[1].code = ?
        """,
        [str(folder / "Observation.ndjson"), CODE],
    ).fetchnumpy()
    return len(found["value"]), float(np.asarray(found["value"]).sum())


CONTENDERS: dict[str, Callable[[Path], tuple[int, float]]] = {
    "count_lines": count_lines,
    "ours": ours,
    "orjson": with_orjson,
    "duckdb": with_duckdb,
}


def to_norms(folder: Path) -> tuple[Report, Fit]:
    """Two processes, courses, cells, fit: all that stands between file and norm."""
    sites: list[Cells] = []
    report = scores_from_folder(
        folder,
        Choice(Wish("phq-9"), new_course_after_days=None, legal_basis="invented"),
        take=lambda courses: sites.append(cells_of(courses.readings)),
    )
    return report, fit(add(*sites).sums, FULL, reference=14.0)


def measure(*, gigabytes: float, passes: int) -> dict[str, object]:
    """Everything in one run."""
    skipped = {"pyspark": "measured elsewhere; it does not belong in this environment"}
    if find_spec("duckdb") is None:
        skipped["duckdb"] = "not installed (extra `bench`)"
    names = [each for each in CONTENDERS if each not in skipped]
    with tempfile.TemporaryDirectory(prefix="rom-bulk-") as place:
        size = int(gigabytes * GIGABYTE)
        needed, free = int(1.2 * size), shutil.disk_usage(place).free
        if free < needed:
            raise SystemExit(
                f"bulk: {free / GIGABYTE:.1f} GB are free at {place},"
                f" {needed / GIGABYTE:.1f} GB are needed: take a smaller --gigabytes,"
                " or another TMPDIR"
            )
        whole, tenth = Path(place) / "whole", Path(place) / "tenth"
        readings = cohort(size)
        lines = {}
        for folder, people in ((whole, readings), (tenth, cohort(size // 10))):
            folder.mkdir()
            say(f"writing {people.n_persons} people")
            lines[folder] = write(people, folder / "Observation.ndjson")
        per_core = core_times(tenth if size > 2 * GIGABYTE else whole, names, passes)
        cold = [cold_pair(whole, number) for number in range(passes)]
        memory = {
            f"{name} {folder.name}": peak(name, folder)
            for name in ("norms", "duckdb")
            if name not in skipped
            for folder in (tenth, whole)
        }
        say("checking")
        found, fitted = to_norms(whole)
        direct = fit(cells_of(readings).sums, FULL, reference=14.0)
    rows = per_core["rows"]
    checks = {
        "every score was found": found["readings"] == lines[whole],
        "every person was found": found["persons"] == readings.n_persons,
        "nothing was unread": not found["unread"],
        "the fit is that of the cohort": abs(fitted.loglik - direct.loglik) < 1e-6,
        "all found the same": len({rows[each] for each in names[1:]}) == 1,
    }
    return report(
        per_core, cold, memory, checks=checks, skipped=skipped,
        about={
            "gigabytes": gigabytes,
            "lines": 2 * lines[whole],
            "persons": readings.n_persons,
            "passes": passes,
        },
    )  # fmt: skip


def core_times(folder: Path, names: list[str], passes: int) -> dict[str, Any]:
    """CPU seconds of each contender, interleaved; one more pass first, for warmth."""
    times: dict[str, list[float]] = {name: [] for name in names}
    rows: dict[str, tuple[int, float]] = {}
    for number in range(passes + 1):
        for name in names:
            say(f"pass {number} of {passes}: {name}")
            begun = time.process_time()
            rows[name] = CONTENDERS[name](folder)
            if number:
                times[name].append(time.process_time() - begun)
    return {"times": times, "rows": rows}


def cold_pair(folder: Path, number: int) -> dict[str, float]:
    """Wall seconds of `cat` and of the way to norms, each from the disk."""
    say(f"cold pass {number + 1}")
    file = folder / "Observation.ndjson"
    cat = shutil.which("cat") or "/bin/cat"

    def timed(command: list[str]) -> float:
        forget(file)
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begun

    return {"cat": timed([cat, str(file)]), "norms": timed(child("norms", folder))}


def forget(file: Path) -> None:
    """Puts a file out of the page cache, without any right beyond reading it."""
    descriptor = os.open(file, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def child(name: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.bulk", "--child", name, str(folder)]


def peak(name: str, folder: Path) -> int:
    """Largest resident size, in bytes, of a contender's processes together."""
    say(f"memory: {name}, {folder.name}")
    process = psutil.Popen(child(name, folder), stdout=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        tree = [process, *process.children(recursive=True)]
        here = 0
        for each in tree:
            try:
                here += each.memory_info().rss
            except psutil.Error:  # has just ended
                continue
        most = max(most, here)
        time.sleep(SAMPLE_SECONDS)
    if process.returncode:
        raise SystemExit(f"bulk: {name} ended with {process.returncode}")
    return most


def report(
    per_core: dict[str, Any],
    cold: list[dict[str, float]],
    memory: dict[str, int],
    *,
    checks: dict[str, bool],
    skipped: dict[str, str],
    about: dict[str, Any],
) -> dict[str, object]:
    """The one object that is printed."""
    times = per_core["times"]
    targets = {
        "speed_of_counting_lines": at_least(0.5, times["count_lines"], times["ours"]),
        "times_orjson": at_least(2.6, times["orjson"], times["ours"]),
        "cold_to_norms": at_most(
            1.2, [each["norms"] for each in cold], [each["cat"] for each in cold]
        ),
        "memory_flat": at_most(
            1.5, [memory["norms whole"]], [memory["norms tenth"]]
        ),
    }  # fmt: skip
    if "duckdb" in times:
        targets["times_duckdb"] = at_least(1.3, times["duckdb"], times["ours"])
        targets["memory_of_duckdb"] = at_most(
            0.3, [memory["norms whole"]], [memory["duckdb whole"]]
        )
    return {
        "benchmark": "bulk",
        "targets": targets,
        "n": {"lines": about["lines"], "persons": about["persons"]},
        "gigabytes": about["gigabytes"],
        "seed": SEED,
        "control": "reading the file in 1 MiB pieces and counting line ends; cat",
        "passes": about["passes"],
        "cache": "per core warm, to norms cold (POSIX_FADV_DONTNEED)",
        "raw": {"cpu_seconds": times, "cold_seconds": cold, "peak_bytes": memory},
        "checks": checks,
        "skipped": skipped,
        "versions": {"python": platform.python_version(), **_versions()},
    }


def at_least(target: float, other: list[float], own: list[float]) -> dict[str, object]:
    """How many times faster than the other."""
    return _ratio(target, other, own, lambda measured: measured >= target)


def at_most(target: float, own: list[float], other: list[float]) -> dict[str, object]:
    """How many times the other's."""
    return _ratio(target, own, other, lambda measured: measured <= target)


def _ratio(
    target: float,
    above: list[float],
    below: list[float],
    holds: Callable[[float], bool],
) -> dict[str, object]:
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    measured = round(statistics.median(ratios), 3)
    return {
        "target": target,
        "measured": measured,
        "low": round(min(ratios), 3),
        "high": round(max(ratios), 3),
        "holds": holds(measured),
    }


def _versions() -> dict[str, str]:
    found = {}
    for each in PACKAGES:
        try:
            found[each] = version(each)
        except PackageNotFoundError:
            found[each] = "absent"
    return found


def say(text: str) -> None:
    print(f"bulk: {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure, print, and fail if a check was wrong; a missed target is printed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bulk")
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--passes", type=int, default=PASSES)
    parser.add_argument("--quick", action="store_true", help="a tiny run, for its form")
    parser.add_argument("--json", action="store_true", help="one object, for machines")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, folder = options.child
        if name == "norms":
            to_norms(Path(folder))
        else:
            CONTENDERS[name](Path(folder))
        return
    found = measure(
        gigabytes=0.1 if options.quick else options.gigabytes,
        passes=2 if options.quick else options.passes,
    )
    print(json.dumps(found, indent=None if options.json else 2))
    checks = found["checks"]
    assert isinstance(checks, dict)
    if not all(checks.values()):
        raise SystemExit("bulk: a check was wrong; see checks")


if __name__ == "__main__":
    main()
