"""What a database answers becomes the cells that would have been made at home."""

import numpy as np
import pytest

from clinical.norms.cells import COLUMNS, cells_of
from clinical.norms.cells_answer import ANSWER, COUNTS, Asked, answer_from_columns
from clinical.norms.errors import CellsRefused
from clinical.norms.readings import Readings

ASKED = Asked("phq-9 1.0.0", 0, high=27, knot_session=4.0)
# Persons 0 and 1 have two readings after the intake, person 2 has one.
CELLS = cells_of(
    Readings(
        np.array([0, 0, 1, 1, 2]),
        np.array([2, 3, 2, 3, 2]),
        score=np.array([9.0, 8.0, 7.5, 3.0, 20.0]),
        intake=np.array([10.0, 9.0, 21.0]),
    ),
    knot_session=4.0,
)


def answer() -> dict[str, list[object]]:
    columns = {name: getattr(CELLS, name).tolist() for name in COLUMNS}
    counts = {name: [7, 7] for name in COUNTS}
    return columns | counts | {"asked": [ASKED.question] * 2}


def test_cells_come_home_as_they_were_in_any_order() -> None:
    turned = {name: column[::-1] for name, column in answer().items()}

    found = answer_from_columns(turned, ASKED)

    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(found.cells, name), getattr(CELLS, name))
    assert found.cells.knot_session == 4.0
    assert found.counts == dict.fromkeys(COUNTS, 7)


@pytest.mark.parametrize("nothing", [None, float("nan"), "", "NULL"])
def test_a_table_without_a_cell_still_tells_its_counts(nothing: object) -> None:
    empty = answer() | {name: [nothing] for name in COLUMNS}
    one = {name: column[:1] for name, column in empty.items()}

    found = answer_from_columns(one, ASKED)

    assert (len(found.cells.readings), found.counts["rows_read"]) == (0, 7)


@pytest.mark.parametrize(
    ("name", "instead", "place"),
    [
        ("asked", ["gad-7 1.0.0 from 0 to 21, no knot"] * 2, "asked"),
        ("no_score", [1, 2], "no_score"),
        ("no_score", [-1, -1], "no_score"),
        ("no_score", [0.5, 0.5], "no_score"),
        ("readings", [1, 2.5], "readings"),
        ("readings", [0, 2], "readings"),
        ("persons", [1, None], "persons"),
        ("y", [1, "nine"], "y"),
        ("y", [1, float("inf")], "y"),
        ("y", [27.5, 27.5], "y"),
        ("x", [-1, 19.0], "x"),
    ],
)
def test_what_cannot_be_an_answer_is_refused_by_its_place(
    name: str, instead: list[object], place: str
) -> None:
    with pytest.raises(CellsRefused) as refused:
        answer_from_columns(answer() | {name: instead}, ASKED)

    assert refused.value.place == place


def test_an_answer_without_a_column_or_a_row_is_refused() -> None:
    short = answer()
    del short["xky"]

    with pytest.raises(CellsRefused, match="has no column xky"):
        answer_from_columns(short, ASKED)
    with pytest.raises(CellsRefused, match="has no row"):
        answer_from_columns({name: [] for name in ANSWER}, ASKED)
