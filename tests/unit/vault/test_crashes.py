"""A process is killed between the commit of a seal and the return of its result."""

import os
import signal
import subprocess
import sys

import pytest

from tests.unit.vault.kit import NOW, open_form, seal
from vault.database import open_vault

# The child tells each submission the moment its seal has returned, and never stops.
CHILD = """
import sys
from pathlib import Path
from tests.unit.vault.kit import seal
from vault.cipher import KeyRing
from vault.database import open_vault
from vault.safety_marks import SafetyMark

folder, key, first = Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), int(sys.argv[3])
part = open_vault(folder, KeyRing(key)).for_tenant("clinic")
number = first
while True:
    stored = seal(part, f"{number}", safety=(SafetyMark(b"item 9"),))
    sys.stdout.write(stored.submission_id + "\\n")
    sys.stdout.flush()
    number += 1
"""


@pytest.mark.hazard("H10")
def test_kill_nine_loses_nothing_that_was_called_saved(folder, keys):
    told: list[str] = []
    for repetition in range(4):
        child = subprocess.Popen(
            [
                sys.executable,
                "-c",
                CHILD,
                str(folder),
                keys.current.hex(),
                str(repetition * 100_000),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        # A pipe holds what the child wrote before it died; killed after some lines.
        for _ in range(5 + 7 * repetition):
            told.append(child.stdout.readline().strip())
        child.kill()
        told.extend(child.stdout.read().split())
        child.wait(timeout=10)
        child.stdout.close()

    vault = open_vault(folder, keys)
    part = vault.for_tenant("clinic")
    kept = [row.submission_id for row in part.outbox.waiting("anna")]
    marked = [mark.submission_id for mark in part.safety.open_marks("anna")]

    assert len(told) >= 4 * 5
    assert set(told) <= set(kept)
    assert len(kept) == len(set(kept))
    assert len(kept) <= len(told) + 4  # stored but not told: at most one per kill
    assert sorted(marked) == sorted(kept)
    assert part.audit.verify().rows == len(kept)
    assert vault.damage() == ()
    assert part.outbox.lease(worker="w", now=NOW, until=NOW.replace(year=2027))
    vault.close()


class KillsAfterTheCommit:
    """In the place of the writers' lock, which is given back right after a commit."""

    def acquire(self, timeout: float) -> bool:
        return True

    def release(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.hazard("H10")
def test_a_death_between_the_commit_and_its_answer_keeps_the_submission(folder, keys):
    vault = open_vault(folder, keys)
    for number in range(5):
        open_form(vault.for_tenant("clinic"), f"nonce {number}")
    vault.close()

    for number in range(5):
        child = os.fork()
        if child == 0:
            other = open_vault(folder, keys)
            part = other.for_tenant("clinic")
            other._main._writer = KillsAfterTheCommit()
            seal(part, f"{number}", nonce=f"nonce {number}")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL

    reopened = open_vault(folder, keys)
    part = reopened.for_tenant("clinic")
    again = [seal(part, f"again {n}", nonce=f"nonce {n}") for n in range(5)]
    assert [(a.submission_id, a.repeated) for a in again] == [
        (str(number), True) for number in range(5)
    ]
    assert len(part.outbox.waiting("anna")) == 5
    reopened.close()


def test_a_process_that_dies_inside_the_transaction_leaves_nothing(folder, keys):
    vault = open_vault(folder, keys)
    vault.for_tenant("clinic")
    vault.close()

    child = os.fork()
    if child == 0:
        other = open_vault(folder, keys)
        with other._main.write() as connection:
            connection.exec_driver_sql("DELETE FROM tenant_keys")
            os._exit(9)
    os.waitpid(child, 0)

    reopened = open_vault(folder, keys)
    assert reopened._keys.tenants() == ("clinic",)
    reopened.close()
