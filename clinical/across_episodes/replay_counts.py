"""Replays of many people, counted. Sums only: no row about one person, nobody's name.

Each person is counted by itself and the sums are added, so neither the order of people
nor how the work is shared out changes a figure.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Literal

from clinical.across_episodes.replay import Past, Replayed, session_days
from clinical.signals.kinds import CannotTellYet

Dimension = Literal["signal", "language", "session", "week"]
Cell = tuple[Dimension, str]
Silence = tuple[str, str, str]  # instrument, rule, reason


@dataclass(slots=True)
class Tally:
    """Sums over people.

    Attributes:
        unanswered: people without any answer to a form of the plan.
        once: people with answers on one day only, to whom nothing can be compared.
        unopened: people whose chart nobody opens.
        openings: of charts.
        sessions: days with an answer, person by person.
        cards: each once per person, cause, evidence and occasion.
        shown: as often as they were shown; a card may stay for several openings.
        told: people with a card.
        cards_in, told_in: the same by cell.
        sessions_in, people_in: sessions of a cell, and people who had one.
        cannot_tell: people for whom a rule could not tell at the last opening; where
            nothing was ever answered, no rule could, and it is counted once.
        first, last: days of the first and the last opening; None without any.
    """

    people: int = 0
    unanswered: int = 0
    once: int = 0
    unopened: int = 0
    openings: int = 0
    sessions: int = 0
    cards: int = 0
    shown: int = 0
    told: int = 0
    cards_in: Counter[Cell] = field(default_factory=Counter)
    told_in: Counter[Cell] = field(default_factory=Counter)
    sessions_in: Counter[Cell] = field(default_factory=Counter)
    people_in: Counter[Cell] = field(default_factory=Counter)
    cannot_tell: Counter[Silence] = field(default_factory=Counter)
    first: date | None = None
    last: date | None = None

    def add(self, other: "Tally") -> None:
        """The people of the other one too; nobody may be in both."""
        for each in fields(self):
            if each.name not in ("first", "last"):
                mine, theirs = getattr(self, each.name), getattr(other, each.name)
                setattr(self, each.name, mine + theirs)
        self.first = min(_known(self.first, other.first), default=None)
        self.last = max(_known(self.last, other.last), default=None)


@dataclass(slots=True)
class Change:
    """What another number in the plan would have done.

    Attributes:
        told: people who would have had a card.
        touched: people who would have had other cards.
        cards_in, told_in, touched_in: by signal.
    """

    cards: int = 0
    told: int = 0
    touched: int = 0
    cards_in: Counter[str] = field(default_factory=Counter)
    told_in: Counter[str] = field(default_factory=Counter)
    touched_in: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Change") -> None:
        """The people of the other one too."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            setattr(self, each.name, mine + theirs)


@dataclass(frozen=True, slots=True)
class CountedCard:
    """What makes a card one card for one person, and the cells it is counted in."""

    cause: str
    data_hash: str
    occasion: str
    signal: str
    language: str
    session: int
    week: str


def cards_in(opened: Iterable[Replayed]) -> tuple[CountedCard, ...]:
    """Each card at its first showing; the same again is the same card."""
    found: dict[tuple[str, str, str], CountedCard] = {}
    for each in opened:
        for card in each.through:
            key = (card.cause, card.data_hash, each.occasion)
            if key not in found:
                found[key] = CountedCard(
                    *key,
                    signal=card.cause.partition("|")[0],
                    language=each.language,
                    session=each.session,
                    week=week_of(each.at.date()),
                )
    return tuple(found.values())


def tally_of(past: Past, opened: Sequence[Replayed]) -> Tally:
    """One person's."""
    days = session_days(past.episode)
    cards = cards_in(opened)
    found = Tally(
        people=1,
        unanswered=int(not days),
        once=int(len(days) == 1),
        unopened=int(not opened),
        openings=len(opened),
        sessions=len(days),
        cards=len(cards),
        shown=sum(len(each.through) for each in opened),
        told=int(bool(cards)),
    )
    for each in cards:
        found.cards_in.update(_cells_of(each))
    found.told_in.update(list(found.cards_in))
    languages = {
        each.authored.date(): each.language for each in past.episode.measurements
    }
    for number, day in enumerate(days, start=1):
        of_day: tuple[Cell, ...] = (
            ("language", languages[day]),
            ("session", str(number)),
            ("week", week_of(day)),
        )
        found.sessions_in.update(of_day)
    found.people_in.update(list(found.sessions_in))
    if opened:
        found.first, found.last = opened[0].at.date(), opened[-1].at.date()
        found.cannot_tell.update(_silent_in(opened[-1]))
    return found


def change_of(before: Sequence[CountedCard], after: Sequence[CountedCard]) -> Change:
    """One person's cards by the plan, and by another number in it."""
    old, new = _by_signal(before), _by_signal(after)
    touched = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return Change(
        cards=len(after),
        told=int(bool(after)),
        touched=int(bool(touched)),
        cards_in=Counter({name: len(each) for name, each in new.items()}),
        told_in=Counter(list(new)),
        touched_in=Counter(touched),
    )


def week_of(day: date) -> str:
    """ISO week, such as 2026-W09."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _by_signal(cards: Sequence[CountedCard]) -> dict[str, set[tuple[str, str, str]]]:
    found: dict[str, set[tuple[str, str, str]]] = {}
    for each in cards:
        key = (each.cause, each.data_hash, each.occasion)
        found.setdefault(each.signal, set()).add(key)
    return found


def _cells_of(card: CountedCard) -> tuple[Cell, ...]:
    return (
        ("signal", card.signal),
        ("language", card.language),
        ("session", str(card.session)),
        ("week", card.week),
    )


def _silent_in(last: Replayed) -> set[Silence]:
    return {
        (
            each.instrument_id,
            "" if each.reason == "no_readings" else each.rule,
            each.reason,
        )
        for each in last.report.signals
        if isinstance(each, CannotTellYet)
    }


def _known(*days: date | None) -> list[date]:
    return [each for each in days if each is not None]
