"""Opening the vault, and the one way from it to a query: `for_tenant`.

Two files in one folder. `main.sqlite` (launches, handoffs, outbox, safety marks,
audit) survives power loss; `calls.sqlite` (seen tokens, card log) survives process
death, and a power loss may forget its last moments: within a token's life a replay,
or a card that is shown once more.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, MetaData

from vault.audit import Audit
from vault.card_log import CardLog
from vault.cipher import KeyRing, TenantCipher
from vault.connections import Store
from vault.errors import UnknownSchema
from vault.handoffs import Handoffs
from vault.launches import Launches
from vault.outbox import Outbox
from vault.retention import (
    TOMBSTONES,
    purge_calls,
    purge_launches,
    purge_submissions,
)
from vault.safety_marks import SafetyMarks
from vault.tables import CALLS, MAIN, SCHEMA_VERSION
from vault.tenant_keys import TenantKeys

# Older schemas that lack tables and differ in nothing else: the tables are added.
ADDS_TABLES = (1,)


@dataclass(frozen=True, slots=True)
class TenantVault:
    """Everything one tenant may see."""

    tenant: str
    launches: Launches
    handoffs: Handoffs
    outbox: Outbox
    safety: SafetyMarks
    cards: CardLog
    audit: Audit
    cipher: TenantCipher

    def patient_index(self, patient: str) -> str:
        """The patient id as the blind index that the rows carry."""
        return self.cipher.blind_index(patient)


class Vault:
    """An open vault; safe to share between the threads of one process."""

    def __init__(self, main: Store, calls: Store, *, keys: TenantKeys) -> None:
        self._main = main
        self._calls = calls
        self._keys = keys
        self._tenants: dict[str, TenantVault] = {}
        self._tenants_lock = threading.Lock()

    def for_tenant(self, tenant: str) -> TenantVault:
        """The part of one tenant.

        Args:
            tenant: an id from the tenants file, never one from a request.

        Raises:
            WrongKey: the tenant's stored keys are gone.
        """
        found = self._tenants.get(tenant)
        if found is not None:
            return found
        if not tenant:
            raise ValueError("a tenant needs an id")
        with self._tenants_lock:
            if tenant not in self._tenants:
                self._tenants[tenant] = self._part(self._keys.cipher(tenant))
            return self._tenants[tenant]

    def rewrap(self) -> int:
        """Put all keys under the current master key; returns how many were changed."""
        return self._keys.rewrap()

    def rotate_data_key(self, tenant: str) -> int:
        """Seal under a new data key from now on; returns its version."""
        return self._keys.rotate(self.for_tenant(tenant).cipher)

    def purge(
        self,
        now: datetime,
        keep: timedelta,
        *,
        tombstones: timedelta = TOMBSTONES,
    ) -> int:
        """Forget what has had its time, for every tenant, and cut the WAL files.

        Args:
            keep: how long a payload stays after it was verified or dismissed.
            tombstones: how long its ids and times stay after that.

        Returns:
            How many payloads are gone.
        """
        purged = 0
        for tenant in self._keys.tenants():
            with self._main.write() as connection:
                purged += purge_submissions(
                    connection, tenant, now=now, keep=keep, tombstones=tombstones
                )
                purge_launches(connection, tenant, now=now, keep=keep)
            with self._calls.write() as connection:
                purge_calls(connection, tenant, now=now, tombstones=tombstones)
        self._main.checkpoint()
        self._calls.checkpoint()
        return purged

    def damage(self) -> tuple[str, ...]:
        """What SQLite's own checks find in both files; nothing if they are sound."""
        return (*self._main.damage(), *self._calls.damage())

    def close(self) -> None:
        """Close every connection; the vault cannot be used any more."""
        self._main.close()
        self._calls.close()

    def _part(self, cipher: TenantCipher) -> TenantVault:
        return TenantVault(
            tenant=cipher.tenant,
            launches=Launches(self._main, cipher),
            handoffs=Handoffs(self._main, cipher),
            outbox=Outbox(self._main, cipher),
            safety=SafetyMarks(self._main, cipher),
            cards=CardLog(self._calls, cipher),
            audit=Audit(self._main, cipher),
            cipher=cipher,
        )


def open_vault(folder: Path, keys: KeyRing) -> Vault:
    """Open the vault in this folder, or make one; several processes may at once.

    Raises:
        WrongKey: these master keys do not open what is stored.
        UnknownSchema: a file is from a newer program, or is not ours.
        VaultUnavailable: a file cannot be read or written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    main = Store(folder / "main.sqlite", synchronous="FULL")
    calls = Store(folder / "calls.sqlite", synchronous="NORMAL")
    tenant_keys = TenantKeys(main, keys)
    vault = Vault(main, calls, keys=tenant_keys)
    try:
        if _needs_tables(main):
            with main.write() as connection:
                if _make_tables(connection, MAIN):
                    tenant_keys.plant(connection)
        if _needs_tables(calls):
            with calls.write() as connection:
                _make_tables(connection, CALLS)
        tenant_keys.check()
    except BaseException:
        vault.close()
        raise
    return vault


def _needs_tables(store: Store) -> bool:
    with store.read() as connection:
        version, filled = _schema(connection)
    if version == SCHEMA_VERSION:
        return False
    if version not in (0, *ADDS_TABLES) or (version == 0 and filled):
        raise UnknownSchema(store.path.name, found=version, known=SCHEMA_VERSION)
    return True


def _make_tables(connection: Connection, tables: MetaData) -> bool:
    """Missing tables and the version in one transaction; True if the file is new."""
    version, _ = _schema(connection)
    if version == SCHEMA_VERSION:
        return False  # another process was first
    tables.create_all(connection)
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return version == 0


def _schema(connection: Connection) -> tuple[int, bool]:
    version = connection.exec_driver_sql("PRAGMA user_version").scalar()
    count = connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar()
    return int(version or 0), bool(count)
