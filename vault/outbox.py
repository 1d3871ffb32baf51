"""The outbox: draft → sealed → leased → (unknown) → accepted → verified → purged.

Beside that path: held → retry, export or dismiss, by a person with a name. Nothing
that is not verified or dismissed is ever deleted.
"""

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select, update

from vault.audit import AuditRow, append_audit
from vault.connections import plain_sql, translated
from vault.errors import NotFound
from vault.outbox_lease import OPEN, Deliveries
from vault.outbox_seal import Sealing
from vault.retention import TOMBSTONES, purge_submissions
from vault.tables import instant_from, outbox

WAITING = (*OPEN, "held")

# Compiled once: the first runs on every call from an EHR.
_ROW = (
    select(
        outbox.c.submission_id,
        outbox.c.patient_index,
        outbox.c.payload,
        outbox.c.state,
        outbox.c.sending_at,
        outbox.c.sealed_at,
        outbox.c.attempts,
        outbox.c.sends,
        outbox.c.cause,
    )
    .where(outbox.c.tenant == bindparam("tenant"))
    .order_by(outbox.c.place)
)
_OF_PATIENT = outbox.c.patient_index == bindparam("patient_index")
_WAITS = or_(*(outbox.c.state == each for each in WAITING))
WAITING_OF = plain_sql(_ROW.where(_OF_PATIENT, _WAITS))
HELD = plain_sql(_ROW.where(outbox.c.state == bindparam("state")))


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A submission that the EHR does not hold in a verified copy.

    Attributes:
        state: "sealed", "unknown", "accepted" or "held".
        cause: why it waits, a code; empty if nothing has gone wrong.
    """

    submission_id: str
    patient_index: str
    payload: bytes
    state: str
    sealed_at: datetime
    attempts: int
    sends: int
    cause: str


class Outbox(Sealing, Deliveries):
    """`tenant_vault.outbox`."""

    def waiting(self, patient: str) -> tuple[WaitingRow, ...]:
        """The patient's submissions not yet verified, held ones too, oldest first."""
        return self._rows(WAITING_OF, self._cipher.blind_index(patient), *WAITING)

    def held(self) -> tuple[WaitingRow, ...]:
        """What waits for a person, oldest first."""
        return self._rows(HELD, "held")

    def retry(
        self, submission_id: str, *, by: str, now: datetime, absent: bool = False
    ) -> None:
        """Staff lets a held row go on.

        Args:
            by: who decided; written into the audit.
            absent: that person has looked and the EHR does not hold it, so it may be
                sent again even where a server cannot be searched.

        Raises:
            NotFound: no such held row.
        """
        with self._store.write() as connection:
            row = self._held(connection, submission_id)
            resumed = "sealed" if absent or row.sends == 0 else "unknown"
            connection.execute(
                update(outbox)
                .where(
                    outbox.c.tenant == self._tenant,
                    outbox.c.submission_id == submission_id,
                )
                .values(state=resumed, due_at=now, attempts=0)
            )
            self._decided(
                connection,
                "outbox.retry",
                submission_id=submission_id,
                by=by,
                reason="absent" if absent else "",
                now=now,
            )

    def dismiss(
        self, submission_id: str, *, by: str, reason: str, now: datetime
    ) -> None:
        """Staff decides that a held row shall not reach the EHR.

        Raises:
            NotFound: no such held row.
        """
        with self._store.write() as connection:
            self._held(connection, submission_id)
            connection.execute(
                update(outbox)
                .where(
                    outbox.c.tenant == self._tenant,
                    outbox.c.submission_id == submission_id,
                )
                .values(state="dismissed", finished_at=now)
            )
            self._decided(
                connection,
                "outbox.dismiss",
                submission_id=submission_id,
                by=by,
                reason=reason,
                now=now,
            )

    def purge(self, now: datetime, keep: timedelta) -> int:
        """Forget the payloads of what was verified or dismissed `keep` ago.

        Returns:
            How many payloads are gone. Ids and times stay as a tombstone.
        """
        with self._store.write() as connection:
            purged = purge_submissions(
                connection, self._tenant, now=now, keep=keep, tombstones=TOMBSTONES
            )
        self._store.checkpoint()
        return purged

    def _held(self, connection: Connection, submission_id: str) -> Row[Any]:
        row = connection.execute(
            select(outbox).where(
                outbox.c.tenant == self._tenant,
                outbox.c.submission_id == submission_id,
                outbox.c.state == "held",
            )
        ).first()
        if row is None:
            raise NotFound("held submission")
        return row

    def _decided(
        self,
        connection: Connection,
        kind: str,
        *,
        submission_id: str,
        by: str,
        reason: str,
        now: datetime,
    ) -> None:
        told = {"submission": submission_id, "reason": reason}
        row = AuditRow(kind, by, None, json.dumps(told).encode())
        append_audit(connection, self._cipher, row=row, now=now)

    def _rows(self, statement: str, *where: str) -> tuple[WaitingRow, ...]:
        with translated():
            driver: sqlite3.Connection = self._store.driver()
            rows = driver.execute(statement, (self._tenant, *where)).fetchall()
        return tuple(self._waiting_row(row) for row in rows)

    def _waiting_row(self, row: tuple[Any, ...]) -> WaitingRow:
        name, patient_index, payload, state, sending_at, sealed_at, *tries, cause = row
        opened = self._cipher.open
        return WaitingRow(
            submission_id=name,
            patient_index=patient_index,
            payload=opened("payload", name, payload),
            # What is being sent at this moment may or may not be there.
            state=state if sending_at is None else "unknown",
            sealed_at=instant_from(sealed_at),
            attempts=tries[0],
            sends=tries[1],
            cause="" if cause is None else opened("cause", name, cause).decode(),
        )
