"""The first half of the outbox: a form's nonce, and the seal that uses it up.

"Saved" may be said when `seal` has returned: row, nonce, safety marks and audit row
are then in one transaction on the disk, or none of them is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from vault.audit import AuditRow, append_audit
from vault.cipher import TenantCipher
from vault.connections import Store
from vault.errors import AlreadyUsed, NonceConflict, NotFound
from vault.safety_marks import SafetyMark, raise_marks
from vault.tables import drafts, outbox

# The cause of a row that is held because its form was posted twice and differently.
NONCE_CONFLICT = "nonce_conflict"


@dataclass(frozen=True, slots=True)
class Stored:
    """A submission that is on the disk.

    Attributes:
        submission_id: of the first submission, if this one repeats it.
        repeated: the same nonce and body were sealed before; nothing was added.
    """

    submission_id: str
    sealed_at: datetime
    repeated: bool


class Sealing:
    """Drafts and seals of one tenant."""

    def __init__(self, store: Store, cipher: TenantCipher) -> None:
        self._store = store
        self._cipher = cipher
        self._tenant = cipher.tenant

    def issue_nonce(
        self,
        nonce: str,
        *,
        owner: str,
        body: bytes,
        now: datetime,
        expires_at: datetime,
    ) -> None:
        """A form opens.

        Args:
            nonce: random, at least 128 bits.
            owner: the launch context or handoff that the form belongs to.
            body: what is fixed from now on (patient, encounter, instrument).

        Raises:
            AlreadyUsed: this nonce exists.
        """
        nonce_hash = self._cipher.hashed("nonce", nonce)
        try:
            with self._store.write() as connection:
                connection.execute(
                    insert(drafts).values(
                        tenant=self._tenant,
                        nonce_hash=nonce_hash,
                        owner=owner,
                        body=self._cipher.seal("draft", nonce_hash, body),
                        issued_at=now,
                        expires_at=expires_at,
                    )
                )
        except IntegrityError:
            raise AlreadyUsed("nonce") from None

    def draft(self, nonce: str, *, owner: str, now: datetime) -> bytes:
        """What was fixed when the form opened; also after it was sealed.

        Raises:
            NotFound: unknown, another owner's, or expired without being used.
        """
        nonce_hash = self._cipher.hashed("nonce", nonce)
        with self._store.read() as connection:
            found = self._draft(connection, nonce_hash, owner=owner)
        if found.used_at is None and found.expires_at <= now:
            raise NotFound("form")
        return self._cipher.open("draft", nonce_hash, found.body)

    def seal(
        self,
        *,
        nonce: str,
        owner: str,
        submission_id: str,
        body_hash: str,
        patient: str,
        payload: bytes,
        safety: Sequence[SafetyMark],
        audit: AuditRow,
        now: datetime,
    ) -> Stored:
        """Store a submission durably, once.

        Args:
            body_hash: of what the browser posted; tells a repeat from another body.

        Raises:
            NotFound: no such open form for this owner; nothing is stored.
            NonceConflict: the form was sealed with another body. This one is stored
                too, held for staff, with its safety marks.
            AlreadyUsed: another form has this submission id.
        """
        nonce_hash = self._cipher.hashed("nonce", nonce)
        hashed_body = self._cipher.hashed("body", body_hash)
        try:
            with self._store.write() as connection:
                draft = self._draft(connection, nonce_hash, owner=owner)
                sealed = connection.execute(
                    select(outbox)
                    .where(
                        outbox.c.tenant == self._tenant,
                        outbox.c.nonce_hash == nonce_hash,
                    )
                    .order_by(outbox.c.place)
                ).all()
                for row in sealed:
                    if row.body_hash == hashed_body:
                        if row.submission_id != sealed[0].submission_id:
                            raise NonceConflict(
                                row.submission_id, first=sealed[0].submission_id
                            )
                        return Stored(row.submission_id, row.sealed_at, repeated=True)
                if draft.used_at is None:
                    self._use(connection, nonce_hash, now=now)
                self._insert(
                    connection,
                    submission_id=submission_id,
                    nonce_hash=nonce_hash,
                    body_hash=hashed_body,
                    patient_index=self._cipher.blind_index(patient),
                    payload=payload,
                    held=draft.used_at is not None,
                    now=now,
                )
                raise_marks(
                    connection,
                    self._cipher,
                    submission_id=submission_id,
                    patient_index=self._cipher.blind_index(patient),
                    marks=safety,
                    now=now,
                )
                append_audit(connection, self._cipher, row=audit, now=now)
        except IntegrityError:
            raise AlreadyUsed("submission id") from None
        if draft.used_at is not None:
            first = sealed[0].submission_id if sealed else ""
            raise NonceConflict(submission_id, first=first)
        return Stored(submission_id, now, repeated=False)

    def _draft(
        self, connection: Connection, nonce_hash: str, *, owner: str
    ) -> Row[Any]:
        found = connection.execute(
            select(drafts).where(
                drafts.c.tenant == self._tenant,
                drafts.c.nonce_hash == nonce_hash,
                drafts.c.owner == owner,
            )
        ).first()
        if found is None:
            raise NotFound("form")
        return found

    def _use(self, connection: Connection, nonce_hash: str, *, now: datetime) -> None:
        used = connection.execute(
            update(drafts)
            .where(
                drafts.c.tenant == self._tenant,
                drafts.c.nonce_hash == nonce_hash,
                drafts.c.used_at.is_(None),
                drafts.c.expires_at > now,
            )
            .values(used_at=now)
        )
        if used.rowcount != 1:
            raise NotFound("form")

    def _insert(
        self,
        connection: Connection,
        *,
        submission_id: str,
        nonce_hash: str,
        body_hash: str,
        patient_index: str,
        payload: bytes,
        held: bool,
        now: datetime,
    ) -> None:
        last = connection.execute(
            select(func.max(outbox.c.place)).where(outbox.c.tenant == self._tenant)
        ).scalar()
        cause = self._cipher.seal("cause", submission_id, NONCE_CONFLICT.encode())
        connection.execute(
            insert(outbox).values(
                tenant=self._tenant,
                submission_id=submission_id,
                place=(last or 0) + 1,
                patient_index=patient_index,
                nonce_hash=nonce_hash,
                body_hash=body_hash,
                state="held" if held else "sealed",
                payload=self._cipher.seal("payload", submission_id, payload),
                cause=cause if held else None,
                attempts=0,
                sends=0,
                fencing=0,
                due_at=now,
                sealed_at=now,
            )
        )
