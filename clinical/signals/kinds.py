"""The signals: one class each, named after what was computed, with its evidence.

Every number a person needs to check the signal is in it. Words come at the faces.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

# S1 lives with its rule, which waits for no trajectory; `as` says: exported here.
from clinical.safety import SafetyAnswer as SafetyAnswer
from clinical.safety import SafetyBlank as SafetyBlank
from clinical.trajectory import Reading

RuleId = Literal["S1", "S2", "S4", "S8", "R2", "R3", "R5"]

SilentReason = Literal[
    "no_readings",
    "too_few_readings",
    "no_reliable_change_known",
    "no_cutoff_known",
    "not_scored",
    "started_outside_clinical_range",
    "data_quality",
]
QualityReason = Literal[
    "prorated",
    "not_scored",
    "identical_answers",
    "no_recent_measure",
    "long_gap",
    "started_outside_clinical_range",
    "series_changed",
    "unread_entries",
]


@dataclass(frozen=True, slots=True)
class ReliablyWorse:
    """S2: worse than at intake by at least the reliable change."""

    instrument_id: str
    intake: Reading
    latest: Reading
    rci: Decimal  # score points
    in_a_row: int  # readings in a row that are reliably worse, 1 or more


@dataclass(frozen=True, slots=True)
class NoReliableGain:
    """S4: sessions have passed and no reading was reliably better than intake."""

    instrument_id: str
    intake: Reading
    best: Reading
    latest: Reading
    rci: Decimal
    sessions_after_intake: int


@dataclass(frozen=True, slots=True)
class ReachedGoal:
    """S8: reliably better and across the cut-off, in two readings in a row."""

    instrument_id: str
    intake: Reading
    latest: Reading
    rci: Decimal
    cutoff: Decimal


@dataclass(frozen=True, slots=True)
class BelowOwnBaseline:
    """R2: the alliance is below the mean of this person's first ratings."""

    instrument_id: str
    baseline: Decimal  # mean of the first readings, score points
    baseline_readings: int
    latest: Reading


@dataclass(frozen=True, slots=True)
class AllianceDrop:
    """R3: a drop of at least one (watch) or two (strong) SD from this person's mean."""

    instrument_id: str
    level: Literal["watch", "strong"]
    mean: Decimal  # of the readings before the drop began
    sd: Decimal  # the threshold used: their SD, or the floor if that is larger
    sd_is_floor: bool
    latest: Reading


@dataclass(frozen=True, slots=True)
class AllianceRepaired:
    """R5: after a drop, back within one SD of the mean before it."""

    instrument_id: str
    mean: Decimal
    sd: Decimal
    lowest: Reading
    latest: Reading


@dataclass(frozen=True, slots=True)
class QualityNote:
    """Why the data may not carry a conclusion; `silences` names the quiet rules."""

    instrument_id: str
    reason: QualityReason
    silences: tuple[RuleId, ...]
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class CannotTellYet:
    """The rule has too little to speak; nothing may be concluded."""

    instrument_id: str
    rule: RuleId
    reason: SilentReason
    readings: int
    needed: int


SpeakingSignal = (
    SafetyAnswer
    | SafetyBlank
    | ReliablyWorse
    | NoReliableGain
    | ReachedGoal
    | BelowOwnBaseline
    | AllianceDrop
    | AllianceRepaired
)
Signal = SpeakingSignal | QualityNote | CannotTellYet
