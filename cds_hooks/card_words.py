"""Signals in the words of a card: observation, uncertainty, one next step.

Plain Markdown without tables; no names, no item wording, no free text. The first
eight words must be enough. Summaries stay under 140 characters in each language.
"""

from datetime import date
from typing import assert_never

from cds_hooks.alliance_card_words import alliance_card
from cds_hooks.card_parts import (
    CardText,
    day,
    indicator,
    reading_words,
    title,
)
from cds_hooks.progress_card_words import progress_card
from cds_hooks.speech import gettext, ngettext, number
from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    AllianceUnrepaired,
    BelowOwnBaseline,
    BelowOwnLimits,
    BelowSiteCutoff,
    BothDown,
    FlatAtMaximum,
    LargeGain,
    MissedWhileDown,
    NoisyProfile,
    NoReliableGain,
    OutsideBand,
    Plateau,
    ReachedGoal,
    ReliablyWorse,
    SafetyAnswer,
    SafetyBlank,
    SpeakingSignal,
)
from questionnaires.instrument import Instrument


def card_text(signal: SpeakingSignal, instrument: Instrument) -> CardText:
    """The signal as a card says it."""
    name = title(instrument, signal.respondent)
    match signal:
        case SafetyAnswer():
            return CardText(
                summary=gettext(
                    "%(instrument)s item %(item)s answered above zero"
                    " (%(points)s). Please review in person now.",
                    instrument=name,
                    item=_item_number(instrument, signal.link_id),
                    points=number(signal.points),
                ),
                indicator=indicator(signal),
                detail=(
                    gettext(
                        "Answered on **%(date)s**. This is what was answered, not an"
                        " assessment of risk. Speak with the person and follow your"
                        " site's protocol.",
                        date=day(date.fromisoformat(signal.authored_on)),
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
                indicator=indicator(signal),
                detail=(
                    gettext(
                        "Form of **%(date)s**.",
                        date=day(date.fromisoformat(signal.authored_on)),
                    ),
                ),
            )
        case MissedWhileDown():
            return CardText(
                summary=gettext(
                    "The last visit did not take place, and before it there was less"
                    " change than expected. Reach out to this person?"
                )
                if all(isinstance(each, OutsideBand) for each in signal.because)
                else gettext(
                    "The last visit did not take place, and the ratings before it were"
                    " worse. Reach out to this person?"
                ),
                indicator=indicator(signal),
                detail=(_visit(signal), *_reasons(signal)),
            )
        case (
            ReliablyWorse()
            | OutsideBand()
            | NoReliableGain()
            | Plateau()
            | LargeGain()
            | NoisyProfile()
            | ReachedGoal()
        ):
            return progress_card(signal, instrument)
        case (
            BelowSiteCutoff()
            | BelowOwnBaseline()
            | AllianceDrop()
            | BelowOwnLimits()
            | AllianceRepaired()
            | AllianceUnrepaired()
            | FlatAtMaximum()
            | BothDown()
        ):
            return alliance_card(signal, instrument)
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


def age_note() -> str:
    return gettext(
        "Answered at an age at which the cut-off and the reliable change are not known"
        " to hold."
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


def _visit(signal: MissedWhileDown) -> str:
    visit = signal.visit
    on = day(visit.at.date())
    match visit.status:
        case "late_cancelled":
            return gettext("Cancelled late: the visit of **%(date)s**.", date=on)
        case "missed" | "attended":
            return gettext("Missed: the visit of **%(date)s**.", date=on)
        case _:
            assert_never(visit.status)


def _reasons(signal: MissedWhileDown) -> tuple[str, ...]:
    """The readings it rests on, each once; no probability is given."""
    return tuple(
        gettext("Before it: %(reading)s.", reading=reading_words(each))
        for each in dict.fromkeys(each.latest for each in signal.because)
    )
