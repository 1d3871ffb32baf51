"""Signals, reasons and states in words, for the screens.

Neutral observation, uncertainty, one next step; "better" and "worse", never "up"
and "down"; no verdict, no colour, no probability of harm.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, assert_never

from flask_babel import gettext, ngettext

from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    BelowOwnBaseline,
    CannotTellYet,
    NoReliableGain,
    QualityNote,
    QualityReason,
    ReachedGoal,
    ReliablyWorse,
    SafetyAnswer,
    SafetyBlank,
    Signal,
)
from clinical.trajectory import Reading
from questionnaires.instrument import Instrument
from questionnaires.library import Library
from smart_app.figures import day, number

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


def sentence(signal: Signal, library: Library) -> Sentence:
    """The signal in words, with what it rests on."""
    instrument = library.instrument(signal.instrument_id)
    name = instrument.title
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
                    points=_points_of(instrument, signal.link_id, signal.points),
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
        case ReliablyWorse():
            return Sentence(
                tone="attention",
                marker=gettext("Worse"),
                text=ngettext(
                    "%(instrument)s: worse than at the start by more than measurement"
                    " error (one reading).",
                    "%(instrument)s: worse than at the start by more than measurement"
                    " error (%(num)s readings in a row).",
                    signal.in_a_row,
                    instrument=name,
                ),
                next_step=gettext("Look at it together: what is different?"),
                why=(
                    *_from_to(signal.intake, signal.latest),
                    _reliable_change(instrument, signal.rci),
                ),
                rule="S2",
            )
        case NoReliableGain():
            return Sentence(
                tone="attention",
                marker=gettext("No clear gain yet"),
                text=gettext(
                    "%(instrument)s: no reliable gain after %(sessions)s sessions.",
                    instrument=name,
                    sessions=signal.sessions_after_intake,
                ),
                next_step=gettext("A plan review is suggested."),
                why=(
                    *_from_to(signal.intake, signal.latest),
                    (gettext("Best so far"), _reading(signal.best)),
                    _reliable_change(instrument, signal.rci),
                ),
                rule="S4",
            )
        case ReachedGoal():
            return Sentence(
                tone="good",
                marker=gettext("Goal reached"),
                text=gettext(
                    "%(instrument)s: reliably better and in the range of people"
                    " without the problem, in two readings in a row.",
                    instrument=name,
                ),
                next_step=gettext("Talk about spacing or ending."),
                why=(
                    *_from_to(signal.intake, signal.latest),
                    (gettext("Cut-off"), number(signal.cutoff)),
                    _reliable_change(instrument, signal.rci),
                ),
                rule="S8",
            )
        case BelowOwnBaseline():
            return Sentence(
                tone="info",
                marker=gettext("Alliance"),
                text=gettext(
                    "%(instrument)s: below this person's own first ratings.",
                    instrument=name,
                ),
                next_step=gettext("An invitation to ask what was missing."),
                why=(
                    (
                        gettext("First ratings"),
                        gettext(
                            "mean %(mean)s of %(count)s readings",
                            mean=number(signal.baseline),
                            count=signal.baseline_readings,
                        ),
                    ),
                    (gettext("Latest"), _reading(signal.latest)),
                ),
                rule="R2",
            )
        case AllianceDrop():
            return Sentence(
                tone="attention",
                marker=gettext("Alliance"),
                text=gettext(
                    "%(instrument)s: clearly below this person's usual.",
                    instrument=name,
                )
                if signal.level == "watch"
                else gettext(
                    "%(instrument)s: far below this person's usual.", instrument=name
                ),
                next_step=gettext("An invitation to ask what was missing."),
                why=(
                    (gettext("Usual (mean before)"), number(signal.mean)),
                    (
                        gettext("Step that counts"),
                        gettext(
                            "%(sd)s points (smallest step allowed)",
                            sd=number(signal.sd),
                        )
                        if signal.sd_is_floor
                        else gettext(
                            "%(sd)s points (this person's own spread)",
                            sd=number(signal.sd),
                        ),
                    ),
                    (gettext("Latest"), _reading(signal.latest)),
                ),
                rule="R3",
            )
        case AllianceRepaired():
            return Sentence(
                tone="good",
                marker=gettext("Repaired"),
                text=gettext(
                    "%(instrument)s: back at this person's usual after a drop.",
                    instrument=name,
                ),
                next_step=gettext("Ask what helped."),
                why=(
                    (gettext("Usual (mean before)"), number(signal.mean)),
                    (gettext("Lowest"), _reading(signal.lowest)),
                    (gettext("Latest"), _reading(signal.latest)),
                ),
                rule="R5",
            )
        case QualityNote():
            return Sentence(
                tone="quiet",
                marker=gettext("About the data"),
                text=quality(signal.reason, name),
                next_step="",
                why=(
                    *(
                        ((gettext("Reading"), _reading(signal.reading)),)
                        if signal.reading is not None
                        else ()
                    ),
                    *(
                        (
                            (
                                gettext("Kept quiet because of it"),
                                ", ".join(signal.silences),
                            ),
                        )
                        if signal.silences
                        else ()
                    ),
                ),
                rule="DQ",
            )
        case CannotTellYet():
            return Sentence(
                tone="quiet",
                marker=gettext("Cannot tell yet"),
                text=_cannot_tell(signal, name),
                next_step="",
                why=(
                    (gettext("Readings"), str(signal.readings)),
                    *(
                        ((gettext("Needed"), str(signal.needed)),)
                        if signal.needed > signal.readings
                        else ()
                    ),
                ),
                rule=signal.rule,
            )
        case _:
            assert_never(signal)


def quality(reason: QualityReason, name: str) -> str:
    """Why the data may not carry a conclusion."""
    match reason:
        case "prorated":
            return gettext(
                "%(instrument)s: some items were blank; the score is estimated from"
                " the others.",
                instrument=name,
            )
        case "not_scored":
            return gettext(
                "%(instrument)s: too many blanks for a score.", instrument=name
            )
        case "identical_answers":
            return gettext(
                "%(instrument)s: all items were answered alike several times."
                " Does this form fit the person?",
                instrument=name,
            )
        case "no_recent_measure":
            return gettext("%(instrument)s: no recent measure.", instrument=name)
        case "long_gap":
            return gettext(
                "%(instrument)s: a long time lies between two readings.",
                instrument=name,
            )
        case "started_outside_clinical_range":
            return gettext(
                "%(instrument)s: the first score was not in the clinical range;"
                " only worsening is watched.",
                instrument=name,
            )
        case "series_changed":
            return gettext(
                "%(instrument)s: version or language changed; the lines are kept"
                " apart and are not compared.",
                instrument=name,
            )
        case "unread_entries":
            return gettext(
                "Some entries in the record could not be read; conclusions may be"
                " incomplete."
            )
        case _:
            assert_never(reason)


def _cannot_tell(signal: CannotTellYet, name: str) -> str:
    match signal.reason:
        case "no_readings":
            return gettext("%(instrument)s: no measurements yet.", instrument=name)
        case "too_few_readings":
            return gettext(
                "%(instrument)s: too early to say.",
                instrument=name,
            )
        case "no_reliable_change_known":
            return gettext(
                "%(instrument)s: no published reliable change; compare only with the"
                " person's own earlier answers.",
                instrument=name,
            )
        case "no_cutoff_known":
            return gettext("%(instrument)s: no published cut-off.", instrument=name)
        case "not_scored":
            return gettext(
                "%(instrument)s: the last form has no score.", instrument=name
            )
        case "started_outside_clinical_range":
            return gettext(
                "%(instrument)s: started outside the clinical range.", instrument=name
            )
        case "data_quality":
            return gettext(
                "%(instrument)s: the data do not allow a conclusion.", instrument=name
            )
        case _:
            assert_never(signal.reason)


def item_number(instrument: Instrument, link_id: str) -> int:
    """The item's place in the form as people count it, 1 is the first."""
    return 1 + [each.link_id for each in instrument.items].index(link_id)


def _points_of(instrument: Instrument, link_id: str, points: Decimal) -> str:
    options = getattr(instrument.item(link_id), "options", ())
    if not options:
        return number(points)
    return gettext(
        "%(points)s of %(most)s",
        points=number(points),
        most=number(max(each.points for each in options)),
    )


def _reading(reading: Reading) -> str:
    return gettext(
        "%(value)s on %(date)s (session %(session)s)",
        value=number(reading.value),
        date=day(reading.on),
        session=reading.session_number,
    )


def _from_to(intake: Reading, latest: Reading) -> tuple[tuple[str, str], ...]:
    return (
        (gettext("Start"), _reading(intake)),
        (gettext("Latest"), _reading(latest)),
    )


def _reliable_change(instrument: Instrument, rci: Decimal) -> tuple[str, str]:
    source = (
        instrument.reliable_change.source.text if instrument.reliable_change else ""
    )
    return (
        gettext("Reliable change"),
        gettext("%(rci)s points (%(source)s)", rci=number(rci), source=source),
    )
