"""In which order people see signals, and which of them say one thing twice."""

from collections.abc import Iterable, Iterator
from typing import assert_never

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
    SafetyAnswer,
    SafetyBlank,
    SpeakingSignal,
)

# What a signal says more clearly than those behind it, of the same answers.
_SAYS_TOO: dict[type, tuple[type, ...]] = {
    ReliablyWorse: (NoReliableGain, Plateau),
    OutsideBand: (NoReliableGain, Plateau),
    NoReliableGain: (Plateau,),
    ReachedGoal: (LargeGain,),
    AllianceUnrepaired: (AllianceDrop, BelowOwnLimits, BelowOwnBaseline),
    AllianceDrop: (BelowOwnLimits, BelowOwnBaseline),
    BelowOwnLimits: (BelowOwnBaseline,),
}

_Place = tuple[type, str, str]  # kind of signal, instrument, respondent


def priority(signal: SpeakingSignal) -> int:
    """Place in the order in which people should see signals; 0 is first."""
    match signal:
        case SafetyAnswer(urgency="full"):
            return 0
        case SafetyAnswer():
            return 1
        case SafetyBlank():
            return 2
        case BothDown():
            return 3
        case ReliablyWorse():
            return 4
        case OutsideBand():
            return 5
        case AllianceUnrepaired():
            return 6
        case NoReliableGain():
            return 7
        case AllianceDrop(level="strong"):
            return 8
        case AllianceDrop():
            return 9
        case MissedWhileDown():
            return 10
        case BelowSiteCutoff():
            return 11
        case BelowOwnLimits():
            return 12
        case BelowOwnBaseline():
            return 13
        case Plateau():
            return 14
        case NoisyProfile():
            return 15
        case ReachedGoal():
            return 16
        case LargeGain():
            return 17
        case AllianceRepaired():
            return 18
        case FlatAtMaximum():
            return 19
        case _:
            assert_never(signal)


def said_already(signals: Iterable[SpeakingSignal]) -> frozenset[_Place]:
    """Kind, instrument and respondent of what another of these signals says too."""
    return frozenset(place for each in signals for place in _says_too(each))


def place_of(signal: SpeakingSignal) -> _Place:
    """By what a signal is looked up among those that are said already."""
    return (type(signal), signal.instrument_id, signal.respondent)


def _says_too(signal: SpeakingSignal) -> Iterator[_Place]:
    if isinstance(signal, BothDown):
        for part in (signal.outcome, signal.alliance):
            yield place_of(part)
            yield from _says_too(part)
    for kind in _SAYS_TOO.get(type(signal), ()):
        yield (kind, signal.instrument_id, signal.respondent)
