"""Which terms the model has. The simpler form is kept unless a richer one predicts."""

from dataclasses import dataclass
from typing import Literal

from clinical.expected_response import Term

RandomPart = Literal["intercept", "intercept_and_slope"]
TERMS: tuple[Term, ...] = ("intercept", "time", "intake", "time_by_intake", "knot")


@dataclass(frozen=True, slots=True)
class Form:
    """Terms of the mean in the order of `TERMS`, and what differs between persons."""

    terms: tuple[Term, ...]
    random: RandomPart

    def __post_init__(self) -> None:
        if self.terms != tuple(each for each in TERMS if each in self.terms):
            raise ValueError(f"terms are named once each, in the order {TERMS}")

    @property
    def has_knot(self) -> bool:
        return "knot" in self.terms


FULL = Form(("intercept", "time", "intake", "time_by_intake"), "intercept_and_slope")
WITH_KNOT = Form(TERMS, "intercept_and_slope")
NO_INTERACTION = Form(("intercept", "time", "intake"), "intercept_and_slope")
INTERCEPT_ONLY = Form(("intercept", "time", "intake"), "intercept")
