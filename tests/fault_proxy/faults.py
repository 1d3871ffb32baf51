"""The faults that the proxy can make, by name, and plans that choose among them.

A plan is asked once per request and names a fault or none; with the same seed and the
same requests it names the same ones.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

# The server never sees the request.
BEFORE = (
    "closed_on_arrival",
    "reset_before_body",
    "429_seconds",
    "429_date",
    "429_garbage",
    "429_huge",
    "408",
    "500",
    "502",
    "503_retry_after",
    "504",
    "401",
    "409",
    "412",
    "redirect",
)
# The server has acted; the answer is lost or wrong.
AFTER = (
    "commit_reset",
    "commit_close",
    "commit_500",
    "commit_502",
    "commit_503",
    "commit_504",
    "commit_408",
    "commit_409",
    "commit_412",
    "commit_truncated_body",
    "commit_truncated_headers",
    "commit_not_http",
    "commit_not_json",
    "commit_html",
    "commit_empty_200",
    "commit_without_location",
    "commit_wrong_location",
    "commit_foreign_location",
    "commit_redirect",
    "commit_outcome_error",
    "commit_huge_headers",
)
# Slow, and therefore few in a run.
SLOW = ("commit_hang", "commit_drip", "late_commit")
KINDS = (*BEFORE, *AFTER, *SLOW)


@dataclass(slots=True)
class NoFaults:
    """Everything passes."""

    def choose(self, method: str, path: str) -> str | None:
        return None


@dataclass(slots=True)
class Script:
    """The given faults for the given methods, in this order, then none."""

    faults: list[str | None]
    methods: Sequence[str] = ("POST", "PUT")

    def choose(self, method: str, path: str) -> str | None:
        if method in self.methods and self.faults:
            return self.faults.pop(0)
        return None


@dataclass(slots=True)
class RandomFaults:
    """A share of all requests, by seed; slow kinds more seldom.

    Attributes:
        rate: share of requests that meet a fault.
        slow_share: share of the faults that are slow ones.
    """

    seed: int
    rate: float
    slow_share: float = 0.03
    kinds: Sequence[str] = (*BEFORE, *AFTER)
    slow: Sequence[str] = SLOW
    made: Counter[str] = field(default_factory=Counter)
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def choose(self, method: str, path: str) -> str | None:
        if path.endswith("/metadata") or self.random.random() >= self.rate:
            return None
        pool = self.slow if self.random.random() < self.slow_share else self.kinds
        fault = self.random.choice(pool)
        self.made[fault] += 1
        return fault
