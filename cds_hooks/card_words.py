"""Signals in the words of a card: observation, uncertainty, one next step.

Plain Markdown without tables; no names, no item wording, no free text. The first
eight words must be enough. Summaries stay under 140 characters in each language.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, assert_never

from flask_babel import format_date, format_decimal, gettext, ngettext, pgettext

from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    BelowOwnBaseline,
    NoReliableGain,
    ReachedGoal,
    ReliablyWorse,
    SafetyAnswer,
    SafetyBlank,
    SpeakingSignal,
)
from clinical.trajectory import Reading
from questionnaires.instrument import Instrument

Indicator = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class CardText:
    """What stands on a card; `detail` is Markdown, one paragraph per entry."""

    summary: str
    indicator: Indicator
    detail: tuple[str, ...]


def card_text(signal: SpeakingSignal, instrument: Instrument) -> CardText:
    """The signal as a card says it."""
    name = instrument.title
    match signal:
        case SafetyAnswer():
            return CardText(
                summary=gettext(
                    "%(instrument)s item %(item)s answered above zero"
                    " (%(points)s). Please review in person now.",
                    instrument=name,
                    item=_item_number(instrument, signal.link_id),
                    points=_number(signal.points),
                ),
                indicator="critical" if signal.urgency == "full" else "warning",
                detail=(
                    gettext(
                        "Answered on **%(date)s**. This is what was answered, not an"
                        " assessment of risk. Speak with the person and follow your"
                        " site's protocol.",
                        date=_day(date.fromisoformat(signal.authored_on)),
                    ),
                ),
            )
        case SafetyBlank():
            return CardText(
                summary=gettext(
                    "%(instrument)s item %(item)s was left blank. A blank is not a no:"
                    " please ask.",
                    instrument=name,
                    item=_item_number(instrument, signal.link_id),
                ),
                indicator="info",
                detail=(
                    gettext(
                        "Form of **%(date)s**.",
                        date=_day(date.fromisoformat(signal.authored_on)),
                    ),
                ),
            )
        case ReliablyWorse():
            return CardText(
                summary=gettext(
                    "%(instrument)s is worse than at the start by more than"
                    " measurement error (%(intake)s to %(latest)s).",
                    instrument=name,
                    intake=_number(signal.intake.value),
                    latest=_number(signal.latest.value),
                ),
                indicator="warning",
                detail=(
                    ngettext(
                        "One reading so far. Look at it together: what is different?",
                        "%(num)s readings in a row. Look at it together: what is"
                        " different?",
                        signal.in_a_row,
                    ),
                    _from_to(signal.intake, signal.latest),
                    _reliable_change(instrument, signal.rci),
                ),
            )
        case NoReliableGain():
            return CardText(
                summary=gettext(
                    "%(instrument)s: no reliable gain after %(sessions)s sessions."
                    " A plan review is suggested.",
                    instrument=name,
                    sessions=signal.sessions_after_intake,
                ),
                indicator="info",
                detail=(
                    _from_to(signal.intake, signal.latest),
                    gettext("Best so far: %(reading)s.", reading=_reading(signal.best)),
                    _reliable_change(instrument, signal.rci),
                ),
            )
        case ReachedGoal():
            return CardText(
                summary=gettext(
                    "%(instrument)s: reliably better and past the cut-off twice."
                    " Talk about spacing or ending?",
                    instrument=name,
                ),
                indicator="info",
                detail=(
                    _from_to(signal.intake, signal.latest),
                    gettext("Cut-off: %(cutoff)s.", cutoff=_number(signal.cutoff)),
                    _reliable_change(instrument, signal.rci),
                ),
            )
        case BelowOwnBaseline():
            return CardText(
                summary=gettext(
                    "Alliance rating is below this person's first ratings."
                    " An invitation to ask what was missing."
                ),
                indicator="info",
                detail=(
                    gettext(
                        "Mean of the first %(count)s: %(mean)s. Latest: %(reading)s.",
                        count=signal.baseline_readings,
                        mean=_number(signal.baseline),
                        reading=_reading(signal.latest),
                    ),
                ),
            )
        case AllianceDrop():
            summary = (
                gettext(
                    "Alliance rating is far below this person's usual."
                    " An invitation to ask what was missing."
                )
                if signal.level == "strong"
                else gettext(
                    "Alliance rating is below this person's usual."
                    " An invitation to ask what was missing."
                )
            )
            return CardText(
                summary=summary,
                indicator="warning",
                detail=(
                    gettext(
                        "Usual (mean before): %(mean)s. Latest: %(reading)s. A step of"
                        " %(sd)s points or more counts. Compared only with the same"
                        " person's earlier ratings.",
                        mean=_number(signal.mean),
                        reading=_reading(signal.latest),
                        sd=_number(signal.sd),
                    ),
                ),
            )
        case AllianceRepaired():
            return CardText(
                summary=gettext(
                    "Alliance rating is back at this person's usual after a drop."
                    " Ask what helped."
                ),
                indicator="info",
                detail=(
                    gettext(
                        "Lowest: %(lowest)s. Latest: %(latest)s.",
                        lowest=_reading(signal.lowest),
                        latest=_reading(signal.latest),
                    ),
                ),
            )
        case _:
            assert_never(signal)


def link_label() -> str:
    return gettext("Open the graph")


def unconfirmed_note() -> str:
    return gettext("Numbers not yet confirmed by this clinic.")


def language_note() -> str:
    return gettext(
        "Answered in a language in which the cut-off and the reliable change are not"
        " known to hold."
    )


def unread_note(count: int) -> str:
    return ngettext(
        "%(num)s entry in the record could not be read.",
        "%(num)s entries in the record could not be read.",
        count,
    )


def partial_note() -> str:
    return gettext("A part of the record could not be read.")


def waiting_note(count: int) -> str:
    return ngettext(
        "%(num)s response is not yet in the record.",
        "%(num)s responses are not yet in the record.",
        count,
    )


def _item_number(instrument: Instrument, link_id: str) -> int:
    return 1 + [each.link_id for each in instrument.items].index(link_id)


def _number(value: Decimal) -> str:
    return str(format_decimal(value.normalize() + 0))


def _day(on: date) -> str:
    return str(format_date(on, pgettext("date pattern (CLDR), no words", "d MMM y")))


def _reading(reading: Reading) -> str:
    return gettext(
        "%(value)s on %(date)s", value=_number(reading.value), date=_day(reading.on)
    )


def _from_to(intake: Reading, latest: Reading) -> str:
    return gettext(
        "Start: **%(intake)s**. Latest: **%(latest)s** (session %(session)s).",
        intake=_reading(intake),
        latest=_reading(latest),
        session=latest.session_number,
    )


def _reliable_change(instrument: Instrument, rci: Decimal) -> str:
    change = instrument.reliable_change
    return gettext(
        "Reliable change: %(rci)s points (%(source)s). The change may still be"
        " chance; it adds to your judgement.",
        rci=_number(rci),
        source=change.source.text if change is not None else "",
    )
