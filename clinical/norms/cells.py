"""Sums per cell: what a site may send so that many sites fit one norm.

A cell holds the people with the same number of sessions and the same intake. If the
sessions are counted as they were held (2, 3, 4, ...), the likelihood needs no more
than eleven sums per cell: cells of several sites, added, give exactly the fit of all
their people together. No row of a person leaves the site; a cell of one person still
describes that person, hence `suppress`.
"""

from dataclasses import dataclass, replace

import numpy as np

from clinical.norms.errors import CellsRefused
from clinical.norms.readings import BoolArray, FloatArray, IntArray, Readings
from clinical.norms.sums import ROWS_AT_ONCE, KnotSums, Sums


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Sums over the people of each cell, in order of readings, then of intake.

    Attributes:
        readings: (n_cells,) readings after the intake of each person: n sessions from
            2 to n + 1. Sums of L and L² follow from it.
        intake: (n_cells,) score points, a multiple of `intake_step`.
        persons: (n_cells,) people in the cell.
        y, ly, yy, y_y, y_ly, ly_ly, ky: (n_cells,) as in `Sums`.
        intake_step: to what intakes were rounded, in score points; sites that are
            added must agree on it. A coarser step is exact for the coarser model.
        knot_session: where the slope may change; None: no knot, and `ky` is zero.
    """

    readings: IntArray
    intake: FloatArray
    persons: IntArray
    y: FloatArray
    ly: FloatArray
    yy: FloatArray
    y_y: FloatArray
    y_ly: FloatArray
    ly_ly: FloatArray
    ky: FloatArray
    intake_step: float
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
            )
        return Sums(
            n.astype(np.float64),
            _first(time, n),
            ll=_first(time * time, n),
            x=self.intake,
            persons=self.persons.astype(np.float64),
            y=self.y,
            ly=self.ly,
            yy=self.yy,
            y_y=self.y_y,
            y_ly=self.y_ly,
            ly_ly=self.ly_ly,
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


def cells_of(
    readings: Readings, *, intake_step: float, knot_session: float | None = None
) -> Cells:
    """The cells of one site; people without a reading are left out.

    Args:
        readings: sessions counted as they were held, without gaps.
        intake_step: intakes are rounded to its multiples (1 for whole points).

    Raises:
        CellsRefused: somebody's sessions have a gap; use sums per person instead.
        ValueError: the step is not positive.
    """
    if not intake_step > 0:
        raise ValueError("the step of intakes is a positive number of score points")
    counts = readings.rows_per_person
    seen = counts > 0
    n = counts[seen]
    # Sessions ascend from 2, so the last one tells whether one is left out.
    if not np.array_equal(readings.session[np.cumsum(n) - 1], n + 1):
        raise CellsRefused(
            "sessions",
            "somebody's sessions are not 2, 3, 4, ...: count them as they were held,"
            " or fit from sums per person",
        )
    y, ly, yy, ky = _per_person(readings, knot_session)[:, seen]
    return _pooled(
        {
            "readings": n,
            "steps": np.round(readings.intake[seen] / intake_step).astype(np.int64),
            "persons": np.ones(len(n)),
            "y": y,
            "ly": ly,
            "yy": yy,
            "y_y": y * y,
            "y_ly": y * ly,
            "ly_ly": ly * ly,
            "ky": ky,
        },
        intake_step=intake_step,
        knot_session=knot_session,
    )


def add(*sites: Cells) -> Cells:
    """The cells of all sites together; order changes nothing but rounding.

    Raises:
        CellsRefused: no site, or sites that differ in intake step or knot.
    """
    if not sites:
        raise CellsRefused("sites", "there are none to add")
    first = sites[0]
    for number, site in enumerate(sites[1:], 2):
        if site.intake_step != first.intake_step:
            raise CellsRefused(
                f"site {number}: intake_step",
                f"is {site.intake_step}, not {first.intake_step} as at the first site",
            )
        if site.knot_session != first.knot_session:
            raise CellsRefused(
                f"site {number}: knot_session",
                f"is {site.knot_session}, not {first.knot_session} as at the first",
            )
    columns = {
        name: np.concatenate([getattr(site, name) for site in sites])
        for name in COLUMNS
    }
    steps = np.round(columns["intake"] / first.intake_step).astype(np.int64)
    return _pooled(
        {**columns, "steps": steps},
        intake_step=first.intake_step,
        knot_session=first.knot_session,
    )


def suppress(cells: Cells, *, minimum: int) -> Suppressed:
    """Only cells of at least so many people; says how many people that leaves out.

    What is left out is no longer part of the fit: with many small cells take a coarser
    intake step first. The people lost are not a random part: rare intakes and long
    courses go first.
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


COLUMNS = (
    *("readings", "intake", "persons"),
    *("y", "ly", "yy", "y_y", "y_ly", "ly_ly", "ky"),
)


def _per_person(readings: Readings, knot_session: float | None) -> FloatArray:
    """(4, n_persons): sums of y, L y, y² and k y."""
    found = np.zeros((4, readings.n_persons))
    table = np.log(np.arange(1, readings.session.max(initial=1) + 1))
    bent = None if knot_session is None else table - np.log(knot_session)
    for start in range(0, len(readings.score), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        y, session = readings.score[rows], readings.session[rows] - 1
        columns = [y, table[session] * y, y * y]
        if bent is not None:
            columns.append(np.maximum(bent, 0.0)[session] * y)
        first, last = readings.person[rows][[0, -1]]
        place = readings.person[rows] - first
        for number, column in enumerate(columns):
            found[number, first : last + 1] += np.bincount(place, weights=column)
    return found


def _pooled(
    columns: dict[str, IntArray] | dict[str, FloatArray],
    *,
    intake_step: float,
    knot_session: float | None,
) -> Cells:
    """Groups with equal readings and intake, added up; `steps` stands for intake."""
    readings, steps = columns["readings"], columns["steps"]
    low = steps.min(initial=0)
    width = steps.max(initial=0) - low + 1
    keys = (readings * width + (steps - low)).astype(np.int64)
    occupied, place = _numbered(keys)

    def added(name: str) -> FloatArray:
        found: FloatArray = np.bincount(
            place, weights=columns[name], minlength=len(occupied)
        ).astype(np.float64)
        return found

    return Cells(
        occupied // int(width),
        ((occupied % int(width) + int(low)) * intake_step).astype(np.float64),
        persons=added("persons").astype(np.int64),
        **{name: added(name) for name in COLUMNS[3:]},
        intake_step=intake_step,
        knot_session=knot_session,
    )


def _numbered(keys: IntArray) -> tuple[IntArray, IntArray]:
    """The keys that occur, ascending, and for each group the place of its own."""
    if keys.max(initial=0) > 4 * len(keys) + 1000:  # sparse: sorting costs less room
        occupied, place = np.unique(keys, return_inverse=True)
        return occupied, place
    occupied = np.flatnonzero(np.bincount(keys))
    number = np.zeros(keys.max(initial=0) + 1, dtype=np.int64)
    number[occupied] = np.arange(len(occupied))
    return occupied, number[keys]


def _only(cells: Cells, kept: BoolArray) -> Cells:
    columns = {name: getattr(cells, name)[kept] for name in COLUMNS}
    return replace(cells, **columns)


def _first(values: FloatArray, counts: IntArray) -> FloatArray:
    """The sum of the first `counts` values, for each count."""
    found: FloatArray = np.concatenate(([0.0], np.cumsum(values)))[counts]
    return found
