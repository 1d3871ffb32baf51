"""By what a signal is known again: its cause, its evidence, how things stand."""

from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import assert_never

from clinical.change import gain
from clinical.measurement import sitting_instant
from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    BelowOwnBaseline,
    NoReliableGain,
    ReachedGoal,
    ReliablyWorse,
    SafetyAnswer,
    SafetyBlank,
    SpeakingSignal,
)
from clinical.trajectory import Reading
from questionnaires.instrument import Instrument


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
        case ReliablyWorse():
            parts = ("S2",)
        case NoReliableGain():
            parts = ("S4",)
        case ReachedGoal():
            parts = ("S8",)
        case BelowOwnBaseline():
            parts = ("R2",)
        case AllianceDrop():
            parts = ("R3",)
        case AllianceRepaired():
            parts = ("R5",)
        case _:
            assert_never(signal)
    rule, *sitting = parts
    return "|".join((rule, signal.instrument_id, *sitting))


def level_of(signal: SpeakingSignal, instrument: Instrument) -> Decimal:
    """How things stand, in score points; lower is worse, whatever the direction."""
    match signal:
        case SafetyAnswer():
            return -signal.points
        case SafetyBlank():
            return Decimal(0)
        case ReliablyWorse() | NoReliableGain() | ReachedGoal():
            return gain(instrument, signal.intake.value, signal.latest.value)
        case BelowOwnBaseline():
            return gain(instrument, signal.baseline, signal.latest.value)
        case AllianceDrop() | AllianceRepaired():
            return gain(instrument, signal.mean, signal.latest.value)
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
            return (*_point(signal.intake), *_point(signal.latest))
        case NoReliableGain():
            return tuple(
                part
                for reading in (signal.intake, signal.best, signal.latest)
                for part in _point(reading)
            )
        case BelowOwnBaseline():
            return (_plain(signal.baseline), *_point(signal.latest))
        case AllianceDrop():
            return (
                signal.level,
                _plain(signal.mean),
                _plain(signal.sd),
                *_point(signal.latest),
            )
        case AllianceRepaired():
            return (
                _plain(signal.mean),
                _plain(signal.sd),
                *_point(signal.lowest),
                *_point(signal.latest),
            )
        case _:
            assert_never(signal)


def _point(reading: Reading) -> tuple[str, str]:
    return (_instant(reading.authored), _plain(reading.value))


def _instant(authored: datetime) -> str:
    return sitting_instant(authored).isoformat()


def _plain(value: Decimal) -> str:
    """17 and 17.0 are one number; a server may send back either."""
    return format(value.normalize(), "f")
