"""Which bad ends the site wants to be told of early, and at which false alarms.

The thresholds are chosen offline from many people and stand in the signed norm pack;
the share of false alarms is the site's choice in its plan.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Horizon:
    """The question that is asked of the future.

    Attributes:
        session_number: where the course is judged to end.
        rci: reliable change in score points.
        whole_points: scores have no fractions; then half a point lies between them.
    """

    session_number: int
    rci: Decimal
    whole_points: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """From which probability on the site wants to be told, and why this one.

    Attributes:
        at_least: probability of ending reliably worse.
        false_alarms: share of people who do not end so and are pointed out all the
            same, as the site has set it.
        n_persons: people from whom the threshold was chosen.
    """

    at_least: float
    false_alarms: float
    n_persons: int


@dataclass(frozen=True, slots=True)
class Attention:
    """What the site asks of each course, session by session.

    Attributes:
        budgets: session number after which it holds, and the threshold.
    """

    horizon: Horizon
    budgets: tuple[tuple[int, Budget], ...]

    def budget_after(self, session_number: int) -> Budget | None:
        """None: too few people stayed on from here to choose one."""
        return dict(self.budgets).get(session_number)
