"""What was usual for a person before a rating: mean and spread, from running sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, pairwise

from clinical.rule_numbers import RuleNumbers
from questionnaires.instrument import Instrument

# What is shown and what is compared are the same number.
SHOWN = Decimal("0.01")
# Expected range of two values of one normal distribution, in SD: from moving ranges to
# the spread of an individuals chart. A constant of statistics, not of a scale.
_D2 = Decimal("1.128")


@dataclass(frozen=True, slots=True)
class Usual:
    """What was usual before a rating, in score points rounded to 0.01."""

    mean: Decimal
    spread: Decimal
    spread_is_floor: bool


@dataclass(frozen=True, slots=True)
class Before:
    """What was usual before any rating of a course; each question costs the same.

    Attributes:
        sums, squares, moves: of the first n values, their squares, and the steps
            between them, for n = 0, 1, 2, ...
    """

    sums: tuple[Decimal, ...]
    squares: tuple[Decimal, ...]
    moves: tuple[Decimal, ...]
    floor: Decimal

    def mean(self, n: int) -> Decimal:
        """Of the first n values; at least one."""
        return (self.sums[n] / n).quantize(SHOWN)

    def by_sd(self, n: int) -> Usual:
        """Mean and sample SD (n - 1) of the first n values; at least two.

        A person who always gives the same rating has no spread; without the floor, one
        point would be a rupture.

        Source:
            Larger of own and sample SD: BMC Med Res Methodol 2012;12:10. The floor
            stands in the plan.
        """
        # n times the sum of squares of the deviations; exact, so never below zero.
        deviations = n * self.squares[n] - self.sums[n] ** 2
        return self._usual(n, (deviations / (n * (n - 1))).sqrt())

    def by_moving_range(self, n: int) -> Usual:
        """Mean, and mean moving range over d2, of the first n values; at least two."""
        return self._usual(n, self.moves[n] / (n - 1) / _D2)

    def _usual(self, n: int, own: Decimal) -> Usual:
        spread = own.quantize(SHOWN)
        return Usual(
            mean=self.mean(n),
            spread=max(spread, self.floor),
            spread_is_floor=max(spread, self.floor) != spread,
        )


def before_each(
    instrument: Instrument, values: Sequence[Decimal], rules: RuleNumbers
) -> Before:
    """Running sums over a course, oldest value first."""
    total = instrument.total
    steps = [abs(b - a) for a, b in pairwise(values)]
    # Before the first and before the second value there is no step yet.
    steps = [Decimal(0), *steps] if values else steps
    return Before(
        sums=_running(values),
        squares=_running([each * each for each in values]),
        moves=_running(steps),
        floor=((total.high - total.low) * rules.sd_floor_of_range).quantize(SHOWN),
    )


def _running(values: Sequence[Decimal]) -> tuple[Decimal, ...]:
    return tuple(accumulate(values, initial=Decimal(0)))
