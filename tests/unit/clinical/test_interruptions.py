"""By what a card is known again, and where there is none at all."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from clinical.attendance import Visit
from clinical.interruptions import (
    Acknowledgement,
    Interruption,
    interruptions,
    may_be_set_aside,
    may_interrupt,
)
from clinical.measurement import Measurement, episode_from
from clinical.plan import MeasurementPlan
from clinical.signals.band import NormKey
from clinical.signals.kinds import SafetyAnswer
from clinical.signals.read import read_signals
from tests.curves import curve
from tests.instruments import (
    ALLIANCE_CHECK_IN,
    GAD7,
    LIBRARY,
    PHQ9,
    answered,
    licensed,
    on_day,
    plan_with,
    scored,
    weekly,
)

PLAN = plan_with(PHQ9, GAD7, ALLIANCE_CHECK_IN)
POSITIVE = (2, 2, 2, 2, 2, 2, 2, 2, 2)


def cards(
    *measurements: Measurement,
    plan: MeasurementPlan = PLAN,
    acknowledged: tuple[Acknowledgement, ...] = (),
) -> tuple[Interruption, ...]:
    report = read_signals(
        episode_from(measurements), plan, today=on_day(40).date(), unread=0
    )
    return interruptions(
        report, plan, acknowledged=acknowledged, shown=(), encounter="A"
    )


@pytest.mark.hazard("H15")
def test_delivery_into_the_record_makes_no_new_card():
    delivered = answered(PHQ9, POSITIVE, day=8)
    waiting = replace(
        delivered,
        in_record=False,
        source="outbox/1",
        authored=delivered.authored + timedelta(milliseconds=345),
    )
    intake = scored(PHQ9, 10, day=1)

    before = cards(intake, waiting)
    after = cards(intake, delivered)

    assert len(before) == 2
    assert [(each.cause, each.data_hash) for each in before] == [
        (each.cause, each.data_hash) for each in after
    ]


def test_a_number_written_with_more_zeros_is_the_same_number():
    plain = cards(scored(PHQ9, Decimal("11"), day=1), scored(PHQ9, 17, day=8))
    zeros = cards(
        scored(PHQ9, Decimal("11.0"), day=1), scored(PHQ9, Decimal("17.00"), day=8)
    )

    assert plain[0].data_hash == zeros[0].data_hash


def test_another_number_is_another_hash_of_the_same_cause():
    one = cards(scored(PHQ9, 11, day=1), scored(PHQ9, 17, day=8))[0]
    other = cards(scored(PHQ9, 11, day=1), scored(PHQ9, 18, day=8))[0]

    assert one.cause == other.cause == "S2|phq-9"
    assert one.data_hash != other.data_hash


@pytest.mark.hazard("H04")
def test_two_sittings_of_one_day_are_two_safety_causes():
    morning = answered(PHQ9, POSITIVE, day=8)
    evening = replace(
        morning,
        authored=morning.authored + timedelta(hours=8),
        source="QuestionnaireResponse/evening",
    )
    (first,) = (each for each in cards(morning) if each.cause.startswith("S1"))
    answer = Acknowledgement(first.cause, first.level, on=morning.authored)

    again = cards(morning, evening, acknowledged=(answer,))

    assert again[0].cause.startswith("S1")
    assert again[0].cause != first.cause


@pytest.mark.hazard("H04")
def test_a_form_filled_in_again_the_same_day_hides_no_safety_answer():
    morning = answered(PHQ9, POSITIVE, day=8)
    evening = answered(
        PHQ9, (0,) * 9, day=8, authored=morning.authored + timedelta(hours=8)
    )

    first, *_ = cards(morning, evening)

    assert isinstance(first.signal, SafetyAnswer)


def test_a_form_put_right_after_the_card_was_answered_asks_nobody_again():
    intake, morning = scored(PHQ9, 11, day=1), scored(PHQ9, 18, day=8)
    (first,) = cards(intake, morning)
    answer = Acknowledgement(
        first.cause, first.level, on=morning.authored + timedelta(hours=1)
    )
    again = replace(
        scored(PHQ9, 17, day=8),
        authored=morning.authored + timedelta(hours=2),
        source="Observation/again",
    )

    assert cards(intake, morning, again, acknowledged=(answer,)) == ()


@pytest.mark.hazard("H04")
def test_recording_only_still_reports_the_safety_answer_and_makes_no_card():
    plan = replace(PLAN, decision_support=False)
    episode = episode_from([answered(PHQ9, POSITIVE, day=8)])

    report = read_signals(episode, plan, today=on_day(8).date(), unread=2)

    assert [type(each) for each in report.signals] == [SafetyAnswer]
    assert interruptions(report, plan, acknowledged=(), shown=(), encounter="A") == ()


def test_unconfirmed_secondary_numbers_are_reported_all_the_same():
    plan = plan_with(PHQ9, accepted=False)
    report = read_signals(
        weekly(PHQ9, [11, 17]), plan, today=on_day(8).date(), unread=0
    )

    assert len(report.speaking) == 1
    assert interruptions(report, plan, acknowledged=(), shown=(), encounter="A") == ()


def test_verified_numbers_need_no_sign_off_to_interrupt():
    assert PHQ9.reliable_change
    source = replace(PHQ9.reliable_change.source, evidence="verified")
    verified = replace(
        PHQ9, reliable_change=replace(PHQ9.reliable_change, source=source)
    )
    plan = plan_with(verified, accepted=False)

    assert len(cards(scored(PHQ9, 11, day=1), scored(PHQ9, 17, day=8), plan=plan)) == 1


def test_an_acknowledgement_from_before_the_signal_began_does_not_count():
    worse = (scored(PHQ9, 11, day=1), scored(PHQ9, 17, day=8))
    before = Acknowledgement("S2|phq-9", Decimal(-6), on=on_day(5))
    at_once = Acknowledgement("S2|phq-9", Decimal(-6), on=on_day(8))
    after = Acknowledgement("S2|phq-9", Decimal(-6), on=on_day(9))

    assert len(cards(*worse, acknowledged=(before,))) == 1
    assert cards(*worse, acknowledged=(before, at_once)) == ()
    assert cards(*worse, acknowledged=(before, after)) == ()


def test_the_order_of_the_plan_decides_between_two_instruments():
    both = (
        scored(GAD7, 8, day=1),
        scored(GAD7, 18, day=8),
        scored(PHQ9, 11, day=1),
        scored(PHQ9, 17, day=8),
    )

    assert [each.cause for each in cards(*both)] == ["S2|phq-9"]


def test_a_repaired_alliance_is_said_after_everything_else():
    ratings = weekly(ALLIANCE_CHECK_IN, [14, 14, 14, 9, 14]).measurements
    goal = weekly(PHQ9, [16, 16, 16, 9, 8]).measurements

    assert [each.cause for each in cards(*ratings)] == ["R5|session-alliance"]
    assert [each.cause for each in cards(*ratings, *goal)] == ["S8|phq-9"]


def test_levels_fall_as_things_get_worse():
    mild = cards(scored(PHQ9, 11, day=1), scored(PHQ9, 17, day=8))[0]
    grave = cards(scored(PHQ9, 11, day=1), scored(PHQ9, 23, day=8))[0]

    assert (mild.level, grave.level) == (-6, -12)


@pytest.mark.hazard("H15")
def test_two_reasons_of_a_kind_make_one_card_even_where_cards_are_repeated():
    plan = replace(PLAN, repeat="until_acknowledged")
    worse = (scored(PHQ9, 11, day=1), scored(PHQ9, 17, day=8))
    drop = weekly(ALLIANCE_CHECK_IN, [14, 14, 14, 4]).measurements
    morning = answered(PHQ9, POSITIVE, day=9)
    evening = replace(morning, authored=morning.authored + timedelta(hours=8))

    assert [each.cause for each in cards(*worse, *drop, plan=plan)] == ["S2|phq-9"]
    rules = [
        each.cause[:2] for each in cards(*worse, *drop, morning, evening, plan=plan)
    ]
    assert rules == ["S1", "S2"]


NORMS = {NormKey("phq-9", PHQ9.version, "en", "self"): curve()}


def band_cards(
    *scores: int,
    plan: MeasurementPlan = PLAN,
    acknowledged: tuple[Acknowledgement, ...] = (),
) -> tuple[Interruption, ...]:
    report = read_signals(
        weekly(PHQ9, scores), plan, today=on_day(40).date(), unread=0, norms=NORMS
    )
    return interruptions(
        report, plan, acknowledged=acknowledged, shown=(), encounter="A"
    )


def test_outside_the_band_is_a_card_until_worse_by_half_a_reliable_change():
    (first,) = band_cards(14, 17)
    answer = Acknowledgement(first.cause, first.level, on=on_day(9))

    assert first.cause == "S3|phq-9"
    assert band_cards(14, 17, 19, acknowledged=(answer,)) == ()
    # Worse by half a reliable change it is reliably so too, which comes first.
    (worse,) = band_cards(14, 17, 20, acknowledged=(answer,))
    assert worse.cause == "S2|phq-9"
    both = (answer, Acknowledgement(worse.cause, worse.level, on=on_day(16)))
    again = band_cards(14, 17, 20, acknowledged=both)
    assert [each.cause for each in again] == ["S3|phq-9"]


def test_without_a_reliable_change_the_width_of_the_band_is_the_step():
    without = replace(PHQ9, reliable_change=None)
    plan = plan_with(without)
    (first,) = band_cards(14, 17, plan=plan)
    answer = Acknowledgement(first.cause, first.level, on=on_day(9))

    assert band_cards(14, 17, 19, plan=plan, acknowledged=(answer,)) == ()
    assert len(band_cards(14, 17, 20, plan=plan, acknowledged=(answer,))) == 1


def missed_cards(
    *measurements: Measurement,
    missed_on: int,
    plan: MeasurementPlan = PLAN,
    acknowledged: tuple[Acknowledgement, ...] = (),
) -> list[str]:
    report = read_signals(
        episode_from(measurements),
        plan,
        today=on_day(40).date(),
        unread=0,
        visits=[Visit(on_day(missed_on), "missed")],
    )
    found = interruptions(
        report, plan, acknowledged=acknowledged, shown=(), encounter="A"
    )
    return [each.cause for each in found]


def test_each_missed_visit_is_a_cause_of_its_own():
    low = weekly(ALLIANCE_CHECK_IN, [14, 14, 13]).measurements

    first = missed_cards(*low, missed_on=22)
    answer = Acknowledgement(first[0], Decimal(-1), on=on_day(23))
    again = missed_cards(*low, missed_on=29, acknowledged=(answer,))

    assert [each[:2] for each in (*first, *again)] == ["D1", "D1"]
    assert first != again
    assert missed_cards(*low, missed_on=22, acknowledged=(answer,)) == []


def test_a_missed_visit_waits_for_sign_off_where_its_reason_does():
    plan = plan_with(PHQ9, ALLIANCE_CHECK_IN, accepted=False)
    worse = weekly(PHQ9, [11, 17]).measurements
    low = weekly(ALLIANCE_CHECK_IN, [14, 14, 13]).measurements

    assert missed_cards(*worse, missed_on=22, plan=plan) == []
    assert len(missed_cards(*worse, *low, missed_on=22, plan=plan)) == 1


def test_both_down_waits_for_sign_off_and_the_drop_does_not():
    plan = plan_with(PHQ9, ALLIANCE_CHECK_IN, accepted=False)
    worse = weekly(PHQ9, [11, 11, 11, 17]).measurements
    drop = weekly(ALLIANCE_CHECK_IN, [14, 14, 14, 8]).measurements

    found = cards(*worse, *drop, plan=plan)

    assert [each.cause for each in found] == ["R3|session-alliance"]


def test_a_chart_and_a_site_cutoff_interrupt_by_themselves():
    chart = plan_with(ALLIANCE_CHECK_IN, control_chart=True)
    run = weekly(ALLIANCE_CHECK_IN, [14] * 5 + [13] * 8).measurements
    srs = licensed(LIBRARY.instrument("srs"), cutoff=20)

    by_chart = cards(*run, plan=chart)
    by_cutoff = cards(scored(srs, 19, day=1), plan=plan_with(srs))

    assert [each.cause for each in by_chart] == ["R4|session-alliance"]
    assert [each.cause for each in by_cutoff] == ["R1|licensed-srs"]


def test_an_answered_chart_waits_for_half_a_sigma_more():
    chart = plan_with(ALLIANCE_CHECK_IN, control_chart=True)
    run = [14] * 5 + [13] * 8
    (first,) = cards(*weekly(ALLIANCE_CHECK_IN, run).measurements, plan=chart)
    answer = Acknowledgement(first.cause, first.level, on=on_day(86))

    same = weekly(ALLIANCE_CHECK_IN, [*run, 13]).measurements
    lower = weekly(ALLIANCE_CHECK_IN, [*run, Decimal("12.5")]).measurements
    lowest = weekly(ALLIANCE_CHECK_IN, [*run, Decimal("12.2")]).measurements

    assert cards(*same, plan=chart, acknowledged=(answer,)) == ()
    assert cards(*lower, plan=chart, acknowledged=(answer,)) == ()
    assert len(cards(*lowest, plan=chart, acknowledged=(answer,))) == 1


def test_a_form_that_the_plan_does_not_use_interrupts_nobody():
    (card,) = cards(scored(PHQ9, 11, day=1), scored(PHQ9, 17, day=8))

    assert may_interrupt(card.signal, PLAN)
    assert not may_interrupt(card.signal, plan_with(GAD7))


@pytest.mark.hazard("H04")
def test_a_safety_answer_is_never_set_aside():
    chart = (scored(PHQ9, 11, day=1), answered(PHQ9, POSITIVE, day=8))
    report = read_signals(episode_from(chart), PLAN, today=on_day(40).date(), unread=0)

    found = may_be_set_aside(report, PLAN)

    assert isinstance(cards(*chart)[0].signal, SafetyAnswer)
    assert [each.cause for each in found] == ["S2|phq-9"]
