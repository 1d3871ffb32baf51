"""Where a course is heading, in words: three states, no probability, no verdict."""

from collections.abc import Iterator
from typing import assert_never

from flask_babel import gettext

from clinical.forecast import CannotTellYet, NotOnTrack, OnTrack, Outlook
from clinical.interruptions import MILDER
from clinical.signals.kinds import (
    BothDown,
    LargeGain,
    OutsideBand,
    ReachedGoal,
    ReliablyWorse,
)
from clinical.signals.read import SignalReport
from questionnaires.library import Library
from smart_app.sentence_parts import title


def headings(report: SignalReport, library: Library) -> Iterator[str]:
    """At most one sentence for each course of which the site's plan asks.

    "On track" is not said beside a signal that says otherwise: it would reassure.
    """
    for (instrument_id, respondent), outlook in report.outlooks.items():
        beside = {
            type(each)
            for each in report.speaking
            if (each.instrument_id, each.respondent) == (instrument_id, respondent)
        }
        name = title(library.instrument(instrument_id), respondent)
        text = _sentence(outlook, name, beside)
        if text:
            yield text


def _sentence(outlook: Outlook, name: str, beside: set[type]) -> str:
    match outlook:
        case OnTrack() if BothDown in beside:
            return ""  # R8 sends its card, whatever the course as a whole
        case OnTrack() if ReliablyWorse in beside and beside & {*MILDER}:
            return ""  # S2 comes in place of the milder card
        case OnTrack() if beside & {ReliablyWorse, OutsideBand}:
            return gettext(
                "%(instrument)s: the signal stands, but sends no card: the course as a"
                " whole is not one that this clinic wants to be told of early.",
                instrument=name,
            )
        case OnTrack() if beside - {LargeGain, ReachedGoal}:
            return ""
        case OnTrack():
            return gettext(
                "%(instrument)s: on track, as far as the scores so far can tell."
                " That is not the same as doing well.",
                instrument=name,
            )
        case NotOnTrack():
            return gettext(
                "%(instrument)s: not on track. This is one of the courses that this"
                " clinic wants to look at early; it may still turn.",
                instrument=name,
            )
        case CannotTellYet():
            return gettext(
                "%(instrument)s: cannot tell yet whether the course is on track.",
                instrument=name,
            )
        case _:
            assert_never(outlook)
