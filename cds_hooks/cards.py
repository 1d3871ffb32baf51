"""Cards as CDS Hooks 2.0.1 wants them: valid also for a 3.0 client.

Never null, never empty members; one `smart` link; no clinical content in a URL.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cds_hooks.card_words import (
    age_note,
    card_text,
    language_note,
    link_label,
    partial_note,
    unconfirmed_note,
    unread_note,
    waiting_note,
)
from cds_hooks.speech import gettext, one_card
from clinical.ages import age_outside
from clinical.interruptions import Interruption
from clinical.plan import MeasurementPlan
from clinical.signals.kinds import SafetyAnswer, SafetyBlank
from clinical.signals.read import SignalReport
from clinical.trajectory import series_of
from questionnaires.instrument import Instrument
from questionnaires.library import Library

SUMMARY_LIMIT = 139  # code points; the specification asks for fewer than 140
OWN_REASONS = "https://rom-on-fhir.example/fhir/CodeSystem/override-reason"
HL7_REASONS = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"


@dataclass(frozen=True, slots=True)
class CardPlace:
    """Where a card points and what it says of the data it rests on.

    Attributes:
        launch_url: the app's launch address for this EHR.
        source_url: public page on the rules; never a link into a chart.
        unread: entries of the chart that could not be read.
        partial: whether a part of the chart could not be had at all.
        waiting: responses that are not yet in the record.
        foreign: instruments last answered in a language that their numbers are not
            known to hold in.
        other_age: likewise at an age; none where the birth date is not known.
    """

    launch_url: str
    source_url: str
    unread: int
    partial: bool
    waiting: int
    foreign: frozenset[str]
    other_age: frozenset[str]


def cards_of(
    through: Sequence[Interruption],
    uuids: Sequence[str],
    *,
    plan: MeasurementPlan,
    library: Library,
    place: CardPlace,
) -> list[dict[str, object]]:
    """What is let through, as cards in the same order; a live call and a replay alike.

    Args:
        uuids: one for each.
    """
    return [
        card(
            each,
            library.instrument(each.signal.instrument_id),
            uuid=uuid,
            plan=plan,
            place=place,
        )
        for each, uuid in zip(through, uuids, strict=True)
    ]


@one_card()
def card(
    interruption: Interruption,
    instrument: Instrument,
    *,
    uuid: str,
    plan: MeasurementPlan,
    place: CardPlace,
) -> dict[str, object]:
    """One card.

    Args:
        interruption: what is let through to a person now.
        instrument: the one the signal speaks of.
        uuid: stays the same for the same patient, cause and data.
        plan: whether the site has confirmed the instrument's numbers.
        place: links, and what must be said about the data.
    """
    text = card_text(interruption.signal, instrument)
    detail = list(text.detail)
    if instrument.id not in plan.acceptances and not _is_safety(interruption):
        detail.append(unconfirmed_note())
    if instrument.id in place.foreign and not _is_safety(interruption):
        detail.append(language_note())
    if instrument.id in place.other_age and not _is_safety(interruption):
        detail.append(age_note())
    if place.unread:
        detail.append(unread_note(place.unread))
    if place.partial:
        detail.append(partial_note())
    if place.waiting:
        detail.append(waiting_note(place.waiting))
    return {
        "uuid": uuid,
        "summary": text.summary[:SUMMARY_LIMIT],
        "indicator": text.indicator,
        "detail": "\n\n".join(detail),
        "source": {"label": gettext("Outcome monitoring"), "url": place.source_url},
        "links": [
            {
                "label": link_label(),
                "url": place.launch_url,
                "type": "smart",
                "appContext": uuid,
            }
        ],
        "overrideReasons": override_reasons(interruption),
    }


def foreign_numbers(
    report: SignalReport, plan: MeasurementPlan, library: Library
) -> frozenset[str]:
    """Instruments whose present course is in a language their numbers do not cover."""
    return frozenset(
        each.id
        for each in plan.instruments
        if each.cutoff or each.reliable_change
        for series in series_of(report.courses_on(each))[-1:]
        if not library.numbers_apply(each.id, language=series.language)
    )


def answered_at_other_ages(
    report: SignalReport, plan: MeasurementPlan, *, born: date | None
) -> frozenset[str]:
    """Instruments last answered at an age that their numbers do not cover."""
    return frozenset(
        each.id
        for each in plan.instruments
        for series in series_of(report.courses_on(each))[-1:]
        if age_outside(each, born=born, on=series.readings[-1].on) is not None
    )


def override_reasons(interruption: Interruption) -> list[dict[str, str]]:
    """Why a card may be set aside: fixed codes, at most eight."""
    if _is_safety(interruption):
        return _own(
            ("spoken-with-person", gettext("Spoken with the person")),
            ("already-known", gettext("Already known and in the plan")),
        )
    return [
        *_own(
            ("already-discussed", gettext("Already discussed")),
            ("expected-dip", gettext("Expected dip after difficult work")),
            ("measure-does-not-fit", gettext("Measure does not fit this person")),
            ("external-event", gettext("External event")),
            ("plan-already-changed", gettext("Plan already changed")),
        ),
        {
            "code": "patient-refuses",
            "system": HL7_REASONS,
            "display": gettext("Person asked not to"),
        },
    ]


def _own(*reasons: tuple[str, str]) -> list[dict[str, str]]:
    return [
        {"code": code, "system": OWN_REASONS, "display": display}
        for code, display in reasons
    ]


def _is_safety(interruption: Interruption) -> bool:
    return isinstance(interruption.signal, SafetyAnswer | SafetyBlank)
