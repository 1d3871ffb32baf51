"""Groups: a member's own course, and the group's mean where it hides everybody.

Whoever looks at a mean knows the own answer, and who sits in the room. Therefore

- the mean of a day is of all who answered, the same on every member's page, and is
  shown only where any one of them may be taken away and enough others are left;
- at the very end of the scale it would tell what each has answered, and is not shown;
- once shown, it is a mean of the same people for good: two means of one day, one
  person apart, would tell that person's answer, and rounding would not hide it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from clinical.rule_numbers import RuleNumbers
from clinical.trajectory import Reading, Trajectory
from questionnaires.instrument import Instrument

_SHOWN = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class GroupSession:
    """What was answered on one day of one form.

    Attributes:
        scores: who -> score points, the first of the day: what is answered again
            later changes no mean that was shown.
    """

    on: date
    scores: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class GroupMean:
    """The mean of a session, rounded to 0.1, without how many gave an answer."""

    on: date
    mean: Decimal


@dataclass(frozen=True, slots=True)
class TooFewToShow:
    """A mean of so few would tell members about each other."""

    on: date


@dataclass(frozen=True, slots=True)
class WouldTell:
    """The mean of this day could tell what one person has answered."""

    on: date


@dataclass(frozen=True, slots=True)
class GroupView:
    """What one member sees: the own readings, and the means of the sessions.

    There is no place in it for another member's score, or for who answered. Days on
    which the member has not answered are in it only with a mean.
    """

    own: tuple[Reading, ...]
    means: tuple[GroupMean | TooFewToShow | WouldTell, ...]


def group_sessions(
    members: Mapping[str, Sequence[Trajectory]], *, like: Trajectory
) -> tuple[GroupSession, ...]:
    """Every day on which somebody answered, oldest first.

    Args:
        members: who -> every series of that person.
        like: only what was answered in the same form, version and language, and by the
            same kind of respondent, is one mean.
    """
    days: dict[date, dict[str, Decimal]] = {}
    for who, series in members.items():
        for each in series:
            if each.form == like.form:
                for reading in each.readings:
                    first = reading.of_day[0].value
                    days.setdefault(reading.on, {}).setdefault(who, first)
    return tuple(GroupSession(on, days[on]) for on in sorted(days))


def group_view(
    own: Trajectory,
    sessions: Sequence[GroupSession],
    rules: RuleNumbers,
    *,
    shown_before: Mapping[date, Collection[frozenset[str]]],
) -> tuple[GroupView, Mapping[date, frozenset[str]]]:
    """What a member may see of the group, oldest session first.

    Args:
        own: the member's own course.
        sessions: of the same instrument, version and language.
        rules: the plan's numbers; `group_least` others must have answered.
        shown_before: whose answers the means were made of that were shown of these
            people before, on whichever page.

    Returns:
        The view; and for the record, never for a page, whose answers each mean in it
        is made of.
    """
    means: list[GroupMean | TooFewToShow | WouldTell] = []
    made_of: dict[date, frozenset[str]] = {}
    own_days = {each.on for each in own.readings}
    for session in sorted(sessions, key=lambda each: each.on):
        kept = _of_the_same_people(session, shown_before.get(session.on, ()))
        found = (
            _mean_of(kept, own.instrument, least=rules.group_least)
            if isinstance(kept, GroupSession)
            else kept
        )
        if isinstance(kept, GroupSession) and isinstance(found, GroupMean):
            made_of[session.on] = frozenset(kept.scores)
        # That others answered on another day is not for this member to know.
        if isinstance(found, GroupMean) or session.on in own_days:
            means.append(found)
    return GroupView(own.readings, tuple(means)), made_of


def _of_the_same_people(
    session: GroupSession, shown_before: Collection[frozenset[str]]
) -> GroupSession | WouldTell:
    """The session as it was shown before, whoever else has answered since."""
    earlier = {each for each in shown_before if each & session.scores.keys()}
    if not earlier:
        return session
    people = frozenset[str]().union(*earlier)
    if len(earlier) > 1 or not people <= session.scores.keys():
        return WouldTell(session.on)
    return GroupSession(session.on, {who: session.scores[who] for who in people})


def _mean_of(
    session: GroupSession, instrument: Instrument, *, least: int
) -> GroupMean | TooFewToShow | WouldTell:
    # Whoever looks takes the own answer away: at least so many others must be left.
    if len(session.scores) - 1 < least:
        return TooFewToShow(session.on)
    exact = sum(session.scores.values(), Decimal(0)) / len(session.scores)
    mean = exact.quantize(_SHOWN)
    if mean in (instrument.total.low, instrument.total.high):
        return WouldTell(session.on)
    return GroupMean(session.on, mean)
