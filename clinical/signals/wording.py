"""Which class of sentence a signal gets; the sentences stand at the faces."""

from typing import Literal, assert_never

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

# W0 see the person now; W1 worse, quietly; W2 less change than most; W3 review the
# plan; W4 an item for the agenda; W5 ask what helped; W6 how the form is answered; W7
# an invitation to ask about the work together, W7-both where the outcome is worse too.
WordingClass = Literal["W0", "W1", "W2", "W3", "W4", "W5", "W6", "W7", "W7-both"]


def wording_class(signal: SpeakingSignal) -> WordingClass:
    """The class of words for this signal: one next step, never a verdict."""
    match signal:
        case SafetyAnswer() | SafetyBlank():
            return "W0"
        case ReliablyWorse():
            return "W1"
        case OutsideBand():
            return "W2"
        case NoReliableGain():
            return "W3"
        case Plateau() | MissedWhileDown():
            return "W4"
        case LargeGain() | ReachedGoal() | AllianceRepaired():
            return "W5"
        case NoisyProfile():
            return "W6"
        case (
            BelowSiteCutoff()
            | BelowOwnBaseline()
            | AllianceDrop()
            | BelowOwnLimits()
            | AllianceUnrepaired()
            | FlatAtMaximum()
        ):
            return "W7"
        case BothDown():
            return "W7-both"
        case _:
            assert_never(signal)
