"""What people note about a session, kept in the audit: who, when, about which session.

No EHR has a place for "we looked at it together" that all others have too, and a mark
in the chart at every session would burden it. The audit is append-only and durable.
"""

import json
from datetime import datetime

from clinical.across_episodes.sessions import (
    EVENT_KINDS,
    REFUSAL_REASONS,
    EventKind,
    RefusalReason,
    SessionEvent,
)
from vault.audit import AuditEntry
from vault.database import TenantVault

PREFIX = "session."


def note_event(
    vault: TenantVault,
    patient: str,
    event: SessionEvent,
    *,
    by: str,
    now: datetime,
) -> None:
    """Keep it, durably.

    Args:
        vault: of the patient's tenant.
        patient: FHIR id.
        event: its `at` is when it is kept.
        by: who noted it, for the audit; no event that is read carries it.
        now: server clock.
    """
    told = {"session": event.session, "reason": event.reason}
    vault.audit.append(
        PREFIX + event.kind,
        by,
        patient=patient,
        details=json.dumps(told).encode(),
        now=now,
    )


def events_of(vault: TenantVault, patient: str) -> tuple[SessionEvent, ...]:
    """Everything noted about this patient's sessions, in order."""
    kinds = [PREFIX + each for each in EVENT_KINDS]
    return tuple(_event(each) for each in vault.audit.of_patient(patient, kinds=kinds))


def _event(entry: AuditEntry) -> SessionEvent:
    told = json.loads(entry.row.details)
    return SessionEvent(
        kind=_kind(entry.row.kind.removeprefix(PREFIX)),
        at=entry.at,
        session=told["session"],
        reason=_reason(told["reason"]),
    )


def _kind(text: str) -> EventKind:
    return next(each for each in EVENT_KINDS if each == text)


def _reason(text: str) -> RefusalReason | None:
    return next((each for each in REFUSAL_REASONS if each == text), None)
