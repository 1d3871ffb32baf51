"""The stored keys: wrapped by a master key, checked at start, wrapped anew.

Changing the master key: start every process with the new key first and the old one
second, rewrap, then start them with the new key alone.
"""

import secrets
from collections.abc import Sequence

from sqlalchemy import Connection, Row, exists, insert, select, update

from vault.cipher import (
    KEY_BYTES,
    KeyRing,
    TenantCipher,
    master_name,
    packed,
    unwrap,
    wrap,
)
from vault.connections import Store
from vault.errors import WrongKey
from vault.tables import audit_heads, outbox, tenant_keys

DATA = "data"
INDEX = "index"
CHECK = "check"
NOBODY = ""  # the check row belongs to no tenant

StoredKey = Row[str, str, int, str, bytes]


class TenantKeys:
    """Every key below the master key."""

    def __init__(self, store: Store, ring: KeyRing) -> None:
        self._store = store
        self._ring = ring

    def plant(self, connection: Connection) -> None:
        """In the transaction that makes the tables: a row that proves the master."""
        self._insert(connection, NOBODY, purpose=CHECK, version=1)

    def check(self) -> None:
        """Open every stored key once.

        Raises:
            WrongKey: one of them belongs to another master key, or all are gone.
        """
        with self._store.read() as connection:
            rows = connection.execute(select(tenant_keys)).all()
        if not any(row.purpose == CHECK for row in rows):
            raise WrongKey("the vault has lost its keys; restore it from a backup")
        for row in rows:
            self._unwrapped(row)

    def tenants(self) -> tuple[str, ...]:
        """Every tenant that ever had a key."""
        with self._store.read() as connection:
            found = connection.execute(
                select(tenant_keys.c.tenant)
                .where(tenant_keys.c.tenant != NOBODY)
                .distinct()
            )
            return tuple(sorted(found.scalars()))

    def cipher(self, tenant: str) -> TenantCipher:
        """The tenant's cipher; a tenant seen for the first time gets its keys.

        Raises:
            WrongKey: the tenant has rows and no keys: a new key would hide the loss.
        """
        with self._store.read() as connection:
            rows = self._rows(connection, tenant)
        if not rows:
            with self._store.write() as connection:
                rows = self._rows(connection, tenant)
                if not rows:
                    self._begin(connection, tenant)
                    rows = self._rows(connection, tenant)
        data = {
            row.version: self._unwrapped(row) for row in rows if row.purpose == DATA
        }
        index = [self._unwrapped(row) for row in rows if row.purpose == INDEX]
        if not data or len(index) != 1:
            raise WrongKey("a tenant has lost a key; restore the vault from a backup")

        def missing(version: int) -> bytes | None:
            # Rows of one snapshot only: never inside another transaction's thread.
            with self._store.engine.connect() as other:
                for row in self._rows(other, tenant):
                    if row.purpose == DATA and row.version == version:
                        return self._unwrapped(row)
            return None

        return TenantCipher(tenant, index_key=index[0], data_keys=data, missing=missing)

    def rotate(self, cipher: TenantCipher) -> int:
        """Begin the next data key; rows under the older ones stay readable."""
        with self._store.write() as connection:
            rows = self._rows(connection, cipher.tenant)
            version: int = 1 + max(row.version for row in rows if row.purpose == DATA)
            self._insert(connection, cipher.tenant, purpose=DATA, version=version)
            rows = self._rows(connection, cipher.tenant)
        for row in rows:
            if row.purpose == DATA and row.version == version:
                cipher.add(version, self._unwrapped(row))
        return version

    def rewrap(self) -> int:
        """Put every key that an older master wraps under the current one.

        Returns:
            How many rows were changed. One transaction: all or none.
        """
        changed = 0
        current = master_name(self._ring.current)
        with self._store.write() as connection:
            for row in connection.execute(select(tenant_keys)).all():
                if row.master == current:
                    continue
                place = _place(row.tenant, purpose=row.purpose, version=row.version)
                wrapped = wrap(self._ring.current, self._unwrapped(row), place=place)
                connection.execute(
                    update(tenant_keys)
                    .where(
                        tenant_keys.c.tenant == row.tenant,
                        tenant_keys.c.purpose == row.purpose,
                        tenant_keys.c.version == row.version,
                    )
                    .values(master=current, wrapped=wrapped)
                )
                changed += 1
        return changed

    def _begin(self, connection: Connection, tenant: str) -> None:
        for table in (outbox, audit_heads):
            had = select(exists().where(table.c.tenant == tenant))
            if connection.execute(had).scalar():
                raise WrongKey("a tenant has lost its keys; restore from a backup")
        self._insert(connection, tenant, purpose=DATA, version=1)
        self._insert(connection, tenant, purpose=INDEX, version=1)

    def _insert(
        self, connection: Connection, tenant: str, *, purpose: str, version: int
    ) -> None:
        key = secrets.token_bytes(KEY_BYTES)
        place = _place(tenant, purpose=purpose, version=version)
        connection.execute(
            insert(tenant_keys).values(
                tenant=tenant,
                purpose=purpose,
                version=version,
                master=master_name(self._ring.current),
                wrapped=wrap(self._ring.current, key, place=place),
            )
        )

    def _rows(self, connection: Connection, tenant: str) -> Sequence[StoredKey]:
        query = select(tenant_keys).where(tenant_keys.c.tenant == tenant)
        return connection.execute(query).all()

    def _unwrapped(self, row: StoredKey) -> bytes:
        master = self._ring.by_name(row.master)
        if master is None:
            raise WrongKey("the master key does not open this vault")
        place = _place(row.tenant, purpose=row.purpose, version=row.version)
        return unwrap(master, row.wrapped, place=place)


def _place(tenant: str, *, purpose: str, version: int) -> bytes:
    return packed("wrapped key", tenant, purpose, str(version))
