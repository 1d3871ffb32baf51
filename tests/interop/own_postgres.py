"""A PostgreSQL of our own, on a free port, gone after the tests."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "s3cret-of-owner"


@dataclass(frozen=True, slots=True)
class OwnPostgres:
    programs: Path
    folder: Path
    port: int

    def url(self, user: str, password: str) -> str:
        return f"postgres://{user}:{password}@127.0.0.1:{self.port}/postgres"

    def sql(self, *statements: str) -> None:
        asked = [each for one in statements for each in ("-c", one)]
        subprocess.run(
            [self.programs / "psql", self.url("owner", PASSWORD), "-q", *asked],
            check=True,
            timeout=60,
        )

    def wait_for_a_question(self, about: str) -> None:
        """Until a statement with this in it runs, other than ours; 60 seconds."""
        self.sql(
            "do $$ begin for each in 1..600 loop perform pg_sleep(0.1);"
            " perform pg_stat_clear_snapshot(); exit when exists (select from"
            f" pg_stat_activity where state = 'active' and query ilike '%{about}%'"
            " and pid <> pg_backend_pid()); end loop; end $$"
        )

    def stop(self) -> None:
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -h 127.0.0.1"
        self._control("-o", options, "-l", str(self.folder / "log"), "start")

    def _control(self, *given: str) -> None:
        command = (self.programs / "pg_ctl", "-D", self.folder / "site", *given)
        run_as_nobody_special(*map(str, command))


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest; None if it is not here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    on_path = shutil.which("pg_ctl")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def own_postgres(programs: Path, folder: Path) -> Iterator[OwnPostgres]:
    """Stopped at the end, if a test has not done it.

    Args:
        folder: empty; its path short enough for a socket in it.
    """
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    (folder / "password").write_text(PASSWORD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run_as_nobody_special(
        *(str(programs / "initdb"), "-D", str(folder / "site"), "-U", "owner"),
        *("-A", "scram-sha-256", f"--pwfile={folder / 'password'}"),
    )
    made = OwnPostgres(programs, folder, port)
    made.start()
    try:
        yield made
    finally:
        if (folder / "site" / "postmaster.pid").exists():
            made.stop()


def run_as_nobody_special(*command: str) -> None:
    """PostgreSQL refuses to be started by root."""
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=60,
        user="postgres" if os.geteuid() == 0 else None,
    )
