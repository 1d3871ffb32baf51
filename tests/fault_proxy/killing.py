"""Lives of `mortal` in a row, each killed at another moment; then what is left."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import IO

from fhir_mapping.submission import Submission, submission_from_json
from tests.fault_proxy.clinic import Clinic, Verdict
from tests.fault_proxy.ledger_ehr import OFFERS, LedgerEhr
from tests.fault_proxy.proxy import FaultProxy

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Survival:
    """What came of it.

    Attributes:
        killed: lives that ended by kill -9; the others had delivered everything.
        saved: submissions that somebody was told are saved.
        unacknowledged: begun and never said to be saved; they may exist, once.
    """

    killed: int
    saved: int
    unacknowledged: int
    verdict: Verdict


@dataclass(slots=True)
class _KillAt:
    """Kills while the n-th write is on the way; the write still arrives."""

    victim: int = 0
    countdown: int = 0

    def choose(self, method: str, path: str) -> str | None:
        if method != "GET" and self.victim:
            self.countdown -= 1
            if self.countdown == 0:
                kill(self.victim)
        return None


@dataclass(slots=True)
class _Witness:
    """Everything the lives have said."""

    lines: IO[str]
    sealing: dict[str, dict[str, object]] = field(default_factory=dict)
    saved: set[str] = field(default_factory=set)

    def hear(self) -> tuple[str, str]:
        word, _, rest = self.lines.readline().strip().partition(" ")
        if word == "sealing":
            told = json.loads(rest)
            self.sealing[told["id"]] = told
        if word == "saved":
            self.saved.add(rest)
        return word, rest

    def until(self, *wanted: str) -> tuple[str, str]:
        while True:
            word, rest = self.hear()
            if word in wanted:
                return word, rest
            assert word, "the process ended by itself"


def kill(victim: int) -> None:
    """kill -9; somebody who has gone already is left in peace."""
    with suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)


def survive(folder: Path, delivery_class: str, *, lives: int, seed: int) -> Survival:
    """So many lives, killed in turn when "Saved" is read, while the EHR stores, or
    whenever; then one that delivers the rest."""
    chance, plan = Random(seed), _KillAt()
    offer = replace(OFFERS[delivery_class], index_lag=timedelta(0))
    killed = 0
    with (
        LedgerEhr(offer, lambda: datetime.now(UTC)) as ehr,
        FaultProxy(ehr.port, plan) as proxy,
        _process(folder / "vault", proxy.base, delivery_class) as (orders, lines),
    ):
        witness = _Witness(lines)
        for number in range(lives):
            orders.write(f"live {number + 1}\n")
            orders.flush()
            victim = int(witness.until("born")[1])
            end = _end_of_life(number, victim, plan=plan, witness=witness, by=chance)
            word, _ = witness.until("gone", "delivered")
            killed += word == "gone"
            if word == "delivered":
                witness.until("gone")
            plan.victim = 0
            end.join()
        orders.write("end\n")
        orders.flush()
        witness.until("delivered")
        oracle, others = _submissions(witness, folder)
        verdict = oracle.verdict(ehr.ledger, unacknowledged=others)
        oracle.close()
    return Survival(killed, len(witness.saved), len(others), verdict)


def _end_of_life(
    number: int, victim: int, *, plan: _KillAt, witness: _Witness, by: Random
) -> threading.Timer:
    """Sees to it that this life ends; a timer that may still be running."""
    timer = threading.Timer(0, lambda: None)
    if number % 3 == 1:
        plan.countdown, plan.victim = by.randint(1, 8), victim
    else:
        for _ in range(by.randint(1, 5)):
            if witness.until("saved", "delivered")[0] == "delivered":
                break
        if number % 3 == 0:
            kill(victim)
        else:
            timer = threading.Timer(by.uniform(0, 0.3), kill, [victim])
    timer.start()
    return timer


@contextmanager
def _process(
    vault: Path, base: str, delivery_class: str
) -> Iterator[tuple[IO[str], IO[str]]]:
    command = [sys.executable, "-m", "tests.fault_proxy.mortal"]
    with subprocess.Popen(
        [*command, str(vault), base, delivery_class],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdin, process.stdout
        process.stdin.close()


def _submissions(witness: _Witness, folder: Path) -> tuple[Clinic, list[Submission]]:
    clinic = Clinic(folder / "oracle", "http://127.0.0.1:1/fhir")
    others: list[Submission] = []
    for name, told in witness.sealing.items():
        submission = submission_from_json(clinic.library, told)
        (clinic.acknowledged if name in witness.saved else others).append(submission)
    return clinic, others
