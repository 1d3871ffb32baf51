"""A few sums per person that hold all the likelihood needs from the rows.

The model is linear in the intake, so people with the same sessions can be added up
without loss. The same arrays describe persons, such groups and the cells that sites
exchange (`clinical.norms.cells`).
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from clinical.norms.readings import FloatArray, IntArray, Readings

ROWS_AT_ONCE = 2_000_000  # so that memory stays flat, however many rows there are


@dataclass(frozen=True, slots=True, eq=False)
class KnotSums:
    """Sums of k = max(L - log(knot), 0), each (n_groups,): k, k L, k², k y, k y x."""

    k: FloatArray
    kl: FloatArray
    kk: FloatArray
    ky: FloatArray  # added over the persons of the group
    xky: FloatArray  # likewise


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums over the readings of one person, or of all persons of one group.

    Each array is (n_groups,). The first three are equal for all persons of the group
    and stand for one of them; the others are added over the persons.

    Attributes:
        n: readings; `l` and `ll`: sums of L and L².
        persons: how many; 1 where the group is a person.
        x: sum of the intake in score points; `xx`: of its square.
        y: sum of the score; `ly`: of L y; `yy`: of y².
        xy: sum over persons of intake times (their sum of y); `xly`: times that of L y.
        y_y: sum over persons of (their sum of y)²; `y_ly` and `ly_ly` likewise.
        knot: None where the model has none.
    """

    n: FloatArray
    l: FloatArray  # noqa: E741  # the model's own letter
    ll: FloatArray
    persons: FloatArray
    x: FloatArray
    xx: FloatArray
    y: FloatArray
    ly: FloatArray
    yy: FloatArray
    xy: FloatArray
    xly: FloatArray
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

    def intake_from(self, zero: float) -> "Sums":
        """The same people with intakes counted from `zero`, in score points."""
        knot = self.knot and replace(self.knot, xky=self.knot.xky - zero * self.knot.ky)
        return replace(
            self,
            x=self.x - zero * self.persons,
            xx=self.xx - 2 * zero * self.x + zero * zero * self.persons,
            xy=self.xy - zero * self.y,
            xly=self.xly - zero * self.ly,
            knot=knot,
        )

    def alike_together(self) -> "Sums":
        """People with the same sessions as one group; exact.

        Given back as it is where that would not halve the groups: then finding them
        costs more than it saves.
        """
        # One number stands for the sessions; whether others share it is looked at.
        _, first, group = np.unique(
            self.n + np.pi * self.l + np.e * self.ll,
            return_index=True,
            return_inverse=True,
        )
        one = self.part(first)
        if 2 * len(first) > len(group) or not all(
            np.allclose(getattr(self, name), getattr(one, name)[group], rtol=ALIKE)
            for name in ("n", "l", "ll")
        ):
            return self

        def added(values: FloatArray) -> FloatArray:
            return np.bincount(group, weights=values).astype(np.float64, copy=False)

        knot = None
        if self.knot is not None and one.knot is not None:
            ky, xky = added(self.knot.ky), added(self.knot.xky)
            knot = replace(one.knot, ky=ky, xky=xky)
        columns = {name: added(getattr(self, name)) for name in ADDED}
        return replace(one, **columns, knot=knot)


ALIKE = 1e-14  # rounding of a sum of the same logarithms
ADDED = (
    *("persons", "x", "xx", "y", "ly", "yy"),
    *("xy", "xly", "y_y", "y_ly", "ly_ly"),
)


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
    x = intake.astype(np.float64)
    return Sums(
        n,
        t,
        ll=tt,
        persons=np.ones(len(n)),
        x=x,
        xx=x * x,
        y=y,
        ly=ly,
        yy=yy,
        xy=x * y,
        xly=x * ly,
        y_y=y * y,
        y_ly=y * ly,
        ly_ly=ly * ly,
        knot=None if knot is None else KnotSums(k, kl, kk=kk, ky=ky, xky=x * ky),
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
    place = person - first
    for row, column in enumerate(columns):
        total[row, first : last + 1] += np.bincount(
            place, weights=column, minlength=last - first + 1
        )
