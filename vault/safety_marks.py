"""Answers a person must see: raised with the seal, seen by, back-up told."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from vault.cipher import TenantCipher
from vault.connections import Store
from vault.errors import NotFound
from vault.tables import safety_marks


@dataclass(frozen=True, slots=True)
class SafetyMark:
    """A mark to raise; the body says which answer."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """A raised mark.

    Attributes:
        body: empty once the submission is purged and somebody has seen the mark.
        seen_by: who said first that they have seen it.
        told_at: when the site's back-up was told.
    """

    mark_id: str
    submission_id: str
    patient_index: str
    body: bytes
    raised_at: datetime
    seen_by: str | None
    seen_at: datetime | None
    told_at: datetime | None


class SafetyMarks:
    """`tenant_vault.safety`."""

    def __init__(self, store: Store, cipher: TenantCipher) -> None:
        self._store = store
        self._cipher = cipher
        self._tenant = cipher.tenant

    def open_marks(self, patient: str) -> tuple[Mark, ...]:
        """The patient's marks that nobody has seen, oldest first."""
        return tuple(mark for mark in self.marks(patient) if mark.seen_by is None)

    def marks(self, patient: str) -> tuple[Mark, ...]:
        """All of the patient's marks that are still kept, oldest first."""
        query = (
            select(safety_marks)
            .where(
                safety_marks.c.tenant == self._tenant,
                safety_marks.c.patient_index == self._cipher.blind_index(patient),
            )
            .order_by(safety_marks.c.raised_at, safety_marks.c.mark_id)
        )
        with self._store.read() as connection:
            return tuple(self._mark(row) for row in connection.execute(query).all())

    def seen(self, mark_id: str, *, by: str, now: datetime) -> None:
        """Somebody has seen it. The first one stays on record.

        Raises:
            NotFound: no such mark.
        """
        with self._store.write() as connection:
            row = (
                safety_marks.c.tenant == self._tenant,
                safety_marks.c.mark_id == mark_id,
            )
            if connection.execute(select(safety_marks).where(*row)).first() is None:
                raise NotFound("safety mark")
            connection.execute(
                update(safety_marks)
                .where(*row, safety_marks.c.seen_at.is_(None))
                .values(
                    seen_by=self._cipher.seal("mark seen", mark_id, by.encode()),
                    seen_at=now,
                )
            )

    def overdue(self, now: datetime, limit: timedelta) -> tuple[Mark, ...]:
        """Marks unseen for `limit` or longer whose back-up was not told yet."""
        query = (
            select(safety_marks)
            .where(
                safety_marks.c.tenant == self._tenant,
                safety_marks.c.seen_at.is_(None),
                safety_marks.c.told_at.is_(None),
                safety_marks.c.raised_at <= now - limit,
            )
            .order_by(safety_marks.c.raised_at, safety_marks.c.mark_id)
        )
        with self._store.read() as connection:
            return tuple(self._mark(row) for row in connection.execute(query).all())

    def told(self, mark_id: str, now: datetime) -> bool:
        """The back-up was told; False if somebody had told them before."""
        with self._store.write() as connection:
            told = connection.execute(
                update(safety_marks)
                .where(
                    safety_marks.c.tenant == self._tenant,
                    safety_marks.c.mark_id == mark_id,
                    safety_marks.c.told_at.is_(None),
                )
                .values(told_at=now)
            )
            return told.rowcount == 1

    def _mark(self, row: Row[Any]) -> Mark:
        seen_by = row.seen_by
        body = row.body
        opened = self._cipher.open
        return Mark(
            mark_id=row.mark_id,
            submission_id=row.submission_id,
            patient_index=row.patient_index,
            body=b"" if body is None else opened("mark", row.mark_id, body),
            raised_at=row.raised_at,
            seen_by=(
                None
                if seen_by is None
                else opened("mark seen", row.mark_id, seen_by).decode()
            ),
            seen_at=row.seen_at,
            told_at=row.told_at,
        )


def raise_marks(
    connection: Connection,
    cipher: TenantCipher,
    *,
    submission_id: str,
    patient_index: str,
    marks: Sequence[SafetyMark],
    now: datetime,
) -> None:
    """Raise marks inside the transaction that seals their submission."""
    for mark in marks:
        mark_id = secrets.token_urlsafe(16)
        connection.execute(
            insert(safety_marks).values(
                tenant=cipher.tenant,
                mark_id=mark_id,
                submission_id=submission_id,
                patient_index=patient_index,
                body=cipher.seal("mark", mark_id, mark.body),
                raised_at=now,
            )
        )
