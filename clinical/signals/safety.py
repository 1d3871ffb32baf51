"""S1 over a course: the last answers to each safety item, and what was left blank."""

from dataclasses import replace
from datetime import date, timedelta

from clinical.measurement import Measurement
from clinical.safety import SafetyAnswer, SafetyBlank, safety_findings
from clinical.signals.raised import Raised
from clinical.trajectory import Course
from questionnaires.instrument import Instrument

# Two sittings further apart cannot bear the same date, whatever their time zones.
_LONGEST_DAY = timedelta(hours=50)


def safety_raised(course: Course) -> tuple[Raised, ...]:
    """S1 for each safety item: its last answers, and a blank in the last sitting.

    A blank does not clear an earlier answer, and neither does a new course. All
    sittings of the day of the last answer count, so that filling in the form again
    hides nothing.
    """
    instrument = course.instrument
    items = _safety_items(instrument)
    answered = [
        each
        for part in (*course.earlier, course)
        for each in part.sittings
        if each.answers is not None
    ]
    found: list[Raised] = []
    done: dict[str, Measurement] = {}  # link id -> the sitting of its last answer
    for sitting in reversed(answered):
        if len(done) == len(items) and all(
            last.authored - sitting.authored > _LONGEST_DAY for last in done.values()
        ):
            break
        findings = _findings_of(sitting, instrument)
        blanks = {
            each.link_id: each for each in findings if isinstance(each, SafetyBlank)
        }
        positive = {
            each.link_id: each for each in findings if isinstance(each, SafetyAnswer)
        }
        for link_id in items:
            if link_id in blanks:
                if sitting is answered[-1]:
                    blank = replace(blanks[link_id], respondent=course.respondent)
                    found.append(Raised(blank, sitting.authored))
                continue
            last = done.setdefault(link_id, sitting)
            if _day(last) == _day(sitting) and link_id in positive:
                reading = course.reading_of(sitting)
                signal = replace(
                    positive[link_id], reading=reading, respondent=course.respondent
                )
                found.append(Raised(signal, sitting.authored))
    return tuple(found)


def _findings_of(
    sitting: Measurement, instrument: Instrument
) -> tuple[SafetyAnswer | SafetyBlank, ...]:
    if sitting.answers is None:
        return ()
    return safety_findings(
        instrument,
        sitting.answers,
        authored_on=_day(sitting).isoformat(),
        source=sitting.source,
    )


def _safety_items(instrument: Instrument) -> tuple[str, ...]:
    return tuple(
        item.link_id
        for item in instrument.items
        if getattr(item, "safety", None) is not None
    )


def _day(sitting: Measurement) -> date:
    return sitting.authored.date()
