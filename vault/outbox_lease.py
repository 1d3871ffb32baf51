"""The second half of the outbox: one worker at a time carries a row to the EHR.

`state` says how far a row has come: sealed, unknown, accepted, then verified, held,
dismissed, purged. A lease lies over it. A row that was marked `sending` and whose
lease ran out comes back as unknown: its bytes may have left.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, exists, or_, select, update

from vault.cipher import TenantCipher
from vault.connections import Store
from vault.errors import LeaseLost
from vault.tables import outbox

# Not yet verified and not waiting for a person: the worker's part.
OPEN = ("sealed", "unknown", "accepted")


@dataclass(frozen=True, slots=True)
class Leased:
    """A row in one worker's hands.

    Attributes:
        state: "sealed", "unknown" or "accepted", as it was when leased.
        attempts: how often it was leased, this time included.
        sends: how often bytes may have left for the EHR.
        fencing: rises with each lease; an older one changes nothing any more.
        progress: what the EHR has accepted so far; empty at first.
    """

    submission_id: str
    payload: bytes
    patient_index: str
    state: str
    attempts: int
    sends: int
    fencing: int
    progress: bytes
    sealed_at: datetime
    leased_until: datetime


class Deliveries:
    """The worker's side of one tenant's outbox."""

    def __init__(self, store: Store, cipher: TenantCipher) -> None:
        self._store = store
        self._cipher = cipher
        self._tenant = cipher.tenant

    def lease(self, *, worker: str, now: datetime, until: datetime) -> Leased | None:
        """The oldest row that is due, or None.

        A patient's rows go one by one in the order of sealing: a row waits while an
        earlier one of the same patient is open, or any of them is leased. A held row
        stops nobody: it may wait for days.

        Args:
            until: later than the worker's own deadline plus grace.
        """
        other = outbox.alias()
        in_the_way = exists().where(
            other.c.tenant == outbox.c.tenant,
            other.c.patient_index == outbox.c.patient_index,
            other.c.submission_id != outbox.c.submission_id,
            other.c.state.in_(OPEN),
            or_(
                other.c.place < outbox.c.place,
                and_(other.c.worker.is_not(None), other.c.leased_until > now),
            ),
        )
        due = (
            select(outbox)
            .where(
                outbox.c.tenant == self._tenant,
                outbox.c.state.in_(OPEN),
                outbox.c.due_at <= now,
                or_(outbox.c.worker.is_(None), outbox.c.leased_until <= now),
                ~in_the_way,
            )
            .order_by(outbox.c.place)
            .limit(1)
        )
        with self._store.read() as connection:
            if connection.execute(due).first() is None:
                return None  # the usual answer needs no write
        with self._store.write() as connection:
            row = connection.execute(due).first()
            if row is None:
                return None
            state = row.state if row.sending_at is None else "unknown"
            connection.execute(
                update(outbox)
                .where(
                    outbox.c.tenant == self._tenant,
                    outbox.c.submission_id == row.submission_id,
                )
                .values(
                    state=state,
                    sending_at=None,
                    worker=worker,
                    leased_until=until,
                    fencing=row.fencing + 1,
                    attempts=row.attempts + 1,
                )
            )
        return Leased(
            submission_id=row.submission_id,
            payload=self._cipher.open("payload", row.submission_id, row.payload),
            patient_index=row.patient_index,
            state=state,
            attempts=row.attempts + 1,
            sends=row.sends,
            fencing=row.fencing + 1,
            progress=(
                b""
                if row.progress is None
                else self._cipher.open("progress", row.submission_id, row.progress)
            ),
            sealed_at=row.sealed_at,
            leased_until=until,
        )

    def sending(self, leased: Leased, now: datetime) -> None:
        """Say so before the first byte leaves.

        Raises:
            LeaseLost: leased by somebody else, or the time is over: send nothing.
        """
        self._change(
            leased,
            {"sending_at": now, "sends": outbox.c.sends + 1},
            alive_at=now,
        )

    def accepted(self, leased: Leased, *, progress: bytes, now: datetime) -> None:
        """The EHR gave an id; the lease goes on until read back or put down.

        Raises:
            LeaseLost: somebody else holds the row.
        """
        self._change(
            leased,
            {
                "state": "accepted",
                "sending_at": None,
                "progress": self._progress(leased, progress),
            },
        )

    def verified(self, leased: Leased, *, progress: bytes, now: datetime) -> None:
        """The EHR's copy was read back and means the same.

        Raises:
            LeaseLost: somebody else holds the row.
        """
        self._put_down(
            leased,
            {
                "state": "verified",
                "finished_at": now,
                "cause": None,
                "progress": self._progress(leased, progress),
            },
        )

    def unknown(
        self, leased: Leased, *, retry_at: datetime, cause: str, now: datetime
    ) -> None:
        """Bytes may have left and nobody knows what became of them.

        Raises:
            LeaseLost: somebody else holds the row.
        """
        self._put_down(
            leased,
            {
                "state": "unknown",
                "due_at": retry_at,
                "cause": self._cause(leased, cause),
            },
        )

    def later(
        self, leased: Leased, *, retry_at: datetime, cause: str, now: datetime
    ) -> None:
        """Try again later; what was under way has surely stored nothing.

        The row keeps its state: unknown stays unknown, accepted stays accepted.

        Raises:
            LeaseLost: somebody else holds the row.
        """
        self._put_down(
            leased,
            {"due_at": retry_at, "cause": self._cause(leased, cause)},
        )

    def hold(self, leased: Leased, *, cause: str, now: datetime) -> None:
        """Wait for a person.

        Raises:
            LeaseLost: somebody else holds the row.
        """
        self._put_down(leased, {"state": "held", "cause": self._cause(leased, cause)})

    def counts(self) -> dict[str, int]:
        """Rows by state; those in a worker's hands count as "leased"."""
        counts: dict[str, int] = {}
        state = case((outbox.c.worker.is_not(None), "leased"), else_=outbox.c.state)
        query = select(state).where(outbox.c.tenant == self._tenant)
        with self._store.read() as connection:
            for found in connection.execute(query).scalars():
                counts[found] = counts.get(found, 0) + 1
        return counts

    def _put_down(self, leased: Leased, values: dict[str, Any]) -> None:
        nobody = {"worker": None, "leased_until": None, "sending_at": None}
        self._change(leased, {**values, **nobody})

    def _change(
        self,
        leased: Leased,
        values: dict[str, Any],
        *,
        alive_at: datetime | None = None,
    ) -> None:
        mine = [
            outbox.c.tenant == self._tenant,
            outbox.c.submission_id == leased.submission_id,
            outbox.c.fencing == leased.fencing,
            outbox.c.worker.is_not(None),
        ]
        if alive_at is not None:
            mine.append(outbox.c.leased_until > alive_at)
        with self._store.write() as connection:
            changed = connection.execute(update(outbox).where(*mine).values(**values))
            if changed.rowcount != 1:
                raise LeaseLost("submission")

    def _progress(self, leased: Leased, progress: bytes) -> bytes:
        return self._cipher.seal("progress", leased.submission_id, progress)

    def _cause(self, leased: Leased, cause: str) -> bytes:
        return self._cipher.seal("cause", leased.submission_id, cause.encode())
