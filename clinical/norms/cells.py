"""Sums per cell: what a site may send so that many sites fit one norm.

A cell holds the people with the same number of sessions. If the sessions are counted as
they were held (2, 3, 4, ...), the likelihood of a model that is linear in the intake
needs no more than fifteen numbers per cell: cells of several sites, added, give exactly
the fit of all their people together. No row of a person leaves the site; a cell of one
person still describes that person, hence `suppress`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from clinical.norms.errors import CellsRefused
from clinical.norms.readings import BoolArray, FloatArray, IntArray, Readings
from clinical.norms.sums import KnotSums, Sums, added_per_person, runs_of


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Sums over the people of each cell, in order of readings.

    Attributes:
        readings: (n_cells,) readings after the intake of each person: n sessions from
            2 to n + 1. Sums of L and L² follow from it.
        persons: (n_cells,) people in the cell.
        x, xx, y, ly, yy, xy, xly, y_y, y_ly, ly_ly, ky, xky: (n_cells,) as in `Sums`.
        knot_session: where the slope may change; None: no knot, `ky` and `xky` zero.
    """

    readings: IntArray
    persons: IntArray
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
    ky: FloatArray
    xky: FloatArray
    knot_session: float | None

    @property
    def n_persons(self) -> int:
        return int(self.persons.sum())

    @property
    def n_rows(self) -> int:
        return int((self.persons * self.readings).sum())

    @property
    def n_per_session(self) -> tuple[int, ...]:
        """People with a reading at session 2, 3, ... in order."""
        last = np.bincount(self.readings, weights=self.persons)[1:]
        return tuple(int(each) for each in np.cumsum(last[::-1])[::-1])

    @property
    def intake(self) -> tuple[float, float]:
        """Mean and standard deviation of the intakes, in score points."""
        mean = float(self.x.sum() / self.n_persons)
        squares = float(self.xx.sum()) - self.n_persons * mean * mean
        return mean, float(np.sqrt(max(squares, 0.0) / max(self.n_persons - 1, 1)))

    @property
    def sums(self) -> Sums:
        """What a fit takes."""
        longest = int(self.readings.max(initial=0))
        time = np.log(np.arange(2, longest + 2))
        n = self.readings
        knot = None
        if self.knot_session is not None:
            bent = np.maximum(time - np.log(self.knot_session), 0.0)
            knot = KnotSums(
                _first(bent, n),
                _first(bent * time, n),
                kk=_first(bent * bent, n),
                ky=self.ky,
                xky=self.xky,
            )
        return Sums(
            n.astype(np.float64),
            _first(time, n),
            ll=_first(time * time, n),
            persons=self.persons.astype(np.float64),
            **{name: getattr(self, name) for name in SUMS},
            knot=knot,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Suppressed:
    """Cells large enough to be sent, and what keeping the others back has cost."""

    cells: Cells
    minimum: int
    cells_lost: int
    persons_lost: int
    rows_lost: int


def cells_of(readings: Readings, *, knot_session: float | None = None) -> Cells:
    """The cells of one site; people without a reading are left out.

    Args:
        readings: sessions counted as they were held, without gaps.

    Raises:
        CellsRefused: somebody's sessions have a gap; use sums per person instead.
    """
    persons, edges = runs_of(readings.person)
    n = np.diff(edges)
    # Sessions ascend from 2, so the last one tells whether one is left out.
    if not np.array_equal(readings.session[edges[1:] - 1], n + 1):
        raise CellsRefused(
            "sessions",
            "somebody's sessions are not 2, 3, 4, ...: count them as they were held,"
            " or fit from sums per person",
        )
    y, ly, yy, *bent = _per_person(edges, readings, knot_session)
    ky = bent[0] if bent else np.zeros(len(n))
    x = readings.intake[persons].astype(np.float64)
    return _pooled(
        {
            "readings": n,
            "persons": np.ones(len(n)),
            "x": x,
            "xx": x * x,
            "y": y,
            "ly": ly,
            "yy": yy,
            "xy": x * y,
            "xly": x * ly,
            "y_y": y * y,
            "y_ly": y * ly,
            "ly_ly": ly * ly,
            "ky": ky,
            "xky": x * ky,
        },
        knot_session,
    )


def add(*sites: Cells) -> Cells:
    """The cells of all sites together; order changes nothing but rounding.

    Raises:
        CellsRefused: no site, or sites that differ in their knot.
    """
    if not sites:
        raise CellsRefused("sites", "there are none to add")
    first = sites[0]
    for number, site in enumerate(sites[1:], 2):
        if site.knot_session != first.knot_session:
            raise CellsRefused(
                f"site {number}: knot_session",
                f"is {site.knot_session}, not {first.knot_session} as at the first",
            )
    columns = {
        name: np.concatenate([getattr(site, name) for site in sites])
        for name in COLUMNS
    }
    return _pooled(columns, first.knot_session)


def suppress(cells: Cells, *, minimum: int) -> Suppressed:
    """Only cells of at least so many people; says how many people that leaves out.

    What is left out is no longer part of the fit. The people lost are not a random
    part: long courses are rare, and go first.
    """
    kept = cells.persons >= minimum
    found = _only(cells, kept)
    return Suppressed(
        found,
        minimum,
        cells_lost=int((~kept).sum()),
        persons_lost=cells.n_persons - found.n_persons,
        rows_lost=cells.n_rows - found.n_rows,
    )


SUMS = (
    *("x", "xx", "y", "ly", "yy"),
    *("xy", "xly", "y_y", "y_ly", "ly_ly"),
)
COLUMNS = ("readings", "persons", *SUMS, "ky", "xky")


def _per_person(
    edges: IntArray, readings: Readings, knot_session: float | None
) -> FloatArray:
    """(3 or 4, n_persons): sums of y, L y, y² and, where there is a knot, k y."""
    time = np.log(np.arange(1, readings.session.max(initial=1) + 1))

    def columns(rows: slice) -> Iterator[FloatArray]:
        y, place = readings.score[rows], readings.session[rows] - 1
        yield y
        yield time[place] * y
        yield y * y
        if knot_session is not None:
            yield np.maximum(time - np.log(knot_session), 0.0)[place] * y

    return added_per_person(edges, columns, n_columns=3 if knot_session is None else 4)


def _pooled(
    columns: dict[str, IntArray] | dict[str, FloatArray], knot_session: float | None
) -> Cells:
    """Groups with equal readings, added up."""
    readings = columns["readings"].astype(np.int64)
    occupied = np.flatnonzero(np.bincount(readings))

    def added(name: str) -> FloatArray:
        found = np.bincount(readings, weights=columns[name])[occupied]
        return found.astype(np.float64)

    return Cells(
        occupied,
        added("persons").astype(np.int64),
        **{name: added(name) for name in COLUMNS[2:]},
        knot_session=knot_session,
    )


def _only(cells: Cells, kept: BoolArray) -> Cells:
    columns = {name: getattr(cells, name)[kept] for name in COLUMNS}
    return replace(cells, **columns)


def _first(values: FloatArray, counts: IntArray) -> FloatArray:
    """The sum of the first `counts` values, for each count."""
    found: FloatArray = np.concatenate(([0.0], np.cumsum(values)))[counts]
    return found
