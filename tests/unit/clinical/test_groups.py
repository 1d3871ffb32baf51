"""Groups: one's own course, and a mean behind which everybody can stand."""

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.groups import (
    GroupMean,
    GroupSession,
    GroupView,
    TooFewToShow,
    WouldTell,
    group_sessions,
    group_view,
)
from clinical.measurement import episode_from
from clinical.trajectory import Trajectory, trajectories
from tests.instruments import GAD7, PHQ9, plan_with, scored, weekly

RULES = plan_with(GAD7).rules
ON, LATER, OTHER = date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 5)
SIX = (10, 12, 14, 8, 11, 5)
NAMES = "abcdefgh"
ABCDEF = frozenset("abcdef")


def course(*values: int | None, language: str = "en", **more: str) -> Trajectory:
    """A member's weekly readings from `ON`."""
    episode = episode_from(
        scored(GAD7, each, day=1 + 7 * at, language=language, **more)  # type: ignore[arg-type]
        for at, each in enumerate(values)
    )
    return trajectories(episode, GAD7)[-1]


def session(on: date, *scores: int) -> GroupSession:
    """The first letters of the alphabet have answered, in their order."""
    return GroupSession(
        on,
        {who: Decimal(score) for who, score in zip(NAMES, scores, strict=False)},
    )


def seen(
    *sessions: GroupSession,
    own: Trajectory | None = None,
    before: Mapping[date, Collection[frozenset[str]]] | None = None,
) -> GroupView:
    return group_view(own or course(10, 9), sessions, RULES, shown_before=before or {})[
        0
    ]


def test_six_answers_have_a_mean_for_without_ones_own_five_are_left():
    assert seen(session(ON, *SIX)).means == (GroupMean(ON, Decimal("10.0")),)


@pytest.mark.parametrize("scores", [(10,), (10, 12, 14, 8), (10, 12, 14, 8, 11)])
def test_fewer_have_none(scores: tuple[int, ...]):
    assert seen(session(ON, *scores)).means == (TooFewToShow(ON),)


def test_the_mean_is_the_same_for_each_member_also_for_one_who_was_away():
    away = course(None, 20)

    assert seen(session(ON, *SIX), own=away).means == seen(session(ON, *SIX)).means


def test_a_member_sees_the_own_readings_beside_it():
    view = seen(
        session(LATER, 9, 9, 9, 9, 10, 9), session(ON, *SIX), own=course(16, 12)
    )

    assert [each.value for each in view.own] == [16, 12]
    assert [each.on for each in view.means] == [ON, LATER]


def test_that_others_answered_on_another_day_is_not_told_without_a_mean():
    few, many = session(OTHER, 3, 4), session(OTHER, *SIX)

    assert seen(few).means == ()
    assert seen(many).means == (GroupMean(OTHER, Decimal("10.0")),)


@pytest.mark.parametrize("score", [0, 21])
def test_a_mean_at_the_end_of_the_scale_would_tell_what_each_has_answered(score: int):
    assert seen(session(ON, *[score] * 6)).means == (WouldTell(ON),)


def test_there_is_no_place_for_another_members_score():
    assert {each.name for each in fields(GroupView)} == {"own", "means"}
    assert {each.name for each in fields(GroupMean)} == {"on", "mean"}


# ---- The same people for good --------------------------------------------------------


def test_whose_answers_a_mean_is_made_of_is_told_for_the_record():
    _, made_of = group_view(
        course(10, 9),
        [session(ON, *SIX), session(LATER, 9, 9)],
        RULES,
        shown_before={},
    )

    assert made_of == {ON: ABCDEF}


def test_a_mean_that_was_shown_is_shown_again():
    view = seen(session(ON, *SIX), before={ON: [ABCDEF]})

    assert view.means == (GroupMean(ON, Decimal("10.0")),)


def test_who_answers_after_a_mean_was_shown_does_not_move_it():
    view = seen(session(ON, *SIX, 21), before={ON: [ABCDEF]})

    assert view.means == (GroupMean(ON, Decimal("10.0")),)


def test_without_one_of_those_it_was_shown_of_a_mean_is_not_shown_again():
    seven = frozenset("abcdefg")

    assert seen(session(ON, *SIX), before={ON: [seven]}).means == (WouldTell(ON),)


def test_a_mean_of_quite_other_people_is_no_matter():
    others = frozenset("uvwxyz")

    view = seen(session(ON, *SIX), before={ON: [others], LATER: [frozenset("abcdeg")]})

    assert view.means == (GroupMean(ON, Decimal("10.0")),)


def test_two_groups_are_not_shown_as_one():
    both = GroupSession(ON, {who: Decimal(9) for who in "abcdefuvwxyz"})

    before = {ON: [ABCDEF, frozenset("uvwxyz")]}

    assert seen(both, before=before).means == (WouldTell(ON),)


@given(st.lists(st.sets(st.sampled_from(NAMES), min_size=1), min_size=1, max_size=6))
def test_however_the_members_are_chosen_a_day_has_one_mean(choices: list[set[str]]):
    scores = dict(zip(NAMES, map(Decimal, (*SIX, 21, 0)), strict=True))
    before: set[frozenset[str]] = set()
    told: set[GroupMean] = set()
    for chosen in choices:
        of_these = GroupSession(ON, {who: scores[who] for who in chosen})
        view, made_of = group_view(
            course(10), [of_these], RULES, shown_before={ON: before}
        )
        before |= set(made_of.values())
        told |= {each for each in view.means if isinstance(each, GroupMean)}

    assert len(told) <= 1


# ---- Whose answers may be put together -----------------------------------------------


def test_one_mean_is_of_one_version_language_and_kind_of_respondent():
    members = {
        "a": [course(10)],
        "b": [course(9, language="es"), course(8)],
        "c": [course(7, language="es")],
        "d": [course(6, version="0.9.0")],
        "e": [course(5, respondent="carer")],
    }

    assert group_sessions(members, like=course(1)) == (
        GroupSession(ON, {"a": Decimal(10), "b": Decimal(8)}),
    )


def test_another_form_is_another_matter():
    (other,) = trajectories(weekly(PHQ9, [16]), PHQ9)

    assert group_sessions({"a": [other]}, like=course(1)) == ()


def test_a_second_answer_of_the_same_day_moves_no_mean():
    first = scored(GAD7, 9, day=1)
    second = replace(
        scored(GAD7, 20, day=1),
        authored=first.authored + timedelta(hours=1),
        source="Observation/again",
    )
    (both,) = trajectories(episode_from([first, second]), GAD7)

    (found,) = group_sessions({"a": [both]}, like=course(1))

    assert found.scores == {"a": Decimal(9)}
