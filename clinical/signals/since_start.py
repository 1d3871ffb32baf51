"""What became of a course since its start, by the method that the site's plan names.

For the page, beside the numbers: no signal rests on it, and nothing interrupts for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from clinical.change import gain
from clinical.change_methods import (
    ChangeClass,
    ChangeMethod,
    JacobsonTruax,
    change_class,
)
from clinical.plan import MeasurementPlan
from clinical.signals.kinds import QualityNote
from clinical.trajectory import Course


@dataclass(frozen=True, slots=True)
class SinceStart:
    """The change from the first reading to the latest one of the current series.

    Attributes:
        gain: score points; positive is better.
        method: by which it was classed.
    """

    gain: Decimal
    change: ChangeClass
    method: ChangeMethod


def since_start(
    course: Course, plan: MeasurementPlan, *, notes: Sequence[QualityNote]
) -> SinceStart | None:
    """The class of the change; None where the numbers for it are missing, or doubted.

    Args:
        course: of one respondent on one of the plan's outcome instruments.
        notes: doubts about this course. One that silences S8 silences this too: to be
            called recovered reassures. Of who started outside the clinical range it is
            told whether the change is reliable.
    """
    instrument = course.instrument
    method = plan.change_methods.get(instrument.id)
    if method is None or instrument.cutoff is None or len(course.readings) < 2:
        return None
    if isinstance(method, JacobsonTruax) and instrument.reliable_change is None:
        return None
    if any(
        "S8" in each.silences and each.reason != "started_outside_clinical_range"
        for each in notes
    ):
        return None
    first, latest = course.readings[0].value, course.readings[-1].value
    return SinceStart(
        gain=gain(instrument, first, latest),
        change=change_class(instrument, first, latest, method=method),
        method=method,
    )
