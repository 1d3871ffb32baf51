"""Every result, difference and trouble of publishing has its words and its code."""

from typing import get_args

import pytest

from ehr.errors import (
    AccessExpired,
    EhrRefused,
    EhrUnreachable,
    EndpointsMoved,
    JsonRefused,
    NotStorable,
    TooMuch,
)
from ehr.publishing import (
    CannotTell,
    CannotTellCause,
    Created,
    Differs,
    Replaced,
    SeveralCopies,
    StoredOtherwise,
    Unchanged,
    WouldCreate,
)
from fhir_mapping.form_difference import Aspect, Difference
from server.publishing.words import (
    DIFFERS,
    DONE,
    REFUSED,
    UNREACHABLE,
    Trouble,
    difference_words,
    outcome_word,
    result_code,
    result_words,
    table,
    trouble_code,
    trouble_words,
)

SCOPE = "system/Questionnaire.crus"
PLACE = "Questionnaire/1"
POINTS = Difference("points", "q1", "1", "0", "a")
PUBLISHER = Difference("about_form", "publisher", "x", "y")


def told(trouble: Trouble, *, writing: bool = True) -> str:
    return trouble_words(trouble, ehr="clinic", scope=SCOPE, writing=writing)


def refused(status: int, *issues: dict[str, object]) -> EhrRefused:
    outcome = {"resourceType": "OperationOutcome", "issue": list(issues)}
    return EhrRefused(status, outcome)


@pytest.mark.parametrize("aspect", get_args(Aspect))
def test_every_aspect_has_words_that_name_the_place(aspect: Aspect) -> None:
    words = difference_words(Difference(aspect, "q1", "before", "after", "code"))

    assert "q1" in words and len(words) > 10


def test_a_difference_in_arrangement_alone_shows_no_empty_values() -> None:
    words = difference_words(Difference("about_form", "item"))

    assert words == "form, item: arranged in another way"


def test_what_a_strange_server_sends_stays_on_one_line_and_short() -> None:
    hostile = "\x1b[2J\nrm -rf /\r" + "x" * 500

    words = difference_words(Difference("question", "q1", hostile, ""))

    assert words.isprintable() and len(words) < 150
    assert "becomes (nothing)" in words


RESULTS = [
    (Unchanged(PLACE), DONE, "unchanged"),
    (WouldCreate(), DONE, "would be created"),
    (Created(PLACE), DONE, "created"),
    (Differs(PLACE, (POINTS,)), DIFFERS, "in its meaning"),
    (Differs(PLACE, (PUBLISHER,)), DIFFERS, "description only"),
    (Replaced(PLACE, (POINTS,)), DONE, "what changed"),
    (StoredOtherwise(PLACE, (POINTS,)), REFUSED, "did not keep it"),
    (SeveralCopies((PLACE, "Questionnaire/2")), REFUSED, "2 copies"),
    *[
        (CannotTell(cause), REFUSED, "cannot tell")
        for cause in get_args(CannotTellCause)
    ],
]


@pytest.mark.parametrize(("result", "code", "sentence"), RESULTS)
def test_every_result_has_a_sentence_a_word_and_a_code(result, code, sentence) -> None:
    assert sentence in result_words(result)
    assert result_code(result, replacing=False) == code
    assert outcome_word(result)


def test_a_difference_that_may_be_replaced_is_as_wished() -> None:
    found = Differs(PLACE, (POINTS,))

    assert result_code(found, replacing=True) == DONE
    assert "It would be replaced" in result_words(found, replaceable=False)


TROUBLES = [
    (NotStorable("Questionnaire"), REFUSED, "offers no create"),
    (AccessExpired("backend: invalid_scope"), REFUSED, "invalid_scope"),
    (EhrUnreachable("time-out"), UNREACHABLE, "may or may not be stored"),
    (EhrUnreachable("x", maybe_sent=False), UNREACHABLE, "nothing more was written"),
    (EhrRefused(403), REFUSED, f"must grant the scope {SCOPE}"),
    (EhrRefused(409), REFUSED, "refused it (HTTP 409)"),
    (EndpointsMoved("token_endpoint"), REFUSED, "Compare endpoint_origins"),
    (JsonRefused("depth"), REFUSED, "cannot be used"),
    (TooMuch("body"), REFUSED, "cannot be used"),
]


@pytest.mark.parametrize(("trouble", "code", "sentence"), TROUBLES)
def test_every_trouble_says_what_happened_and_what_to_do(
    trouble, code, sentence
) -> None:
    assert sentence in told(trouble) and "clinic" in told(trouble)
    assert trouble_code(trouble) == code


def test_a_look_that_is_not_answered_has_stored_nothing() -> None:
    words = told(EhrUnreachable("time-out"), writing=False)

    assert "may or may not" not in words and "nothing more was written" in words


def test_the_server_s_own_words_about_a_form_are_shown() -> None:
    words = told(
        refused(
            422,
            {"severity": "warning", "code": "informational"},
            {
                "severity": "error",
                "code": "invariant",
                "expression": ["Questionnaire.item[3]"],
                "diagnostics": "que-2: link ids\nmust be unique",
            },
            {"severity": "error", "code": 5, "expression": "x"},
        )
    )

    assert "(HTTP 422)" in words
    assert "invariant Questionnaire.item[3] que-2: link ids must be unique" in words
    assert "informational" not in words


def test_of_many_complaints_a_few_are_shown_and_the_others_counted() -> None:
    issue: dict[str, object] = {"severity": "error", "code": "invalid"}

    assert "and 7 more" in told(refused(422, *[issue] * 12))


def test_columns_stand_under_each_other() -> None:
    assert table([("a", "bb"), ("ccc", "d")]) == ["a    bb", "ccc  d"]
