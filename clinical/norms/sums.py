"""A few sums per person that hold all the likelihood needs from the rows.

People with the same number of sessions and the same intake can be added up without
loss (`clinical.norms.cells`), so the same arrays describe persons and cells.
"""

from dataclasses import dataclass, fields

import numpy as np

from clinical.norms.readings import FloatArray, IntArray, Readings

ROWS_AT_ONCE = 2_000_000  # so that memory stays flat, however many rows there are


@dataclass(frozen=True, slots=True, eq=False)
class KnotSums:
    """Sums of k = max(L - log(knot), 0), each (n_groups,): k, k L, k², and k y."""

    k: FloatArray
    kl: FloatArray
    kk: FloatArray
    ky: FloatArray  # added over the persons of the group


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums over the readings of one person, or of all persons of one cell.

    Each array is (n_groups,). The first four are equal for all persons of the group
    and stand for one of them; the others are added over the persons.

    Attributes:
        n: readings; `l` and `ll`: sums of L and L².
        x: intake in score points.
        persons: how many; 1 where the group is a person.
        y: sum of the score; `ly`: of L y; `yy`: of y².
        y_y: sum over persons of (their sum of y)²; `y_ly` and `ly_ly` likewise.
        knot: None where the model has none.
    """

    n: FloatArray
    l: FloatArray  # noqa: E741  # the model's own letter
    ll: FloatArray
    x: FloatArray
    persons: FloatArray
    y: FloatArray
    ly: FloatArray
    yy: FloatArray
    y_y: FloatArray
    y_ly: FloatArray
    ly_ly: FloatArray
    knot: KnotSums | None

    @property
    def n_rows(self) -> int:
        return int((self.persons * self.n).sum())

    @property
    def n_persons(self) -> int:
        return int(self.persons.sum())

    def part(self, groups: IntArray | slice) -> "Sums":
        """Only these groups."""
        arrays = {
            each.name: getattr(self, each.name)[groups]
            for each in fields(self)
            if each.name != "knot"
        }
        knot = self.knot and KnotSums(
            *(getattr(self.knot, each.name)[groups] for each in fields(KnotSums))
        )
        return Sums(**arrays, knot=knot)


def sums_of(readings: Readings, *, knot_session: float | None = None) -> Sums:
    """Sums per person with L = log(session); people without a reading are left out.

    Args:
        readings: sorted by person.
        knot_session: where the slope may change; None for a straight line in L.
    """
    return sums_over_time(
        readings.person,
        readings.time,
        score=readings.score,
        intake=readings.intake,
        knot=None if knot_session is None else float(np.log(knot_session)),
    )


def sums_over_time(
    person: IntArray,
    time: FloatArray,
    *,
    score: FloatArray,
    intake: FloatArray,
    knot: float | None,
) -> Sums:
    """Sums per person for any time axis; people without a reading are left out.

    Args:
        person: (n_rows,) 0 to n_persons - 1.
        time: (n_rows,) what stands for L; `knot` is on the same axis.
        score: (n_rows,) score points.
        intake: (n_persons,) score points.
    """
    found = sums_of_everybody(person, time, score=score, intake=intake, knot=knot)
    seen = found.n > 0
    return found if seen.all() else found.part(np.flatnonzero(seen))


def sums_of_everybody(
    person: IntArray,
    time: FloatArray,
    *,
    score: FloatArray,
    intake: FloatArray,
    knot: float | None,
) -> Sums:
    """The same, with zeros for people without a reading: each keeps their place."""
    total = np.zeros((10, len(intake)))
    for start in range(0, len(person), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        _add_rows(total, person[rows], time[rows], score[rows], knot)
    n, t, tt, y, ly, yy, k, kl, kk, ky = total
    return Sums(
        n,
        t,
        ll=tt,
        x=intake.astype(np.float64),
        persons=np.ones(len(n)),
        y=y,
        ly=ly,
        yy=yy,
        y_y=y * y,
        y_ly=y * ly,
        ly_ly=ly * ly,
        knot=None if knot is None else KnotSums(k, kl, kk=kk, ky=ky),
    )


def _add_rows(
    total: FloatArray,
    person: IntArray,
    time: FloatArray,
    score: FloatArray,
    knot: float | None,
) -> None:
    columns: list[FloatArray | None] = [
        *(None, time, time * time, score, time * score, score * score),
    ]
    if knot is not None:
        bent = np.maximum(time - knot, 0.0)
        columns += [bent, bent * time, bent * bent, bent * score]
    # A block of rows touches few persons when rows are sorted: count only there.
    first, last = int(person.min()), int(person.max())
    for place, column in enumerate(columns):
        total[place, first : last + 1] += np.bincount(
            person - first, weights=column, minlength=last - first + 1
        )
