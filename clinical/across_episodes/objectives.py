"""O1 to O8: what a way of working asks for, counted in one episode.

About the episode, never about a person who treats. Crisis contacts, and sessions whose
form the person did not want, leave numerator and denominator and are counted apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal

from clinical.across_episodes.numbers import Numbers
from clinical.across_episodes.sessions import Session
from clinical.signals.kinds import RuleId

ObjectiveId = Literal["O1", "O2", "O3", "O4", "O5", "O6", "O7"]
State = Literal["met", "not-met", "cannot-tell-yet", "nothing-to-do"]

OWN_BASELINE: RuleId = "R2"
RUPTURE: frozenset[RuleId] = frozenset({"R2", "R3"})
NO_GAIN: RuleId = "S4"


@dataclass(frozen=True, slots=True)
class Objective:
    """How far one objective is met in this episode.

    Attributes:
        done, of: what was done of what was due so far.
        refused, crisis: sessions left out of both, and why.
    """

    id: ObjectiveId
    state: State
    done: int
    of: int
    refused: int
    crisis: int


@dataclass(frozen=True, slots=True)
class Framing:
    """O8: within which therapy, and to address which problem; the person's own words.

    Never stored: the line goes into the clinical note.
    """

    therapy: str
    problem: str

    @property
    def is_complete(self) -> bool:
        """Whether the line for the note can be written."""
        return bool(self.therapy.strip() and self.problem.strip())


def objectives(
    sessions: Sequence[Session], numbers: Numbers, *, today: date
) -> tuple[Objective, ...]:
    """O1 to O7 of one episode.

    Args:
        sessions: completed encounters, in any order.
        numbers: of `objectives.toml`.
        today: until when they are known.
    """
    ordered = sorted(sessions, key=lambda each: each.start)
    counted = [each for each in ordered if each.counts]
    recent = [
        each
        for each in ordered
        if months_before(today, numbers.months) < each.start.date() <= today
    ]
    return (
        _early(ordered, counted, numbers),
        _alliance(ordered, counted, numbers),
        _repair(ordered, counted),
        _weekly(ordered, numbers, today=today),
        _course_correction(ordered, counted, numbers),
        _engagement(ordered, counted),
        _embedding(recent, numbers),
    )


def is_measured_and_discussed(session: Session) -> bool:
    """What O7 asks of a session: outcome, alliance, and that it was talked about."""
    return bool(session.outcome_at and session.alliance_at and session.discussed)


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier; of a shorter month its last day."""
    month = day.month - 1 - months
    year, month = day.year + month // 12, month % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(year, month, min(day.day, last))


def _early(
    ordered: Sequence[Session], counted: Sequence[Session], numbers: Numbers
) -> Objective:
    """O1: outcome at the start of the first sessions, reviewed before their end."""
    due = counted[: numbers.early_sessions]
    done = [
        _measured_at_start(each, numbers)
        and each.reviewed_at is not None
        and each.reviewed_at <= each.end
        for each in due
    ]
    complete = len(due) == numbers.early_sessions
    return _told("O1", done, ordered, complete=complete)


def _measured_at_start(session: Session, numbers: Numbers) -> bool:
    if session.outcome_at is None:
        return False
    first = session.start - timedelta(hours=numbers.hours_before)
    last = session.start + timedelta(minutes=numbers.minutes_after_start)
    return first <= session.outcome_at <= last


def _alliance(
    ordered: Sequence[Session], counted: Sequence[Session], numbers: Numbers
) -> Objective:
    """O2: a rating below the own baseline is talked about in the same session."""
    first = next(
        (at for at, each in enumerate(counted) if OWN_BASELINE in each.signals), None
    )
    if first is None:
        return _told("O2", [], ordered, complete=True)
    window = counted[first : first + 1 + numbers.alliance_sessions]
    done = [each.discussed for each in window if OWN_BASELINE in each.signals]
    complete = len(window) == 1 + numbers.alliance_sessions
    return _told("O2", done, ordered, complete=complete)


def _repair(ordered: Sequence[Session], counted: Sequence[Session]) -> Objective:
    """O3: after a drop a repair is recorded before the end of the next session."""
    done: list[bool] = []
    complete = True
    for at in _begins(counted, RUPTURE):
        following = counted[at + 1 : at + 2]
        limit = following[0].end if following else None
        found = _recorded(
            [each.repair_recorded_at for each in ordered],
            since=counted[at].start,
            until=limit,
            before=False,
        )
        if found or following:
            done.append(found)
        else:
            complete = False  # the next session is still to come
    return _told("O3", done, ordered, complete=complete)


def _weekly(ordered: Sequence[Session], numbers: Numbers, *, today: date) -> Objective:
    """O4: a response each week, and a joint look at every fourth session."""
    answered = [each for each in ordered if each.counts and each.outcome_at]
    if not answered:
        return _told("O4", [], ordered, complete=False)
    first = answered[0]
    assert first.outcome_at is not None
    end = first.outcome_at.date() + timedelta(weeks=numbers.weeks)
    followed = [
        each
        for each in ordered
        if first.start <= each.start and each.start.date() <= end
    ]
    counted = [each for each in followed if each.counts]
    done = [
        *_distances(followed, numbers, until=min(today, end)),
        *(
            each.looked_together
            for number, each in enumerate(counted, start=1)
            if number % numbers.joint_look_every == 0
        ),
    ]
    return _told("O4", done, ordered, complete=today >= end)


def _distances(
    followed: Sequence[Session], numbers: Numbers, *, until: date
) -> Iterator[bool]:
    """From each response to the next: about a week. Over a session that does not count
    nothing is said."""
    least = numbers.days_between - numbers.days_tolerance
    most = numbers.days_between + numbers.days_tolerance
    before: date | None = None
    for each in followed:
        if not each.counts:
            before = None
        elif each.outcome_at is not None:
            on = each.outcome_at.date()
            if before is not None:
                yield least <= (on - before).days <= most
            before = on
    if before is not None and (until - before).days > most:
        yield False


def _course_correction(
    ordered: Sequence[Session], counted: Sequence[Session], numbers: Numbers
) -> Objective:
    """O5: no reliable gain leads to a plan review, two sessions later at the latest."""
    done: list[bool] = []
    complete = True
    for at in _begins(counted, frozenset({NO_GAIN})):
        limit = counted[at + numbers.sessions_until_review :][:1]
        found = _recorded(
            [each.review_recorded_at for each in ordered],
            since=counted[at].start,
            until=limit[0].start if limit else None,
            before=True,
        )
        if found or limit:
            done.append(found)
        else:
            complete = False
    return _told("O5", done, ordered, complete=complete)


def _engagement(ordered: Sequence[Session], counted: Sequence[Session]) -> Objective:
    """O6: each session begins with a look together."""
    done = [each.looked_together for each in counted]
    return _told("O6", done, ordered, complete=bool(done))


def _embedding(recent: Sequence[Session], numbers: Numbers) -> Objective:
    """O7: measured and discussed in nine of ten sessions, over three months."""
    done = [is_measured_and_discussed(each) for each in recent if each.counts]
    told = _told("O7", done, recent, complete=bool(done))
    if not done:
        return told
    reached = sum(done) >= numbers.goal_part * len(done)
    return Objective(
        "O7",
        "met" if reached else "not-met",
        told.done,
        told.of,
        told.refused,
        told.crisis,
    )


def _begins(counted: Sequence[Session], rules: frozenset[RuleId]) -> Iterator[int]:
    """Where one of these signals came on that was off in the session before."""
    if counted and counted[0].signals & rules:
        yield 0
    for at, (before, each) in enumerate(pairwise(counted), start=1):
        if each.signals & rules and not before.signals & rules:
            yield at


def _recorded(
    moments: Sequence[datetime | None],
    *,
    since: datetime,
    until: datetime | None,
    before: bool,
) -> bool:
    """Whether one of these lies between the two; `before` excludes the limit itself."""
    return any(
        since <= each and (until is None or (each < until if before else each <= until))
        for each in moments
        if each is not None
    )


def _told(
    objective: ObjectiveId,
    done: Sequence[bool],
    sessions: Sequence[Session],
    *,
    complete: bool,
) -> Objective:
    state: State
    if not all(done):
        state = "not-met"
    elif not complete:
        state = "cannot-tell-yet"
    else:
        state = "met" if done else "nothing-to-do"
    return Objective(
        id=objective,
        state=state,
        done=sum(done),
        of=len(done),
        refused=sum(each.refused and not each.crisis for each in sessions),
        crisis=sum(each.crisis for each in sessions),
    )
