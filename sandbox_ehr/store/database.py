"""The SQLite file: current resources, every version, and what to find them by."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox_ehr.json_text import Json, parsed, text_of
from sandbox_ehr.store.subject import patient_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS resource (
  kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  patient TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE INDEX IF NOT EXISTS by_patient ON resource (kind, patient);
CREATE TABLE IF NOT EXISTS version (
  kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  method TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id, version));
CREATE TABLE IF NOT EXISTS identifier (
  kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_identifier ON identifier (kind, value);
CREATE INDEX IF NOT EXISTS of_resource ON identifier (kind, id);
"""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a resource, and the method that made it."""

    number: int
    method: str
    body: Json


class Database:
    """One connection behind one lock: a write is seen whole or not at all."""

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None
        )
        self._connection.executescript(SCHEMA)
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction inside a transaction joins it."""
        with self._lock:
            if self._depth:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def current(self, kind: str, identity: str) -> Version | None:
        """The newest version."""
        with self._lock:
            row = self._connection.execute(
                "SELECT version, body FROM resource WHERE kind = ? AND id = ?",
                (kind, identity),
            ).fetchone()
        return Version(row[0], "", parsed(row[1])) if row else None

    def versions(self, kind: str, identity: str) -> list[Version]:
        """Every version, newest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT version, method, body FROM version"
                " WHERE kind = ? AND id = ? ORDER BY version DESC",
                (kind, identity),
            ).fetchall()
        return [Version(number, method, parsed(body)) for number, method, body in rows]

    def put(self, resource: Json, *, version: int, method: str) -> None:
        """Keep this version as the current one."""
        kind, identity = str(resource["resourceType"]), str(resource["id"])
        body = text_of(resource)
        with self.transaction():
            self._connection.execute(
                "INSERT INTO version VALUES (?, ?, ?, ?, ?)",
                (kind, identity, version, method, body),
            )
            self._connection.execute(
                "INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?, ?)",
                (kind, identity, version, patient_of(resource), body),
            )
            self._connection.execute(
                "DELETE FROM identifier WHERE kind = ? AND id = ?", (kind, identity)
            )
            self._connection.executemany(
                "INSERT INTO identifier VALUES (?, ?, ?)",
                [(kind, identity, value) for value in _identifiers(resource)],
            )

    def candidates(
        self,
        kind: str,
        *,
        ids: frozenset[str] | None = None,
        patient: str | None = None,
        identifier: str | None = None,
    ) -> list[Json]:
        """Resources that may match a search; the search itself looks closer."""
        query = "SELECT body FROM resource WHERE kind = ?"
        values: list[str] = [kind]
        if ids is not None:
            query += f" AND id IN ({','.join('?' * len(ids))})"
            values += sorted(ids)
        if patient is not None:
            query += " AND patient = ?"
            values.append(patient)
        if identifier is not None:
            query += (
                " AND id IN (SELECT id FROM identifier WHERE kind = ? AND value = ?)"
            )
            values += [kind, identifier]
        with self._lock:
            rows = self._connection.execute(query, values).fetchall()
        return [parsed(row[0]) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many resources of each type."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT kind, COUNT(*) FROM resource GROUP BY kind ORDER BY kind"
            ).fetchall()
        return {str(kind): int(number) for kind, number in rows}

    def clear(self) -> None:
        """Forget everything."""
        with self.transaction():
            for table in ("resource", "version", "identifier"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our names

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._connection.close()


def _identifiers(resource: Json) -> Iterator[str]:
    found = resource.get("identifier")
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, dict) and isinstance(each.get("value"), str):
            yield each["value"]
