"""The two public data sets with published fits, as arrays; a visible skip if absent."""

import csv
from dataclasses import dataclass

import numpy as np

from clinical.norms.readings import FloatArray, IntArray
from clinical.norms.sums import Sums, sums_over_time
from tests.shared_material import shared

RIESBY_MEAN = 23.442623  # of week 0, among those with a later reading
SGDATA_MEAN = 34.878049


@dataclass(frozen=True, slots=True, eq=False)
class PublicData:
    """Rows after the intake: `time` is what stands for L."""

    person: IntArray
    time: FloatArray
    score: FloatArray
    intake: FloatArray

    @property
    def sums(self) -> Sums:
        return sums_over_time(
            self.person, self.time, score=self.score, intake=self.intake, knot=None
        )


def riesby_growth() -> PublicData:
    """Every score by week; no intake in the model."""
    rows = _riesby()
    return PublicData(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows], dtype=float),
        score=np.array([row[2] for row in rows]),
        intake=np.zeros(1 + max(row[0] for row in rows)),
    )


def riesby_after_intake() -> PublicData:
    """Weeks 1-5 given week 0, L = log(week + 1)."""
    rows = _riesby()
    first = {person: score for person, week, score in rows if week == 0}
    return _after(
        [(p, float(np.log(week + 1)), y) for p, week, y in rows if week], first
    )


def sgdata_after_intake() -> PublicData:
    """BDI at sessions 1-12 given s0, L = log(session + 1)."""
    file = shared("data/suddengains/sgdata.csv")
    table = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    first = {
        person: float(row["bdi_s0"])
        for person, row in enumerate(table)
        if row["bdi_s0"] != "NA"
    }
    rows = [
        (person, float(np.log(session + 1)), float(row[f"bdi_s{session}"]))
        for person, row in enumerate(table)
        for session in range(1, 13)
        if row[f"bdi_s{session}"] != "NA"
    ]
    return _after(rows, first)


def _riesby() -> list[tuple[int, int, float]]:
    file = shared("data/riesby/riesby.csv")
    table = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    numbers = {
        name: place for place, name in enumerate(sorted({row["id"] for row in table}))
    }
    return sorted(
        (numbers[row["id"]], int(row["week"]), float(row["hamd"]))
        for row in table
        if row["hamd"]
    )


def _after(rows: list[tuple[int, float, float]], first: dict[int, float]) -> PublicData:
    kept = [row for row in rows if row[0] in first]
    n_persons = 1 + max(row[0] for row in kept)
    return PublicData(
        np.array([row[0] for row in kept]),
        np.array([row[1] for row in kept]),
        score=np.array([row[2] for row in kept]),
        intake=np.array([first.get(person, np.nan) for person in range(n_persons)]),
    )
