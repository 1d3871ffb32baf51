"""Spec tables: sessions and scores as text, what the rules say as text.

A column is an instrument of the library; "turned phq-9" is the same scale upside down.
A cell is a score ("17", "10.125 prorated"), "not scored", the answers to the scored
items in their order ("2 2 1 _ 1 0 1 2 0", `_` is a blank), or empty.
Columns beside the instruments: `session` (a number to read by), `day` of the episode
(a week apart if absent), `time` of the day (10:00 if absent), `language`, `version`,
`mode`, `by` (who answered), `visit` (what became of it; without the column nobody tells
us of visits). "licensed srs" is the skeleton as a site completes it, with invented
numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Literal

from clinical.attendance import Status, Visit
from clinical.attention import Attention, Budget, Horizon
from clinical.change_methods import (
    ChangeMethod,
    ChangeSample,
    EdwardsNunnally,
    JacobsonTruax,
)
from clinical.expected_response import NoNorm
from clinical.interruptions import (
    Acknowledgement,
    Interruption,
    Shown,
    interruptions,
)
from clinical.measurement import (
    Episode,
    Measurement,
    Mode,
    Respondent,
    episode_from,
)
from clinical.plan import MeasurementPlan, Repeat
from clinical.signals.band import NO_NORMS, NormKey, Norms
from clinical.signals.kinds import CannotTellYet, QualityNote
from clinical.signals.read import SignalReport, read_signals
from clinical.signals.since_start import since_start
from clinical.trajectory import Equivalence
from questionnaires.instrument import Cutoff, Instrument, Source, Spread
from tests.curves import curve
from tests.instruments import (
    LIBRARY,
    answered,
    licensed,
    on_day,
    plan_with,
    scored,
    upside_down,
)
from tests.spec.plain import card, change_line, line

Row = Mapping[str, str]
BESIDE = {"session", "day", "language", "version", "opening", "encounter"}
BESIDE |= {"answered", "cards", "mode", "by", "visit", "time"}
STATUS: Mapping[str, Status] = {
    "attended": "attended",
    "missed": "missed",
    "cancelled late": "late_cancelled",
}
MODES: Mapping[str, Mode] = {"screen": "screen", "paper": "paper"}
RESPONDENTS: Mapping[str, Respondent] = {"self": "self", "carer": "carer"}


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known or chosen beside the table.

    Attributes:
        norm: whether there is one for the PHQ-9 in English; its curve is invented.
        reviewed: days of the episode on which the plan was reviewed.
        control_chart: whether the site has chosen it.
        low_line: the site's number for one line of its licensed form.
        sample_sd: the site's SD of many people's ratings.
        same_language: whether the site declares English and German equivalent.
    """

    norm: bool = False
    reviewed: Sequence[int] = ()
    control_chart: bool = False
    low_line: int | None = None
    sample_sd: str | None = None
    same_language: bool = False


NOTHING = Beside()


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
    day = _day(row, at=at)
    return tuple(
        _at(row.get("time"), _measurement(_instrument(name), cell, row=row, day=day))
        for name, cell in row.items()
        if name not in BESIDE and cell
    )


def _at(clock: str | None, measured: Measurement) -> Measurement:
    """The same at this time of its day."""
    if not clock:
        return measured
    at = time.fromisoformat(clock)
    authored = measured.authored.replace(hour=at.hour, minute=at.minute)
    return replace(measured, authored=authored, source=f"{measured.source}-{clock}")


@dataclass(frozen=True, slots=True)
class Given:
    """What the rules are given by a table."""

    episode: Episode
    plan: MeasurementPlan
    today: date
    unread: int
    norms: Norms
    visits: Sequence[Visit] | None
    plan_reviews: Sequence[date]

    def report(self) -> SignalReport:
        return read_signals(
            self.episode,
            self.plan,
            today=self.today,
            unread=self.unread,
            norms=self.norms,
            visits=self.visits,
            plan_reviews=self.plan_reviews,
        )


def given_by(
    table: str,
    *,
    today: int | None = None,
    unread: int = 0,
    beside: Beside = NOTHING,
) -> Given:
    """What a table says, on a day of the episode (else on its last)."""
    rows = rows_of(table)
    measured = [
        each for at, row in enumerate(rows) for each in measurements_of(row, at=at)
    ]
    visits = [
        Visit(on_day(_day(row, at=at)), STATUS[row["visit"]])
        for at, row in enumerate(rows)
        if row.get("visit")
    ]
    instruments = instruments_of(rows)
    last = max(
        (each.authored for each in measured), default=on_day(_day(rows[-1], at=0))
    )
    last = max([last, *(each.at for each in visits)])
    return Given(
        episode_from(measured),
        _plan(instruments, beside),
        today=(on_day(today) if today else last).date(),
        unread=unread,
        norms=_norms(instruments) if beside.norm else NO_NORMS,
        visits=visits if "visit" in rows[0] else None,
        plan_reviews=[on_day(each).date() for each in beside.reviewed],
    )


def _plan(instruments: Sequence[Instrument], beside: Beside) -> MeasurementPlan:
    source = Source("invented", "own")
    line = beside.low_line
    low = Cutoff(Decimal(line), "<", "invented", source) if line is not None else None
    sd = beside.sample_sd
    sample = Spread(Decimal(sd), "invented", source) if sd is not None else None
    return plan_with(
        *instruments,
        control_chart=beside.control_chart,
        low_lines={each.id: low for each in instruments if low is not None},
        sample_sds={each.id: sample for each in instruments if sample is not None},
        equivalences=tuple(
            Equivalence(each.id, "language", ("en", "de"), source)
            for each in instruments
            if beside.same_language
        ),
    )


def _norms(instruments: Sequence[Instrument]) -> Norms:
    return {
        NormKey(each.id, each.version, "en", "self"): curve(direction=each.direction)
        for each in instruments
        if each.id == "phq-9"
    }


def _asking(plan: MeasurementPlan, told_from: float) -> Norms:
    budget = Budget(told_from, 0.10, n_persons=1000)
    attention = Attention(
        Horizon(10, Decimal(6), whole_points=True),
        tuple((session, budget) for session in range(2, 10)),
    )
    return {
        key: replace(found, attention=attention)
        for key, found in _norms(plan.outcome).items()
        if not isinstance(found, NoNorm)
    }


def check_signals(
    table: str,
    *,
    expect: Sequence[str] = (),
    notes: Sequence[str] = (),
    cannot_tell: Sequence[str] | None = None,
    today: int | None = None,
    unread: int = 0,
    beside: Beside = NOTHING,
) -> None:
    """Asserts the speaking signals and the notes; silent rules where they are given."""
    report = given_by(table, today=today, unread=unread, beside=beside).report()
    found_notes = [each for each in report.signals if isinstance(each, QualityNote)]
    silent = [each for each in report.signals if isinstance(each, CannotTellYet)]

    assert [line(each) for each in report.speaking] == list(expect)
    assert [line(each) for each in found_notes] == list(notes)
    if cannot_tell is not None:
        assert [line(each) for each in silent] == list(cannot_tell)


# Invented: neither a sample that anybody should use, nor one of the demonstration.
SAMPLE = ChangeSample(
    mean=Decimal(15),
    sd=Decimal(5),
    reliability=Decimal("0.84"),
    z=Decimal("1.96"),
    operator=">=",
)


def check_change(
    table: str,
    *,
    jacobson_truax: str,
    edwards_nunnally: str,
    today: int | None = None,
) -> None:
    """Asserts what became of the first instrument's course, by either method."""
    given = given_by(table, today=today)
    [instrument] = given.plan.outcome
    methods: Sequence[tuple[str, ChangeMethod]] = (
        (jacobson_truax, JacobsonTruax()),
        (edwards_nunnally, EdwardsNunnally(SAMPLE)),
    )
    for expected, method in methods:
        plan = replace(given.plan, change_methods={instrument.id: method})
        report = given.report()
        notes = [each for each in report.signals if isinstance(each, QualityNote)]
        [course] = report.courses_on(instrument)
        found = since_start(course, plan, notes=notes)
        assert change_line(found) == expected


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
    told_from: float | None = None,
) -> None:
    """Asserts the cards at each opening of the chart, one row each.

    `told_from`: with the invented norm, at a site that wants to hear of a course from
    this probability of ending reliably worse on.

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
        report = read_signals(
            episode_from(measured),
            plan,
            today=now.date(),
            unread=0,
            norms=NO_NORMS if told_from is None else _asking(plan, told_from),
        )
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


def _day(row: Row, *, at: int) -> int:
    return int(row["day"]) if "day" in row else 1 + 7 * at


def _instrument(name: str) -> Instrument:
    if name.startswith("licensed "):
        return licensed(LIBRARY.instrument(name.removeprefix("licensed ")), cutoff=20)
    if name.startswith("turned "):
        return upside_down(LIBRARY.instrument(name.removeprefix("turned ")))
    return LIBRARY.instrument(name)


def _measurement(
    instrument: Instrument, cell: str, *, row: Row, day: int
) -> Measurement:
    language = row.get("language", "en")
    by = RESPONDENTS[row.get("by") or "self"]
    words = cell.split()
    if cell == "not scored":
        return scored(instrument, None, day=day, language=language)
    if len(words) == len(instrument.total.link_ids):
        points = [None if each == "_" else int(each) for each in words]
        return answered(instrument, points, day=day, language=language, respondent=by)
    return scored(
        instrument,
        Decimal(words[0]),
        day=day,
        prorated=words[1:] == ["prorated"],
        language=language,
        version=row.get("version"),
        respondent=by,
        mode=MODES.get(row.get("mode", "")),
    )
