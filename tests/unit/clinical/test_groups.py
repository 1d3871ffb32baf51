"""Groups: one's own course, and a mean behind which everybody can stand."""

from dataclasses import fields
from datetime import date
from decimal import Decimal

import pytest

from clinical.groups import (
    GroupMean,
    GroupSession,
    GroupView,
    TooFewToShow,
    group_view,
)
from clinical.trajectory import trajectories
from tests.instruments import PHQ9, plan_with, weekly

RULES = plan_with(PHQ9).rules
ON = date(2026, 3, 2)
LATER = date(2026, 3, 9)


def session(on: date, *scores: int) -> GroupSession:
    return GroupSession(on, tuple(Decimal(each) for each in scores))


def test_five_answers_have_a_mean():
    view = group_view(None, [session(ON, 10, 12, 14, 8, 11)], RULES)

    assert view == GroupView((), (GroupMean(ON, Decimal("11.0")),))


@pytest.mark.parametrize("scores", [(), (10,), (10, 12, 14, 8)])
def test_fewer_than_five_have_none(scores: tuple[int, ...]):
    view = group_view(None, [session(ON, *scores)], RULES)

    assert view.means == (TooFewToShow(ON),)


def test_a_member_sees_the_own_readings_beside_it():
    (own,) = trajectories(weekly(PHQ9, [16, 12]), PHQ9)

    view = group_view(
        own, [session(LATER, 9, 9, 9, 9, 10), session(ON, 12, 12, 12, 12, 12)], RULES
    )

    assert [each.value for each in view.own] == [16, 12]
    assert [each.on for each in view.means] == [ON, LATER]


def test_there_is_no_place_for_another_members_score():
    assert {each.name for each in fields(GroupView)} == {"own", "means"}
    assert {each.name for each in fields(GroupMean)} == {"on", "mean"}
