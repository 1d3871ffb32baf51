"""A norm of a million people from cells, against one of 10,000 from their rows.

`python -m benchmarks.federated_fit [--quick] [--json]`

People come in blocks, each block its own site: its cells go through the file they are
sent in, and the sites' cells are added. The same people's fit from sums per person is
the control for exactness; the one pass over all rows that those sums need (counts and
sums of L, L², y, Ly, y² per person) is the limit for time. Invented people; sessions
counted as they were held.
"""

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any, TypeVar

import numpy as np

from benchmarks.report import Target, at_most, report, run, say, versions
from clinical.norms.cells import Cells, add, cells_of, suppress
from clinical.norms.cells_json import SentCells, cells_from_json, cells_to_json
from clinical.norms.fit import Fit, fit
from clinical.norms.form import FULL
from clinical.norms.pack import AgeBand, PackKey
from clinical.norms.readings import Readings
from clinical.norms.rules import shipped_rules
from clinical.norms.simulate import PLAIN, as_ordinals, simulate
from clinical.norms.sums import Sums, sums_of

PERSONS = 1_000_000
SITES = 10
SMALL = 10_000
PASSES = 5
REFERENCE = 14.0

Result = TypeVar("Result")


def measure(quick: bool) -> dict[str, Any]:
    """Interleaved passes over the same people."""
    persons = 50_000 if quick else PERSONS
    passes = 2 if quick else PASSES
    sites = [site(number, persons // SITES) for number in range(SITES)]
    everybody = joined(sites)
    small = as_ordinals(simulate(PLAIN, SMALL, random=np.random.default_rng(99)))
    raw: dict[str, list[float]] = {
        name: []
        for name in ("cells_pass", "cells_fit", "sums_pass", "sums_fit", "small_fit")
    }
    for number in range(passes):
        say(f"federated_fit: pass {number + 1} of {passes}")
        cells = timed(raw["cells_pass"], partial(cells_of, everybody))
        one = timed(raw["cells_fit"], partial(fit_cells, cells))
        sums = timed(raw["sums_pass"], partial(sums_of, everybody))
        pooled = timed(raw["sums_fit"], partial(fit_sums, sums))
        timed(raw["small_fit"], lambda: fit_sums(sums_of(small)))
    sent = [sent_cells(cells_of(each)) for each in sites]
    federated = fit_cells(add(*(cells_from_json(each).cells for each in sent)))
    text = sent_cells(cells)
    apart = float(np.abs(federated.beta - pooled.beta).max())
    same = float(np.abs(one.beta - federated.beta).max())
    ratios = {
        "from_cells_per_10k_fit": divided(raw["cells_fit"], raw["small_fit"]),
        "cells_pass_and_fit_per_bincount_pass": divided(
            added(raw["cells_pass"], raw["cells_fit"]), raw["sums_pass"]
        ),
    }
    targets: dict[str, Target] = {
        "from_cells_per_10k_fit": ratio(2.0, ratios["from_cells_per_10k_fit"]),
        "bytes": at_most(65_536, [len(each) for each in [text, *sent]], len(text)),
        "beta_pooled_against_federated": at_most(1e-7, [apart], apart),
        "cells_pass_and_fit_per_bincount_pass": ratio(
            1.5, ratios["cells_pass_and_fit_per_bincount_pass"]
        ),
    }
    least = shipped_rules().persons_per_cell
    lost = [suppress(cells_of(each), minimum=least) for each in sites]
    return report(
        "federated_fit",
        targets,
        n={
            "persons": everybody.n_persons,
            "rows": len(everybody.score),
            "sites": SITES,
            "cells": len(cells.persons),
            "small_fit_persons": SMALL,
        },
        seed="0 to 9 per site, 98, 99",
        control={
            "what": "the same people's fit from sums per person; its pass over rows",
            "loglik": pooled.loglik,
        },
        checks={
            "log-likelihood within 1e-9 of itself": abs(
                federated.loglik / pooled.loglik - 1
            )
            < 1e-9,
            "cells of sites added are the cells of all": same < 1e-9,
            "everybody is in a cell": cells.n_persons == everybody.n_persons,
        },
        raw={
            "seconds": {
                name: [round(each, 5) for each in values]
                for name, values in raw.items()
            },
            "bytes_of_sites": [len(each) for each in sent],
            "kept_back_below": least,
            "persons_lost_per_site": [each.persons_lost for each in lost],
        },
        passes=passes,
        skipped=(),
        packages=versions("numpy"),
    )


def site(number: int, persons: int) -> Readings:
    random = np.random.default_rng(number)
    return as_ordinals(simulate(PLAIN, persons, random=random))


def joined(sites: list[Readings]) -> Readings:
    starts = np.cumsum([0, *(each.n_persons for each in sites[:-1])])
    return Readings(
        np.concatenate(
            [each.person + start for each, start in zip(sites, starts, strict=True)]
        ),
        np.concatenate([each.session for each in sites]),
        score=np.concatenate([each.score for each in sites]),
        intake=np.concatenate([each.intake for each in sites]),
    )


def sent_cells(cells: Cells) -> str:
    """The file that a site sends."""
    adults = AgeBand(18, 64)
    key = PackKey("phq-9", "1.0.0", "en", "self", adults, "outpatient")
    return cells_to_json(SentCells(cells, key, 1))


def fit_cells(cells: Cells) -> Fit:
    return fit_sums(cells.sums)


def fit_sums(sums: Sums) -> Fit:
    return fit(sums, FULL, reference=REFERENCE)


def timed(seconds: list[float], work: Callable[[], Result]) -> Result:
    start = time.process_time()
    found = work()
    seconds.append(time.process_time() - start)
    return found


def divided(above: list[float], below: list[float]) -> list[float]:
    return [a / b for a, b in zip(above, below, strict=True)]


def added(one: list[float], other: list[float]) -> list[float]:
    return [a + b for a, b in zip(one, other, strict=True)]


def ratio(limit: float, values: list[float]) -> Target:
    return at_most(limit, values, median(values))


if __name__ == "__main__":
    run("federated_fit", measure)
