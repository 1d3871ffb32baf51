"""Submissions through faults, for each delivery class, and through kill -9.

`python -m benchmarks.delivery [--n 200] [--lives 12] [--seed 1] [--json]`

Everything is synthetic and on the loopback. The oracle is the ledger of the receiving
server, compared as raw JSON with what was acknowledged. The controls run the same
forms and faults with the protections off; without harm there, the run proves nothing.
"""

import argparse
import json
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ehr.delivery.ladder import Probed
from tests.fault_proxy.clinic import Clinic, Clock, Verdict
from tests.fault_proxy.faults import NoFaults, RandomFaults
from tests.fault_proxy.killing import survive
from tests.fault_proxy.ledger_ehr import OFFERS, LedgerEhr
from tests.fault_proxy.naive import send_blindly
from tests.fault_proxy.proxy import FaultProxy

PROBED = {
    "E1": Probed(),
    "E2": Probed(unique_identifiers=True),
    "E3": Probed(),
    "E4": Probed(),
}
RATE = 0.3  # share of requests that meet a fault
PACKAGES = ("fhirclient", "fhir.resources", "sqlalchemy", "requests", "urllib3")


@dataclass(frozen=True, slots=True)
class Run:
    """One class's forms through its faults."""

    verdict: Verdict
    faults: Counter[str]
    held: Counter[str]  # by cause, while the EHR was ill
    undelivered: int  # at the end, after staff let held rows go on
    simulated_minutes: float


def run_class(folder: Path, delivery_class: str, *, n: int, seed: int) -> Run:
    """Seal n forms, deliver under faults, let the EHR recover, let staff look."""
    clock, plan = Clock(), RandomFaults(seed=seed, rate=RATE)
    with (
        LedgerEhr(OFFERS[delivery_class], clock) as ehr,
        FaultProxy(ehr.port, plan) as proxy,
    ):
        clinic = Clinic(folder / delivery_class, proxy.base, clock=clock, seed=seed)
        worker = clinic.worker(probed=PROBED[delivery_class])
        clinic.seal_many(n, patients=max(7, n // 5))
        begun = clock.now
        clinic.drain(worker, settle=proxy.settle)
        held = Counter(clinic.held().values())
        proxy.plan = NoFaults()
        clinic.let_held_go_on()
        clinic.drain(worker, settle=proxy.settle)
        counts = clinic.part.outbox.counts()
        verdict = clinic.verdict(ehr.ledger)
        clinic.close()
    minutes = (clock.now - begun).total_seconds() / 60
    return Run(verdict, plan.made, held, n - counts.get("verified", 0), minutes)


def run_control(folder: Path, *, n: int, seed: int, again: bool) -> Verdict:
    """The same forms and faults, protections off."""
    clock = Clock()
    with (
        LedgerEhr(OFFERS["E4"], clock) as ehr,
        FaultProxy(ehr.port, RandomFaults(seed=seed, rate=RATE)) as proxy,
    ):
        name = f"control-{again}"
        clinic = Clinic(folder / name, proxy.base, clock=clock, seed=seed)
        clinic.seal_many(n)
        send_blindly(clinic, again=again)
        verdict = clinic.verdict(ehr.ledger)
        clinic.close()
    return verdict


def figures(*, n: int, lives: int, seed: int) -> dict[str, object]:
    """The whole benchmark as one object."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs: dict[str, Run] = {}
        seconds: dict[str, float] = {}
        for each in PROBED:
            begun = time.perf_counter()
            runs[each] = run_class(folder, each, n=n, seed=seed)
            seconds[each] = round(time.perf_counter() - begun, 1)
        survived = survive(folder, "E2", lives=lives, seed=seed)
        blind = run_control(folder, n=n, seed=seed, again=True)
        once = run_control(folder, n=n, seed=seed, again=False)
    targets: dict[str, object] = {
        f"C4-{each}": _target(run.verdict) for each, run in runs.items()
    }
    targets["C5"] = _target(survived.verdict)
    control = {"sent_again": _counts(blind), "sent_once": _counts(once)}
    faults = sum((run.faults for run in runs.values()), Counter[str]())
    return {
        "benchmark": "delivery",
        "synthetic": True,
        "targets": targets,
        "n": {
            "submissions_per_class": n,
            "faults": sum(faults.values()),
            "kinds_of_fault": len(faults),
            "lives": lives,
            "killed": survived.killed,
            "saved_before_a_kill": survived.saved,
        },
        "seed": seed,
        "control": control,
        "versions": _versions(),
        "checks": {
            "everything_delivered": all(not run.undelivered for run in runs.values()),
            "control_doubles": bool(blind.doubled),
            "control_loses": bool(once.lost),
            "lives_were_killed": survived.killed >= lives // 2,
        },
        "raw": {
            each: {
                "faults": dict(sorted(run.faults.items())),
                "held_for_a_person": dict(sorted(run.held.items())),
                "undelivered": run.undelivered,
                "simulated_minutes": round(run.simulated_minutes, 1),
                "wall_seconds": seconds[each],
            }
            for each, run in runs.items()
        },
        "skipped": [],
    }


def _counts(verdict: Verdict) -> dict[str, int]:
    return {
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "misfiled": len(verdict.misfiled),
    }


def _target(verdict: Verdict) -> dict[str, object]:
    zero = {"lost": 0, "doubled": 0, "misfiled": 0}
    return {"target": zero, "measured": _counts(verdict), "holds": verdict.clean}


def _versions() -> Mapping[str, str]:
    return {"python": platform.python_version()} | {
        each: version(each) for each in PACKAGES
    }


def main() -> int:
    """Print the figures; 1 if a check fails."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--n", type=int, default=200, help="submissions per class")
    words.add_argument("--lives", type=int, default=12, help="processes to kill")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--json", action="store_true", help="one object, for machines")
    asked = words.parse_args()
    found = figures(n=asked.n, lives=asked.lives, seed=asked.seed)
    if asked.json:
        print(json.dumps(found, indent=1))
    else:
        for name, target in dict[str, object](found["targets"]).items():  # type: ignore[call-overload]
            print(name, target)
        print("control", found["control"])
    checks = found["checks"]
    assert isinstance(checks, dict)
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
