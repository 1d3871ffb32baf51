"""One line of text for each signal, as the spec tables write it."""

from decimal import Decimal
from typing import assert_never

from clinical.interruptions import Interruption
from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    BelowOwnBaseline,
    CannotTellYet,
    NoReliableGain,
    QualityNote,
    ReachedGoal,
    ReliablyWorse,
    SafetyAnswer,
    SafetyBlank,
    Signal,
)


def line(signal: Signal) -> str:
    """Rule, instrument, and every number the signal carries."""
    name = signal.instrument_id
    match signal:
        case SafetyAnswer():
            score = number(signal.reading.value) if signal.reading else "not scored"
            return (
                f"S1 {name}: item {signal.link_id} answered {number(signal.points)},"
                f" {signal.urgency}, score {score}"
            )
        case SafetyBlank():
            return f"S1 {name}: item {signal.link_id} left blank"
        case ReliablyWorse():
            return (
                f"S2 {name}: intake {number(signal.intake.value)},"
                f" latest {number(signal.latest.value)}, rci {number(signal.rci)},"
                f" {signal.in_a_row} in a row"
            )
        case NoReliableGain():
            return (
                f"S4 {name}: intake {number(signal.intake.value)},"
                f" best {number(signal.best.value)},"
                f" latest {number(signal.latest.value)}, rci {number(signal.rci)},"
                f" {signal.sessions_after_intake} sessions after intake"
            )
        case ReachedGoal():
            return (
                f"S8 {name}: intake {number(signal.intake.value)},"
                f" latest {number(signal.latest.value)}, rci {number(signal.rci)},"
                f" cut-off {number(signal.cutoff)}"
            )
        case BelowOwnBaseline():
            return (
                f"R2 {name}: baseline {number(signal.baseline)} of"
                f" {signal.baseline_readings}, latest {number(signal.latest.value)}"
            )
        case AllianceDrop():
            floor = " (floor)" if signal.sd_is_floor else ""
            return (
                f"R3 {name}: {signal.level}, mean {number(signal.mean)},"
                f" sd {number(signal.sd)}{floor},"
                f" latest {number(signal.latest.value)}"
            )
        case AllianceRepaired():
            return (
                f"R5 {name}: mean {number(signal.mean)}, sd {number(signal.sd)},"
                f" lowest {number(signal.lowest.value)},"
                f" latest {number(signal.latest.value)}"
            )
        case QualityNote():
            text = f"{name}: {signal.reason}"
            if signal.reading:
                text += f" at session {signal.reading.session_number}"
            if signal.silences:
                text += f", silences {' '.join(signal.silences)}"
            return text
        case CannotTellYet():
            return (
                f"{signal.rule} {name}: {signal.reason},"
                f" {signal.readings} of {signal.needed} readings"
            )
        case _:
            assert_never(signal)


def card(interruption: Interruption) -> str:
    """Rule and instrument of a card: "S2 phq-9"."""
    rule, name, *_ = interruption.cause.split("|")
    return f"{rule} {name}"


def number(value: Decimal) -> str:
    return format(value.normalize(), "f")
