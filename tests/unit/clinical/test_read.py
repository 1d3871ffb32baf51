"""Since when a signal is on, and in which order people see them."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from clinical.measurement import Measurement, episode_from
from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    BelowOwnBaseline,
    CannotTellYet,
    NoReliableGain,
    QualityNote,
    ReachedGoal,
    ReliablyWorse,
    SafetyAnswer,
    SpeakingSignal,
)
from clinical.signals.read import SignalReport, read_signals
from questionnaires.instrument import Instrument
from tests.instruments import (
    ALLIANCE_CHECK_IN,
    GAD7,
    PHQ9,
    answered,
    on_day,
    plan_with,
    scored,
    weekly,
)


def report(*measurements: Measurement) -> SignalReport:
    plan = plan_with(PHQ9, GAD7, ALLIANCE_CHECK_IN)
    return read_signals(
        episode_from(measurements), plan, today=on_day(64).date(), unread=0
    )


@pytest.mark.parametrize(
    ("instrument", "scores", "kind", "session"),
    [
        (PHQ9, [11, 17, 12, 17, 18], ReliablyWorse, 4),
        (PHQ9, [16, 15, 15, 15, 15, 15, 15], NoReliableGain, 5),
        (PHQ9, [16, 12, 8, 8, 8, 8], ReachedGoal, 4),
        (PHQ9, [16, 8, 8, 12, 8, 8], ReachedGoal, 6),
        (ALLIANCE_CHECK_IN, [14, 14, 13, 14, 13, 13], BelowOwnBaseline, 5),
        (ALLIANCE_CHECK_IN, [14, 14, 14, 8, 14, 8, 9, 8], AllianceDrop, 6),
        (ALLIANCE_CHECK_IN, [14, 14, 14, 8, 8, 14], AllianceRepaired, 6),
    ],
)
def test_a_signal_is_on_since_the_reading_from_which_it_stayed_on(
    instrument: Instrument,
    scores: Sequence[int],
    kind: type[SpeakingSignal],
    session: int,
):
    found = report(*weekly(instrument, scores).measurements)

    (signal,) = (each for each in found.speaking if isinstance(each, kind))
    assert found.since[signal] == on_day(1 + 7 * (session - 1))


def test_each_speaking_signal_and_no_other_has_its_time():
    found = report(
        *weekly(PHQ9, [11, 11, 11, 11, 17]).measurements,
        *weekly(ALLIANCE_CHECK_IN, [14, 14, 14, 4]).measurements,
    )

    assert set(found.since) == set(found.speaking)


def test_people_see_what_speaks_then_the_doubts_then_the_silence():
    found = report(
        # The drop lies too long before the worsening to be one thing with it.
        *weekly(ALLIANCE_CHECK_IN, [14, 14, 14, 12]).measurements,
        *weekly(GAD7, [9, 9, 9, 9, 8, 9, 13]).measurements,
        *weekly(PHQ9, [16, 16, 16]).measurements,
        scored(PHQ9, Decimal("16.5"), day=22, prorated=True),
        answered(PHQ9, (2, 2, 2, 2, 2, 2, 2, 2, 1), day=29),
    )

    said = [(type(each), each.instrument_id) for each in found.signals]
    assert said[:6] == [
        (SafetyAnswer, "phq-9"),
        (ReliablyWorse, "gad-7"),
        (NoReliableGain, "gad-7"),
        (AllianceDrop, "session-alliance"),
        (BelowOwnBaseline, "session-alliance"),
        (QualityNote, "phq-9"),
    ]
    assert {kind for kind, _ in said[6:]} == {CannotTellYet}


def test_a_safety_answer_carries_the_reading_of_its_own_sitting():
    found = report(
        answered(PHQ9, (2, 2, 2, 2, 2, 2, 2, 2, 1), day=1),
        scored(PHQ9, 11, day=8),
    )

    (signal,) = (each for each in found.speaking if isinstance(each, SafetyAnswer))
    assert signal.reading
    assert (signal.reading.value, signal.authored_on) == (17, "2026-03-02")


def test_the_smallest_sd_is_a_part_of_the_range_and_not_of_the_highest_score():
    total = replace(ALLIANCE_CHECK_IN.total, low=Decimal(6))  # a range of 10
    narrow = replace(ALLIANCE_CHECK_IN, scores=(total,))
    episode = weekly(narrow, [14, 14, 14, 13])

    found = read_signals(episode, plan_with(narrow), today=on_day(22).date(), unread=0)

    (drop,) = (each for each in found.speaking if isinstance(each, AllianceDrop))
    assert (drop.sd, drop.sd_is_floor, drop.level) == (1, True, "watch")
