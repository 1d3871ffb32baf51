"""The counts of a replay as figures that may be shown: none is about fewer than five.

A hidden figure is hidden together with another one wherever the total would tell it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from clinical.across_episodes.fidelity import Hidden, complementary, part_shown
from clinical.across_episodes.numbers import Numbers
from clinical.across_episodes.replay_counts import (
    Cell,
    Change,
    Dimension,
    Silence,
    Tally,
)

_SHOWN = Decimal("0.1")
Figure = int | Decimal | Hidden


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a breakdown.

    Attributes:
        key: rule, language, number of the session, or ISO week.
        per_100: cards per 100 sessions of the row; for a signal, of all sessions.
    """

    key: str
    cards: Figure
    sessions: Figure
    per_100: Figure


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What one other number would have done.

    Attributes:
        touched: people who would have had other cards.
        by_signal: cards by rule; only rules that the number changes.
    """

    name: str
    cards: Figure
    per_100: Figure
    touched: Figure
    by_signal: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What would have been shown.

    Attributes:
        unopened: people whose chart nobody opens.
        cards: each once for the same person, cause, evidence and occasion.
        per_week: mean over the calendar weeks from the first to the last opening.
        cannot_tell: people for whom a rule could not tell at the last opening.
    """

    people: Figure
    unanswered: Figure
    once: Figure
    unopened: Figure
    sessions: Figure
    openings: Figure
    cards: Figure
    shown: Figure
    told: Figure
    per_100: Figure
    per_week: Figure
    weeks: int
    by: Mapping[Dimension, tuple[Row, ...]]
    cannot_tell: Mapping[Silence, Figure]
    what_if: tuple[WhatIf, ...]


def report_from(
    tally: Tally, changes: Mapping[str, Change], numbers: Numbers
) -> ReplayReport:
    """The figures.

    Args:
        changes: by the name of what was changed.
        numbers: below `smallest_cell` people a figure is hidden.
    """
    least = numbers.smallest_cell
    answered = tally.people - tally.unanswered
    few, few_told = _few(answered, least), _few(tally.told, least)
    unopened = part_shown(tally.unopened, whole=tally.people, smallest=least)
    few_opened = _few(tally.people - tally.unopened, least)
    weeks = _weeks(tally)

    def known(figure: int) -> Figure:
        return Hidden() if few else figure

    def told(figure: Figure) -> Figure:
        return Hidden() if few or few_told else figure

    return ReplayReport(
        people=_shown(tally.people, least),
        unanswered=_shown(tally.unanswered, least),
        once=_shown(tally.once, least),
        unopened=unopened,
        sessions=known(tally.sessions),
        openings=Hidden() if few_opened else known(tally.openings),
        cards=told(tally.cards),
        shown=told(tally.shown),
        told=told(tally.told),
        per_100=told(_per(100 * tally.cards, tally.sessions)),
        per_week=told(_per(tally.cards, weeks)),
        weeks=weeks,
        by={each: _rows(tally, each, least) for each in _ORDER},
        cannot_tell={
            key: _shown(tally.cannot_tell[key], least)
            for key in sorted(tally.cannot_tell)
        },
        what_if=tuple(
            _what_if(name, each, tally, least) for name, each in changes.items()
        ),
    )


_ORDER: Mapping[Dimension, Callable[[str], tuple[int, str]]] = {
    "signal": lambda key: (0, key),
    "language": lambda key: (0, key),
    "session": lambda key: (int(key), ""),
    "week": lambda key: (0, key),
}


def _rows(tally: Tally, dimension: Dimension, least: int) -> tuple[Row, ...]:
    keys = sorted(
        {key for of, key in (*tally.cards_in, *tally.sessions_in) if of == dimension},
        key=_ORDER[dimension],
    )
    cells: list[Cell] = [(dimension, key) for key in keys]
    small = {
        at
        for at, cell in enumerate(cells)
        if _few(tally.told_in[cell], least) or _few(tally.people_in[cell], least)
    }
    hidden = complementary(
        [tally.told_in[cell] for cell in cells],
        hidden=frozenset(small),
        smallest=least,
    )
    return tuple(
        _row(tally, cell, hidden=at in hidden or _few(tally.told, least))
        for at, cell in enumerate(cells)
    )


def _row(tally: Tally, cell: Cell, *, hidden: bool) -> Row:
    dimension, key = cell
    if hidden:
        return Row(key, Hidden(), Hidden(), Hidden())
    sessions = tally.sessions if dimension == "signal" else tally.sessions_in[cell]
    cards = tally.cards_in[cell]
    return Row(key, cards, sessions, _per(100 * cards, sessions))


def _what_if(name: str, change: Change, tally: Tally, least: int) -> WhatIf:
    """Beside the plan's own figures a difference of few people would tell them."""
    if any(_few(each, least) for each in (change.touched, change.told, tally.told)):
        return WhatIf(name, Hidden(), Hidden(), Hidden(), {})
    return WhatIf(
        name,
        cards=change.cards,
        per_100=_per(100 * change.cards, tally.sessions),
        touched=change.touched,
        by_signal=_changed_signals(change, tally, least),
    )


def _changed_signals(change: Change, tally: Tally, least: int) -> dict[str, Figure]:
    keys = sorted(change.touched_in)
    touched = [change.touched_in[key] for key in keys]
    small = {
        at
        for at, key in enumerate(keys)
        if any(
            _few(each, least)
            for each in (
                *(touched[at], change.told_in[key]),
                tally.told_in["signal", key],
            )
        )
    }
    hidden = complementary(touched, hidden=frozenset(small), smallest=least)
    return {
        key: Hidden() if at in hidden else change.cards_in[key]
        for at, key in enumerate(keys)
    }


def _weeks(tally: Tally) -> int:
    if tally.first is None or tally.last is None:
        return 0
    monday, last = (
        each - timedelta(days=each.weekday()) for each in (tally.first, tally.last)
    )
    return (last - monday).days // 7 + 1


def _per(part: int, whole: int) -> Decimal:
    if not whole:
        return Decimal(0)
    return (Decimal(part) / whole).quantize(_SHOWN)


def _few(people: int, least: int) -> bool:
    return 0 < people < least


def _shown(people: int, least: int) -> Figure:
    return Hidden() if _few(people, least) else people
