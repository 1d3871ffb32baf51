"""Answers a person must see now, from the raw answers alone."""

from dataclasses import replace
from itertools import product

import pytest

from clinical.safety import SafetyAnswer, SafetyBlank, safety_findings
from questionnaires.answers import answers_from_offered
from questionnaires.instrument import ChoiceItem, Instrument
from tests.instruments import GAD7, ITEM_9, PHQ9


def findings(points: int | None, *, rest: int | None = 0):
    given = dict.fromkeys(PHQ9.total.link_ids, rest) | {ITEM_9: points}
    answers = answers_from_offered(PHQ9, given, language="en")
    return safety_findings(
        PHQ9, answers, authored_on="2026-03-02", source="QuestionnaireResponse/1"
    )


@pytest.mark.hazard("H04")
def test_a_flag_exactly_when_the_rule_holds():
    for points, rest in product((None, 0, 1, 2, 3), repeat=2):
        found = findings(points, rest=rest)

        kinds = [type(each) for each in found]
        expected = {None: [SafetyBlank], 0: []}.get(points, [SafetyAnswer])
        assert kinds == expected


@pytest.mark.hazard("H04")
def test_it_waits_for_no_score():
    (found,) = findings(2, rest=None)

    assert isinstance(found, SafetyAnswer)
    assert (found.points, found.urgency, found.reading) == (2, "full", None)


def test_it_names_the_item_and_the_sitting():
    (found,) = findings(None)

    assert isinstance(found, SafetyBlank)
    assert (found.link_id, found.authored_on) == (ITEM_9, "2026-03-02")
    assert found.source == "QuestionnaireResponse/1"


def test_an_instrument_without_safety_item_finds_nothing():
    answers = answers_from_offered(GAD7, {}, language="en")

    assert safety_findings(GAD7, answers, authored_on="2026-03-02", source="x") == ()


def with_more_safety_items() -> Instrument:
    """The PHQ-9 with its first two items as safety items: to review, and full."""
    item_9 = PHQ9.item(ITEM_9)
    assert isinstance(item_9, ChoiceItem)
    assert item_9.safety
    first, second, *others = PHQ9.items
    assert isinstance(first, ChoiceItem)
    assert isinstance(second, ChoiceItem)
    review = replace(first, safety=replace(item_9.safety, urgency="review"))
    full = replace(second, safety=item_9.safety)
    return replace(PHQ9, items=(review, full, *others))


def test_the_most_urgent_answer_comes_first_and_blanks_last():
    instrument = with_more_safety_items()
    first, second, *_ = PHQ9.total.link_ids

    def order(given: dict[str, object]) -> list[str]:
        answers = answers_from_offered(instrument, given, language="en")
        found = safety_findings(
            instrument, answers, authored_on="2026-03-02", source="x"
        )
        return [each.link_id for each in found]

    assert order({first: 3, second: 1, ITEM_9: 2}) == [ITEM_9, second, first]
    assert order({first: 3, second: 3, ITEM_9: 2}) == [second, ITEM_9, first]
    assert order({second: None, ITEM_9: 1}) == [ITEM_9, first, second]
