"""One-time codes that let a tablet show one form without the clinician's rights.

Codes are short, so they are stored as a keyed hash; limiting wrong guesses is the
caller's task. A code opens one handoff in one browser; after that the handoff's
random id and that browser's cookie do.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from vault.cipher import TenantCipher
from vault.connections import Store
from vault.errors import AlreadyUsed, NotFound
from vault.launches import TOUCH_SHARE
from vault.tables import handoffs

IDLE = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Handoff:
    """What a tablet may do: the body says for whom and which form."""

    handoff_id: str
    context_id: str
    patient_index: str
    body: bytes


class Handoffs:
    """`tenant_vault.handoffs`."""

    def __init__(self, store: Store, cipher: TenantCipher) -> None:
        self._store = store
        self._cipher = cipher
        self._tenant = cipher.tenant

    def offer(
        self,
        code: str,
        *,
        context_id: str,
        patient: str,
        body: bytes,
        now: datetime,
        expires_at: datetime,
    ) -> str:
        """Keep a code until a tablet redeems it.

        Returns:
            The handoff's random id.

        Raises:
            AlreadyUsed: the same code is on offer now; draw another.
        """
        code_hash = self._cipher.hashed("handoff code", code)
        handoff_id = secrets.token_urlsafe(32)
        try:
            with self._store.write() as connection:
                # Short codes come round again; what is used or over gives it free.
                connection.execute(
                    update(handoffs)
                    .where(
                        handoffs.c.tenant == self._tenant,
                        handoffs.c.code_hash == code_hash,
                        or_(
                            handoffs.c.used_at.is_not(None),
                            handoffs.c.expires_at <= now,
                        ),
                    )
                    .values(code_hash=None)
                )
                connection.execute(
                    insert(handoffs).values(
                        tenant=self._tenant,
                        handoff_id=handoff_id,
                        code_hash=code_hash,
                        context_id=context_id,
                        patient_index=self._cipher.blind_index(patient),
                        body=self._cipher.seal("handoff", handoff_id, body),
                        offered_at=now,
                        expires_at=expires_at,
                        finished=False,
                    )
                )
        except IntegrityError:
            raise AlreadyUsed("handoff code") from None
        return handoff_id

    def redeem(self, code: str, *, browser: str, now: datetime) -> Handoff:
        """Use the code up for this browser.

        Raises:
            NotFound: unknown or expired.
            AlreadyUsed: a tablet has redeemed it.
        """
        row = (
            handoffs.c.tenant == self._tenant,
            handoffs.c.code_hash == self._cipher.hashed("handoff code", code),
        )
        with self._store.write() as connection:
            found = connection.execute(select(handoffs).where(*row)).first()
            if found is None:
                raise NotFound("handoff code")
            used = connection.execute(
                update(handoffs)
                .where(
                    *row,
                    handoffs.c.used_at.is_(None),
                    handoffs.c.expires_at > now,
                    handoffs.c.finished.is_(False),
                )
                .values(
                    used_at=now,
                    touched_at=now,
                    browser_hash=self._cipher.hashed("browser", browser),
                )
            )
            if used.rowcount != 1:
                if found.used_at is not None:
                    raise AlreadyUsed("handoff code")
                raise NotFound("handoff code")
        return Handoff(
            handoff_id=found.handoff_id,
            context_id=found.context_id,
            patient_index=found.patient_index,
            body=self._cipher.open("handoff", found.handoff_id, found.body),
        )

    def open_handoff(
        self,
        handoff_id: str,
        *,
        browser: str,
        now: datetime,
        idle: timedelta = IDLE,
    ) -> Handoff:
        """A redeemed handoff, for the tablet that redeemed it; counts as use.

        Raises:
            NotFound: unknown, not redeemed, another browser's, finished or idle.
        """
        row = (
            handoffs.c.tenant == self._tenant,
            handoffs.c.handoff_id == handoff_id,
        )
        with self._store.read() as connection:
            found = connection.execute(select(handoffs).where(*row)).first()
        if (
            found is None
            or found.finished
            or found.touched_at is None
            or found.browser_hash != self._cipher.hashed("browser", browser)
            or now >= found.touched_at + idle
        ):
            raise NotFound("handoff")
        if now - found.touched_at >= idle / TOUCH_SHARE:
            with self._store.write() as connection:
                connection.execute(
                    update(handoffs)
                    .where(*row, handoffs.c.touched_at < now)
                    .values(touched_at=now)
                )
        return Handoff(
            handoff_id=found.handoff_id,
            context_id=found.context_id,
            patient_index=found.patient_index,
            body=self._cipher.open("handoff", found.handoff_id, found.body),
        )

    def finish(self, handoff_id: str) -> None:
        """The form is done, or staff took it back: nothing opens it again."""
        with self._store.write() as connection:
            connection.execute(
                update(handoffs)
                .where(
                    handoffs.c.tenant == self._tenant,
                    handoffs.c.handoff_id == handoff_id,
                )
                .values(finished=True)
            )
