"""A few sums per person that hold all the likelihood needs from the rows.

The model is linear in the intake, so people with the same sessions can be added up
without loss. The same arrays describe persons, such groups and the cells that sites
exchange (`clinical.norms.cells`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace

import numpy as np

from clinical.norms.readings import BoolArray, FloatArray, IntArray, Readings

PERSONS_AT_ONCE = 2048  # so that a column of their rows stays in the cache


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
        # Numpy sorts numbers of two bytes by counting, so the key is taken in halves.
        # Others that share a key only make more groups: whether it is so is looked at.
        key = (self.n + np.pi * self.l + np.e * self.ll).astype(np.float32)
        order = np.lexsort(key.view(np.uint16).reshape(-1, 2).T)
        starts = _changes(self.n[order]) | _changes(self.l[order])
        starts |= _changes(self.ll[order])
        one = self.part(order[starts])
        if 2 * len(one.n) > len(order):
            return self
        group = np.empty_like(order)
        group[order] = np.cumsum(starts) - 1

        def added(values: FloatArray) -> FloatArray:
            return np.bincount(group, weights=values).astype(np.float64, copy=False)

        knot = None
        if self.knot is not None and one.knot is not None:
            ky, xky = added(self.knot.ky), added(self.knot.xky)
            knot = replace(one.knot, ky=ky, xky=xky)
        columns = {name: added(getattr(self, name)) for name in ADDED}
        return replace(one, **columns, knot=knot)


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
        person: (n_rows,) 0 to n_persons - 1, ascending.
        time: (n_rows,) what stands for L; `knot` is on the same axis.
        score: (n_rows,) score points.
        intake: (n_persons,) score points.
    """
    persons, edges = runs_of(person)
    totals = _totals(edges, time, score, knot)
    return _sums(np.diff(edges), totals, intake[persons], knot)


def sums_of_everybody(
    person: IntArray,
    time: FloatArray,
    *,
    score: FloatArray,
    intake: FloatArray,
    knot: float | None,
) -> Sums:
    """The same, with zeros for people without a reading: each keeps their place."""
    persons, edges = runs_of(person)
    totals = _totals(edges, time, score, knot)
    n = np.zeros(len(intake), dtype=np.int64)
    everybody = np.zeros((len(totals), len(intake)))
    n[persons], everybody[:, persons] = np.diff(edges), totals
    return _sums(n, everybody, intake, knot)


def runs_of(person: IntArray) -> tuple[IntArray, IntArray]:
    """Who has rows, and where the rows of each begin and, last, where all end.

    Args:
        person: (n_rows,) ascending.

    Raises:
        ValueError: it does not ascend.
    """
    starts = np.flatnonzero(_changes(person))
    persons = person[starts]
    if (persons[1:] < persons[:-1]).any():
        raise ValueError("rows are not sorted by person: sort them first")
    return persons, np.append(starts, len(person))


def added_per_person(
    edges: IntArray, columns: Callable[[slice], Iterator[FloatArray]], *, n_columns: int
) -> FloatArray:
    """(n_columns, n_persons): sums over the rows of each person.

    Args:
        edges: where the rows of each begin and, last, where all end.
        columns: of these rows, one after the other; asked for some people at a time,
            so that memory stays flat and a column in the cache.
    """
    found = np.empty((n_columns, len(edges) - 1))
    for start in range(0, len(edges) - 1, PERSONS_AT_ONCE):
        some = edges[start : start + PERSONS_AT_ONCE + 1]
        rows, first = slice(some[0], some[-1]), some[:-1] - some[0]
        for place, column in enumerate(columns(rows)):
            out = found[place, start : start + PERSONS_AT_ONCE]
            np.add.reduceat(column, first, out=out)
    return found


def _totals(
    edges: IntArray, time: FloatArray, score: FloatArray, knot: float | None
) -> FloatArray:
    """Per person with a reading, sums of L, L², y, L y, y² and what the knot needs."""

    def columns(rows: slice) -> Iterator[FloatArray]:
        t, y = time[rows], score[rows]
        yield t
        yield t * t
        yield y
        yield t * y
        yield y * y
        if knot is not None:
            bent = np.maximum(t - knot, 0.0)
            yield bent
            yield bent * t
            yield bent * bent
            yield bent * y

    return added_per_person(edges, columns, n_columns=5 if knot is None else 9)


def _sums(
    n: IntArray, totals: FloatArray, intake: FloatArray, knot: float | None
) -> Sums:
    t, tt, y, ly, yy, *bent = totals
    x = intake.astype(np.float64)
    knot_sums = None
    if knot is not None:
        k, kl, kk, ky = bent
        knot_sums = KnotSums(k, kl, kk=kk, ky=ky, xky=x * ky)
    return Sums(
        n.astype(np.float64),
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
        knot=knot_sums,
    )


def _changes(values: FloatArray | IntArray) -> BoolArray:
    """Where a value differs from the one before; true at the first."""
    found = np.ones(len(values), dtype=np.bool_)
    found[1:] = values[1:] != values[:-1]
    return found
