"""A clinic in a process that is made to be killed.

`python -m tests.fault_proxy.mortal FOLDER BASE CLASS` waits for lines on its standard
input. `live SEED` forks a life: a worker delivers while forms are sealed, and each form
is said before it is sealed (`sealing …`) and after (`saved …`). `end` forks a last life
that seals nothing and ends when everything is delivered. Forking saves a second of
imports per life.
"""

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ehr.delivery.ladder import Probed
from ehr.delivery.worker import Pace
from fhir_mapping.submission import submission_to_json
from tests.fault_proxy.clinic import INSTRUMENTS, Clinic, Clock, run_in_thread

PACE = Pace(lease=timedelta(seconds=0.6), grace=timedelta(seconds=0.15), poll=0.02)
FORMS_PER_LIFE = 6
LONGEST_LIFE = 20.0  # seconds


class _RealClock(Clock):
    def __call__(self) -> datetime:
        self.now = datetime.now(UTC)
        return self.now


def say(word: str, rest: str = "") -> None:
    # One write below the size of a pipe's buffer: lines of two lives never mix.
    os.write(1, f"{word} {rest}\n".encode())


def life(folder: Path, base: str, *, delivery_class: str, seed: int) -> None:
    """Seal and deliver until killed, or until all forms are delivered."""
    clock = _RealClock(datetime.now(UTC))
    clinic = Clinic(folder, base, clock=clock, seed=seed)
    worker = clinic.worker(
        name=f"life-{os.getpid()}",
        probed=Probed(unique_identifiers=delivery_class == "E2"),
        pace=PACE,
    )
    end = run_in_thread(worker, clock)
    for number in range(FORMS_PER_LIFE if seed else 0):
        clock()
        patient = f"p-{number % 3}"
        form = clinic.answer(INSTRUMENTS[number % 4], patient=patient)
        say("sealing", json.dumps(submission_to_json(form)))
        clinic.seal(form, context_id=clinic.launch(patient))
        worker.wake()
        say("saved", str(form.id))
    while clinic.open_rows() or (not seed and clinic.held()):
        clock()
        clinic.let_held_go_on()
        time.sleep(0.01)
    end()
    clinic.close()
    say("delivered")


def main(folder: str, base: str, delivery_class: str) -> None:
    """Fork a life per line, and wait for its end."""
    for line in sys.stdin:
        word, _, seed = line.strip().partition(" ")
        child = os.fork()
        if child == 0:
            life(
                Path(folder),
                base,
                delivery_class=delivery_class,
                seed=int(seed) if word == "live" else 0,
            )
            os._exit(0)
        say("born", str(child))
        os.waitpid(child, 0)
        say("gone", str(child))


if __name__ == "__main__":
    main(*sys.argv[1:])
