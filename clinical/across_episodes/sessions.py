"""Sessions of one episode, as the objectives look at them: what was done, and when.

Nobody who treats is in here: no type of this room knows a clinician.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from clinical.signals.kinds import RuleId

# What people note about a session. A look together is a talk about it too.
EventKind = Literal["looked-together", "refused", "crisis-contact"]
EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)

# Why a person wants no form today; a refusal is a valid state and no gap.
RefusalReason = Literal[
    "not-today",
    "rather-talk",
    "too-much",
    "form-does-not-fit",
    "other-language-needed",
    "no-reason-given",
]
REFUSAL_REASONS: tuple[RefusalReason, ...] = get_args(RefusalReason)


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """Something noted about one session.

    Attributes:
        at: when it was noted, with offset.
        session: id of the encounter; of an EHR that names none, the day (ISO).
        reason: of a refusal; else None.
    """

    kind: EventKind
    at: datetime
    session: str
    reason: RefusalReason | None = None


@dataclass(frozen=True, slots=True)
class CompletedVisit:
    """An encounter that is over, with its times as the EHR states them."""

    id: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class BegunVisit:
    """An encounter that has begun, over or not.

    Attributes:
        id: "" where the EHR gives none.
        start: as the EHR states it, with offset.
        team: id of the organisation that held it; "" if none is stated.
        team_name: as the EHR shows it; "" if it does not.
    """

    id: str
    start: datetime
    team: str = ""
    team_name: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """One completed encounter.

    Attributes:
        start, end: with offset.
        crisis: a crisis contact; it leaves every count.
        refused: the person wanted no form; it leaves every count, and is shown apart.
        outcome_at, alliance_at: when a response of this session was authored.
        reviewed_at: when the treating person has looked at the results.
        discussed: the results were talked about with the person in this session.
        looked_together: graph and agenda together, as the session began.
        signals: rules that were on after this session's responses.
        repair_recorded_at: when a plan for repairing the alliance was recorded.
        review_recorded_at: when a plan review was recorded.
    """

    start: datetime
    end: datetime
    crisis: bool
    refused: bool
    outcome_at: datetime | None
    alliance_at: datetime | None
    reviewed_at: datetime | None
    discussed: bool
    looked_together: bool
    signals: frozenset[RuleId]
    repair_recorded_at: datetime | None
    review_recorded_at: datetime | None

    @property
    def counts(self) -> bool:
        """Whether it belongs in numerator and denominator."""
        return not (self.crisis or self.refused)
