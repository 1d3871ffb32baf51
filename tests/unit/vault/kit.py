"""Values and short ways that the vault's tests share."""

import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vault.audit import AuditRow
from vault.card_log import CardRow
from vault.database import TenantVault
from vault.outbox_seal import Stored
from vault.safety_marks import SafetyMark

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def open_form(part: TenantVault, nonce: str, *, owner: str = "context-1") -> None:
    part.outbox.issue_nonce(
        nonce, owner=owner, body=b"for anna", now=NOW, expires_at=NOW + HOUR
    )


def seal(
    part: TenantVault,
    submission_id: str,
    *,
    nonce: str | None = None,
    patient: str = "anna",
    body_hash: str = "first body",
    owner: str = "context-1",
    payload: bytes = b"answers",
    safety: tuple[SafetyMark, ...] = (),
    now: datetime = NOW,
) -> Stored:
    """Seal; opens the form first, unless a nonce is given."""
    if nonce is None:
        nonce = f"nonce of {submission_id}"
        open_form(part, nonce, owner=owner)
    return part.outbox.seal(
        nonce=nonce,
        owner=owner,
        submission_id=submission_id,
        body_hash=body_hash,
        patient=patient,
        payload=payload,
        safety=safety,
        audit=AuditRow("submission.sealed", "Practitioner/1", patient, b"{}"),
        now=now,
    )


def card(
    part: TenantVault, uuid: str, *, served: bool = True, cause: str = "S2|phq-9"
) -> CardRow:
    return CardRow(
        uuid=uuid,
        patient_index=part.patient_index("anna"),
        cause=cause,
        data_hash="a" * 64,
        encounter="visit-7",
        rule="S2",
        level="-6",
        served=served,
    )


def rows(folder: Path, sql: str, *, file: str = "main.sqlite") -> list[tuple]:
    """What another program sees, or does, in the file."""
    with sqlite3.connect(folder / file, isolation_level=None) as connection:
        found = connection.execute(sql).fetchall()
    connection.close()
    return found


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """Results, or errors, of `count` threads that start together."""
    gate = threading.Barrier(count)
    results: list[object] = [None] * count

    def run(number: int) -> None:
        gate.wait()
        try:
            results[number] = act(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(each,)) for each in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
