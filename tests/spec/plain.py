"""One line of text for each signal, as the spec tables write it."""

from decimal import Decimal
from typing import assert_never

from clinical.interruptions import Interruption
from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    AllianceUnrepaired,
    BelowOwnBaseline,
    BelowOwnLimits,
    BelowSiteCutoff,
    BothDown,
    CannotTellYet,
    FlatAtMaximum,
    LargeGain,
    MissedWhileDown,
    NoisyProfile,
    NoReliableGain,
    OutsideBand,
    Plateau,
    QualityNote,
    ReachedGoal,
    ReliablyWorse,
    SafetyAnswer,
    SafetyBlank,
    Signal,
)
from clinical.signals.since_start import SinceStart


def line(signal: Signal) -> str:
    """Rule, instrument, and every number the signal carries."""
    name = signal.instrument_id
    if signal.respondent != "self":
        name += f" by {signal.respondent}"
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
        case OutsideBand():
            return (
                f"S3 {name}: latest {number(signal.latest.value)},"
                f" line {number(signal.line)}, expected {number(signal.expected)},"
                f" norm of {signal.persons}, {signal.in_a_row} in a row"
            )
        case NoReliableGain():
            return (
                f"S4 {name}: intake {number(signal.intake.value)},"
                f" best {number(signal.best.value)},"
                f" latest {number(signal.latest.value)}, rci {number(signal.rci)},"
                f" {signal.sessions_after_intake} sessions after intake"
            )
        case Plateau():
            gain = ", after a gain" if signal.after_gain else ""
            return (
                f"S5 {name}: {number(signal.slope)} a session over {signal.readings}"
                f" readings, flat below {number(signal.flat_within)}{gain}"
            )
        case LargeGain():
            return (
                f"S6 {name}: {number(signal.before.value)} to"
                f" {number(signal.latest.value)}, rci {number(signal.rci)}"
            )
        case NoisyProfile():
            return (
                f"S7 {name}: {signal.swings} swings in {signal.readings} readings,"
                f" rci {number(signal.rci)}"
            )
        case ReachedGoal():
            return (
                f"S8 {name}: intake {number(signal.intake.value)},"
                f" latest {number(signal.latest.value)}, rci {number(signal.rci)},"
                f" cut-off {number(signal.cutoff)}"
            )
        case BelowSiteCutoff():
            below = f", cut-off {number(signal.cutoff)}" if signal.cutoff else ""
            lines = " ".join(signal.low_lines)
            low = f", low {lines} by {number(signal.line)}" if signal.line else ""
            return f"R1 {name}: latest {number(signal.latest.value)}{below}{low}"
        case BelowOwnBaseline():
            return (
                f"R2 {name}: baseline {number(signal.baseline)} of"
                f" {signal.baseline_readings}, latest {number(signal.latest.value)}"
            )
        case AllianceDrop():
            whose = "" if signal.sd_of == "own" else f" ({signal.sd_of})"
            return (
                f"R3 {name}: {signal.level}, mean {number(signal.mean)},"
                f" sd {number(signal.sd)}{whose},"
                f" latest {number(signal.latest.value)}"
            )
        case BelowOwnLimits():
            whose = "" if signal.sigma_of == "own" else f" ({signal.sigma_of})"
            return (
                f"R4 {name}: {signal.how}, centre {number(signal.centre)},"
                f" sigma {number(signal.sigma)}{whose},"
                f" latest {number(signal.latest.value)}, {signal.in_a_row} in a row"
            )
        case AllianceUnrepaired():
            return (
                f"R6 {name}: {signal.sessions} sessions, mean {number(signal.mean)},"
                f" sd {number(signal.sd)}, lowest {number(signal.lowest.value)},"
                f" latest {number(signal.latest.value)}"
            )
        case FlatAtMaximum():
            return f"R7 {name}: {number(signal.latest.value)}, {signal.readings} times"
        case BothDown():
            return f"R8 {name}: {line(signal.outcome)}; {line(signal.alliance)}"
        case MissedWhileDown():
            reasons = "; ".join(line(each) for each in signal.because)
            return f"D1 {name}: last visit {signal.visit.status}; {reasons}"
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
            if not signal.needed:  # what is missing is no reading
                return f"{signal.rule} {name}: {signal.reason}"
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


def change_line(found: SinceStart | None) -> str:
    """Points, positive is better, and the class."""
    if found is None:
        return "nothing"
    return f"{number(found.gain)} points, {found.change.replace('_', ' ')}"
