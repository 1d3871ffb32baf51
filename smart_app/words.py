"""Signals in words, for the screens.

Neutral observation, uncertainty, one next step; "better" and "worse", never "up"
and "down"; no verdict, no colour, no probability of harm.
"""

from datetime import date
from typing import assert_never

from flask_babel import gettext

from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    AllianceUnrepaired,
    BelowOwnBaseline,
    BelowOwnLimits,
    BelowSiteCutoff,
    BothDown,
    CannotTellYet,
    FlatAtMaximum,
    LargeGain,
    MissedWhileDown,
    NoisyProfile,
    NoReliableGain,
    OutsideBand,
    Plateau,
    QualityNote,
    ReachedGoal,
    ReliablyWorse,
    SafetyAnswer,
    SafetyBlank,
    Signal,
)
from questionnaires.library import Library
from smart_app.alliance_words import alliance_sentence, both_down_sentence
from smart_app.data_words import data_sentence
from smart_app.figures import day, form_title
from smart_app.progress_words import progress_sentence
from smart_app.sentence_parts import (
    Sentence,
    item_number,
    points_of,
    reading_words,
    title,
)


def sentence(signal: Signal, library: Library) -> Sentence:
    """The signal in words, with what it rests on."""
    instrument = library.instrument(signal.instrument_id)
    name = title(instrument, signal.respondent)
    match signal:
        case SafetyAnswer():
            return Sentence(
                tone="safety",
                marker=gettext("Safety"),
                text=gettext(
                    "%(instrument)s: item %(item)s was answered %(points)s"
                    " on %(date)s.",
                    instrument=name,
                    item=item_number(instrument, signal.link_id),
                    points=points_of(instrument, signal.link_id, signal.points),
                    date=day(date.fromisoformat(signal.authored_on)),
                ),
                next_step=gettext(
                    "Please speak with the person about it now, and follow your"
                    " site's protocol."
                ),
                why=(
                    (
                        gettext("Rule"),
                        gettext("any answer above zero to this item is shown at once"),
                    ),
                    (gettext("Where"), signal.source),
                ),
                rule="S1",
            )
        case SafetyBlank():
            return Sentence(
                tone="attention",
                marker=gettext("Not answered"),
                text=gettext(
                    "%(instrument)s: item %(item)s was left blank on %(date)s.",
                    instrument=name,
                    item=item_number(instrument, signal.link_id),
                    date=day(date.fromisoformat(signal.authored_on)),
                ),
                next_step=gettext("A blank is not a no. Please ask."),
                why=((gettext("Where"), signal.source),),
                rule="S1",
            )
        case MissedWhileDown():
            return Sentence(
                tone="attention",
                marker=gettext("Missed visit"),
                text=gettext(
                    "The last visit did not take place, and before it there was less"
                    " change than expected."
                )
                if all(isinstance(each, OutsideBand) for each in signal.because)
                else gettext(
                    "The last visit did not take place, and the ratings before it were"
                    " worse."
                ),
                next_step=gettext("Reach out to this person?"),
                why=(
                    (_visit(signal), day(signal.visit.at.date())),
                    *(
                        (
                            form_title(library.instrument(each.instrument_id)),
                            reading_words(each.latest),
                        )
                        for each in signal.because
                    ),
                ),
                rule="D1",
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
            return progress_sentence(signal, instrument)
        case (
            BelowSiteCutoff()
            | BelowOwnBaseline()
            | AllianceDrop()
            | BelowOwnLimits()
            | AllianceRepaired()
            | AllianceUnrepaired()
            | FlatAtMaximum()
        ):
            return alliance_sentence(signal, instrument)
        case BothDown():
            rated = library.instrument(signal.alliance.instrument_id)
            return both_down_sentence(signal, instrument, alliance=rated)
        case QualityNote() | CannotTellYet():
            return data_sentence(signal, instrument)
        case _:
            assert_never(signal)


def _visit(signal: MissedWhileDown) -> str:
    if signal.visit.status == "late_cancelled":
        return gettext("Cancelled late")
    return gettext("Missed")
