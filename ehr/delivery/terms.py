"""The terms of one attempt, and how it may end before its end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ehr.delivery.ladder import Shape
from ehr.delivery.retry import (
    Answer,
    Circumstances,
    Hold,
    Later,
    NoAnswer,
    NotSent,
    Refused,
    Unknown,
)
from ehr.errors import EhrUnreachable


class Stopped(Exception):
    """The attempt ends here; the step says how the row is put down."""

    def __init__(self, step: Later | Unknown | Hold) -> None:
        super().__init__(type(step).__name__)
        self.step = step


@dataclass(frozen=True, slots=True)
class Terms:
    """What stays the same during one attempt.

    Attributes:
        grace: longest time the EHR may still work on a request we gave up.
        chance: a number in [0, 1), drawn anew at each call.
    """

    shape: Shape
    grace: timedelta
    now: datetime
    chance: Callable[[], float]

    def unknown(self) -> Unknown | Hold:
        """Something may be on its way: look after the grace, or let a person look."""
        if self.shape.delivery_class == "E5":
            return Hold("unknown_outcome")
        return Unknown(self.grace, "unknown_outcome")

    def circumstances(self, leases: int) -> Circumstances:
        """What the next step depends on, at the n-th lease of the row."""
        return Circumstances(
            delivery_class=self.shape.delivery_class,
            attempts=leases - 1,
            grace=self.grace,
            renewed=False,
            now=self.now,
            chance=self.chance,
        )


def answer_from(error: EhrUnreachable | None) -> Answer:
    """A failure of the wire as an answer to a write; None is an unusable answer."""
    if error is None:
        return NoAnswer()
    if error.status is not None:
        return Refused(error.status, frozenset(), error.retry_after)
    return NoAnswer() if error.maybe_sent else NotSent()
