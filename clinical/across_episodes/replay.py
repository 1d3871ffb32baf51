"""A person's past gone through again: what each opening of the chart would have shown.

The rules, priorities and repetitions are those of a live call (`clinical.opening`,
`clinical.interruptions`). What was not known at an opening is not looked at.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from clinical.attendance import Visit, begun_by
from clinical.interruptions import (
    Acknowledgement,
    Interruption,
    Shown,
    interruptions,
)
from clinical.measurement import Episode, sitting_instant
from clinical.norms.library import NormLibrary
from clinical.opening import Opening, occasion_of, report_of
from clinical.plan import MeasurementPlan
from clinical.signals.read import SignalReport

Rhythm = Literal["sessions", "weekly"]
# speaking: nobody answers a card. answered: every card is answered when it is shown.
# silent: as silent mode logs it, where nothing was shown and so nothing is remembered.
Way = Literal["speaking", "answered", "silent"]
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Past:
    """All that is known of one person today, each part with the time it is from.

    Attributes:
        unread: when each entry that could not be read is from; None counts always.
        reviews: when the treatment plan was reviewed.
        visits: None where nobody tells of them.
    """

    episode: Episode
    unread: Sequence[datetime | None] = ()
    born: date | None = None
    reviews: Sequence[datetime] = ()
    visits: Sequence[Visit] | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Somebody opens the chart; `encounter` is empty where none is known."""

    at: datetime
    encounter: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One opening and what may have interrupted at it.

    Attributes:
        opening: what was known then.
        session: days with an answer so far; 1 is the first, 0 is before it.
        language: of the latest answer; empty before the first.
    """

    at: datetime
    occasion: str
    opening: Opening
    session: int
    language: str
    report: SignalReport
    through: tuple[Interruption, ...]


def moments_of(episode: Episode, rhythm: Rhythm) -> tuple[Moment, ...]:
    """When the chart is taken to have been opened.

    At each sitting, right after it was answered; or week after week from the first
    answer until a week after the last one.
    """
    answered = [each.authored for each in episode.measurements]
    if rhythm == "sessions":
        once = {sitting_instant(each): each for each in reversed(answered)}
        return tuple(Moment(once[instant]) for instant in sorted(once))
    if not answered:
        return ()
    weeks = (answered[-1] - answered[0]) // _WEEK + 2
    return tuple(Moment(answered[0] + week * _WEEK) for week in range(weeks))


def session_days(episode: Episode) -> tuple[date, ...]:
    """Each day with an answer, once: what counts as a session here."""
    return tuple(sorted({each.authored.date() for each in episode.measurements}))


def replayed(
    past: Past,
    moments: Sequence[Moment],
    plan: MeasurementPlan,
    norms: NormLibrary,
    *,
    way: Way = "speaking",
) -> Iterator[Replayed]:
    """Each opening in order of time.

    Args:
        moments: in any order.
        way: what happens with the cards; decides what later openings remember.
    """
    answered = [each.authored for each in past.episode.measurements]
    days = session_days(past.episode)
    shown: list[Shown] = []
    acknowledged: list[Acknowledgement] = []
    for moment in sorted(moments, key=lambda each: (each.at, each.encounter)):
        known = bisect_right(answered, moment.at)
        opening = _opening(past, moment.at, known=known)
        occasion = occasion_of(moment.encounter, plan, today=opening.today)
        report = report_of(opening, plan, norms)
        through = interruptions(
            report, plan, acknowledged=acknowledged, shown=shown, encounter=occasion
        )
        latest = past.episode.measurements[known - 1] if known else None
        yield Replayed(
            at=moment.at,
            occasion=occasion,
            opening=opening,
            session=bisect_right(days, latest.authored.date()) if latest else 0,
            language=latest.language if latest else "",
            report=report,
            through=through,
        )
        if way != "silent":
            shown += [Shown(each.cause, each.data_hash, occasion) for each in through]
        if way == "answered":
            acknowledged += [
                Acknowledgement(each.cause, each.level, on=moment.at)
                for each in through
            ]


def _opening(past: Past, at: datetime, *, known: int) -> Opening:
    return Opening(
        Episode(past.episode.measurements[:known]),
        today=at.date(),
        unread=sum(each is None or each <= at for each in past.unread),
        born=past.born,
        plan_reviews=[each.date() for each in past.reviews if each <= at],
        visits=begun_by(past.visits, at),
    )
