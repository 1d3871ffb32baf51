"""What the data may not carry, and which rules it therefore keeps quiet.

A note silences S3 to S6 and S8, never S1 and S2: doubt may hold back a suggestion and a
reassurance, never a warning that rests on the answers alone. The note is always shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from clinical.change import is_clinical, is_reliably_better
from clinical.measurement import Measurement
from clinical.rule_numbers import RuleNumbers
from clinical.signals.kinds import QualityNote, QualityReason, RuleId
from clinical.trajectory import Course, Reading, followed_score, standing
from questionnaires.answers import Chosen
from questionnaires.instrument import Instrument

SILENCED_BY_DOUBT: tuple[RuleId, ...] = ("S3", "S4", "S5", "S6", "S8")


@dataclass(frozen=True, slots=True)
class _Case:
    """Everything a check looks at: one respondent's course on one instrument.

    Attributes:
        sittings: in any version, language and mode, oldest first; of a form filled in
            again the same day only what stands.
    """

    course: Course
    sittings: tuple[Measurement, ...]
    rules: RuleNumbers
    today: date
    unread: int

    @property
    def instrument(self) -> Instrument:
        return self.course.instrument

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Of the current series."""
        return self.course.readings


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A check found something; `silences` names the rules that would rest on it."""

    silences: tuple[RuleId, ...]
    reading: Reading | None


def quality_notes(
    course: Course, rules: RuleNumbers, *, today: date, unread: int
) -> tuple[QualityNote, ...]:
    """Each doubt about this course's data once, in the order of the checks.

    Args:
        course: of one respondent on one of the plan's instruments.
        rules: the plan's numbers.
        today: for the age of the latest reading.
        unread: entries of the chart that could not be read; any of them could be a
            measurement of this instrument.
    """
    sittings = standing(course.sittings, course.instrument)
    case = _Case(course, sittings, rules, today=today, unread=unread)
    instrument = course.instrument
    notes: list[QualityNote] = []
    for reason, check in CHECKS.items():
        doubt = check(case)
        if doubt is not None:
            outcome = instrument.construct == "outcome"
            notes.append(
                QualityNote(
                    instrument_id=instrument.id,
                    reason=reason,
                    silences=doubt.silences if outcome else (),
                    reading=doubt.reading,
                )
            )
    return tuple(notes)


def _prorated(case: _Case) -> _Doubt | None:
    """A score made of fewer answers, where a conclusion rests on it.

    That is the intake, the latest readings, and each reading that counts as a gain.
    """
    if not case.readings:
        return None
    intake = case.readings[0]
    resting = [
        each
        for each in case.readings
        if each.prorated
        and (each is intake or each in _recent(case) or _counts_as_gain(case, each))
    ]
    if resting:
        return _Doubt(SILENCED_BY_DOUBT, resting[-1])
    flat = [each for each in _plateau_window(case) if each.prorated]
    return _Doubt(("S5",), flat[-1]) if flat else None


def _recent(case: _Case) -> tuple[Reading, ...]:
    """The last readings, on which a goal, a gain and a band rest."""
    return case.readings[-max(case.rules.goal_readings, 2) :]


def _plateau_window(case: _Case) -> tuple[Reading, ...]:
    """The last readings, through which S5 lays its slope."""
    return case.readings[-case.rules.plateau_readings :]


def _counts_as_gain(case: _Case, reading: Reading) -> bool:
    if case.instrument.reliable_change is None:
        return False
    intake = case.readings[0]
    return is_reliably_better(case.instrument, intake.value, reading.value)


def _not_scored(case: _Case) -> _Doubt | None:
    """A sitting without score; a conclusion rests on it at either end of the course.

    One that was filled in again the same day, and then gave a score, is no doubt.
    """
    scored = sum(
        1 + len(reading.replaces)
        for each in case.course.series
        for reading in each.readings
    )
    if scored == len(case.course.sittings):
        return None  # each has given a score: the usual case
    without = [
        each for each in case.sittings if followed_score(each, case.instrument) is None
    ]
    if not without:
        return None
    if not case.readings:
        return _Doubt(SILENCED_BY_DOUBT, reading=None)
    last = without[-1].authored
    if without[0].authored <= case.readings[0].authored or (
        last >= _recent(case)[0].authored
    ):
        return _Doubt(SILENCED_BY_DOUBT, reading=None)
    flat = last >= _plateau_window(case)[0].authored
    return _Doubt(("S5",) if flat else (), reading=None)


def _identical_answers(case: _Case) -> _Doubt | None:
    """The last sittings were answered alike, or each with one answer throughout."""
    if case.instrument.construct != "outcome" or not case.readings:
        return None  # the same rating of the alliance each time is common and no doubt
    last = case.sittings[-case.rules.identical_sittings :]
    if len(last) < case.rules.identical_sittings:
        return None
    patterns = [_scored_points(case.instrument, each) for each in last]
    if not all(patterns):
        return None
    same_each_time = all(each == patterns[0] for each in patterns)
    same_throughout = all(_is_one_answer(case.instrument, each) for each in patterns)
    if same_each_time or same_throughout:
        return _Doubt(SILENCED_BY_DOUBT, reading=case.readings[-1])
    return None


def _is_one_answer(instrument: Instrument, points: Mapping[str, Decimal]) -> bool:
    """Every scored item, none left blank, is worth the same."""
    scored = instrument.total.link_ids
    return (
        len(scored) > 1 and len(points) == len(scored) and len({*points.values()}) == 1
    )


def _scored_points(
    instrument: Instrument, sitting: Measurement
) -> Mapping[str, Decimal]:
    """Points of the answered items; none of them where only the score is known."""
    if sitting.answers is None:
        return {}
    given = sitting.answers.given
    points: dict[str, Decimal] = {}
    for link_id in instrument.total.link_ids:
        answer = given.get(link_id)
        if isinstance(answer, Chosen):
            points[link_id] = answer.points
    return points


def _no_recent_measure(case: _Case) -> _Doubt | None:
    if not case.readings:
        return None
    latest = case.readings[-1]
    age = (case.today - latest.on).days
    if age <= case.rules.stale_after_days:
        return None
    return _Doubt(SILENCED_BY_DOUBT, reading=latest)


def _long_gap(case: _Case) -> _Doubt | None:
    """The last gap of the course; it counts while it lies in the window of S4."""
    days = [each.on for each in case.readings]
    for after in range(len(days) - 1, 0, -1):
        if (days[after] - days[after - 1]).days > case.rules.gap_days:
            counts = len(days) - after <= case.rules.no_gain_sessions
            silenced = SILENCED_BY_DOUBT if counts else ()
            return _Doubt(silenced, reading=case.readings[after])
    return None


def _started_outside_clinical_range(case: _Case) -> _Doubt | None:
    """Maintenance: there is no way to the other side of the cut-off; S2 only."""
    if case.instrument.construct != "outcome":
        return None  # a site's cut-off of a rating is where R1 begins
    if case.instrument.cutoff is None or not case.readings:
        return None
    intake = case.readings[0]
    if is_clinical(case.instrument, intake.value):
        return None
    return _Doubt(SILENCED_BY_DOUBT, reading=intake)


def _series_changed(case: _Case) -> _Doubt | None:
    """Another version, language or mode began: what was before is another line."""
    if len(case.course.series) < 2:
        return None
    return _Doubt(SILENCED_BY_DOUBT, reading=case.readings[0])


def _unread_entries(case: _Case) -> _Doubt | None:
    return _Doubt(SILENCED_BY_DOUBT, reading=None) if case.unread else None


CHECKS: Mapping[QualityReason, Callable[[_Case], _Doubt | None]] = {
    "not_scored": _not_scored,
    "prorated": _prorated,
    "identical_answers": _identical_answers,
    "no_recent_measure": _no_recent_measure,
    "long_gap": _long_gap,
    "started_outside_clinical_range": _started_outside_clinical_range,
    "series_changed": _series_changed,
    "unread_entries": _unread_entries,
}


def silenced_rules(notes: Sequence[QualityNote]) -> frozenset[RuleId]:
    """The rules that at least one note keeps quiet."""
    return frozenset(rule for note in notes for rule in note.silences)
