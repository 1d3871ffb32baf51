"""Where a course is heading, for whoever decides what interrupts; no signal of its own.

The forecast stays in here: it ranks signals and keeps some of them for the page. People
see words and a band, never a probability.
"""

from clinical.expected_response import NoNorm
from clinical.forecast import CannotTellYet, Outlook, Progress, outlook
from clinical.rule_numbers import RuleNumbers
from clinical.signals.band import norm_for
from clinical.signals.progress import Beside, readings_needed, silent_reason
from clinical.trajectory import Course


def heading(course: Course, rules: RuleNumbers, *, beside: Beside) -> Outlook | None:
    """On track, not on track, or cannot tell yet; None where the site does not ask.

    It can tell only where S3 can: on the same norm, with data that carry it.
    """
    if course.current is None:
        return None
    curve = norm_for(course.current, beside.norms)
    if isinstance(curve, NoNorm) or curve.attention is None:
        return None
    needed = readings_needed("S3", rules)
    if silent_reason(course, "S3", needed=needed, beside=beside) is not None:
        return CannotTellYet("rule_is_silent")
    intake, *later = course.current.readings
    return outlook(
        curve,
        [Progress(each.session_number, each.value) for each in later],
        intake=intake.value,
        attention=curve.attention,
    )
