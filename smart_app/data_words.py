"""Doubts about the data, and rules that cannot tell, in words for the screens."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from flask_babel import gettext, ngettext

from clinical.signals.kinds import CannotTellYet, QualityNote, QualityReason, Signal
from questionnaires.instrument import Instrument
from questionnaires.library import Library
from smart_app.review_words import signal_names
from smart_app.sentence_parts import (
    Sentence,
    reading_words,
    title,
)

Note = QualityNote | CannotTellYet
TOO_EARLY = ("too_few_readings", "is_intake")


def notes(signals: Iterable[Signal], library: Library) -> Iterator[Sentence]:
    """What cannot be told, and why; all that is too early in one course at once."""
    together: dict[object, list[Note]] = {}
    for each in signals:
        if isinstance(each, Note):
            together.setdefault(_course_if_early(each), []).append(each)
    for found in together.values():
        instrument = library.instrument(found[0].instrument_id)
        told = data_sentence(found[0], instrument)
        early = [each for each in found if isinstance(each, CannotTellYet)]
        if len(early) > 1:
            name = title(instrument, early[0].respondent)
            told = replace(told, text=_too_early(early, name))
        yield told


def _course_if_early(note: Note) -> object:
    """Alike for all that is too early in one course; else the note itself."""
    if isinstance(note, CannotTellYet) and note.reason in TOO_EARLY:
        return note.instrument_id, note.respondent, note.readings
    return note


def _too_early(signals: Sequence[CannotTellYet], name: str) -> str:
    """Which judgements are too early, and from how many readings each can be made."""
    return ngettext(
        "%(instrument)s: too early to say, with one reading: %(judgements)s.",
        "%(instrument)s: too early to say, with %(num)s readings: %(judgements)s.",
        signals[0].readings,
        instrument=name,
        judgements=", ".join(map(_judgement, signals)),
    )


def _judgement(signal: CannotTellYet) -> str:
    name = _signal_name(signal.rule)
    if signal.needed <= signal.readings:
        return name
    return gettext("%(signal)s (needs %(needed)s)", signal=name, needed=signal.needed)


def data_sentence(
    signal: QualityNote | CannotTellYet, instrument: Instrument
) -> Sentence:
    """Why nothing, or less, is concluded."""
    name = title(instrument, signal.respondent)
    match signal:
        case QualityNote():
            return Sentence(
                tone="quiet",
                marker=gettext("About the data"),
                text=quality(signal.reason, name),
                next_step="",
                why=(
                    *(
                        ((gettext("Reading"), reading_words(signal.reading)),)
                        if signal.reading is not None
                        else ()
                    ),
                    *(
                        (
                            (
                                gettext("Kept quiet because of it"),
                                ", ".join(map(_signal_name, signal.silences)),
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
                why=()
                if signal.reason in (*TOO_EARLY, "no_readings")  # the text says it
                else ((gettext("Readings"), str(signal.readings)),),
                rule=signal.rule,
            )
        case _:
            assert_never(signal)


def _signal_name(rule: str) -> str:
    return signal_names().get(rule, rule)


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
                "%(instrument)s: version, language or way of answering changed; the"
                " lines are kept apart and are not compared.",
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
        case "too_few_readings" | "is_intake":
            return _too_early([signal], name)
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
        case "no_norm_for_this_group":
            return gettext(
                "%(instrument)s: no norm for this group; nothing is said about the"
                " expected course.",
                instrument=name,
            )
        case "norm_review_overdue":
            return gettext(
                "%(instrument)s: the norm's review is overdue; nothing is said about"
                " the expected course.",
                instrument=name,
            )
        case "too_few_people_for_a_norm":
            return gettext(
                "%(instrument)s: too few people for a norm.", instrument=name
            )
        case "intake_outside_sample":
            return gettext(
                "%(instrument)s: the norm does not cover such a start.", instrument=name
            )
        case "after_last_session":
            return gettext(
                "%(instrument)s: the norm does not reach this session.", instrument=name
            )
        case "no_visits_known":
            return gettext(
                "Visits are not known here; nothing is said about missed ones."
            )
        case _:
            assert_never(signal.reason)
