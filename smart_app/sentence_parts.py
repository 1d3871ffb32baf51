"""What all sentences on the screens are made of: numbers, days, readings.

Neutral observation, uncertainty, one next step; "better" and "worse", never "up"
and "down"; no verdict, no colour, no probability of harm.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from flask_babel import gettext

from clinical.measurement import Respondent
from clinical.trajectory import Reading
from questionnaires.instrument import Instrument
from smart_app.figures import day, form_title, number

Tone = Literal["safety", "attention", "info", "good", "quiet"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A signal as a person reads it.

    Attributes:
        marker: what stands before it, in one or two words.
        why: label and content of each input, so that the signal can be checked.
        next_step: one thing to do; empty where there is none.
    """

    tone: Tone
    marker: str
    text: str
    next_step: str
    why: tuple[tuple[str, str], ...]
    rule: str


def title(instrument: Instrument, respondent: Respondent) -> str:
    """The instrument's name, and whose answers they are if not the patient's own."""
    if respondent == "self":
        return form_title(instrument)
    return gettext("%(instrument)s (carer)", instrument=form_title(instrument))


def item_number(instrument: Instrument, link_id: str) -> int:
    """The item's place in the form as people count it, 1 is the first."""
    return 1 + [each.link_id for each in instrument.items].index(link_id)


def points_of(instrument: Instrument, link_id: str, points: Decimal) -> str:
    options = getattr(instrument.item(link_id), "options", ())
    if not options:
        return number(points)
    return gettext(
        "%(points)s of %(most)s",
        points=number(points),
        most=number(max(each.points for each in options)),
    )


def reading_words(reading: Reading) -> str:
    return gettext(
        "%(value)s on %(date)s (session %(session)s)",
        value=number(reading.value),
        date=day(reading.on),
        session=reading.session_number,
    )


def from_to(intake: Reading, latest: Reading) -> tuple[tuple[str, str], ...]:
    return (
        (gettext("Start"), reading_words(intake)),
        (gettext("Latest"), reading_words(latest)),
    )


def reliable_change_words(instrument: Instrument, rci: Decimal) -> tuple[str, str]:
    source = (
        instrument.reliable_change.source.text if instrument.reliable_change else ""
    )
    return (
        gettext("Reliable change"),
        gettext("%(rci)s points (%(source)s)", rci=number(rci), source=source),
    )
