"""Answers a person must see now. Waits for no score and for no trajectory."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from clinical.measurement import Respondent
from clinical.trajectory import Reading
from questionnaires.answers import Answers, Chosen, is_asked
from questionnaires.instrument import Instrument, TextItem


@dataclass(frozen=True, slots=True)
class SafetyAnswer:
    """S1: a safety item was answered in a way that a person must see."""

    instrument_id: str
    link_id: str
    points: Decimal
    urgency: Literal["full", "review"]
    reading: Reading | None  # None: the sitting has no score
    authored_on: str  # ISO date of the sitting
    source: str
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class SafetyBlank:
    """S1: a safety item was left blank. Shown and asked; never zero."""

    instrument_id: str
    link_id: str
    authored_on: str
    source: str
    respondent: Respondent = "self"


def safety_findings(
    instrument: Instrument, answers: Answers, *, authored_on: str, source: str
) -> tuple[SafetyAnswer | SafetyBlank, ...]:
    """S1: what the raw answers of one sitting say, answers before blanks.

    A blank is never zero and never prorated: it is a finding of its own.

    Args:
        instrument: the form that was answered.
        answers: as given, before any scoring.
        authored_on: ISO date of the sitting.
        source: where the sitting stands ("QuestionnaireResponse/17").
    """
    found: list[SafetyAnswer] = []
    blank: list[SafetyBlank] = []
    for item in instrument.items:
        if isinstance(item, TextItem) or item.safety is None:
            continue
        given = answers.given.get(item.link_id)
        if not isinstance(given, Chosen):
            if not is_asked(item, answers):
                continue
            blank.append(
                SafetyBlank(
                    instrument_id=instrument.id,
                    link_id=item.link_id,
                    authored_on=authored_on,
                    source=source,
                )
            )
        # Points of one item, not a score: "at least" has no direction to get wrong.
        elif given.points >= item.safety.at_least:
            found.append(
                SafetyAnswer(
                    instrument_id=instrument.id,
                    link_id=item.link_id,
                    points=given.points,
                    urgency=item.safety.urgency,
                    reading=None,
                    authored_on=authored_on,
                    source=source,
                )
            )
    found.sort(key=lambda each: (each.urgency != "full", -each.points))
    return (*found, *blank)
