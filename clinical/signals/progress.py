"""S2, S4 and S8: what the outcome did since intake."""

from collections.abc import Collection, Sequence
from decimal import Decimal

from clinical.change import (
    gain,
    is_clinical,
    is_reliably_better,
    is_reliably_worse,
)
from clinical.plan import RuleNumbers
from clinical.signals.kinds import (
    CannotTellYet,
    NoReliableGain,
    ReachedGoal,
    ReliablyWorse,
    RuleId,
    SilentReason,
)
from clinical.signals.raised import Finding, Raised
from clinical.trajectory import Reading, Trajectory
from questionnaires.instrument import Instrument

PROGRESS_RULES: tuple[RuleId, ...] = ("S2", "S4", "S8")


def progress_findings(
    instrument: Instrument,
    trajectory: Trajectory | None,
    rules: RuleNumbers,
    *,
    silenced: Collection[RuleId],
) -> tuple[Finding, ...]:
    """What S2, S4 and S8 say; a rule that is off says nothing.

    Args:
        instrument: an outcome instrument.
        trajectory: its current series; None if there is no reading at all.
        rules: the plan's numbers.
        silenced: rules that a quality note keeps quiet; S2 is never among them.
    """
    needed: dict[RuleId, int] = {
        "S2": 2,  # an intake, and something to compare it with
        "S4": 1 + rules.no_gain_sessions,
        "S8": 1 + rules.goal_readings,
    }
    readings = trajectory.readings if trajectory else ()
    found: list[Finding] = []
    for rule in PROGRESS_RULES:
        reason = _silent_reason(
            instrument, readings, rule, needed=needed[rule], silenced=silenced
        )
        if reason is not None:
            found.append(
                CannotTellYet(
                    instrument_id=instrument.id,
                    rule=rule,
                    reason=reason,
                    readings=len(readings),
                    needed=needed[rule],
                )
            )
            continue
        raised = _raised(instrument, readings, rules, rule=rule)
        if raised is not None:
            found.append(raised)
    return tuple(found)


def _silent_reason(
    instrument: Instrument,
    readings: Sequence[Reading],
    rule: RuleId,
    *,
    needed: int,
    silenced: Collection[RuleId],
) -> SilentReason | None:
    """Why this rule cannot tell yet; None if it can. The most basic reason first."""
    if not readings:
        return "no_readings"
    if instrument.reliable_change is None:
        return "no_reliable_change_known"
    if rule != "S2":
        if instrument.cutoff is None:
            return "no_cutoff_known"
        if not is_clinical(instrument, readings[0].value):
            return "started_outside_clinical_range"
    # Sessions, not readings: a sitting without score delays no plan review (S4).
    made = readings[-1].session_number if rule == "S4" else len(readings)
    if made < needed:
        return "too_few_readings"
    return "data_quality" if rule in silenced else None


def _raised(
    instrument: Instrument,
    readings: Sequence[Reading],
    rules: RuleNumbers,
    *,
    rule: RuleId,
) -> Raised | None:
    match rule:
        case "S2":
            return _reliably_worse(instrument, readings)
        case "S4":
            return _no_reliable_gain(instrument, readings, rules)
        case _:
            return _reached_goal(instrument, readings, rules)


def _reliably_worse(
    instrument: Instrument, readings: Sequence[Reading]
) -> Raised | None:
    """S2: worse than at intake by at least the reliable change, now."""
    intake = readings[0]
    run = _last_in_a_row(
        [is_reliably_worse(instrument, intake.value, each.value) for each in readings]
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
    return Raised(signal, since=readings[-run].authored)


def _no_reliable_gain(
    instrument: Instrument, readings: Sequence[Reading], rules: RuleNumbers
) -> Raised | None:
    """S4: sessions have passed, and no reading was reliably better than intake.

    A suggestion to review, never to stop: one class of depression courses changes
    little until session 6.

    Source:
        Saunders et al. 2019, PMC6428692.
    """
    intake, later = readings[0], readings[1:]
    if any(is_reliably_better(instrument, intake.value, each.value) for each in later):
        return None
    signal = NoReliableGain(
        instrument_id=instrument.id,
        intake=intake,
        best=max(later, key=lambda each: gain(instrument, intake.value, each.value)),
        latest=readings[-1],
        rci=_rci(instrument),
        sessions_after_intake=readings[-1].session_number - 1,
    )
    enough = [each for each in later if each.session_number > rules.no_gain_sessions]
    return Raised(signal, since=enough[0].authored)


def _reached_goal(
    instrument: Instrument, readings: Sequence[Reading], rules: RuleNumbers
) -> Raised | None:
    """S8: recovered, that is reliably better and across the cut-off, and again."""
    intake = readings[0]
    run = _last_in_a_row(
        [
            is_reliably_better(instrument, intake.value, each.value)
            and not is_clinical(instrument, each.value)
            for each in readings
        ]
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
    return Raised(signal, since=readings[-run + rules.goal_readings - 1].authored)


def _last_in_a_row(holds: Sequence[bool]) -> int:
    """How many at the end hold without a break."""
    run = 0
    for each in reversed(holds):
        if not each:
            break
        run += 1
    return run


def _rci(instrument: Instrument) -> Decimal:
    assert instrument.reliable_change is not None  # proved by _silent_reason
    return instrument.reliable_change.value
