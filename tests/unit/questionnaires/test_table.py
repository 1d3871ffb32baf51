"""What a key of an instrument's file may hold, and how a wrong one is named."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from questionnaires.errors import InstrumentFileError
from questionnaires.instrument import Source
from questionnaires.table import Table, table_from_toml

WORDS = {"up": "up", "down": "down"}


def table(found):
    return Table("mood.toml", "scores[1]", {"key": found})


def refusal(read, *arguments):
    with pytest.raises(InstrumentFileError) as refused:
        read(*arguments)
    return refused.value


@pytest.mark.parametrize(
    "found",
    [0, 7, -1_000_000, 1_000_000, Decimal("0.000001"), Decimal("-999999.999999")],
)
def test_a_number_is_exact_as_written_up_to_a_million(found):
    number = table(found).number("key")

    assert (number, type(number)) == (found, Decimal)
    assert table([found, 1]).numbers("key") == (found, 1)


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (True, "must be a number"),
        ("1", "must be a number"),
        (None, "must be a number"),
        (Decimal("NaN"), "must be a finite number"),
        (Decimal("-Infinity"), "must be a finite number"),
        (1_000_001, "must lie within 1000000 of zero"),
        (-1_000_001, "must lie within 1000000 of zero"),
        (Decimal("1000000.000001"), "must lie within 1000000 of zero"),
        (Decimal("0.0000001"), "must have at most six decimals"),
    ],
)
def test_what_is_no_number_of_points_says_why(found, problem):
    for refused in (
        refusal(table(found).number, "key"),
        refusal(table([1, found]).numbers, "key"),
        refusal(table(found).whole, "key"),
    ):
        assert (refused.file, refused.key) == ("mood.toml", "scores[1].key")
        assert refused.problem == problem


def test_a_whole_number_may_be_written_with_decimals_that_are_noughts():
    whole = table(Decimal("18.0")).whole("key")

    assert (whole, type(whole)) == (18, int)
    assert refusal(table(Decimal("18.5")).whole, "key").problem == (
        "must be a whole number"
    )


def test_blanks_around_a_text_are_taken_off():
    assert table("  PHQ-9\n").text("key") == "PHQ-9"
    assert table([" a", "b "]).texts("key") == ("a", "b")
    assert table([]).texts("key") == ()
    assert table(" up ").one_of("key", WORDS) == "up"


@pytest.mark.parametrize(
    ("kind", "found", "problem"),
    [
        ("text", 9, "must be a text that is not empty"),
        ("text", " ", "must be a text that is not empty"),
        ("texts", "a", "must be a list of texts"),
        ("texts", ["a", " "], "must hold only texts that are not empty"),
        ("texts", ["a", 9], "must hold only texts that are not empty"),
        ("numbers", 9, "must be a list of numbers"),
        ("flag", 1, "must be true or false"),
        ("flag", "true", "must be true or false"),
        ("day", "2026-11-23", "must be a date, written 2026-11-23 without quotes"),
        ("day", datetime(2026, 11, 23), "must be a date, written 2026-11-23 without"),
        ("table", [], "must be a table"),
        ("tables", {}, "must be a list of tables with at least one entry"),
        ("tables", [], "must be a list of tables with at least one entry"),
        ("named_tables", [], "must be a table"),
    ],
)
def test_what_is_not_of_its_kind_says_which_kind_is_wanted(kind, found, problem):
    refused = refusal(getattr(table(found), kind), "key")

    assert (refused.file, refused.key) == ("mood.toml", "scores[1].key")
    assert refused.problem.startswith(problem)


@pytest.mark.parametrize(
    ("kind", "found"),
    [("flag", True), ("flag", False), ("day", date(2026, 11, 23))],
)
def test_a_flag_and_a_day_are_what_was_written(kind, found):
    assert getattr(table(found), kind)("key") is found


def test_a_word_that_is_not_offered_is_told_which_are():
    assert refusal(table("left").one_of, "key", WORDS).problem == (
        "must be one of up, down"
    )


def test_a_key_that_is_missing_is_named_with_its_place():
    for kind in ("text", "number", "flag", "day", "table", "tables"):
        refused = refusal(getattr(table(1), kind), "other")

        assert (refused.key, refused.problem) == (
            "scores[1].other",
            "is missing; add it",
        )


def test_a_table_below_is_named_by_its_whole_place():
    [first, second] = table([{"a": 1}, {"a": 2}]).tables("key")
    [(name, named)] = table({"often": {"a": 3}}).named_tables("key").items()

    assert (first.place, second.place) == ("scores[1].key[0]", "scores[1].key[1]")
    assert (name, named.at("a")) == ("often", "scores[1].key.often.a")
    assert named.refuse("", "is wrong").key == "scores[1].key.often"
    assert refusal(table([{}, 2]).tables, "key").key == "scores[1].key[1]"
    assert refusal(table({"often": 2}).named_tables, "key").key == "scores[1].key.often"


def test_a_source_says_where_from_and_how_well_it_was_checked():
    found = Table(
        "f", "", {"source": "manual", "evidence": "own", "a": "b", "c": "own"}
    )

    assert found.source() == Source("manual", "own")
    assert found.source("a", "c") == Source("b", "own")
    found.finish()


@pytest.mark.parametrize("missing", ["source", "evidence"])
def test_no_number_without_its_source(missing):
    both = {"source": "manual", "evidence": "own"}
    found = Table("f", "", {key: both[key] for key in both if key != missing})

    refused = refusal(found.source)

    assert (refused.key, refused.problem) == (
        missing,
        "is missing; no number without it",
    )


def test_a_key_that_nobody_asked_for_is_refused():
    found = Table("f", "rci", {"value": 1, "colour": 2})
    found.number("value")

    assert found.has("colour") and not found.has("shape")
    assert refusal(found.finish).key == "rci.colour"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"#" * 1_000_001, "is larger than 1000000 bytes"),
        (b"a = \xff", "is not UTF-8 text"),
        (b"a =", "is not TOML"),
        (b"a = " + b"[" * 100_000, "is not TOML"),
        (b"a = 1e9999999999999999999", "is not TOML"),
    ],
)
def test_what_is_no_file_of_ours_says_why(content, problem):
    refused = refusal(lambda: table_from_toml(content, file="f"))

    assert (refused.file, refused.key) == ("f", "file")
    assert refused.problem.startswith(problem)


def test_a_file_keeps_its_numbers_exact():
    found = table_from_toml(b"a = 8.2\n#" + b"x" * 999_991, file="f")

    assert (str(found.number("a")), found.place) == ("8.2", "")
