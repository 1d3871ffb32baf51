"""The change since the start in words: how much, how sure, and by which method."""

from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

from flask_babel import gettext

from clinical.change_methods import (
    ChangeClass,
    ChangeMethod,
    EdwardsNunnally,
    JacobsonTruax,
)
from clinical.plan import MeasurementPlan
from clinical.signals.kinds import QualityNote
from clinical.signals.read import SignalReport
from clinical.signals.since_start import since_start
from smart_app.figures import number
from smart_app.sentence_parts import title


def changes_since_start(report: SignalReport, plan: MeasurementPlan) -> Iterator[str]:
    """A sentence for each course of which it can be told."""
    if not plan.decision_support:
        return  # recording only: no conclusions
    for course in report.courses:
        place = (course.instrument.id, course.respondent)
        notes = [
            each
            for each in report.signals
            if isinstance(each, QualityNote)
            and (each.instrument_id, each.respondent) == place
        ]
        found = since_start(course, plan, notes=notes)
        if found is not None:
            yield gettext(
                "%(instrument)s since the start: %(gain)s; %(change)s (%(method)s).",
                instrument=title(course.instrument, course.respondent),
                gain=_gain(found.gain),
                change=_change(found.change),
                method=_method(found.method),
            )


def _gain(points: Decimal) -> str:
    if points == 0:
        return gettext("the same score")
    if points > 0:
        return gettext("better by %(points)s", points=number(points))
    return gettext("worse by %(points)s", points=number(-points))


def _change(change: ChangeClass) -> str:
    match change:
        case "recovered":
            return gettext("recovered, that is reliably better and past the cut-off")
        case "reliably_improved":
            return gettext("reliably better")
        case "unchanged":
            return gettext("no reliable change")
        case "deteriorated":
            return gettext("reliably worse")
        case _:
            assert_never(change)


def _method(method: ChangeMethod) -> str:
    """As its authors are named; the second allows for regression to the mean."""
    match method:
        case JacobsonTruax():
            return gettext("Jacobson and Truax")
        case EdwardsNunnally():
            return gettext("Edwards and Nunnally")
        case _:
            assert_never(method)
