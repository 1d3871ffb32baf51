"""Which column of a table of answers is which item."""

import pytest

from questionnaires.columns import (
    Columns,
    UnfitHeader,
    columns_from_header,
    given_from_cells,
)
from tests.instruments import ALLIANCE_CHECK_IN, GAD7, PHQ9

GAD_IDS = tuple(item.link_id for item in GAD7.items)
NUMBERED = [f"q{number}" for number in range(1, 8)]


def columns(header, *, renamed=(), kept=(), instrument=GAD7):
    return columns_from_header(instrument, header, renamed=dict(renamed), kept=kept)


@pytest.mark.parametrize(
    "header",
    [
        NUMBERED,
        [name.upper() for name in NUMBERED],
        [name[1:] for name in NUMBERED],
        list(GAD_IDS),
    ],
)
def test_items_are_known_by_link_id_or_number(header):
    found = columns(header)

    assert isinstance(found, Columns)
    assert found.link_ids == GAD_IDS


def test_the_order_of_the_columns_is_free():
    found = columns(NUMBERED[::-1])

    assert found.link_ids == GAD_IDS[::-1]


def test_another_name_can_be_told_and_a_column_kept():
    found = columns(
        ["who", "worry", *NUMBERED[1:]], renamed={"worry": "q1"}, kept=["who"]
    )

    assert found.link_ids == (None, *GAD_IDS)
    assert found.kept == {0: "who"}


@pytest.mark.parametrize(
    ("header", "options", "named"),
    [
        ([*NUMBERED, "date"], {}, "column 'date' is no item of gad-7"),
        ([*NUMBERED, ""], {}, "column '' is no item"),
        (NUMBERED[:6], {}, "item '/69736-7' has no column"),
        ([*NUMBERED, GAD_IDS[0]], {}, "has more than one column"),
        ([*NUMBERED, "q8"], {}, "'q8'"),
        (NUMBERED, {"kept": ["id"]}, "'id' is to be kept or renamed, but is no column"),
        (NUMBERED, {"renamed": {"a": "q1"}}, "'a' is to be kept or renamed"),
        ([*NUMBERED, "a\x07" + "b" * 500], {}, "'a?bbb"),
    ],
)
def test_a_header_that_does_not_fit_says_why(header, options, named):
    found = columns(header, **options)

    assert isinstance(found, UnfitHeader)
    assert any(named in problem for problem in found.problems)
    assert all(len(problem) < 200 for problem in found.problems)


@pytest.mark.parametrize(
    ("length", "shown"),
    [(60, "x" * 60), (61, "x" * 60 + "..."), (500, "x" * 60 + "...")],
)
def test_a_long_name_is_shown_by_its_first_sixty_characters(length, shown):
    found = columns([*NUMBERED, "x" * length])

    assert found.problems == (f"column '{shown}' is no item of gad-7",)


def test_every_problem_of_a_header_is_said_at_once():
    found = columns(["q1", "q1", "x"])

    assert len(found.problems) == 8


def test_a_header_of_a_million_columns_is_answered_with_few_sentences():
    found = columns(["x"] * 1_000_000)

    assert len(found.problems) == 20


def test_open_questions_and_unscored_items_need_no_column():
    scored = [f"q{number}" for number in range(1, 10)]

    assert isinstance(columns(scored, instrument=PHQ9), Columns)
    assert isinstance(
        columns(["q1", "q2", "q3", "q4"], instrument=ALLIANCE_CHECK_IN), Columns
    )


def test_cells_become_answers_and_kept_cells_do_not():
    found = columns(["who", *NUMBERED], kept=["who"])

    given = given_from_cells(found, ["Ada", "1", " 2 ", "", "3", "0", "0", "0"])

    assert given == dict(zip(GAD_IDS, ["1", "2", "", "3", "0", "0", "0"], strict=True))


@pytest.mark.parametrize("cells", [["1"] * 6, ["1"] * 8])
def test_a_row_of_another_length_than_its_header_is_no_answer(cells):
    with pytest.raises(ValueError, match="argument 2 is"):
        given_from_cells(columns(NUMBERED), cells)
