"""Only offered answers get in; what got in comes back from storage unchanged."""

import json
from decimal import Decimal

import pytest

from questionnaires.answers import (
    LONGEST_TEXT,
    Chosen,
    Written,
    answers_from_json,
    answers_from_offered,
    answers_to_json,
)
from questionnaires.errors import AnswerNotOffered
from questionnaires.library import load_library

LIBRARY = load_library()
PHQ_9 = LIBRARY.instrument("phq-9")
ORS = LIBRARY.instrument("ors")
ALLIANCE = LIBRARY.instrument("session-alliance")
NUMBER_NINE = "/44260-8"


@pytest.mark.parametrize("value", [2, Decimal(2), Decimal("2.0"), "2", "2.0", "02"])
def test_a_choice_may_come_as_number_or_decimal_string(value):
    answers = answers_from_offered(PHQ_9, {NUMBER_NINE: value}, language="en")

    assert answers.given == {NUMBER_NINE: Chosen(Decimal(2))}
    assert (answers.instrument_id, answers.instrument_version) == ("phq-9", "1.0.0")


@pytest.mark.parametrize(
    ("steps", "points"), [(0, "0"), (63, "6.3"), ("100", "10"), (Decimal(7), "0.7")]
)
def test_a_place_on_a_line_comes_in_whole_millimetres(steps, points):
    answers = answers_from_offered(ORS, {"o1": steps}, language="en")

    assert answers.given == {"o1": Chosen(Decimal(points))}


@pytest.mark.parametrize("blank", [None, ""])
def test_a_blank_is_no_answer(blank):
    answers = answers_from_offered(
        ALLIANCE, {"a1": blank, "a5": blank, "a2": 0}, language="en"
    )

    assert answers.given == {"a2": Chosen(Decimal(0))}


def test_a_text_of_spaces_is_no_answer():
    assert answers_from_offered(ALLIANCE, {"a5": " \n"}, language="en").given == {}


def test_free_text_is_kept_as_it_was_written():
    text = "  More time.\r\n\tLess homework 🙂 "

    answers = answers_from_offered(ALLIANCE, {"a5": text}, language="en")

    assert answers.given == {"a5": Written(text)}


def test_answers_stand_in_the_order_of_the_form():
    answers = answers_from_offered(ORS, {"o3": 1, "o1": 2}, language="en")

    assert list(answers.given) == ["o1", "o3"]


def test_answers_cannot_be_changed_afterwards():
    answers = answers_from_offered(ORS, {"o1": 1}, language="en")

    with pytest.raises(TypeError):
        answers.given["o2"] = Chosen(Decimal(1))


NO_NUMBER = {
    "true": True,
    "false": False,
    "a float": 2.0,
    "a float that is no number": float("nan"),
    "a decimal that is no number": Decimal("NaN"),
    "a signalling decimal": Decimal("sNaN"),
    "an endless decimal": Decimal("Infinity"),
    "a list": [2],
    "a table": {"points": 2},
    "an empty list": [],
    "bytes": b"2",
    "a word": "two",
    "an exponent": "2e0",
    "a sign": "+2",
    "a space": " 2",
    "a line feed": "2\n",
    "digits of another script": "٢",
    "an underscore": "0_2",
    "a hexadecimal": "0x2",
    "a very long number": "2" + "." + "0" * 5000,
    "a million": 1_000_000,
    "a million below nothing": -1_000_000,
    "a million as a decimal": Decimal(1_000_000),
    "a huge int": 10**5000,
    "a huge decimal": Decimal("1e999999"),
}


@pytest.mark.parametrize("what", NO_NUMBER)
@pytest.mark.parametrize(("instrument", "link_id"), [(PHQ_9, NUMBER_NINE), (ORS, "o1")])
def test_what_is_no_number_is_refused_by_item(instrument, link_id, what):
    with pytest.raises(AnswerNotOffered) as refused:
        answers_from_offered(instrument, {link_id: NO_NUMBER[what]}, language="en")

    assert refused.value.link_id == link_id
    assert refused.value.reason == "is not a number that can be chosen"


@pytest.mark.parametrize(
    "value", [4, -1, "0.5", Decimal("2.000001"), 999_999, Decimal("-999999.9")]
)
def test_points_that_no_answer_has_are_refused_without_repeating_them(value):
    with pytest.raises(AnswerNotOffered) as refused:
        answers_from_offered(PHQ_9, {NUMBER_NINE: value}, language="en")

    assert str(refused.value) == "item '/44260-8': is not one of its answers"


@pytest.mark.parametrize("steps", [-1, 101, "100.5", "6.3", Decimal("0.1")])
def test_a_place_off_the_line_is_refused(steps):
    with pytest.raises(AnswerNotOffered, match=r"'o4'.*line"):
        answers_from_offered(ORS, {"o4": steps}, language="en")


@pytest.mark.parametrize(
    "link_id", ["/44261-6", "44260-8", "/44260-8 ", "o1", "", "x" * 64]
)
def test_an_answer_to_an_unknown_item_is_refused(link_id):
    with pytest.raises(AnswerNotOffered) as refused:
        answers_from_offered(PHQ_9, {link_id: 1}, language="en")

    assert refused.value.reason == "is not in this form"
    assert refused.value.link_id in (link_id, "?")


@pytest.mark.parametrize("link_id", ["x" * 65, "Ann Example", "a\nb", "<b>", 7, None])
def test_an_unknown_item_that_could_be_anything_is_not_repeated(link_id):
    with pytest.raises(AnswerNotOffered) as refused:
        answers_from_offered(PHQ_9, {link_id: 1}, language="en")

    assert refused.value.link_id == "?"


class Endless(dict[str, object]):
    """A million answers, of which nobody may read more than a few hundred."""

    reads = 0

    def __iter__(self):
        for number in range(1_000_000):
            self.reads += 1
            assert self.reads < 400
            known = number < len(PHQ_9.items)
            yield PHQ_9.items[number].link_id if known else f"x{number}"


def test_a_million_answers_are_refused_after_the_first_few():
    flood = Endless()

    with pytest.raises(AnswerNotOffered, match="x10"):
        answers_from_offered(PHQ_9, flood, language="en")

    assert flood.reads == len(PHQ_9.items) + 1


@pytest.mark.parametrize("value", [1, True, ["a"], {"text": "a"}, b"a", Decimal(1)])
def test_free_text_must_be_text(value):
    with pytest.raises(AnswerNotOffered, match="'a5': is not a text"):
        answers_from_offered(ALLIANCE, {"a5": value}, language="en")


def test_free_text_has_an_end():
    longest = "x" * LONGEST_TEXT

    answers_from_offered(ALLIANCE, {"a5": longest}, language="en")
    with pytest.raises(AnswerNotOffered, match="'a5': is longer than 4000"):
        answers_from_offered(ALLIANCE, {"a5": longest + "x"}, language="en")


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x1b", "\x7f", "\ud800"])
def test_a_character_that_no_record_can_hold_is_refused(character):
    with pytest.raises(AnswerNotOffered, match="'a5': has a character"):
        answers_from_offered(ALLIANCE, {"a5": f"a{character}b"}, language="en")


@pytest.mark.parametrize("language", ["en", "de", "de-AT", "zh-Hant-TW"])
def test_the_language_of_the_wording_is_kept(language):
    assert answers_from_offered(ORS, {}, language=language).language == language


@pytest.mark.parametrize("language", ["", "e", "en us", "en\n", "a-b-c-d-e-f", "é"])
def test_what_is_no_language_is_refused(language):
    with pytest.raises(AnswerNotOffered, match="'language'"):
        answers_from_offered(ORS, {}, language=language)


@pytest.fixture
def stored():
    """Stored answers that can be read back."""
    given = {"a1": 3, "a2": 0, "a5": "Slower, please."}
    return answers_to_json(answers_from_offered(ALLIANCE, given, language="en"))


def test_stored_answers_keep_every_digit_as_text(stored):
    line = answers_to_json(answers_from_offered(ORS, {"o1": 70}, language="en"))

    assert stored["given"] == {
        "a1": {"points": "3"},
        "a2": {"points": "0"},
        "a5": {"text": "Slower, please."},
    }
    assert line["given"] == {"o1": {"points": "7.0"}}


def test_answers_come_back_from_json_unchanged(stored):
    back = answers_from_json(ALLIANCE, json.loads(json.dumps(stored)))

    assert answers_to_json(back) == stored


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 2),
        ("format", True),
        ("format", None),
        ("instrument", "phq-9"),
        ("version", "1.0.1"),
        ("version", None),
        ("given", []),
        ("given", None),
        ("language", None),
        ("language", "not a language"),
    ],
)
def test_stored_answers_to_something_else_are_refused(stored, key, value):
    stored[key] = value

    with pytest.raises(AnswerNotOffered, match=f"'{key}'"):
        answers_from_json(ALLIANCE, stored)


@pytest.mark.parametrize(
    ("link_id", "value"),
    [
        ("a1", {"points": "5"}),
        ("a1", {"points": 3}),
        ("a1", {"points": "3", "text": "x"}),
        ("a1", {"points": ""}),
        ("a1", {"text": "3"}),
        ("a1", {}),
        ("a1", "3"),
        ("a1", None),
        ("a5", {"text": ""}),
        ("a5", {"text": 5}),
        ("a5", {"points": "3"}),
        ("a9", {"points": "3"}),
    ],
)
def test_a_stored_answer_that_was_never_offered_is_refused(stored, link_id, value):
    stored["given"] = {link_id: value}

    with pytest.raises(AnswerNotOffered) as refused:
        answers_from_json(ALLIANCE, stored)

    assert refused.value.link_id == link_id


@pytest.mark.parametrize("points", ["6.35", "-0.1", "10.1"])
def test_a_stored_place_off_the_line_is_refused(points):
    stored = answers_to_json(answers_from_offered(ORS, {}, language="en"))
    stored["given"] = {"o1": {"points": points}}

    with pytest.raises(AnswerNotOffered, match=r"'o1'.*line"):
        answers_from_json(ORS, stored)
