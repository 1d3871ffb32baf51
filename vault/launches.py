"""Begun launches (one use) and launch contexts (a row per launch).

A context belongs to one browser: its random id stands in the path of every page and
opens nothing without the browser's cookie. Patient, token and user are in the body.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from vault.cipher import TenantCipher
from vault.connections import Store
from vault.errors import AlreadyUsed, LeaseLost, NotFound
from vault.tables import MICROSECOND, contexts, launches

# A page read moves the idle time only when this share of it has passed: a durable
# write per page would cost more than the second or two that this may cut off.
TOUCH_SHARE = 60


@dataclass(frozen=True, slots=True)
class StoredContext:
    """One launch context as stored.

    Attributes:
        body: what the caller stored; the vault does not know what it means.
        version: counts the bodies; `replace_body` names the one it replaces.
        locked: the browser may not open it any more; delivery still may.
    """

    context_id: str
    body: bytes
    patient_index: str
    opened_at: datetime
    version: int
    locked: bool


class Launches:
    """`tenant_vault.launches`."""

    def __init__(self, store: Store, cipher: TenantCipher) -> None:
        self._store = store
        self._cipher = cipher
        self._tenant = cipher.tenant

    def begin(
        self,
        state: str,
        *,
        browser: str,
        body: bytes,
        now: datetime,
        expires_at: datetime,
    ) -> None:
        """Remember a launch until its callback.

        Raises:
            AlreadyUsed: this state exists; it must be random and new.
        """
        state_hash = self._cipher.hashed("state", state)
        try:
            with self._store.write() as connection:
                connection.execute(
                    insert(launches).values(
                        tenant=self._tenant,
                        state_hash=state_hash,
                        browser_hash=self._cipher.hashed("browser", browser),
                        body=self._cipher.seal("launch", state_hash, body),
                        begun_at=now,
                        expires_at=expires_at,
                    )
                )
        except IntegrityError:
            raise AlreadyUsed("state") from None

    def take(self, state: str, *, browser: str, now: datetime) -> bytes:
        """The body of a begun launch, once. The stored copy is emptied.

        Raises:
            NotFound: unknown, expired, or another browser's (which uses nothing up).
            AlreadyUsed: this browser's callback came before.
        """
        state_hash = self._cipher.hashed("state", state)
        row = (
            launches.c.tenant == self._tenant,
            launches.c.state_hash == state_hash,
            launches.c.browser_hash == self._cipher.hashed("browser", browser),
        )
        with self._store.write() as connection:
            found = connection.execute(select(launches).where(*row)).first()
            if found is None:
                raise NotFound("launch")
            used = connection.execute(
                update(launches)
                .where(*row, launches.c.used_at.is_(None), launches.c.expires_at > now)
                .values(used_at=now, body=b"")
            )
            if used.rowcount != 1:
                if found.used_at is not None:
                    raise AlreadyUsed("state")
                raise NotFound("launch")
        return self._cipher.open("launch", state_hash, found.body)

    def open_context(
        self,
        context_id: str,
        *,
        browser: str,
        patient: str,
        body: bytes,
        now: datetime,
        idle: timedelta,
        absolute: timedelta,
    ) -> None:
        """Store a completed launch.

        Args:
            context_id: random, at least 128 bits.
            idle: after this long without a page it is over for the browser.
            absolute: after this long it is over whatever happens.

        Raises:
            AlreadyUsed: this context id exists.
        """
        try:
            with self._store.write() as connection:
                connection.execute(
                    insert(contexts).values(
                        tenant=self._tenant,
                        context_id=context_id,
                        browser_hash=self._cipher.hashed("browser", browser),
                        patient_index=self._cipher.blind_index(patient),
                        body=self._cipher.seal("context", context_id, body),
                        version=1,
                        opened_at=now,
                        touched_at=now,
                        idle_microseconds=idle // MICROSECOND,
                        absolute_until=now + absolute,
                        locked=False,
                    )
                )
        except IntegrityError:
            raise AlreadyUsed("context") from None

    def context(self, context_id: str, *, browser: str, now: datetime) -> StoredContext:
        """The context, for its own browser; counts as use.

        Raises:
            NotFound: unknown, another browser's, closed, locked, idle or too old.
        """
        with self._store.read() as connection:
            found = connection.execute(self._by_id(context_id)).first()
        if (
            found is None
            or not _is_open(found, now)
            or found.browser_hash != self._cipher.hashed("browser", browser)
        ):
            raise NotFound("context")
        idle = found.idle_microseconds * MICROSECOND
        if now - found.touched_at >= idle / TOUCH_SHARE:
            with self._store.write() as connection:
                connection.execute(
                    update(contexts)
                    .where(
                        contexts.c.tenant == self._tenant,
                        contexts.c.context_id == context_id,
                        contexts.c.touched_at < now,
                    )
                    .values(touched_at=now)
                )
        return self._stored(found)

    def open_in(
        self, browsers: Collection[str], now: datetime
    ) -> tuple[StoredContext, ...]:
        """The contexts that these browser ids open now, newest first.

        To look is no use: none of them lives longer by it.
        """
        hashes = [self._cipher.hashed("browser", each) for each in browsers]
        query = (
            select(contexts)
            .where(
                contexts.c.tenant == self._tenant,
                contexts.c.browser_hash.in_(hashes),
            )
            .order_by(contexts.c.opened_at.desc(), contexts.c.context_id)
        )
        with self._store.read() as connection:
            found = connection.execute(query).all()
        return tuple(self._stored(each) for each in found if _is_open(each, now))

    def for_delivery(self, context_id: str) -> StoredContext | None:
        """The context without a browser, for the worker; None once it is closed."""
        with self._store.read() as connection:
            found = connection.execute(self._by_id(context_id)).first()
        return None if found is None else self._stored(found)

    def latest_for_patient(self, patient: str, now: datetime) -> StoredContext | None:
        """The patient's newest context that is not too old; idle time is no matter."""
        query = (
            select(contexts)
            .where(
                contexts.c.tenant == self._tenant,
                contexts.c.patient_index == self._cipher.blind_index(patient),
                contexts.c.absolute_until > now,
            )
            .order_by(contexts.c.opened_at.desc(), contexts.c.context_id)
            .limit(1)
        )
        with self._store.read() as connection:
            found = connection.execute(query).first()
        return None if found is None else self._stored(found)

    def replace_body(
        self, context_id: str, *, body: bytes, expected_version: int
    ) -> None:
        """Store a renewed body (a refreshed token) and give the refresh lease back.

        Raises:
            LeaseLost: somebody else replaced it, or the context is closed.
        """
        with self._store.write() as connection:
            replaced = connection.execute(
                update(contexts)
                .where(
                    contexts.c.tenant == self._tenant,
                    contexts.c.context_id == context_id,
                    contexts.c.version == expected_version,
                )
                .values(
                    body=self._cipher.seal("context", context_id, body),
                    version=expected_version + 1,
                    refresh_until=None,
                )
            )
            if replaced.rowcount != 1:
                raise LeaseLost("context")

    def refresh_lease(self, context_id: str, *, now: datetime, until: datetime) -> bool:
        """True for the one caller, in all processes, that may refresh the token now."""
        with self._store.write() as connection:
            taken = connection.execute(
                update(contexts)
                .where(
                    contexts.c.tenant == self._tenant,
                    contexts.c.context_id == context_id,
                    or_(
                        contexts.c.refresh_until.is_(None),
                        contexts.c.refresh_until <= now,
                    ),
                )
                .values(refresh_until=until)
            )
            return taken.rowcount == 1

    def lock(self, context_id: str) -> None:
        """The tablet leaves the room: no page opens again, delivery goes on.

        Raises:
            NotFound: no such context.
        """
        with self._store.write() as connection:
            locked = connection.execute(
                update(contexts)
                .where(
                    contexts.c.tenant == self._tenant,
                    contexts.c.context_id == context_id,
                )
                .values(locked=True)
            )
            if locked.rowcount != 1:
                raise NotFound("context")

    def close(self, context_id: str) -> None:
        """Log out: the row and the tokens in it are deleted. Closing twice is fine."""
        with self._store.write() as connection:
            connection.execute(
                delete(contexts).where(
                    contexts.c.tenant == self._tenant,
                    contexts.c.context_id == context_id,
                )
            )

    def _by_id(self, context_id: str) -> Any:  # a select over all columns
        return select(contexts).where(
            contexts.c.tenant == self._tenant, contexts.c.context_id == context_id
        )

    def _stored(self, row: Row[Any]) -> StoredContext:
        return StoredContext(
            context_id=row.context_id,
            body=self._cipher.open("context", row.context_id, row.body),
            patient_index=row.patient_index,
            opened_at=row.opened_at,
            version=row.version,
            locked=row.locked,
        )


def _is_open(row: Row[Any], now: datetime) -> bool:
    """Neither locked, nor idle, nor too old."""
    idle = row.idle_microseconds * MICROSECOND
    return not row.locked and now < row.touched_at + idle and now < row.absolute_until
