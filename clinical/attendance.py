"""Visits, as far as somebody told us of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["attended", "missed", "late_cancelled"]


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
