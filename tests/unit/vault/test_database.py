import os
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from tests.unit.vault.kit import DAY, HOUR, NOW, at_once, card, rows, seal
from vault.connections import Store
from vault.database import open_vault
from vault.errors import NotFound, UnknownSchema, VaultUnavailable


@pytest.mark.parametrize(
    ("synchronous", "number"), [("FULL", 2), ("NORMAL", 1)], ids=str
)
def test_every_connection_of_every_thread_has_the_promised_pragmas(
    tmp_path, synchronous, number
):
    store = Store(tmp_path / "any.sqlite", synchronous=synchronous)
    names = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")

    def ask(_: int) -> tuple:
        driver = store.driver()
        read = driver.execute
        return (
            driver,  # itself, not its id: a freed one's id is given away again
            *(read(f"PRAGMA {name}").fetchone()[0] for name in names),
            read("PRAGMA secure_delete").fetchone()[0],
        )

    answers = at_once(8, ask)
    store.close()

    assert {answer[1:] for answer in answers} == {("wal", number, 5000, 1, 1)}
    assert len({answer[0] for answer in answers}) == 8


def test_a_connection_that_refuses_a_pragma_is_not_used(tmp_path):
    class Lenient(Store):
        def pragmas(self):
            return {**super().pragmas(), "synchronous": 7}

    store = Lenient(tmp_path / "any.sqlite", synchronous="FULL")

    with pytest.raises(VaultUnavailable, match="synchronous"):
        store.connection()
    store.close()


def test_main_survives_power_loss_and_calls_survive_process_death(vault):
    assert vault._main.pragmas()["synchronous"] == 2
    assert vault._calls.pragmas()["synchronous"] == 1


def test_only_the_owner_may_read_folder_and_files(clinic, folder):
    seal(clinic, "one")
    clinic.cards.record_call(
        issuer="ehr", jti="1", expires_at=NOW + HOUR, cards=[], now=NOW
    )

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}
    assert {"main.sqlite", "main.sqlite-wal", "calls.sqlite"} <= set(modes)


def test_a_file_of_a_newer_program_is_refused_by_name(vault, folder, keys):
    vault.close()
    rows(folder, "PRAGMA user_version = 9")

    with pytest.raises(UnknownSchema, match=r"main\.sqlite: schema version 9.*knows 2"):
        open_vault(folder, keys)


def test_a_database_of_another_program_is_refused(folder, keys):
    folder.mkdir()
    rows(folder, "CREATE TABLE theirs (x)", file="calls.sqlite")

    with pytest.raises(UnknownSchema, match=r"calls\.sqlite: schema version 0"):
        open_vault(folder, keys)

    assert rows(folder, "SELECT name FROM sqlite_schema", file="calls.sqlite") == [
        ("theirs",)
    ]


def test_a_file_that_is_no_database_is_refused(folder, keys):
    folder.mkdir()
    (folder / "main.sqlite").write_bytes(b"not a database at all" * 100)

    with pytest.raises(VaultUnavailable, match="SQLITE_NOTADB"):
        open_vault(folder, keys)


def test_a_sound_vault_shows_no_damage(vault, clinic):
    seal(clinic, "one")

    assert vault.damage() == ()


def test_a_closed_vault_answers_that_it_is_not_available(vault, clinic):
    vault.close()

    with pytest.raises(VaultUnavailable):
        clinic.outbox.counts()


def test_a_forked_child_does_not_touch_its_parents_connections(clinic):
    clinic.outbox.counts()
    child = os.fork()
    if child == 0:
        try:
            clinic.outbox.counts()
        except VaultUnavailable:
            os._exit(0)
        os._exit(1)

    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


def test_a_full_disk_is_told_without_any_stored_value(vault, clinic):
    driver = vault._main.driver()
    pages = driver.execute("PRAGMA page_count").fetchone()[0]
    driver.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(VaultUnavailable) as caught:
        seal(clinic, "canary-1", payload=b"canary" * 20_000)

    assert "SQLITE_FULL" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_while_another_process_writes_we_wait_and_then_give_up_honestly(
    vault, clinic, folder
):
    vault._main.driver().execute("PRAGMA busy_timeout = 50")
    writer = sqlite3.connect(folder / "main.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")

    with pytest.raises(VaultUnavailable, match="SQLITE_BUSY"):
        seal(clinic, "one")
    writer.execute("ROLLBACK")
    writer.close()

    assert seal(clinic, "two").repeated is False


def test_an_error_in_a_transaction_leaves_nothing_behind(vault, clinic):
    def delete_and_fail() -> None:
        with vault._main.write() as connection:
            connection.exec_driver_sql("DELETE FROM tenant_keys")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        delete_and_fail()

    assert vault._keys.tenants() == ("clinic",)


OPEN_AND_SEAL = """
import sys
from pathlib import Path
from tests.unit.vault.kit import seal
from vault.cipher import KeyRing
from vault.database import open_vault

folder, key, name = Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), sys.argv[3]
sys.stdin.readline()
vault = open_vault(folder, KeyRing(key))
seal(vault.for_tenant("clinic"), name)
vault.close()
"""


def test_several_processes_may_make_the_vault_at_once(folder, keys):
    children = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                OPEN_AND_SEAL,
                str(folder),
                keys.current.hex(),
                f"submission-{number}",
            ],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in range(4)
    ]

    for child in children:
        child.stdin.write(b"go\n")
        child.stdin.flush()
    errors = [child.communicate(timeout=30)[1] for child in children]

    assert errors == [b""] * 4
    vault = open_vault(folder, keys)
    assert len(vault.for_tenant("clinic").outbox.waiting("anna")) == 4
    assert vault.for_tenant("clinic").audit.verify().rows == 4
    vault.close()


def test_threads_that_come_and_go_leave_no_connection_behind(vault, clinic):
    for _ in range(20):
        thread = threading.Thread(target=clinic.outbox.counts)
        thread.start()
        thread.join()

    assert len(vault._main._opened) <= 3


def test_a_row_of_another_tenant_is_not_found(clinic, other):
    seal(clinic, "one")
    clinic.launches.begin(
        "state", browser="b", body=b"x", now=NOW, expires_at=NOW + HOUR
    )
    clinic.handoffs.offer(
        "4711",
        context_id="c",
        patient="anna",
        body=b"x",
        now=NOW,
        expires_at=NOW + HOUR,
    )
    clinic.cards.record_call(
        issuer="ehr",
        jti="1",
        expires_at=NOW + HOUR,
        cards=[card(clinic, "uuid-1")],
        now=NOW,
    )

    with pytest.raises(NotFound):
        other.launches.take("state", browser="b", now=NOW)
    with pytest.raises(NotFound):
        other.handoffs.redeem("4711", browser="b", now=NOW)
    with pytest.raises(NotFound):
        other.outbox.draft("nonce of one", owner="context-1", now=NOW)
    assert other.outbox.waiting("anna") == ()
    assert other.outbox.lease(worker="w", now=NOW, until=NOW + HOUR) is None
    assert other.cards.known("anna").rows == ()
    assert not other.cards.feedback(
        card="uuid-1", outcome="accepted", reason=None, at=NOW, now=NOW
    )
    assert clinic.patient_index("anna") != other.patient_index("anna")


def test_purge_forgets_what_has_had_its_time_and_cuts_the_wal(vault, clinic, folder):
    clinic.launches.begin(
        "state", browser="b", body=b"x", now=NOW, expires_at=NOW + HOUR
    )
    clinic.launches.open_context(
        "context",
        browser="b",
        patient="anna",
        body=b"token",
        now=NOW,
        idle=HOUR,
        absolute=8 * HOUR,
    )
    clinic.cards.record_call(
        issuer="ehr",
        jti="1",
        expires_at=NOW + HOUR,
        cards=[card(clinic, "uuid-1")],
        now=NOW,
    )
    clinic.cards.feedback(
        card="uuid-1", outcome="accepted", reason=None, at=NOW, now=NOW
    )
    seal(clinic, "one")

    vault.purge(NOW + 2 * DAY, DAY)

    for table in ("launches", "contexts", "drafts"):
        assert rows(folder, f"SELECT * FROM {table}") == []
    assert rows(folder, "SELECT * FROM seen_tokens", file="calls.sqlite") == []
    assert len(clinic.cards.known("anna").acknowledgements) == 1
    assert [row.submission_id for row in clinic.outbox.waiting("anna")] == ["one"]
    assert (folder / "main.sqlite-wal").stat().st_size == 0

    vault.purge(NOW + 402 * DAY, DAY)

    assert clinic.cards.known("anna").rows == ()
    assert [row.submission_id for row in clinic.outbox.waiting("anna")] == ["one"]


def test_a_time_without_a_zone_is_refused(clinic):
    with pytest.raises(Exception, match="time zone"):
        seal(clinic, "one", now=NOW.replace(tzinfo=None))
