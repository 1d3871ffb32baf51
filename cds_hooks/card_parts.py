"""What all cards are made of: numbers, days and readings in words, and the colour.

Plain Markdown without tables; no names, no item wording, no free text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from flask_babel import format_date

from cds_hooks.speech import gettext, language, number, pgettext
from clinical.measurement import Respondent
from clinical.signals.kinds import SafetyAnswer, SafetyBlank, SpeakingSignal
from clinical.signals.wording import WordingClass, wording_class
from clinical.trajectory import Reading
from questionnaires.instrument import Instrument

Indicator = Literal["info", "warning", "critical"]

_INDICATORS: Mapping[WordingClass, Indicator] = {
    "W0": "critical",
    "W1": "warning",
    "W2": "warning",
    "W3": "info",
    "W4": "info",
    "W5": "info",
    "W6": "info",
    "W7": "info",
    "W7-both": "warning",
}


@dataclass(frozen=True, slots=True)
class CardText:
    """What stands on a card; `detail` is Markdown, one paragraph per entry."""

    summary: str
    indicator: Indicator
    detail: tuple[str, ...]


def indicator(signal: SpeakingSignal) -> Indicator:
    """How loud a card is; the loudest is for what starts the whole safety flow."""
    match signal:
        case SafetyAnswer(urgency="review"):
            return "warning"
        case SafetyBlank():
            return "info"
        case _:
            return _INDICATORS[wording_class(signal)]


def title(instrument: Instrument, respondent: Respondent) -> str:
    """The instrument's name, and whose answers they are if not the patient's own."""
    name = instrument.title_in(language())
    if respondent == "self":
        return name
    return gettext("%(instrument)s (carer)", instrument=name)


def day(on: date) -> str:
    return str(format_date(on, pgettext("date pattern (CLDR), no words", "d MMM y")))


def reading_words(reading: Reading) -> str:
    return gettext(
        "%(value)s on %(date)s", value=number(reading.value), date=day(reading.on)
    )


def from_to(intake: Reading, latest: Reading) -> str:
    return gettext(
        "Start: **%(intake)s**. Latest: **%(latest)s** (session %(session)s).",
        intake=reading_words(intake),
        latest=reading_words(latest),
        session=latest.session_number,
    )


def before_and_latest(before: Reading, latest: Reading) -> str:
    return gettext(
        "Before: **%(before)s**. Latest: **%(latest)s** (session %(session)s).",
        before=reading_words(before),
        latest=reading_words(latest),
        session=latest.session_number,
    )


def reliable_change(instrument: Instrument, rci: Decimal) -> str:
    change = instrument.reliable_change
    return gettext(
        "Reliable change: %(rci)s points (%(source)s). The change may still be"
        " chance; it adds to your judgement.",
        rci=number(rci),
        source=change.source.text if change is not None else "",
    )
