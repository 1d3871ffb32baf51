"""From visits, answers, ticks and reviews to sessions, and to the objectives."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from clinical.across_episodes.assembly import (
    EpisodeRecord,
    measured_by_visit,
    sessions_from,
    team_sessions_from,
)
from clinical.across_episodes.fidelity import TeamSession
from clinical.across_episodes.numbers import numbers
from clinical.across_episodes.objectives import objectives
from clinical.across_episodes.sessions import (
    BegunVisit,
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


def team_sessions(
    measured: list[Measurement], *events: SessionEvent, weeks: int
) -> list[TeamSession]:
    visits = [visit(week) for week in range(weeks)]
    return [
        *team_sessions_from(
            [BegunVisit(each.id, each.start, "7", "North") for each in visits],
            episode_from(measured).measurements,
            events,
            outcomes=frozenset({PHQ9.id}),
            alliances=frozenset({ALLIANCE_CHECK_IN.id}),
            numbers=numbers(),
        )
    ]


def test_the_team_report_counts_a_visit_as_the_objectives_do() -> None:
    measured = [*weekly(16, 15), scored(ALLIANCE_CHECK_IN, 12, day=8)]
    events = (event("looked-together", 1), event("refused", 2))

    ours = sessions(measured, weeks=3, events=events)
    theirs = team_sessions(measured, *events, weeks=3)

    assert [(each.outcome, each.alliance) for each in theirs] == [
        (each.outcome_at is not None, each.alliance_at is not None) for each in ours
    ]
    assert [(each.outcome, each.alliance) for each in theirs] == [
        (True, False),
        (True, True),
        (False, False),
    ]
    assert [(each.discussed, each.refused, each.crisis) for each in theirs] == [
        (False, False, False),
        (True, False, False),
        (False, True, False),
    ]
    assert {(each.team, each.on) for each in theirs[:1]} == {("7", on_day(1).date())}


HOURS = st.lists(st.integers(0, 400), max_size=6)


@given(begins=HOURS, answered=HOURS)
def test_each_answer_belongs_to_the_last_visit_that_it_may_be_given_for(
    begins: list[int], answered: list[int]
) -> None:
    hour = timedelta(hours=1)
    visits = [BegunVisit("", on_day(1) + each * hour) for each in sorted(begins)]
    answers = [
        replace(weekly(9)[0], authored=on_day(1) + each * hour) for each in answered
    ]

    found = measured_by_visit(visits, answers, numbers())

    day = timedelta(hours=numbers().hours_before)
    assert len(found) == len(visits)
    for at, each in enumerate(visits):
        for answer in answers:
            # Of visits that begin together the last one has the answers.
            is_its = each.start - day <= answer.authored and not any(
                later.start - day <= answer.authored for later in visits[at + 1 :]
            )
            assert (answer in found[at]) is is_its
