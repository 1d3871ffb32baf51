"""From what the chart and people say to the sessions that the objectives look at."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinical.across_episodes.numbers import Numbers
from clinical.across_episodes.sessions import CompletedVisit, Session, SessionEvent
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
    """One session for each completed visit.

    A response belongs to the visit for which it may be answered: from a day before it
    begins until a day before the next one does. Signals are read as they stood then.
    """
    lead = timedelta(hours=numbers.hours_before)
    starts = [each.start - lead for each in record.visits]
    begins = [each.start for each in record.visits]
    return tuple(
        _session(
            visit,
            record,
            plan,
            measured=[
                each
                for each in record.episode.measurements
                if bisect_right(starts, each.authored) == place
            ],
            signals=_signals(record, plan, until=_next(starts, place)),
            reviewed=[
                each
                for each in record.reviews
                if bisect_right(begins, each.at) == place
            ],
        )
        for place, visit in enumerate(record.visits, start=1)
    )


def _session(
    visit: CompletedVisit,
    record: EpisodeRecord,
    plan: MeasurementPlan,
    *,
    measured: Sequence[Measurement],
    signals: frozenset[RuleId],
    reviewed: Sequence[PlanReview],
) -> Session:
    noted = {
        each.kind: each
        for each in record.events
        if each.session in (visit.id, visit.start.date().isoformat())
    }
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
