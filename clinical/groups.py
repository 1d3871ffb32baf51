"""Groups: a member's own course, and the group's mean where it can hide everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from clinical.rule_numbers import RuleNumbers
from clinical.trajectory import Reading, Trajectory

_SHOWN = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class GroupSession:
    """One session of a group: every score that was given, of nobody in particular."""

    on: date
    scores: tuple[Decimal, ...]


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
class GroupView:
    """What one member sees: the own readings, and the means of the sessions.

    There is no place in it for another member's score.
    """

    own: tuple[Reading, ...]
    means: tuple[GroupMean | TooFewToShow, ...]


def group_view(
    own: Trajectory | None, sessions: Sequence[GroupSession], rules: RuleNumbers
) -> GroupView:
    """What a member may see of the group, oldest session first.

    How many answered is not told, and the mean is rounded: two means, one answer apart,
    would otherwise tell that answer.

    Args:
        own: the member's own course; None if there is none yet.
        sessions: of one instrument in one version and language.
        rules: the plan's numbers; below `group_least` answers there is no mean.
    """
    ordered = sorted(sessions, key=lambda each: each.on)
    return GroupView(
        own=own.readings if own else (),
        means=tuple(_mean_of(each, least=rules.group_least) for each in ordered),
    )


def _mean_of(session: GroupSession, *, least: int) -> GroupMean | TooFewToShow:
    if len(session.scores) < least:
        return TooFewToShow(session.on)
    mean = sum(session.scores, Decimal(0)) / len(session.scores)
    return GroupMean(session.on, mean.quantize(_SHOWN))
