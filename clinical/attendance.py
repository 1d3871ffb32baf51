"""Visits, as far as somebody told us of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Status = Literal["attended", "missed", "late_cancelled"]
# How far back anybody is asked for visits, so that it decides the same everywhere.
LOOKED_BACK = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit that was planned: when it was to begin, and what became of it.

    A visit that was cancelled in good time, or by the clinic, is none.
    """

    at: datetime  # with offset
    status: Status


def missed(visit: Visit) -> bool:
    """The person did not come, and said so late or not at all."""
    return visit.status != "attended"


def begun_by(visits: Sequence[Visit] | None, at: datetime) -> Sequence[Visit] | None:
    """Those that were to begin in the year until then; None: nobody tells of them."""
    if visits is None:
        return None
    return tuple(each for each in visits if at - LOOKED_BACK <= each.at <= at)
