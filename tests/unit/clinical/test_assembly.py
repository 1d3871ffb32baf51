"""From visits, answers, ticks and reviews to sessions, and to the objectives."""

from datetime import datetime, timedelta

from clinical.across_episodes.assembly import EpisodeRecord, sessions_from
from clinical.across_episodes.numbers import numbers
from clinical.across_episodes.objectives import objectives
from clinical.across_episodes.sessions import (
    CompletedVisit,
    EventKind,
    Session,
    SessionEvent,
)
from clinical.measurement import Measurement, episode_from
from clinical.support.plan_review import PlanReview
from tests.instruments import ALLIANCE_CHECK_IN, PHQ9, on_day, plan_with, scored
from tests.plan_reviews import review

PLAN = plan_with(PHQ9, ALLIANCE_CHECK_IN)
MINUTE = timedelta(minutes=1)


def visit(week: int) -> CompletedVisit:
    """Fifty minutes from five past ten on; answers are given at ten."""
    start = on_day(1 + 7 * week) + 5 * MINUTE
    return CompletedVisit(f"e{week}", start, start + 50 * MINUTE)


def sessions(
    measured: list[Measurement],
    *,
    weeks: int,
    events: tuple[SessionEvent, ...] = (),
    reviews: tuple[PlanReview, ...] = (),
) -> tuple[Session, ...]:
    record = EpisodeRecord(
        [visit(week) for week in range(weeks)],
        episode_from(measured),
        events=events,
        reviews=reviews,
    )
    return sessions_from(record, PLAN, numbers())


def event(kind: EventKind, week: int, at: datetime | None = None) -> SessionEvent:
    return SessionEvent(kind, at or visit(week).start + MINUTE, f"e{week}")


def weekly(*values: int) -> list[Measurement]:
    return [scored(PHQ9, each, day=1 + 7 * week) for week, each in enumerate(values)]


def test_an_answer_belongs_to_the_visit_it_was_given_for() -> None:
    alliance = scored(ALLIANCE_CHECK_IN, 12, day=3)  # two days after the first visit

    first, second = sessions([*weekly(16, 15), alliance], weeks=2)

    assert first.outcome_at == on_day(1) and first.alliance_at == on_day(3)
    assert second.outcome_at == on_day(8) and second.alliance_at is None


def test_an_answer_more_than_a_day_before_belongs_to_the_visit_before() -> None:
    early = scored(PHQ9, 15, day=6)

    first, second = sessions([early], weeks=2)

    assert first.outcome_at == on_day(6) and second.outcome_at is None


def test_an_answer_long_before_the_first_visit_belongs_to_none() -> None:
    record = EpisodeRecord([visit(3)], episode_from(weekly(16)), (), ())

    [only] = sessions_from(record, PLAN, numbers())

    assert only.outcome_at is None


def test_a_look_together_is_a_review_and_a_talk_too() -> None:
    looked = event("looked-together", 0)

    [session] = sessions(weekly(16), weeks=1, events=(looked,))

    assert session.reviewed_at == looked.at
    assert session.discussed and session.looked_together


def test_an_ehr_without_encounter_names_the_session_by_its_day() -> None:
    of_day = SessionEvent("refused", on_day(8), on_day(8).date().isoformat())
    crisis = event("crisis-contact", 0)

    first, second = sessions([], weeks=2, events=(of_day, crisis))

    assert first.crisis and not first.refused
    assert second.refused and not second.crisis


def test_signals_are_read_as_they_stood_then() -> None:
    found = sessions(weekly(16, 16, 16, 16, 16, 9), weeks=6)

    assert [("S4" in each.signals) for each in found] == [
        *(False, False, False, False, True, False),
    ]


def test_a_plan_review_is_counted_where_it_was_made_and_a_repair_by_its_domain() -> (
    None
):
    at = visit(4).start + 20 * MINUTE
    made = review(at=at, next_look=(at + timedelta(days=14)).date())

    found = sessions(weekly(16, 16, 16, 16, 16, 16, 16), weeks=7, reviews=(made,))

    assert [each.review_recorded_at for each in found] == [
        *(None, None, None, None, at, None, None),
    ]
    assert found[4].repair_recorded_at == at
    assert "S4" in found[4].signals and "S4" not in found[5].signals
    told = objectives(found, numbers(), today=on_day(60).date())
    assert [(each.id, each.state) for each in told if each.id == "O5"] == [
        ("O5", "met"),
    ]


def test_a_review_that_looked_at_something_else_is_no_repair() -> None:
    at = visit(0).start + 20 * MINUTE
    other = review(
        at=at,
        next_look=(at + timedelta(days=14)).date(),
        domains=("dose",),
        branches=("medical-opinion",),
    )

    [session] = sessions(weekly(16), weeks=1, reviews=(other,))

    assert session.review_recorded_at == at and session.repair_recorded_at is None


def test_a_course_without_any_answer_has_no_signal() -> None:
    assert sessions([], weeks=1)[0].signals == frozenset()
