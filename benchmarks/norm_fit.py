"""Fitting a norm: against reading its file, and against R's lme4 and statsmodels.

`python -m benchmarks.norm_fit [--quick] [--json]`

The model is score ~ L * intake + (1 + L | person), REML, L = log(session). Seconds are
CPU of the fitting process: ours from rows in memory (sums and search), lme4's inside R
at its usual tolerance, statsmodels' from its matrices; reading is Parquet with pyarrow,
as a record system exports it and as bare numbers. Peers that are not installed are
named under `skipped`. Before any time is compared, log-likelihood and coefficients are.

For the peers: `pip install pyarrow duckdb statsmodels`, and Debian's r-cran-lme4.
"""

import importlib
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np

from benchmarks.report import Target, at_least, at_most, report, run, say, versions
from clinical.norms.fit import Fit, fit
from clinical.norms.form import FULL
from clinical.norms.readings import Readings
from clinical.norms.simulate import PLAIN, simulate
from clinical.norms.sums import sums_of
from tests.interop.lme4.lme4 import (
    WHY_ABSENT,
    Lme4Fit,
    fit_with_lme4,
    lme4_is_here,
    write_rows,
)

SIZES = (10_000, 100_000)
QUICK_SIZES = (1_000, 2_000)
PASSES = 7
LME4_PASSES = {10_000: 3, 100_000: 1}
REFERENCE = 14.0
FORMULA = "y ~ L + c + L:c + (1 + L | id)"
CLOSE = 1e-5


def measure(quick: bool) -> dict[str, Any]:
    """Both sizes; ours and reading interleaved, peers after them."""
    sizes = QUICK_SIZES if quick else SIZES
    skipped: list[str] = []
    raw: dict[str, Any] = {}
    targets: dict[str, Target] = {}
    checks: dict[str, bool] = {}
    lme4 = lme4_is_here()
    if not lme4:
        skipped.append(WHY_ABSENT)
    lme4_version = "absent"
    with tempfile.TemporaryDirectory(prefix="rom-norm-fit-") as name:
        for place, size in enumerate(sizes):
            say(f"norm_fit: {size} people")
            readings = simulate(PLAIN, size, random=np.random.default_rng(size))
            ours, found = our_passes(readings, Path(name), skipped)
            raw[str(size)] = ours
            for kind in ("export", "numbers"):
                if place == 1 and f"parquet_{kind}" in ours:
                    targets[f"fit_per_parquet_{kind}_100k"] = paired(
                        at_most, 0.5, ours["fit"], ours[f"parquet_{kind}"]
                    )
            if lme4:
                say(f"norm_fit: lme4, {size} people")
                theirs = lme4_passes(readings, Path(name), LME4_PASSES.get(size, 1))
                lme4_version = theirs.version
                raw[str(size)]["lme4"] = list(theirs.seconds)
                limit = (50, 100)[place]
                targets[f"lme4_per_ours_{('10k', '100k')[place]}"] = against(
                    limit, theirs.seconds, ours["fit"]
                )
                checks |= agreement(size, found, theirs)
            if place == 0:
                checks |= beside_statsmodels(readings, found, raw, targets, skipped)
    return report(
        "norm_fit",
        targets,
        n={f"persons_{size}": size for size in sizes},
        seed=", ".join(str(size) for size in sizes),
        control={
            "what": "R's lme4 and statsmodels on the same rows, reading of the same"
            " rows from Parquet",
            "loglik": {size: raw[size]["loglik"] for size in raw},
        },
        checks=checks,
        raw=raw,
        passes=PASSES,
        skipped=skipped,
        packages={
            **versions("numpy", "pyarrow", "duckdb", "statsmodels"),
            "lme4": lme4_version,
        },
    )


def our_passes(
    readings: Readings, folder: Path, skipped: list[str]
) -> tuple[dict[str, Any], Fit]:
    """Seconds of our fit and of reading the rows, pass by pass."""
    readers = parquet_readers(readings, folder, skipped)
    seconds: dict[str, Any] = {name: [] for name in ("sums", "search", *readers)}
    found = fit(sums_of(readings), FULL, reference=REFERENCE)
    for _ in range(PASSES):
        start = time.process_time()
        sums = sums_of(readings)
        middle = time.process_time()
        found = fit(sums, FULL, reference=REFERENCE)
        seconds["sums"].append(middle - start)
        seconds["search"].append(time.process_time() - middle)
        for name, read in readers.items():
            start = time.process_time()
            read()
            seconds[name].append(time.process_time() - start)
    both = zip(seconds["sums"], seconds["search"], strict=True)
    seconds["fit"] = [one + other for one, other in both]
    seconds["loglik"] = found.loglik
    seconds["evaluations"] = found.evaluations
    seconds["singular"] = found.singular
    seconds["rows"] = len(readings.score)
    return seconds, found


def parquet_readers(
    readings: Readings, folder: Path, skipped: list[str]
) -> dict[str, Callable[[], object]]:
    """Writes the rows once in two ways; how each library that is here reads them.

    *Export*: as they come out of a record system, a line per reading with the
    patient's identifier as text, the day, and the score; read into numbers (codes of
    the identifiers, days, scores). *Numbers*: the arrays of the fit themselves.
    """
    try:
        arrow = importlib.import_module("pyarrow")
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        note(skipped, "pyarrow is absent: reading Parquet is not measured")
        return {}
    export, numbers = folder / "export.parquet", folder / "numbers.parquet"
    parquet.write_table(arrow.table(export_columns(readings)), export)
    columns = {
        "person": readings.person,
        "session": readings.session,
        "score": readings.score,
        "intake": readings.intake_of_row,
    }
    parquet.write_table(arrow.table(columns), numbers)

    def read_export() -> object:
        rows = parquet.read_table(export)
        codes = rows["patient"].combine_chunks().dictionary_encode().indices
        return [codes.to_numpy(), rows["day"].to_numpy(), rows["value"].to_numpy()]

    def read_numbers() -> object:
        rows = parquet.read_table(numbers)
        return [rows[name].to_numpy() for name in columns]

    readers: dict[str, Callable[[], object]] = {
        "parquet_export": read_export,
        "parquet_numbers": read_numbers,
    }
    try:
        duckdb = importlib.import_module("duckdb")
    except ImportError:
        note(skipped, "duckdb is absent: its reading is not measured")
        return readers
    readers["parquet_numbers_duckdb"] = lambda: duckdb.sql(
        f"select {', '.join(columns)} from '{numbers}'"
    ).fetchnumpy()
    return readers


def export_columns(readings: Readings) -> dict[str, Any]:
    """All readings with the intake, in order of patient and day."""
    everybody = np.arange(readings.n_persons)
    person = np.concatenate((everybody, readings.person))
    session = np.concatenate((np.ones_like(everybody), readings.session))
    value = np.concatenate((readings.intake, readings.score))
    order = np.lexsort((session, person))
    names = np.array([uuid5(NAMESPACE_OID, str(each)).hex for each in everybody])
    day = np.datetime64("2026-01-05") + 7 * session[order]
    return {"patient": names[person[order]], "day": day, "value": value[order]}


def lme4_passes(readings: Readings, folder: Path, passes: int) -> Lme4Fit:
    rows = folder / "rows.csv"
    write_rows(
        rows,
        readings.person,
        readings.time,
        score=readings.score,
        c=readings.intake_of_row - REFERENCE,
    )
    return fit_with_lme4(rows, FORMULA, method="reml", precision="usual", passes=passes)


def agreement(size: int, ours: Fit, theirs: Lme4Fit) -> dict[str, bool]:
    """A looser optimum is no faster fit; ours may be the higher one."""
    far = float(np.abs(ours.beta - theirs.beta).max())
    return {
        f"log-likelihood not below lme4's by {CLOSE:g}, {size}": ours.loglik
        >= theirs.loglik - CLOSE,
        f"log-likelihood within 1e-9 of lme4's, {size}": abs(
            ours.loglik / theirs.loglik - 1
        )
        < 1e-9,
        f"coefficients within {CLOSE:g} of lme4's, {size}": far <= CLOSE,
        f"singular as lme4 says, {size}": ours.singular == theirs.singular,
    }


def beside_statsmodels(
    readings: Readings,
    ours: Fit,
    raw: dict[str, Any],
    targets: dict[str, Target],
    skipped: list[str],
) -> dict[str, bool]:
    """One pass, which takes some twenty seconds for 10,000 people."""
    try:
        models = importlib.import_module("statsmodels.regression.mixed_linear_model")
    except ImportError:
        note(skipped, "statsmodels is absent: not compared")
        return {}
    say("norm_fit: statsmodels")
    time_axis, c = readings.time, readings.intake_of_row - REFERENCE
    ones = np.ones_like(time_axis)
    fixed = np.column_stack((ones, time_axis, c, time_axis * c))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        model = models.MixedLM(
            readings.score,
            fixed,
            groups=readings.person,
            exog_re=fixed[:, :2],
        )
        theirs = model.fit(reml=True)
        seconds = time.process_time() - start
    persons = str(readings.n_persons)
    raw[persons]["statsmodels"] = [seconds]
    targets["statsmodels_per_ours_10k"] = against(700, (seconds,), raw[persons]["fit"])
    far = float(np.abs(ours.beta - np.asarray(theirs.fe_params)).max())
    return {
        "log-likelihood within 1e-8 of statsmodels'": abs(ours.loglik / theirs.llf - 1)
        < 1e-8,
        "coefficients within 1e-3 of statsmodels'": far <= 1e-3,
    }


def against(limit: float, theirs: tuple[float, ...], ours: list[float]) -> Target:
    """Their time over ours, by medians; low and high over our passes."""
    peer = median(theirs)
    return at_least(limit, [peer / each for each in ours], peer / median(ours))


def paired(
    aim: Callable[[float, list[float], float], Target],
    limit: float,
    above: list[float],
    below: list[float],
) -> Target:
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    return aim(limit, ratios, median(ratios))


def note(skipped: list[str], what: str) -> None:
    if what not in skipped:
        skipped.append(what)


if __name__ == "__main__":
    run("norm_fit", measure)
