"""From what the chart and people say to the sessions that the objectives look at."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinical.across_episodes.fidelity import TeamSession
from clinical.across_episodes.numbers import Numbers
from clinical.across_episodes.sessions import (
    BegunVisit,
    CompletedVisit,
    EventKind,
    Session,
    SessionEvent,
)
from clinical.measurement import Episode, Measurement
from clinical.plan import MeasurementPlan
from clinical.signals.evidence import cause_of
from clinical.signals.kinds import RuleId
from clinical.signals.read import read_signals
from clinical.support.plan_review import PlanReview
from clinical.support.tree import RULES

# The domain whose examination makes a plan review the record of a repair.
REPAIR_DOMAIN = "alliance"


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """Everything known of one episode's sessions.

    Attributes:
        visits: completed ones, in order of their begin.
        events: what people noted; a look together is a review and a talk too.
        reviews: plan reviews in the record.
    """

    visits: Sequence[CompletedVisit]
    episode: Episode
    events: Sequence[SessionEvent]
    reviews: Sequence[PlanReview]


def sessions_from(
    record: EpisodeRecord, plan: MeasurementPlan, numbers: Numbers
) -> tuple[Session, ...]:
    """One session for each completed visit. Signals are read as they stood then."""
    starts = _leads(record.visits, numbers)
    begins = [each.start for each in record.visits]
    measured = measured_by_visit(record.visits, record.episode.measurements, numbers)
    return tuple(
        _session(
            visit,
            record,
            plan,
            measured=measured[place - 1],
            signals=_signals(record, plan, until=_next(starts, place)),
            reviewed=[
                each
                for each in record.reviews
                if bisect_right(begins, each.at) == place
            ],
        )
        for place, visit in enumerate(record.visits, start=1)
    )


def team_sessions_from(
    visits: Sequence[BegunVisit],
    measurements: Sequence[Measurement],
    events: Sequence[SessionEvent],
    *,
    outcomes: frozenset[str],
    alliances: frozenset[str],
    numbers: Numbers,
) -> Iterator[TeamSession]:
    """The same for the team report: what was done in each of a person's visits.

    Args:
        visits: completed ones, in order of their begin.
        events: what people noted; none where nobody tells of it.
        outcomes, alliances: ids of the instruments that count as one.
    """
    measured = measured_by_visit(visits, measurements, numbers)
    for visit, of_visit in zip(visits, measured, strict=True):
        noted = _noted(events, visit)
        answered = {each.instrument_id for each in of_visit}
        yield TeamSession(
            team=visit.team,
            on=visit.start.date(),
            outcome=not answered.isdisjoint(outcomes),
            alliance=not answered.isdisjoint(alliances),
            discussed="looked-together" in noted,
            refused="refused" in noted,
            crisis="crisis-contact" in noted,
        )


def measured_by_visit(
    visits: Sequence[CompletedVisit | BegunVisit],
    measurements: Sequence[Measurement],
    numbers: Numbers,
) -> tuple[tuple[Measurement, ...], ...]:
    """What was measured for each visit.

    A response belongs to the visit for which it may be answered: from a day before it
    begins until a day before the next one does.

    Args:
        visits: in order of their begin.
    """
    starts = _leads(visits, numbers)
    found: list[list[Measurement]] = [[] for _ in visits]
    for each in measurements:
        place = bisect_right(starts, each.authored)
        if place:
            found[place - 1].append(each)
    return tuple(map(tuple, found))


def _leads(
    visits: Sequence[CompletedVisit | BegunVisit], numbers: Numbers
) -> list[datetime]:
    """From when on each may be answered for."""
    lead = timedelta(hours=numbers.hours_before)
    return [each.start - lead for each in visits]


def _noted(
    events: Sequence[SessionEvent], visit: CompletedVisit | BegunVisit
) -> dict[EventKind, SessionEvent]:
    names = (visit.id, visit.start.date().isoformat())
    return {each.kind: each for each in events if each.session in names}


def _session(
    visit: CompletedVisit,
    record: EpisodeRecord,
    plan: MeasurementPlan,
    *,
    measured: Sequence[Measurement],
    signals: frozenset[RuleId],
    reviewed: Sequence[PlanReview],
) -> Session:
    noted = _noted(record.events, visit)
    looked = noted.get("looked-together")
    repairs = [each for each in reviewed if REPAIR_DOMAIN in each.domains]
    return Session(
        start=visit.start,
        end=visit.end,
        crisis="crisis-contact" in noted,
        refused="refused" in noted,
        outcome_at=_first(measured, lambda id_: id_ in _ids(plan, "outcome")),
        alliance_at=_first(measured, lambda id_: id_ in _ids(plan, "alliance")),
        reviewed_at=looked.at if looked else None,
        discussed=looked is not None,
        looked_together=looked is not None,
        signals=signals,
        repair_recorded_at=repairs[0].at if repairs else None,
        review_recorded_at=reviewed[0].at if reviewed else None,
    )


def _signals(
    record: EpisodeRecord, plan: MeasurementPlan, *, until: datetime | None
) -> frozenset[RuleId]:
    """The rules that spoke before the next session's answers came."""
    known = [
        each
        for each in record.episode.measurements
        if until is None or each.authored < until
    ]
    if not known:
        return frozenset()
    report = read_signals(
        Episode(tuple(known)),
        plan,
        today=known[-1].authored.date(),
        unread=0,
        plan_reviews=[
            each.at.date()
            for each in record.reviews
            if each.at < known[-1].authored  # one made afterwards was not known then
        ],
    )
    causes = [cause_of(each, since=report.since[each]) for each in report.speaking]
    named = {each.partition("|")[0] for each in causes}
    return frozenset(each for each in RULES if each in named)


def _next(starts: Sequence[datetime], place: int) -> datetime | None:
    return starts[place] if place < len(starts) else None


def _ids(plan: MeasurementPlan, construct: str) -> set[str]:
    return {each.id for each in plan.instruments if each.construct == construct}


def _first(
    measured: Sequence[Measurement], is_meant: Callable[[str], bool]
) -> datetime | None:
    return next(
        (each.authored for each in measured if is_meant(each.instrument_id)), None
    )
