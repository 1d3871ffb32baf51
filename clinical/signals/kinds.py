"""The signals: one class each, named after what was computed, with its evidence.

Every number a person needs to check the signal is in it. Words come at the faces.
`respondent` says whose answers they are: the patient's own, or a carer's.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from clinical.attendance import Visit
from clinical.measurement import Respondent

# S1 lives with its rule, which waits for no trajectory; `as` says: exported here.
from clinical.safety import SafetyAnswer as SafetyAnswer
from clinical.safety import SafetyBlank as SafetyBlank
from clinical.trajectory import Reading

# D1 is the missed visit; the others are numbered as in docs/reference/signals.md.
_ProgressRule = Literal["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8"]
_AllianceRule = Literal["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8"]
RuleId = _ProgressRule | _AllianceRule | Literal["D1"]

SilentReason = Literal[
    "no_readings",
    "too_few_readings",
    "no_reliable_change_known",
    "no_cutoff_known",
    "not_scored",
    "started_outside_clinical_range",
    "data_quality",
    # S3, as `clinical.expected_response` gives them
    "is_intake",
    "after_last_session",
    "intake_outside_sample",
    "too_few_people_for_a_norm",
    "no_norm_for_this_group",
    "norm_review_overdue",
    # D1
    "no_visits_known",
]
# By whose spread a drop is measured: the person's own, or a larger one.
SpreadOf = Literal["own", "sample", "floor"]
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
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class OutsideBand:
    """S3: worse than the 80 % line of the norm for this start and session."""

    instrument_id: str
    intake: Reading
    latest: Reading
    expected: Decimal  # mean of people with such a start who stayed until this session
    line: Decimal  # the worse side of the 80 % band
    persons: int  # on whom the norm rests at this session
    pack_id: str
    pack_hash: str  # SHA-256 (hex); old signals keep theirs
    rci: Decimal | None  # score points
    in_a_row: int
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class NoReliableGain:
    """S4: sessions have passed and no reading was reliably better than intake."""

    instrument_id: str
    intake: Reading
    best: Reading
    latest: Reading
    rci: Decimal
    sessions_after_intake: int
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class Plateau:
    """S5: the last readings hardly change, and the goal is not reached."""

    instrument_id: str
    first: Reading  # of the readings looked at
    latest: Reading
    readings: int
    slope: Decimal  # score points per session, positive is better, rounded to 0.01
    flat_within: Decimal  # a slope smaller than this is flat
    after_gain: bool  # some reading has been reliably better than the intake
    rci: Decimal
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class LargeGain:
    """S6: better than the reading before by at least the reliable change."""

    instrument_id: str
    before: Reading
    latest: Reading
    rci: Decimal
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class NoisyProfile:
    """S7: reliable moves to and fro, again and again."""

    instrument_id: str
    swings: int
    first: Reading  # of the readings looked at
    latest: Reading
    readings: int
    rci: Decimal
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class ReachedGoal:
    """S8: reliably better and across the cut-off, in two readings in a row."""

    instrument_id: str
    intake: Reading
    latest: Reading
    rci: Decimal
    cutoff: Decimal
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class BelowSiteCutoff:
    """R1: below the cut-off that the site entered, or a line below the site's own."""

    instrument_id: str
    latest: Reading
    cutoff: Decimal | None  # set if the score is on its low side
    low_lines: tuple[str, ...]  # link ids
    line: Decimal | None  # what a line is compared with; set if one is low
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class BelowOwnBaseline:
    """R2: the alliance is below the mean of this person's first ratings."""

    instrument_id: str
    baseline: Decimal  # mean of the first readings, score points
    baseline_readings: int
    latest: Reading
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class AllianceDrop:
    """R3: a drop of at least one (watch) or two (strong) SD from this person's mean."""

    instrument_id: str
    level: Literal["watch", "strong"]
    mean: Decimal  # of the readings before the drop began
    sd: Decimal  # the one used: of their own, the sample's or the floor
    sd_of: SpreadOf
    latest: Reading
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class BelowOwnLimits:
    """R4: below the limit of this person's control chart, or long below its centre."""

    instrument_id: str
    how: Literal["beyond_limit", "run"]
    centre: Decimal  # mean of the readings before
    sigma: Decimal  # the one used: their mean moving range over d2, sample or floor
    sigma_of: SpreadOf
    in_a_row: int  # readings on the worse side of the centre, up to the latest
    latest: Reading
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class AllianceRepaired:
    """R5: after a drop, back within one SD of the mean before it."""

    instrument_id: str
    mean: Decimal
    sd: Decimal
    lowest: Reading
    latest: Reading
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class AllianceUnrepaired:
    """R6: a drop from which no reading has come back in the sessions since."""

    instrument_id: str
    mean: Decimal
    sd: Decimal
    began: Reading
    lowest: Reading
    latest: Reading
    sessions: int  # since the drop began
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class FlatAtMaximum:
    """R7: the highest possible rating, several times running."""

    instrument_id: str
    readings: int  # in a row, up to the latest
    latest: Reading
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class BothDown:
    """R8: the outcome is worse, and the alliance is down, in the same few sessions."""

    instrument_id: str  # of the outcome
    outcome: ReliablyWorse | OutsideBand
    alliance: AllianceDrop | BelowOwnBaseline
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class MissedWhileDown:
    """D1: the last visit was missed, and the sessions before it showed a decline."""

    instrument_id: str  # of the first reason
    visit: Visit
    because: tuple[ReliablyWorse | OutsideBand | BelowOwnBaseline, ...]
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class QualityNote:
    """Why the data may not carry a conclusion; `silences` names the quiet rules."""

    instrument_id: str
    reason: QualityReason
    silences: tuple[RuleId, ...]
    reading: Reading | None
    respondent: Respondent = "self"


@dataclass(frozen=True, slots=True)
class CannotTellYet:
    """The rule has too little to speak; nothing may be concluded."""

    instrument_id: str
    rule: RuleId
    reason: SilentReason
    readings: int
    needed: int
    respondent: Respondent = "self"


SpeakingSignal = (
    SafetyAnswer
    | SafetyBlank
    | ReliablyWorse
    | OutsideBand
    | NoReliableGain
    | Plateau
    | LargeGain
    | NoisyProfile
    | ReachedGoal
    | BelowSiteCutoff
    | BelowOwnBaseline
    | AllianceDrop
    | BelowOwnLimits
    | AllianceRepaired
    | AllianceUnrepaired
    | FlatAtMaximum
    | BothDown
    | MissedWhileDown
)
Signal = SpeakingSignal | QualityNote | CannotTellYet
