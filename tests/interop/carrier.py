"""Carries what a clinic's vault holds to a FHIR server, at the pace of the real clock.

`python -m tests.interop.carrier FOLDER BASE SCOPES [unique]` is the same as a process
of its own, which can be killed.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ehr.delivery.ladder import Probed
from ehr.delivery.worker import Pace, Worker
from ehr.smart.access import AccessTokens
from tests.fault_proxy.clinic import DIALECT, Clinic, Clock

# A lease that outlives its worker costs the next one this long.
PACE = Pace(lease=timedelta(seconds=1.5), grace=timedelta(seconds=0.3))
LONGEST = 90.0  # seconds


class NotCarried(AssertionError):
    """Something is still open; the message counts the steps that were taken."""


def now() -> datetime:
    return datetime.now(UTC)


def clinic_at(folder: Path, base: str, *, scopes: str) -> Clinic:
    """A clinic whose launches are valid now."""
    return Clinic(folder, base, clock=Clock(now()), scopes=scopes)


def carry(clinic: Clinic, *, unique: bool) -> None:
    """Until nothing is open.

    Args:
        clinic: with sealed submissions.
        unique: whether a probe found that conditional creates do not double.
    """
    worker = Worker(
        clinic.tenant,
        clinic.part,
        access=AccessTokens(clinic.tenant, clinic.part),
        library=clinic.library,
        dialect=DIALECT,
        name="carrier",
        pace=PACE,
        probed=Probed(unique_identifiers=unique),
    )
    taken: list[str] = []
    until = time.monotonic() + LONGEST
    while clinic.open_rows():
        taken.append(worker.run_once(now()))
        if time.monotonic() > until:
            raise NotCarried(taken[-20:])
        time.sleep(0.02)


def main(folder: str, base: str, scopes: str, *rest: str) -> None:
    """One life."""
    clinic = clinic_at(Path(folder), base, scopes=scopes)
    carry(clinic, unique="unique" in rest)
    clinic.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
