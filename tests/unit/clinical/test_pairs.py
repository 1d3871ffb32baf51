"""Couples: each partner's own course, compared and never averaged."""

from dataclasses import fields, replace
from decimal import Decimal

import pytest

from clinical.measurement import episode_from
from clinical.pairs import (
    BothAgreed,
    Diverging,
    Gap,
    NoComparison,
    NotDiverging,
    PairFinding,
    PartnerNorm,
    compare_partners,
)
from clinical.trajectory import Trajectory, trajectories
from questionnaires.instrument import Instrument
from tests.instruments import (
    OUTCOME_CHECK_IN,
    PHQ9,
    plan_with,
    scored,
    turned,
    upside_down,
    weekly,
)

RULES = plan_with(PHQ9).rules
AGREED = BothAgreed("Consent/1", "Consent/2")


def course(*scores: int, instrument: Instrument = PHQ9) -> Trajectory:
    (found,) = trajectories(weekly(instrument, scores), instrument)
    return found


def compared(first: Trajectory, second: Trajectory, **more: object) -> PairFinding:
    return compare_partners(first, second, RULES, agreed=AGREED, **more)  # type: ignore[arg-type]  # norms


def test_a_mean_gap_of_the_reliable_difference_is_apart():
    found = compared(course(10, 10, 10), course(16, 15, 17))

    assert isinstance(found, Diverging)
    assert (found.apart, found.drifting) == (True, False)
    assert (found.gap.gap, found.gap.reliable_difference) == (6, 6)
    assert (found.gap.first, found.gap.second) == (-10, -16)


def test_one_wide_session_among_three_is_not():
    found = compared(course(10, 10, 10), course(10, 10, 19))

    assert isinstance(found, NotDiverging)
    assert found.gap.gap == 3


def test_a_site_may_ask_for_half_of_the_reliable_difference():
    half = replace(RULES, pair_part=Decimal("0.5"))
    at, short = course(13, 13, 13), course(13, 13, 12)

    found = [
        compare_partners(course(10, 10, 10), each, half, agreed=AGREED)
        for each in (at, short)
    ]

    assert [type(each) for each in found] == [Diverging, NotDiverging]


def test_a_gap_that_has_opened_is_drifting_before_it_is_wide():
    found = compared(course(13, 13, 13, 10, 10, 10), course(10, 10, 10, 13, 13, 13))

    assert isinstance(found, Diverging)
    assert (found.apart, found.drifting) == (False, True)
    assert (found.gap.gap, found.gap.moved) == (3, 6)


def test_the_gap_has_opened_since_the_three_sessions_before_whatever_was_earlier():
    found = compared(
        course(10, 10, 13, 13, 13, 10, 10, 10), course(19, 19, 10, 10, 10, 13, 13, 13)
    )

    assert isinstance(found, Diverging)
    assert (found.gap.gap, found.gap.moved, found.drifting) == (3, 6, True)


def test_too_few_sessions_before_say_nothing_about_drifting():
    found = compared(course(13, 13, 13, 10, 10), course(10, 10, 10, 13, 13))

    assert isinstance(found, NotDiverging)
    assert found.gap.moved is None


def test_each_partner_is_measured_by_the_own_norm():
    norms = (PartnerNorm(Decimal(6), Decimal(4)), PartnerNorm(Decimal(8), Decimal(6)))

    found = compared(course(10, 10, 10), course(14, 14, 14), norms=norms)

    assert isinstance(found, NotDiverging)
    assert (found.gap.first, found.gap.second, found.gap.gap) == (-1, -1, 0)
    # sqrt((6/4)^2 + (6/6)^2) / sqrt(2), in SD
    assert found.gap.reliable_difference == Decimal("1.27")
    assert found.gap.standardised


@pytest.mark.hazard("H06")
def test_a_scale_upside_down_gives_the_same_gap():
    first, second = (10, 11, 10), (16, 17, 18)
    over = upside_down(PHQ9)

    here = compared(course(*first), course(*second))
    there = compared(
        course(*(int(turned(PHQ9, Decimal(each))) for each in first), instrument=over),
        course(*(int(turned(PHQ9, Decimal(each))) for each in second), instrument=over),
    )

    assert isinstance(here, Diverging)
    assert isinstance(there, Diverging)
    assert here.gap.gap == there.gap.gap


def test_only_days_on_which_both_answered_are_shared():
    second = episode_from(scored(PHQ9, 16, day=day) for day in (1, 9, 15, 22))
    (late,) = trajectories(second, PHQ9)

    found = compared(course(10, 10, 10, 10), late)

    assert isinstance(found, Diverging)
    assert [each.day for each in found.gap.sessions] == [2, 16, 23]


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (course(10, 10), course(16, 16), "too_few_shared_sessions"),
        (
            course(10, 10, 10),
            replace(course(16, 16, 16), language="es"),
            "different_forms",
        ),
        (
            course(10, 10, 10),
            replace(course(16, 16, 16), respondent="carer"),
            "different_forms",
        ),
        (
            course(10, 10, 10, instrument=OUTCOME_CHECK_IN),
            course(2, 2, 2, instrument=OUTCOME_CHECK_IN),
            "no_reliable_change_known",
        ),
    ],
)
def test_what_cannot_be_compared_says_why(
    first: Trajectory, second: Trajectory, reason: str
):
    found = compared(first, second)

    assert isinstance(found, NoComparison)
    assert found.reason == reason


@pytest.mark.parametrize("second", ["", "Consent/1"])
def test_without_each_partners_own_agreement_there_is_nothing(second: str):
    with pytest.raises(ValueError, match="agreement"):
        BothAgreed("Consent/1", second)


def test_no_number_of_a_gap_is_an_average_of_the_two():
    found = compared(course(10, 10, 10), course(16, 16, 16))

    assert isinstance(found, Diverging)
    values = [getattr(found.gap, each.name) for each in fields(Gap)]
    assert Decimal(13) not in values
    assert Decimal(-13) not in values
