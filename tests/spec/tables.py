"""Spec tables: sessions and scores as text, what the rules say as text.

A column is an instrument of the library; "turned phq-9" is the same scale upside down.
A cell is a score ("17", "10.125 prorated"), "not scored", the answers to the scored
items in their order ("2 2 1 _ 1 0 1 2 0", `_` is a blank), or empty.
Columns beside the instruments: `session` (a number to read by), `day` of the episode
(a week apart if absent), `language`, `version`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from clinical.interruptions import (
    Acknowledgement,
    Interruption,
    Shown,
    interruptions,
)
from clinical.measurement import Measurement, episode_from
from clinical.plan import Repeat
from clinical.signals.kinds import CannotTellYet, QualityNote
from clinical.signals.read import SignalReport, read_signals
from questionnaires.instrument import Instrument
from tests.instruments import (
    LIBRARY,
    answered,
    on_day,
    plan_with,
    scored,
    upside_down,
)
from tests.spec.plain import card, line

Row = Mapping[str, str]
BESIDE = {"session", "day", "language", "version", "opening", "encounter"}
BESIDE |= {"answered", "cards"}


def rows_of(table: str) -> tuple[Row, ...]:
    """The lines of a table as mappings from the header's words."""
    lines = [each.strip() for each in table.strip().splitlines()]
    header = _cells(lines[0])
    return tuple(
        dict(zip(header, _cells(each), strict=True))
        for each in lines[1:]
        if set(each) - set("-+| ")
    )


def instruments_of(rows: Sequence[Row]) -> tuple[Instrument, ...]:
    return tuple(_instrument(name) for name in rows[0] if name not in BESIDE)


def measurements_of(row: Row, *, at: int) -> tuple[Measurement, ...]:
    """What was measured in this row, the `at`-th of the table (0 is the first)."""
    day = int(row["day"]) if "day" in row else 1 + 7 * at
    return tuple(
        _measurement(_instrument(name), cell, row=row, day=day)
        for name, cell in row.items()
        if name not in BESIDE and cell
    )


def signal_report(
    table: str, *, today: int | None = None, unread: int = 0
) -> SignalReport:
    """What the rules say about a table, on a day of the episode (else on its last)."""
    rows = rows_of(table)
    measured = [
        each for at, row in enumerate(rows) for each in measurements_of(row, at=at)
    ]
    last = max(each.authored for each in measured) if measured else on_day(1)
    return read_signals(
        episode_from(measured),
        plan_with(*instruments_of(rows)),
        today=(on_day(today) if today else last).date(),
        unread=unread,
    )


def check_signals(
    table: str,
    *,
    expect: Sequence[str] = (),
    notes: Sequence[str] = (),
    cannot_tell: Sequence[str] | None = None,
    today: int | None = None,
    unread: int = 0,
) -> None:
    """Asserts the speaking signals and the notes; silent rules where they are given."""
    report = signal_report(table, today=today, unread=unread)
    found_notes = [each for each in report.signals if isinstance(each, QualityNote)]
    silent = [each for each in report.signals if isinstance(each, CannotTellYet)]

    assert [line(each) for each in report.speaking] == list(expect)
    assert [line(each) for each in found_notes] == list(notes)
    if cannot_tell is not None:
        assert [line(each) for each in silent] == list(cannot_tell)


@dataclass
class CardLog:
    """What a site remembers between openings of the chart."""

    acknowledged: list[Acknowledgement] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)

    def remember(self, cards: Sequence[Interruption], *, encounter: str) -> None:
        self.shown += [Shown(each.cause, each.data_hash, encounter) for each in cards]


def check_interruptions(
    table: str,
    *,
    repeat: Repeat | Literal[""] = "",
    accepted: bool = True,
) -> None:
    """Asserts the cards at each opening of the chart, one row each.

    Columns: `day`, `encounter`, instruments (new readings of that morning), `answered`
    ("yes": the cards of this opening were answered an hour later) and `cards`.
    """
    rows = rows_of(table)
    plan = plan_with(
        *instruments_of(rows),
        accepted=accepted,
        **({"repeat": repeat} if repeat else {}),
    )
    log, measured = CardLog(), list[Measurement]()
    for at, row in enumerate(rows):
        now = on_day(int(row["day"])) + timedelta(hours=1)
        measured += measurements_of(row, at=at)
        report = read_signals(episode_from(measured), plan, today=now.date(), unread=0)
        cards = interruptions(
            report,
            plan,
            acknowledged=log.acknowledged,
            shown=log.shown,
            encounter=row["encounter"],
        )
        found = ", ".join(card(each) for each in cards)
        assert found == row["cards"], f"opening {at + 1}"
        log.remember(cards, encounter=row["encounter"])
        if row["answered"]:
            log.acknowledged += [
                Acknowledgement(each.cause, each.level, now + timedelta(hours=1))
                for each in cards
            ]


def _cells(text: str) -> list[str]:
    return [each.strip() for each in text.split("|")]


def _instrument(name: str) -> Instrument:
    if name.startswith("turned "):
        return upside_down(LIBRARY.instrument(name.removeprefix("turned ")))
    return LIBRARY.instrument(name)


def _measurement(
    instrument: Instrument, cell: str, *, row: Row, day: int
) -> Measurement:
    language = row.get("language", "en")
    words = cell.split()
    if cell == "not scored":
        return scored(instrument, None, day=day, language=language)
    if len(words) == len(instrument.total.link_ids):
        points = [None if each == "_" else int(each) for each in words]
        return answered(instrument, points, day=day, language=language)
    return scored(
        instrument,
        Decimal(words[0]),
        day=day,
        prorated=words[1:] == ["prorated"],
        language=language,
        version=row.get("version"),
    )
