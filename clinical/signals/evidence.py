"""By what a signal is known again: its cause, its evidence, how things stand."""

from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Literal, assert_never

from clinical.change import best_possible, gain
from clinical.measurement import sitting_instant
from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    AllianceUnrepaired,
    BelowOwnBaseline,
    BelowOwnLimits,
    BelowSiteCutoff,
    BothDown,
    FlatAtMaximum,
    LargeGain,
    MissedWhileDown,
    NoisyProfile,
    NoReliableGain,
    OutsideBand,
    Plateau,
    ReachedGoal,
    ReliablyWorse,
    RuleId,
    SafetyAnswer,
    SafetyBlank,
    SpeakingSignal,
)
from clinical.trajectory import Reading
from questionnaires.instrument import Instrument

DecisionSupport = Literal["evidence_based", "predictive"]


def cause_of(signal: SpeakingSignal, *, since: datetime) -> str:
    """What the signal is about, the same as long as it is about the same.

    With S1 it names the sitting by its instant, so that each new response is a new
    cause, and delivery into the record is not.

    Args:
        signal: one that speaks.
        since: when the reading was made from which it has been on.
    """
    match signal:
        case SafetyAnswer():
            parts: tuple[str, ...] = ("S1", signal.link_id, _instant(since))
        case SafetyBlank():
            parts = ("S1-blank", signal.link_id, _instant(since))
        case BothDown():
            parts = ("R8", signal.alliance.instrument_id)
        case MissedWhileDown():
            parts = ("D1", _instant(since))
        case _:
            parts = (rule_of(signal),)
    rule, *more = parts
    # The patient's own answers are the rule; who else answered is named.
    whose = () if signal.respondent == "self" else (signal.respondent,)
    return "|".join((rule, signal.instrument_id, *more, *whose))


def rule_of(signal: SpeakingSignal) -> RuleId:
    """The rule's short name."""
    match signal:
        case SafetyAnswer() | SafetyBlank():
            return "S1"
        case ReliablyWorse():
            return "S2"
        case OutsideBand():
            return "S3"
        case NoReliableGain():
            return "S4"
        case Plateau():
            return "S5"
        case LargeGain():
            return "S6"
        case NoisyProfile():
            return "S7"
        case ReachedGoal():
            return "S8"
        case BelowSiteCutoff():
            return "R1"
        case BelowOwnBaseline():
            return "R2"
        case AllianceDrop():
            return "R3"
        case BelowOwnLimits():
            return "R4"
        case AllianceRepaired():
            return "R5"
        case AllianceUnrepaired():
            return "R6"
        case FlatAtMaximum():
            return "R7"
        case BothDown():
            return "R8"
        case MissedWhileDown():
            return "D1"
        case _:
            assert_never(signal)


def decision_support_of(signal: SpeakingSignal) -> DecisionSupport:
    """Whether it rests on a fitted curve, or on thresholds with a source."""
    match signal:
        case OutsideBand():
            return "predictive"
        case BothDown():
            return decision_support_of(signal.outcome)
        case MissedWhileDown():
            kinds = {decision_support_of(each) for each in signal.because}
            return "predictive" if "predictive" in kinds else "evidence_based"
        case _:
            return "evidence_based"


def norm_hash_of(signal: SpeakingSignal) -> str | None:
    """SHA-256 of the norm pack that the signal rests on; None if it rests on none."""
    match signal:
        case OutsideBand():
            return signal.pack_hash
        case BothDown():
            return norm_hash_of(signal.outcome)
        case MissedWhileDown():
            hashes = (norm_hash_of(each) for each in signal.because)
            return next((each for each in hashes if each is not None), None)
        case _:
            return None


def level_of(signal: SpeakingSignal, instrument: Instrument) -> Decimal:
    """How things stand, in score points; lower is worse, whatever the direction."""
    match signal:
        case SafetyAnswer():
            return -signal.points
        case SafetyBlank():
            return Decimal(0)
        case ReliablyWorse() | NoReliableGain() | ReachedGoal():
            return gain(instrument, signal.intake.value, signal.latest.value)
        case OutsideBand():
            return gain(instrument, signal.intake.value, signal.latest.value)
        case Plateau() | NoisyProfile():
            return gain(instrument, signal.first.value, signal.latest.value)
        case LargeGain():
            return gain(instrument, signal.before.value, signal.latest.value)
        case BelowSiteCutoff() | FlatAtMaximum():
            return gain(instrument, best_possible(instrument), signal.latest.value)
        case BelowOwnBaseline():
            return gain(instrument, signal.baseline, signal.latest.value)
        case AllianceDrop() | AllianceRepaired() | AllianceUnrepaired():
            return gain(instrument, signal.mean, signal.latest.value)
        case BelowOwnLimits():
            return gain(instrument, signal.centre, signal.latest.value)
        case BothDown():
            return level_of(signal.outcome, instrument)
        case MissedWhileDown():
            return level_of(signal.because[0], instrument)
        case _:
            assert_never(signal)


def data_hash_of(signal: SpeakingSignal, *, cause: str) -> str:
    """SHA-256 (hex): same evidence, same hash, before and after delivery."""
    # Lengths are written so that no two parts run together.
    parts = (cause, *_evidence(signal))
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return sha256(text.encode()).hexdigest()


def _evidence(signal: SpeakingSignal) -> tuple[str, ...]:
    match signal:
        case SafetyAnswer():
            return (signal.authored_on, _plain(signal.points))
        case SafetyBlank():
            return (signal.authored_on,)
        case ReliablyWorse() | ReachedGoal():
            return _points(signal.intake, signal.latest)
        case OutsideBand():
            line = _plain(signal.line)
            return (signal.pack_hash, line, *_points(signal.intake, signal.latest))
        case NoReliableGain():
            return _points(signal.intake, signal.best, signal.latest)
        case Plateau():
            return (_plain(signal.slope), *_points(signal.first, signal.latest))
        case LargeGain():
            return _points(signal.before, signal.latest)
        case NoisyProfile():
            return (str(signal.swings), *_points(signal.first, signal.latest))
        case BelowSiteCutoff():
            return (*signal.low_lines, *_points(signal.latest))
        case BelowOwnBaseline():
            return (_plain(signal.baseline), *_points(signal.latest))
        case AllianceDrop():
            usual = (_plain(signal.mean), _plain(signal.sd))
            return (signal.level, *usual, *_points(signal.latest))
        case BelowOwnLimits():
            usual = (_plain(signal.centre), _plain(signal.sigma))
            return (signal.how, *usual, *_points(signal.latest))
        case AllianceRepaired():
            usual = (_plain(signal.mean), _plain(signal.sd))
            return (*usual, *_points(signal.lowest, signal.latest))
        case AllianceUnrepaired():
            usual = (_plain(signal.mean), _plain(signal.sd))
            return (*usual, *_points(signal.began, signal.lowest, signal.latest))
        case FlatAtMaximum():
            return (str(signal.readings), *_points(signal.latest))
        case BothDown():
            return (*_evidence(signal.outcome), *_evidence(signal.alliance))
        case MissedWhileDown():
            reasons = (part for each in signal.because for part in _evidence(each))
            visit = signal.visit
            return (sitting_instant(visit.at).isoformat(), visit.status, *reasons)
        case _:
            assert_never(signal)


def _points(*readings: Reading) -> tuple[str, ...]:
    return tuple(part for each in readings for part in _point(each))


def _point(reading: Reading) -> tuple[str, str]:
    return (_instant(reading.authored), _plain(reading.value))


def _instant(authored: datetime) -> str:
    return sitting_instant(authored).isoformat()


def _plain(value: Decimal) -> str:
    """17 and 17.0 are one number; a server may send back either."""
    return format(value.normalize(), "f")
