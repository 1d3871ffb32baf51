"""How often a team measures and talks about it. Per team, never per clinician.

There is no clinician in any type here and no way to give one. What is about few is not
shown, and neither is what would let it be computed from a total.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from clinical.across_episodes.numbers import Numbers
from clinical.across_episodes.objectives import months_before

Measure = Literal["outcome", "alliance", "discussed", "all three"]
Goal = Literal["reached", "not reached", "hidden", "not known"]


@dataclass(frozen=True, slots=True)
class TeamSession:
    """One completed encounter of a team: what was done, and no score.

    Attributes:
        refused: the person wanted no form; it leaves every count.
        crisis: a crisis contact; likewise.
    """

    team: str
    on: date
    outcome: bool
    alliance: bool
    discussed: bool
    refused: bool
    crisis: bool


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many sessions."""

    done: int
    of: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """Too few to be shown, or needed so that too few cannot be computed."""


@dataclass(frozen=True, slots=True)
class NotKnown:
    """Nobody tells; which is not the same as no."""


Cell = Share | Hidden | NotKnown
Count = int | Hidden | NotKnown


@dataclass(frozen=True, slots=True)
class TeamRow:
    """One team, or all of them.

    Attributes:
        sessions: in the denominator; Hidden where there are too few.
        shares: by measure; "all three" is what the goal is about.
        goal: whether "all three" reaches the goal; it tells no small number.
        refused, crisis: sessions that leave the counts.
    """

    team: str
    sessions: int | Hidden
    shares: Mapping[Measure, Cell]
    goal: Goal
    refused: Count
    crisis: Count


@dataclass(frozen=True, slots=True)
class FidelityReport:
    """Every team by its name, and all together where that tells nothing hidden.

    Attributes:
        since: first day that is counted; until: the last.
        noted: whether anybody tells what people noted; if not, what was talked about,
            the goal, refusals and crisis contacts are not known.
        total: None where there is one team only.
    """

    since: date
    until: date
    noted: bool
    teams: tuple[TeamRow, ...]
    total: TeamRow | None


_HELD: Mapping[Measure, Callable[[TeamSession], bool]] = {
    "outcome": lambda each: each.outcome,
    "alliance": lambda each: each.alliance,
    "discussed": lambda each: each.discussed,
    "all three": lambda each: each.outcome and each.alliance and each.discussed,
}


def fidelity(
    sessions: Sequence[TeamSession], numbers: Numbers, *, until: date, noted: bool
) -> FidelityReport:
    """The report of the months that end on this day.

    Args:
        sessions: completed encounters of any teams, in any order.
        numbers: goal, months, smallest cell.
        until: last day that is counted.
        noted: whether `discussed`, `refused` and `crisis` say what people noted; if
            nobody tells, they are False, and the report says that they are not known.
    """
    since = months_before(until, numbers.months)
    recent = [each for each in sessions if since < each.on <= until]
    names = sorted({each.team for each in recent})
    by_team = [[each for each in recent if each.team == name] for name in names]
    hidden = _hidden(by_team, numbers)
    teams = tuple(
        _row(name, of_team, numbers, hidden=cells, noted=noted)
        for name, of_team, cells in zip(names, by_team, hidden, strict=True)
    )
    total = None
    if len(teams) > 1:
        small = _small(recent, numbers)
        total = _row("", recent, numbers, hidden=small, noted=noted)
    return FidelityReport(since, until, noted, teams, total)


_Column = Measure | Literal["sessions", "refused", "crisis"]
_MEASURES: tuple[_Column, ...] = ("outcome", "alliance", "discussed", "all three")
_LEFT_OUT: tuple[_Column, ...] = ("refused", "crisis")


def _hidden(
    by_team: Sequence[Sequence[TeamSession]], numbers: Numbers
) -> list[set[_Column]]:
    """For each team the cells that are not shown."""
    found = [_small(each, numbers) for each in by_team]

    def extend(key: _Column) -> None:
        more = complementary(
            [_size(each, key) for each in by_team],
            hidden=frozenset(at for at, each in enumerate(found) if key in each),
            smallest=numbers.smallest_cell,
        )
        for at in more:
            found[at].add(key)

    extend("sessions")
    for cells in found:
        if "sessions" in cells:  # a share would tell how many there were
            cells.update(_MEASURES)
    for key in (*_MEASURES, *_LEFT_OUT):
        extend(key)
    return found


def complementary(
    sizes: Sequence[int], *, hidden: frozenset[int], smallest: int
) -> frozenset[int]:
    """The hidden cells of a column, and as many more as keep them from its total.

    Args:
        sizes: how much each cell tells: what is taken from the total if all others
            are known.
        hidden: cells that are too small by themselves.
        smallest: the hidden ones together must hold at least so many, and be two.
    """
    found = set(hidden)
    while found and len(found) < len(sizes):
        if len(found) > 1 and sum(sizes[at] for at in found) >= smallest:
            break
        left = [at for at in range(len(sizes)) if at not in found]
        found.add(min(left, key=lambda at: (sizes[at], at)))
    return frozenset(found)


def part_shown(part: int, *, whole: int, smallest: int) -> int | Hidden:
    """So many of these people, unless they or the others are few."""
    few = any(0 < each < smallest for each in (part, whole - part))
    return Hidden() if few else part


def _small(of_team: Sequence[TeamSession], numbers: Numbers) -> set[_Column]:
    """The cells that are about few: few sessions, few done, or few not done."""
    least = numbers.smallest_cell
    counted = [each for each in of_team if _counts(each)]
    found: set[_Column] = {key for key in _LEFT_OUT if 0 < _size(of_team, key) < least}
    if len(counted) < least:
        return found | {"sessions", *_MEASURES}
    return found | {key for key in _MEASURES if 0 < _size(of_team, key) < least}


def _size(of_team: Sequence[TeamSession], key: _Column) -> int:
    """How much a cell tells: sessions, or the smaller of done and not done."""
    counted = [each for each in of_team if _counts(each)]
    match key:
        case "sessions":
            return len(counted)
        case "refused":
            return _refused(of_team)
        case "crisis":
            return _crisis(of_team)
        case _:
            done = sum(map(_HELD[key], counted))
            return min(done, len(counted) - done)


def _row(
    name: str,
    of_team: Sequence[TeamSession],
    numbers: Numbers,
    *,
    hidden: set[_Column],
    noted: bool,
) -> TeamRow:
    counted = [each for each in of_team if _counts(each)]
    shares: dict[Measure, Cell] = {
        key: Hidden() if key in hidden else Share(sum(map(held, counted)), len(counted))
        for key, held in _HELD.items()
    }
    if not noted:
        shares |= {"discussed": NotKnown(), "all three": NotKnown()}

    def left_out(key: _Column) -> Count:
        if not noted:
            return NotKnown()
        return Hidden() if key in hidden else _size(of_team, key)

    return TeamRow(
        team=name,
        sessions=Hidden() if "sessions" in hidden else len(counted),
        shares=shares,
        goal=_goal(counted, numbers) if noted else "not known",
        refused=left_out("refused"),
        crisis=left_out("crisis"),
    )


def _goal(counted: Sequence[TeamSession], numbers: Numbers) -> Goal:
    if len(counted) < numbers.smallest_cell:
        return "hidden"
    whole = sum(map(_HELD["all three"], counted))
    return "reached" if whole >= numbers.goal_part * len(counted) else "not reached"


def _counts(session: TeamSession) -> bool:
    return not (session.refused or session.crisis)


def _refused(of_team: Sequence[TeamSession]) -> int:
    return sum(each.refused and not each.crisis for each in of_team)


def _crisis(of_team: Sequence[TeamSession]) -> int:
    return sum(each.crisis for each in of_team)
