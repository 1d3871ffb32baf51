"""Safety marks on the page: raised with the response, seen by a named person."""

import json
from dataclasses import dataclass
from datetime import datetime

from smart_app.words import moment
from vault.database import TenantVault
from vault.safety_marks import Mark


@dataclass(frozen=True, slots=True)
class OpenMark:
    id: str
    raised: str


@dataclass(frozen=True, slots=True)
class SeenMark:
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Marks:
    """A patient's marks: still open, and acknowledged by somebody."""

    open: tuple[OpenMark, ...]
    seen: tuple[SeenMark, ...]


def marks_of(vault: TenantVault, patient: str, *, now: datetime) -> Marks:
    """Oldest first."""
    marks = vault.safety.marks(patient)
    return Marks(
        open=tuple(
            OpenMark(mark.mark_id, moment(mark.raised_at, like=now))
            for mark in marks
            if mark.seen_by is None
        ),
        seen=tuple(
            SeenMark(mark.seen_by, moment(mark.seen_at, like=now))
            for mark in marks
            if mark.seen_by is not None and mark.seen_at is not None
        ),
    )


def needs_crisis_text(vault: TenantVault, patient: str, submission_id: str) -> bool:
    """Whether this response raised a mark that asks for the crisis text."""
    return any(
        mark.submission_id == submission_id and _is_urgent(mark)
        for mark in vault.safety.marks(patient)
    )


def _is_urgent(mark: Mark) -> bool:
    return bool(json.loads(mark.body).get("urgency") == "full")
