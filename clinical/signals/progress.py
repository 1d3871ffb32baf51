"""S2 to S8: what the outcome did since intake."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from clinical.change import (
    gain,
    is_clinical,
    is_reliably_better,
    is_reliably_worse,
)
from clinical.expected_response import NoNorm
from clinical.rule_numbers import RuleNumbers
from clinical.signals.band import Norms, band_at, norm_for, outside_band
from clinical.signals.kinds import (
    CannotTellYet,
    LargeGain,
    NoReliableGain,
    ReachedGoal,
    ReliablyWorse,
    RuleId,
    SilentReason,
)
from clinical.signals.raised import Finding, Raised, in_a_row
from clinical.signals.shape import noisy_profile, plateau
from clinical.trajectory import Course, Reading, Trajectory
from questionnaires.instrument import Instrument

PROGRESS_RULES: tuple[RuleId, ...] = ("S2", "S3", "S4", "S5", "S6", "S7", "S8")
NEEDS_CUTOFF: tuple[RuleId, ...] = ("S4", "S5", "S8")


@dataclass(frozen=True, slots=True)
class Beside:
    """What the progress rules look at beside the course itself.

    Attributes:
        silenced: rules that a quality note keeps quiet; S2 is never among them.
        norms: the norms that fit this person.
        plan_reviews: days on which the treatment plan was reviewed.
    """

    silenced: Collection[RuleId]
    norms: Norms
    plan_reviews: Sequence[date]


def progress_findings(
    course: Course, rules: RuleNumbers, *, beside: Beside
) -> tuple[Finding, ...]:
    """What S2 to S8 say of the current series; a rule that is off says nothing."""
    found: list[Finding] = []
    for rule in PROGRESS_RULES:
        needed = readings_needed(rule, rules)
        reason = silent_reason(course, rule, needed=needed, beside=beside)
        if reason is not None:
            found.append(
                CannotTellYet(
                    instrument_id=course.instrument.id,
                    rule=rule,
                    reason=reason,
                    readings=len(course.readings),
                    needed=needed,
                )
            )
            continue
        assert course.current is not None  # proved by silent_reason
        raised = _raised(course.current, rules, rule=rule, beside=beside)
        if raised is not None:
            found.append(raised)
    return tuple(found)


def readings_needed(rule: RuleId, rules: RuleNumbers) -> int:
    """How many readings, with S4 sessions, the rule cannot do without."""
    match rule:
        case "S4":
            return 1 + rules.no_gain_sessions
        case "S5":
            return rules.plateau_readings
        case "S7":
            return 1 + rules.noisy_swings
        case "S8":
            return 1 + rules.goal_readings
        case _:
            return 2  # a reading, and something to compare it with


def silent_reason(
    course: Course, rule: RuleId, *, needed: int, beside: Beside
) -> SilentReason | None:
    """Why this rule cannot tell yet; None if it can. The most basic reason first."""
    instrument, readings = course.instrument, course.readings
    if course.current is None:
        return "no_readings"
    if instrument.reliable_change is None and rule != "S3":
        return "no_reliable_change_known"
    if instrument.cutoff is None:
        if rule in NEEDS_CUTOFF:
            return "no_cutoff_known"
    # Maintenance: nobody is on the way to anywhere, and only worsening is watched.
    elif rule != "S2" and not is_clinical(instrument, readings[0].value):
        return "started_outside_clinical_range"
    curve = norm_for(course.current, beside.norms) if rule == "S3" else None
    if isinstance(curve, NoNorm):
        return curve.reason
    # Sessions, not readings: a sitting without score delays no plan review (S4).
    made = readings[-1].session_number if rule == "S4" else len(readings)
    if made < needed:
        return "too_few_readings"
    if rule in beside.silenced:
        return "data_quality"
    if curve is None:
        return None
    band = band_at(curve, readings, readings[-1])
    return band.reason if isinstance(band, NoNorm) else None


def _raised(
    series: Trajectory, rules: RuleNumbers, *, rule: RuleId, beside: Beside
) -> Raised | None:
    instrument, readings = series.instrument, series.readings
    match rule:
        case "S2":
            return _reliably_worse(instrument, readings)
        case "S3":
            curve = norm_for(series, beside.norms)
            assert not isinstance(curve, NoNorm)  # proved by silent_reason
            return outside_band(series, curve, from_session=rules.band_from_session)
        case "S4":
            return _no_reliable_gain(
                instrument, readings, rules, plan_reviews=beside.plan_reviews
            )
        case "S5":
            return plateau(instrument, readings, rules, rci=_rci(instrument))
        case "S6":
            return _large_gain(instrument, readings)
        case "S7":
            return noisy_profile(instrument, readings, rules, rci=_rci(instrument))
        case _:
            return _reached_goal(instrument, readings, rules)


def _reliably_worse(
    instrument: Instrument, readings: Sequence[Reading]
) -> Raised | None:
    """S2: worse than at intake by at least the reliable change, now."""
    intake = readings[0]
    run = in_a_row(
        is_reliably_worse(instrument, intake.value, each.value)
        for each in reversed(readings)
    )
    if run == 0:
        return None
    signal = ReliablyWorse(
        instrument_id=instrument.id,
        intake=intake,
        latest=readings[-1],
        rci=_rci(instrument),
        in_a_row=run,
    )
    return Raised(signal, since=readings[-run].begun)


def _no_reliable_gain(
    instrument: Instrument,
    readings: Sequence[Reading],
    rules: RuleNumbers,
    *,
    plan_reviews: Sequence[date],
) -> Raised | None:
    """S4: sessions have passed, and no reading was reliably better than intake.

    Said once in so many sessions, and not before so many have passed since the last
    plan review. A suggestion to review, never to stop: one class of depression courses
    changes little until session 6.

    Source:
        Saunders et al. 2019, PMC6428692.
    """
    intake, later = readings[0], readings[1:]
    latest, pause = readings[-1], rules.no_gain_sessions
    from_session = _last_reviewed(readings, plan_reviews)
    passed = latest.session_number - from_session
    if passed < pause:
        return None
    if any(is_reliably_better(instrument, intake.value, each.value) for each in later):
        return None
    due = from_session + pause * (passed // pause)
    since = next(each for each in later if each.session_number >= due)
    signal = NoReliableGain(
        instrument_id=instrument.id,
        intake=intake,
        best=max(later, key=lambda each: gain(instrument, intake.value, each.value)),
        latest=latest,
        rci=_rci(instrument),
        sessions_after_intake=latest.session_number - 1,
    )
    return Raised(signal, since=since.begun)


def _last_reviewed(readings: Sequence[Reading], plan_reviews: Sequence[date]) -> int:
    """The session at which the plan was last reviewed; 1, the intake, if it never was.

    A review between two sessions belongs to the one before it.
    """
    if not plan_reviews:
        return 1
    last = max(plan_reviews)
    before = [each.session_number for each in readings if each.on <= last]
    return before[-1] if before else 1


def _large_gain(instrument: Instrument, readings: Sequence[Reading]) -> Raised | None:
    """S6: reliably better than the reading before. Each such step is a new one."""
    before, latest = readings[-2:]
    if not is_reliably_better(instrument, before.value, latest.value):
        return None
    signal = LargeGain(
        instrument_id=instrument.id, before=before, latest=latest, rci=_rci(instrument)
    )
    return Raised(signal, since=latest.begun)


def _reached_goal(
    instrument: Instrument, readings: Sequence[Reading], rules: RuleNumbers
) -> Raised | None:
    """S8: recovered, that is reliably better and across the cut-off, and again."""
    intake = readings[0]
    run = in_a_row(
        is_reliably_better(instrument, intake.value, each.value)
        and not is_clinical(instrument, each.value)
        for each in reversed(readings)
    )
    if run < rules.goal_readings or instrument.cutoff is None:
        return None
    signal = ReachedGoal(
        instrument_id=instrument.id,
        intake=intake,
        latest=readings[-1],
        rci=_rci(instrument),
        cutoff=instrument.cutoff.value,
    )
    return Raised(signal, since=readings[-run + rules.goal_readings - 1].begun)


def _rci(instrument: Instrument) -> Decimal:
    assert instrument.reliable_change is not None  # proved by silent_reason
    return instrument.reliable_change.value
