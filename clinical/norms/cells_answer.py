"""What a database was asked for cells, and what it answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from clinical.norms.cells import COLUMNS, Cells
from clinical.norms.errors import CellsRefused
from clinical.norms.readings import FloatArray

COUNTS = (
    *("rows_read", "no_person", "no_order", "no_score", "out_of_range"),
    *("there_twice", "disagreeing"),
)
ANSWER = (*COLUMNS, *COUNTS, "asked")
_SLACK = 1e-9  # score points; of a mean that comes from a printed sum


@dataclass(frozen=True, slots=True)
class Asked:
    """The question: stands in each row of the answer, which is read for no other.

    Attributes:
        form: instrument and version.
        low, high: range of its score, in score points; other rows are no readings.
        knot_session: as `cells_of`.
    """

    form: str
    low: float
    high: float
    knot_session: float | None

    @property
    def question(self) -> str:
        knot = "no knot" if self.knot_session is None else f"knot {self.knot_session:g}"
        return f"{self.form} from {self.low:g} to {self.high:g}, {knot}"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Cells of the rows that are readings, and how many of the table are none.

    Attributes:
        counts: by name as in `COUNTS`. `there_twice`: rows about a person's moment that
            another row is about; `disagreeing`: such moments with different scores.
    """

    cells: Cells
    counts: Mapping[str, int]


def answer_from_columns(
    columns: Mapping[str, Sequence[object]], asked: Asked
) -> Answer:
    """The database's answer, checked.

    Args:
        columns: by name as in `ANSWER`, equally long, rows in any order; numbers, or
            texts of numbers. A cell is empty only where there is no cell at all.

    Raises:
        CellsRefused: not the answer to this question; with the place, never a number.
    """
    missing = [name for name in ANSWER if name not in columns]
    if missing:
        raise CellsRefused("answer", f"has no column {', '.join(missing)}")
    if not len(columns["asked"]):
        raise CellsRefused("answer", "has no row")
    if set(columns["asked"]) != {asked.question}:
        raise CellsRefused(
            "asked", f"is not {asked.question!r}: made for another form?"
        )
    counts = {name: _counted(name, columns[name]) for name in COUNTS}
    empty = len(columns["asked"]) == 1 and _is_empty(columns["readings"][0])
    rows = {name: () if empty else columns[name] for name in COLUMNS}
    found = {name: _numbers(name, each) for name, each in rows.items()}
    for name in ("readings", "persons"):
        if (found[name] != np.round(found[name])).any() or (found[name] < 1).any():
            raise CellsRefused(name, "is no whole number from 1")
    persons = found["persons"]
    for name, of in (("x", persons), ("y", persons * found["readings"])):
        mean = found[name] / of
        if (mean < asked.low - _SLACK).any() or (mean > asked.high + _SLACK).any():
            raise CellsRefused(name, "is no sum of scores of this form")
    order = np.argsort(found["readings"])
    cells = Cells(
        found["readings"][order].astype(np.int64),
        found["persons"][order].astype(np.int64),
        **{name: found[name][order] for name in COLUMNS[2:]},
        knot_session=asked.knot_session,
    )
    return Answer(cells, counts)


def _counted(name: str, column: Sequence[object]) -> int:
    found = np.unique(_numbers(name, column))
    if len(found) != 1 or found[0] < 0 or found[0] != np.round(found[0]):
        raise CellsRefused(name, "is not the same whole number in each row")
    return int(found[0])


def _numbers(name: str, column: Sequence[object]) -> FloatArray:
    try:
        found = np.array([float(str(each)) for each in column], dtype=np.float64)
    except ValueError:
        raise CellsRefused(name, "is no number in some row") from None
    if not np.isfinite(found).all():
        raise CellsRefused(name, "is no number in some row")
    return found


def _is_empty(value: object) -> bool:
    return value is None or value != value or str(value).lower() in ("", "null", "<na>")
