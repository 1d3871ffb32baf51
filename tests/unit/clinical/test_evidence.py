"""By what a signal is known again, what it rests on, and in which words it is said."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import get_args

import pytest

from clinical.signals.evidence import (
    cause_of,
    data_hash_of,
    decision_support_of,
    level_of,
    norm_hash_of,
    rule_of,
)
from clinical.signals.kinds import (
    BelowOwnBaseline,
    BothDown,
    MissedWhileDown,
    OutsideBand,
    ReliablyWorse,
    SafetyAnswer,
    SafetyBlank,
    SpeakingSignal,
)
from clinical.signals.order import priority
from clinical.signals.wording import wording_class
from tests.instruments import PHQ9, on_day, upside_down
from tests.signal_examples import READING, VISIT, examples

KINDS: tuple[type, ...] = get_args(SpeakingSignal)


def one_of_each() -> Iterator[SpeakingSignal]:
    for kind in KINDS:
        yield next(examples(kind, PHQ9))


@pytest.mark.parametrize(
    "signal", [*one_of_each()], ids=lambda each: type(each).__name__
)
def test_each_signal_has_a_cause_that_begins_with_its_rule(signal: SpeakingSignal):
    cause = cause_of(signal, since=on_day(1))

    assert cause.split("|")[:2] in (
        [rule_of(signal), "phq-9"],
        ["S1-blank", "phq-9"],
    )


def test_two_kinds_of_signal_never_share_a_cause():
    causes = [cause_of(each, since=on_day(1)) for each in one_of_each()]

    assert len(set(causes)) == len(KINDS)


@pytest.mark.hazard("H08")
@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.__name__)
def test_a_carers_signal_has_another_cause_than_the_patients(kind: type):
    causes = {
        each.respondent: cause_of(each, since=on_day(1))
        for each in examples(kind, PHQ9)
    }

    assert causes["carer"] == f"{causes['self']}|carer"


def test_the_order_in_which_people_see_signals():
    places: dict[int, set[str]] = {}
    for kind in KINDS:
        for each in examples(kind, PHQ9):
            which = getattr(each, "urgency", "") or getattr(each, "level", "")
            words = f"{rule_of(each)} {which}".strip()
            places.setdefault(priority(each), set()).add(words)

    assert [places[at] for at in sorted(places)] == [
        *({"S1 full"}, {"S1 review"}, {"S1"}, {"R8"}, {"S2"}, {"S3"}, {"R6"}, {"S4"}),
        *({"R3 strong"}, {"R3 watch"}, {"D1"}, {"R1"}, {"R4"}, {"R2"}, {"S5"}, {"S7"}),
        *({"S8"}, {"S6"}, {"R5"}, {"R7"}),
    ]


def test_each_class_of_words_is_used():
    found = {rule_of(each): wording_class(each) for each in one_of_each()}

    assert found == {
        **{"S1": "W0", "S2": "W1", "S3": "W2", "S4": "W3", "S5": "W4", "S6": "W5"},
        **{"S7": "W6", "S8": "W5", "R1": "W7", "R2": "W7", "R3": "W7", "R4": "W7"},
        **{"R5": "W5", "R6": "W7", "R7": "W7", "R8": "W7-both", "D1": "W4"},
    }


def test_only_what_rests_on_a_curve_is_predictive():
    band = next(examples(OutsideBand, PHQ9))
    worse = next(examples(ReliablyWorse, PHQ9))
    low = next(examples(BelowOwnBaseline, PHQ9))
    safety = next(examples(SafetyAnswer, PHQ9))

    predictive = [
        band,
        BothDown("phq-9", band, low),
        MissedWhileDown("phq-9", VISIT, (low, band)),
    ]
    plain = [
        *(safety, worse, low),
        BothDown("phq-9", worse, low),
        MissedWhileDown("phq-9", VISIT, (low, worse)),
    ]

    assert {decision_support_of(each) for each in predictive} == {"predictive"}
    assert {norm_hash_of(each) for each in predictive} == {band.pack_hash}
    assert {decision_support_of(each) for each in plain} == {"evidence_based"}
    assert {norm_hash_of(each) for each in plain} == {None}


ABOUT_A_READING = [each for each in one_of_each() if hasattr(each, "latest")]


@pytest.mark.hazard("H06")
@pytest.mark.parametrize(
    "signal", ABOUT_A_READING, ids=lambda each: type(each).__name__
)
def test_one_point_worse_is_a_level_one_lower_whatever_the_direction(
    signal: SpeakingSignal,
):
    higher = replace(signal, latest=replace(READING, value=READING.value + 1))  # type: ignore[call-arg]  # those with a latest reading

    assert level_of(higher, PHQ9) == level_of(signal, PHQ9) - 1
    turned = upside_down(PHQ9)
    assert level_of(higher, turned) == level_of(signal, turned) + 1


def test_the_level_of_what_rests_on_other_signals_is_the_first_ones():
    worse = replace(
        next(examples(ReliablyWorse, PHQ9)),
        latest=replace(READING, value=READING.value + 6),
    )
    low = next(examples(BelowOwnBaseline, PHQ9))

    both = BothDown("phq-9", worse, low)
    missed = MissedWhileDown("phq-9", VISIT, (worse, low))

    assert [level_of(each, PHQ9) for each in (worse, low, both, missed)] == [
        *(-6, 0, -6, -6),
    ]


def test_a_higher_safety_answer_is_a_lower_level_and_a_blank_is_none():
    answer = replace(next(examples(SafetyAnswer, PHQ9)), points=Decimal(2))
    blank = next(examples(SafetyBlank, PHQ9))

    assert (level_of(answer, PHQ9), level_of(blank, PHQ9)) == (-2, 0)


def test_another_norm_is_other_evidence():
    one = OutsideBand(
        "phq-9", READING, READING, READING.value, READING.value, 9, "p", "a", None, 1
    )
    other = OutsideBand(
        "phq-9", READING, READING, READING.value, READING.value, 9, "p", "b", None, 1
    )

    assert data_hash_of(one, cause="S3|phq-9") != data_hash_of(other, cause="S3|phq-9")
