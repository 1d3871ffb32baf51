"""Cells as a small file that a person can read before it leaves the site.

One line per cell, so that what is sent can be looked through. Read strictly: a file
that says something impossible is refused with the place in it.
"""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from clinical.norms.cells import COLUMNS, Cells
from clinical.norms.errors import CellsRefused
from clinical.norms.pack import PackKey, key_from, key_json
from clinical.norms.readings import BoolArray, FloatArray
from questionnaires.errors import InstrumentFileError
from questionnaires.table import Table

FORMAT = "rom-on-fhir/norm-cells/3"
MOST_BYTES = 65_536
_KEYS = (
    *("format", "instrument", "language", "respondent", "age_band", "setting"),
    *("persons_per_cell", "time_axis", "knot_session", "columns", "cells"),
)
_TIME_AXIS = "log_session"
_LARGEST = 1e15
# Sums come in as printed decimals: what a sum of squares may be off by.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class SentCells:
    """What a site sends.

    Attributes:
        key: for whose answers; sums of other people's are never added.
        minimum: people in the smallest cell that may be sent.
    """

    cells: Cells
    key: PackKey
    minimum: int


def cells_to_json(sent: SentCells) -> str:
    """The file's text, at most `MOST_BYTES` of ASCII.

    Raises:
        CellsRefused: larger than that.
    """
    cells = sent.cells
    head = {
        "format": FORMAT,
        **key_json(sent.key),
        "persons_per_cell": sent.minimum,
        "time_axis": _TIME_AXIS,
        "knot_session": cells.knot_session,
        "columns": COLUMNS,
    }
    columns = [getattr(cells, name).tolist() for name in COLUMNS]
    lines = [_short(row) for row in zip(*columns, strict=True)]
    opened = json.dumps(head, separators=(",", ":"))[:-1]
    text = f'{opened},"cells":[\n' + ",\n".join(lines) + "\n]}\n"
    if len(text) > MOST_BYTES:
        raise CellsRefused(
            "file",
            f"{len(lines)} cells take {len(text)} bytes, {MOST_BYTES} are allowed:"
            " leave out people with very many sessions, at every site",
        )
    return text


def cells_from_json(text: str) -> SentCells:
    """The cells of a file, checked.

    Raises:
        CellsRefused: with the place in the file; never with a number from it.
    """
    if len(text.encode()) > MOST_BYTES:
        raise CellsRefused("file", f"is larger than {MOST_BYTES} bytes")
    table = _table(text)
    if table.get("format") != FORMAT:
        raise CellsRefused("format", f"is not {FORMAT}: written by another version?")
    if table.get("time_axis") != _TIME_AXIS:
        raise CellsRefused("time_axis", f"is not {_TIME_AXIS}")
    if table.get("columns") != list(COLUMNS):
        raise CellsRefused("columns", f"are not {', '.join(COLUMNS)}")
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise CellsRefused("keys", f"{len(unknown)} of them are unknown")
    knot = None
    if table.get("knot_session") is not None:
        knot = _positive(table, "knot_session")
    key, minimum = _for_whom(table)
    values = _values(table.get("cells"))
    columns = dict(zip(COLUMNS, values.T, strict=True))
    _check(columns, knot, minimum)
    cells = Cells(
        columns["readings"].astype(np.int64),
        columns["persons"].astype(np.int64),
        **{name: columns[name] for name in COLUMNS[2:]},
        knot_session=knot,
    )
    return SentCells(cells, key, minimum)


def _for_whom(table: dict[str, Any]) -> tuple[PackKey, int]:
    read = Table("", "", table)
    try:
        instrument = read.table("instrument")
        key, minimum = key_from(read, instrument), read.whole("persons_per_cell")
        instrument.finish()
    except InstrumentFileError as error:  # the reader of tables is shared
        raise CellsRefused(error.key, error.problem) from None
    if minimum < 1:
        raise CellsRefused("persons_per_cell", "is below 1")
    return key, minimum


def _short(row: tuple[Any, ...]) -> str:
    """Whole numbers without a point: most sums of whole scores are."""
    return json.dumps(
        [int(each) if float(each).is_integer() else each for each in row],
        separators=(",", ":"),
    )


def _table(text: str) -> dict[str, Any]:
    try:
        table = json.loads(
            text, parse_constant=_no_constant, object_pairs_hook=_no_twice
        )
    except (ValueError, RecursionError):
        raise CellsRefused("file", "is not JSON") from None
    if not isinstance(table, dict):
        raise CellsRefused("file", "is not a JSON object")
    return table


def _no_constant(name: str) -> NoReturn:
    raise CellsRefused("file", f"{name} is not a number")


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise CellsRefused("keys", "one is there twice")
    return table


def _positive(table: dict[str, Any], key: str) -> float:
    found = table.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise CellsRefused(key, "is not a positive number")
    if not 0 < found < _LARGEST:  # "1e999" is read as infinity
        raise CellsRefused(key, "is not a positive number that can be")
    return float(found)


def _values(rows: object) -> FloatArray:
    """(n_cells, n_columns), every entry a finite number."""
    if not isinstance(rows, list) or not rows:
        raise CellsRefused("cells", "are not a list with at least one cell")
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(COLUMNS):
            raise CellsRefused(f"cells[{number}]", f"has not {len(COLUMNS)} entries")
        for name, entry in zip(COLUMNS, row, strict=True):
            if isinstance(entry, bool) or not isinstance(entry, int | float):
                raise CellsRefused(f"cells[{number}].{name}", "is not a number")
            if not abs(entry) < _LARGEST:
                raise CellsRefused(f"cells[{number}].{name}", "is out of any range")
    return np.array(rows, dtype=np.float64)


def _check(columns: dict[str, FloatArray], knot: float | None, minimum: int) -> None:
    """What holds for the sums of any scores at all."""
    n, m = columns["readings"], columns["persons"]
    for name, least in (("readings", 1), ("persons", minimum)):
        column = columns[name]
        _refuse(name, column != np.round(column), "is not a whole number")
        _refuse(name, column < least, f"is below {least}")
    _refuse("readings", n > 1000, "is above 1000")
    _, first = np.unique(n, return_index=True)
    again = np.ones(len(n), dtype=bool)
    again[first] = False
    _refuse("readings", again, "is there twice")
    # Sums of squares over persons, and over their readings, after Cauchy and Schwarz.
    for name, of, count in (
        ("xx", columns["x"] ** 2, m),
        ("y_y", columns["y"] ** 2, m),
        ("ly_ly", columns["ly"] ** 2, m),
        ("yy", columns["y_y"], n),
    ):
        gap = of / count - columns[name]
        _refuse(name, gap > _SLACK * (1 + of / count), "is too small for the others")
    for name, left, right in (
        ("y_ly", "y_y", "ly_ly"),
        ("xy", "xx", "y_y"),
        ("xly", "xx", "ly_ly"),
    ):
        square = columns[name] ** 2
        gap = square - columns[left] * columns[right]
        _refuse(name, gap > _SLACK * (1 + square), "is too large for the others")
    if knot is None:
        for name in ("ky", "xky"):
            _refuse(name, columns[name] != 0, "is not 0, and there is no knot")


def _refuse(name: str, wrong: BoolArray, problem: str) -> None:
    places = np.flatnonzero(wrong)
    if len(places):
        raise CellsRefused(f"cells[{places[0]}].{name}", problem)
