"""What people did with a card: accepted, or set aside with a reason.

POST /<tenant>/cds-services/progress/feedback
    200 kept (unknown cards are tolerated and counted) · 400 malformed, nothing stored
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from cds_hooks.errors import MalformedRequest
from ehr.errors import JsonRefused
from ehr.wire.safe_json import safe_json
from vault.database import TenantVault

MOST_ENTRIES = 100
log = logging.getLogger("rom.cds_hooks")


@dataclass(frozen=True, slots=True)
class Feedback:
    """One entry; `reason` is a code, never a comment."""

    card: str
    outcome: str
    reason: str | None
    at: datetime


def feedback_from_bytes(body: bytes) -> tuple[Feedback, ...]:
    """All entries, or none.

    Raises:
        MalformedRequest: with the JSON path.
    """
    try:
        table = safe_json(body, profile="request")
    except JsonRefused as refusal:
        raise MalformedRequest(refusal.place, "not the JSON of a feedback") from None
    entries = table.get("feedback")
    if not isinstance(entries, list) or not 0 < len(entries) <= MOST_ENTRIES:
        raise MalformedRequest("$.feedback", f"must be a list of 1-{MOST_ENTRIES}")
    return tuple(
        _feedback(entry, f"$.feedback[{number}]")
        for number, entry in enumerate(entries)
    )


def keep(vault: TenantVault, entries: tuple[Feedback, ...], *, now: datetime) -> int:
    """Store each once, by (card, outcome, time).

    Returns:
        How many were about a card that we know.
    """
    known = sum(
        vault.cards.feedback(
            card=each.card,
            outcome=each.outcome,
            reason=each.reason,
            at=each.at,
            now=now,
        )
        for each in entries
    )
    log.info(
        "feedback",
        extra={
            "fields": {
                "event": "feedback",
                "tenant": vault.tenant,
                "count": len(entries),
                "cards": known,
            }
        },
    )
    return known


def _feedback(entry: object, path: str) -> Feedback:
    if not isinstance(entry, dict):
        raise MalformedRequest(path, "must be an object")
    card, outcome = entry.get("card"), entry.get("outcome")
    uuid = _uuid(card, f"{path}.card")
    if outcome not in ("accepted", "overridden"):
        raise MalformedRequest(f"{path}.outcome", "must be accepted or overridden")
    if outcome == "accepted" and not _has_suggestions(entry):
        raise MalformedRequest(
            f"{path}.acceptedSuggestions", "must name the suggestions"
        )
    return Feedback(
        card=uuid,
        outcome=str(outcome),
        reason=_reason(entry.get("overrideReason"), path),
        at=_instant(entry.get("outcomeTimestamp"), path),
    )


def _has_suggestions(entry: Mapping[str, object]) -> bool:
    found = entry.get("acceptedSuggestions")
    return (
        isinstance(found, list)
        and bool(found)
        and all(isinstance(each, dict) and "id" in each for each in found)
    )


def _reason(given: object, path: str) -> str | None:
    """The reason's code; a user's comment is free text and is not kept."""
    if given is None:
        return None
    reason = given.get("reason") if isinstance(given, dict) else None
    if reason is None and isinstance(given, dict):
        return None
    code = reason.get("code") if isinstance(reason, dict) else None
    if not isinstance(code, str) or not 0 < len(code) <= 100:
        raise MalformedRequest(f"{path}.overrideReason.reason", "must be a Coding")
    return code


def _instant(given: object, path: str) -> datetime:
    if isinstance(given, str):
        # Overflow: the first and the last day of the calendar in another zone.
        with suppress(ValueError, OverflowError):
            at = datetime.fromisoformat(given)
            if at.tzinfo is not None:
                return at.astimezone(UTC)
    raise MalformedRequest(f"{path}.outcomeTimestamp", "must be a UTC instant")


def _uuid(given: object, path: str) -> str:
    """As we gave it out; clients may write it as `urn:uuid:` or in capitals."""
    if isinstance(given, str):
        with suppress(ValueError):
            return str(UUID(given))
    raise MalformedRequest(path, "must be a UUID")
