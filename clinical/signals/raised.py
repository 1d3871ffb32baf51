"""A signal together with the moment from which it has been on without a break."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from clinical.signals.kinds import CannotTellYet, SpeakingSignal


@dataclass(frozen=True, slots=True)
class Raised:
    """A signal that is on.

    Attributes:
        since: when the reading was made at which it went on and from which it has
            stayed on. An acknowledgement from before that was for another time.
    """

    signal: SpeakingSignal
    since: datetime


Finding = Raised | CannotTellYet


def in_a_row(newest_first: Iterable[bool]) -> int:
    """How many hold without a break, from the latest reading back."""
    return sum(1 for _ in takewhile(bool, newest_first))
