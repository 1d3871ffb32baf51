"""Who did what, append-only, in a chain: each row's link covers the row before it.

Links are keyed, so that nobody without the master key can write a chain that
verifies; the head row proves how long the chain is. Putting back a whole older copy
of the database shows only against a `head` that was kept elsewhere.
"""

import base64
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from vault.cipher import TenantCipher
from vault.connections import Store
from vault.errors import Tampered
from vault.tables import audit, audit_heads, microseconds

FIRST_LINK = ""
PAGE = 500


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One event. `patient` is the patient id, or None if it concerns nobody."""

    kind: str
    actor: str
    patient: str | None
    details: bytes


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One stored event."""

    number: int
    at: datetime
    row: AuditRow


@dataclass(frozen=True, slots=True)
class Intact:
    """The chain holds. Keep `link` elsewhere to prove it later."""

    rows: int
    link: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The chain does not hold from this number on (1 is the first row)."""

    number: int


class Audit:
    """`tenant_vault.audit`."""

    def __init__(self, store: Store, cipher: TenantCipher) -> None:
        self._store = store
        self._cipher = cipher
        self._tenant = cipher.tenant

    def append(
        self,
        kind: str,
        actor: str,
        *,
        patient: str | None,
        details: bytes,
        now: datetime,
    ) -> None:
        """Add one event, durably."""
        self.append_all([AuditRow(kind, actor, patient, details)], now=now)

    def append_all(self, rows: Sequence[AuditRow], *, now: datetime) -> None:
        """Add these events in their order, durably: all of them or none."""
        with self._store.write() as connection:
            for row in rows:
                append_audit(connection, self._cipher, row=row, now=now)

    def entries(self, *, after: int = 0) -> Iterator[AuditEntry]:
        """The events in order, from the one behind `after`.

        Raises:
            Tampered: an event is not what was written in its place.
        """
        while True:
            with self._store.read() as connection:
                rows = connection.execute(self._page(after)).all()
            for row in rows:
                yield AuditEntry(row.number, row.at, self._opened(row))
            if len(rows) < PAGE:
                return
            after = rows[-1].number

    def of_patient(self, patient: str, *, kinds: Sequence[str]) -> list[AuditEntry]:
        """This patient's events of these kinds, in order.

        Raises:
            Tampered: an event is not what was written in its place.
        """
        mine = self._cipher.blind_index(patient)
        with self._store.read() as connection:
            rows = connection.execute(
                select(audit)
                .where(
                    audit.c.tenant == self._tenant,
                    audit.c.patient_index == mine,
                    audit.c.kind.in_(kinds),
                )
                .order_by(audit.c.number)
            ).all()
        return [AuditEntry(row.number, row.at, self._opened(row)) for row in rows]

    def verify(self) -> Intact | Broken:
        """Walk the whole chain; an edited, lost, moved or cut row breaks it."""
        number, link = 0, FIRST_LINK
        with self._store.read() as connection:
            head = connection.execute(
                select(audit_heads).where(audit_heads.c.tenant == self._tenant)
            ).first()
            while rows := connection.execute(self._page(number)).all():
                for row in rows:
                    expected = _link(self._cipher, row=row, before=link)
                    if row.number != number + 1 or not hmac.compare_digest(
                        row.link, expected
                    ):
                        return Broken(number + 1)
                    number, link = row.number, row.link
        if head is None:
            return Intact(0, FIRST_LINK) if number == 0 else Broken(1)
        proof = _proof(self._cipher, number=number, link=link)
        if (head.number, head.link) != (number, link) or not hmac.compare_digest(
            head.proof, proof
        ):
            return Broken(min(number, head.number) + 1)
        return Intact(number, link)

    def _page(self, after: int) -> Any:  # a select over all columns
        return (
            select(audit)
            .where(audit.c.tenant == self._tenant, audit.c.number > after)
            .order_by(audit.c.number)
            .limit(PAGE)
        )

    def _opened(self, row: Row[Any]) -> AuditRow:
        plain = self._cipher.open("audit", str(row.number), row.body)
        actor, patient, details = json.loads(plain)
        return AuditRow(row.kind, actor, patient, base64.b64decode(details))


def append_audit(
    connection: Connection, cipher: TenantCipher, *, row: AuditRow, now: datetime
) -> None:
    """Add one event inside the transaction that does what it tells.

    Raises:
        Tampered: the head of the chain was edited; nothing may be hung on it.
    """
    head = connection.execute(
        select(audit_heads).where(audit_heads.c.tenant == cipher.tenant)
    ).first()
    number, before = (0, FIRST_LINK) if head is None else (head.number, head.link)
    if head is not None and not hmac.compare_digest(
        head.proof, _proof(cipher, number=number, link=before)
    ):
        raise Tampered("audit head")
    number += 1
    details = base64.b64encode(row.details).decode()
    body = json.dumps([row.actor, row.patient, details]).encode()
    patient_index = "" if row.patient is None else cipher.blind_index(row.patient)
    sealed = cipher.seal("audit", str(number), body)
    link = _linked(
        cipher,
        number=number,
        at=now,
        kind=row.kind,
        patient_index=patient_index,
        body=sealed,
        before=before,
    )
    connection.execute(
        insert(audit).values(
            tenant=cipher.tenant,
            number=number,
            at=now,
            kind=row.kind,
            patient_index=patient_index,
            body=sealed,
            link=link,
        )
    )
    proof = _proof(cipher, number=number, link=link)
    values = {"number": number, "link": link, "proof": proof}
    if head is None:
        connection.execute(insert(audit_heads).values(tenant=cipher.tenant, **values))
    else:
        connection.execute(
            update(audit_heads)
            .where(audit_heads.c.tenant == cipher.tenant)
            .values(**values)
        )


def _link(cipher: TenantCipher, *, row: Row[Any], before: str) -> str:
    return _linked(
        cipher,
        number=row.number,
        at=row.at,
        kind=row.kind,
        patient_index=row.patient_index,
        body=row.body,
        before=before,
    )


def _linked(
    cipher: TenantCipher,
    *,
    number: int,
    at: datetime,
    kind: str,
    patient_index: str,
    body: bytes,
    before: str,
) -> str:
    when = str(microseconds(at))
    return cipher.hashed(
        "audit link", before, str(number), when, kind, patient_index, body.hex()
    )


def _proof(cipher: TenantCipher, *, number: int, link: str) -> str:
    return cipher.hashed("audit head", str(number), link)
