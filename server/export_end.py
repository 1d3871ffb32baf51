"""Until when an export can tell of anything."""

from datetime import datetime, timedelta
from pathlib import Path

from ehr.bulk.errors import FolderUnusable
from ehr.bulk.job import begun_job
from fhir_mapping.r4.dates import PartialDate, moment_from_text

_CLOCKS_DIFFER = timedelta(days=1)


def end_of(export: Path, *, now: datetime) -> datetime:
    """A day after the EHR's transactionTime; after now, where `export` states none.

    What is dated later is a slip of the pen: one visit of 2031 would spread the cards
    of a year over five.
    """
    try:
        job = begun_job(export)
    except (FolderUnusable, OSError):  # a file of this name that is somebody else's
        job = None
    stated = moment_from_text(str(job.transaction_time) if job else "")
    known = None if isinstance(stated, PartialDate) else stated
    return (known or now) + _CLOCKS_DIFFER
