"""One SQLite file: a connection per thread, its PRAGMAs, and transactions.

Local disk only. A store belongs to the process that opened it: after a fork, open
the vault again.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, TypeVar, cast
from weakref import WeakSet

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.sql import ClauseElement

from vault.errors import VaultUnavailable

Result = TypeVar("Result")

BUSY_SECONDS = 5
# How often, and how long apart, we ask again for WAL while a file is being made.
WAL_TRIES = 100
WAL_PAUSE_SECONDS = 0.05

SYNCHRONOUS = {"NORMAL": 1, "FULL": 2}

# Pages in the WAL before they are moved into the file. More of them fall together
# into one write, so a call costs less; 16 MB at most.
CHECKPOINT_PAGES = 4000


class Store:
    """One database file.

    `write` is one BEGIN IMMEDIATE transaction: when it has ended without an error,
    the change is committed. `read` is one snapshot. Neither may be nested.
    """

    def __init__(self, path: Path, *, synchronous: Literal["FULL", "NORMAL"]) -> None:
        self.path = path
        self._synchronous = synchronous
        self._process: int | None = os.getpid()
        self._local = threading.local()
        self._opened: WeakSet[Connection] = WeakSet()
        self._opened_lock = threading.Lock()
        # Threads of this process queue here and not in SQLite's busy handler,
        # which sleeps; other processes meet in the busy handler.
        self._writer = threading.Lock()
        # The file exists with its mode before SQLite sees it; -wal and -shm inherit.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self.engine: Engine = create_engine(
            URL.create("sqlite", database=str(path)),
            poolclass=QueuePool,
            pool_size=0,  # no limit: each thread keeps its own
            hide_parameters=True,
            connect_args={
                "check_same_thread": False,
                "isolation_level": None,  # we say BEGIN ourselves
                "timeout": BUSY_SECONDS,
            },
        )
        event.listen(self.engine, "connect", self._prepare)

    def pragmas(self) -> dict[str, int | str]:
        """What every connection must answer."""
        return {
            "journal_mode": "wal",
            "synchronous": SYNCHRONOUS[self._synchronous],
            "busy_timeout": BUSY_SECONDS * 1000,
            "foreign_keys": 1,
            "secure_delete": 1,
            "wal_autocheckpoint": CHECKPOINT_PAGES,
        }

    def _prepare(
        self, connection: sqlite3.Connection, record: ConnectionPoolEntry
    ) -> None:
        """Set the PRAGMAs on a new connection and read each of them back."""
        for name, value in self.pragmas().items():
            if name != "journal_mode":
                connection.execute(f"PRAGMA {name} = {value}")
        _switch_to_wal(connection)
        for name, value in self.pragmas().items():
            found = connection.execute(f"PRAGMA {name}").fetchone()[0]
            if found != value:
                raise VaultUnavailable(f"PRAGMA {name} is {found} and not {value}")

    def connection(self) -> Connection:
        """This thread's connection."""
        if os.getpid() != self._process:
            raise VaultUnavailable("closed, or opened in another process")
        found: Connection | None = getattr(self._local, "connection", None)
        if found is None:
            with translated():
                found = self.engine.connect()
            self._local.connection = found
            with self._opened_lock:
                self._opened.add(found)
        return found

    def driver(self) -> sqlite3.Connection:
        """The sqlite3 connection below this thread's connection, for the hot path."""
        found: sqlite3.Connection | None = getattr(self._local, "driver", None)
        if found is None or os.getpid() != self._process:
            below = self.connection().connection.dbapi_connection
            found = cast(sqlite3.Connection, below)
            self._local.driver = found
        return found

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write.

        Raises:
            VaultUnavailable: nothing was changed.
        """
        connection = self.connection()
        if not self._writer.acquire(timeout=BUSY_SECONDS):
            raise VaultUnavailable("no turn to write")
        try:
            with translated(), connection.begin():
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        finally:
            self._writer.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot."""
        connection = self.connection()
        with translated(), connection.begin():
            connection.exec_driver_sql("BEGIN")
            yield connection

    def write_quickly(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """One transaction that may write, on the bare driver: the hot path.

        Plain statements and no context managers, which together cost a third of a
        small commit.

        Raises:
            VaultUnavailable: nothing was changed.
        """
        driver = self.driver()
        if not self._writer.acquire(timeout=BUSY_SECONDS):
            raise VaultUnavailable("no turn to write")
        try:
            driver.execute("BEGIN IMMEDIATE")
            result = work(driver)
            driver.execute("COMMIT")
        except BaseException as error:
            if driver.in_transaction:
                with suppress(sqlite3.Error):
                    driver.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise VaultUnavailable(_code(error)) from None
            raise
        finally:
            self._writer.release()
        return result

    def checkpoint(self) -> bool:
        """Move the WAL into the file and cut it to nothing; False while it is read."""
        with translated():
            row = self.driver().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return bool(row[0] == 0)

    def damage(self) -> tuple[str, ...]:
        """What SQLite's own checks find; nothing if the file is sound."""
        with translated():
            driver = self.driver()
            pages = driver.execute("PRAGMA integrity_check").fetchall()
            keys = driver.execute("PRAGMA foreign_key_check").fetchall()
        found = [row[0] for row in pages if row[0] != "ok"]
        return (*found, *(f"foreign key of {row[0]}" for row in keys))

    def close(self) -> None:
        """Close every connection, whichever thread opened it."""
        self._process = None
        with self._opened_lock:
            opened = list(self._opened)
            self._opened.clear()
        for connection in opened:
            connection.close()
        self.engine.dispose()


@contextmanager
def translated() -> Iterator[None]:
    """Database errors as ours; names SQLite's error code, never a statement's values.

    An `IntegrityError` passes: it is an answer, and who caused it knows which.
    """
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise VaultUnavailable(_code(error.orig)) from None
    except sqlite3.Error as error:
        raise VaultUnavailable(_code(error)) from None


def plain_sql(statement: ClauseElement) -> str:
    """The statement for the bare driver; compiled once, for what runs on every call."""
    return str(statement.compile(dialect=sqlite.dialect(paramstyle="qmark")))


def _code(error: BaseException | None) -> str:
    return str(getattr(error, "sqlite_errorname", type(error).__name__))


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """WAL is asked for again and again: the switch does not wait for other processes.

    Source:
        sqlite.org/wal.html; the busy handler is not called for the change of mode.
    """
    for _ in range(WAL_TRIES):
        try:
            mode = connection.execute("PRAGMA journal_mode = wal").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            mode = None
        if mode == "wal":
            return
        time.sleep(WAL_PAUSE_SECONDS)
