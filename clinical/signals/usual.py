"""What was usual for a person before a rating: mean and spread, from running sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, pairwise

from clinical.rule_numbers import RuleNumbers
from clinical.signals.kinds import SpreadOf
from questionnaires.instrument import Instrument, Spread

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
    spread_of: SpreadOf


@dataclass(frozen=True, slots=True)
class Before:
    """What was usual before any rating of a course; each question costs the same.

    Attributes:
        sums, squares, moves: of the first n values, their squares, and the steps
            between them, for n = 0, 1, 2, ...
        least: the smallest spread that is used, and whose it is.
    """

    sums: tuple[Decimal, ...]
    squares: tuple[Decimal, ...]
    moves: tuple[Decimal, ...]
    least: tuple[Decimal, SpreadOf]

    def mean(self, n: int) -> Decimal:
        """Of the first n values; at least one."""
        return (self.sums[n] / n).quantize(SHOWN)

    def by_sd(self, n: int) -> Usual:
        """Mean and sample SD (n - 1) of the first n values; at least two.

        A person who always gives the same rating has no spread; without another one
        beside it, one point would be a rupture.

        Source:
            Larger of own and sample SD: BMC Med Res Methodol 2012;12:10. Both the
            sample's and the floor for forms without a sample stand in the plan.
        """
        # n times the sum of squares of the deviations; exact, so never below zero.
        deviations = n * self.squares[n] - self.sums[n] ** 2
        return self._usual(n, (deviations / (n * (n - 1))).sqrt())

    def by_moving_range(self, n: int) -> Usual:
        """Mean, and mean moving range over d2, of the first n values; at least two."""
        return self._usual(n, self.moves[n] / (n - 1) / _D2)

    def _usual(self, n: int, own: Decimal) -> Usual:
        spread, (least, whose) = own.quantize(SHOWN), self.least
        if spread >= least:
            return Usual(self.mean(n), spread, spread_of="own")
        return Usual(self.mean(n), least, spread_of=whose)


def before_each(
    instrument: Instrument,
    values: Sequence[Decimal],
    *,
    rules: RuleNumbers,
    sample_sd: Spread | None,
) -> Before:
    """Running sums over a course, oldest value first.

    Args:
        instrument: for its range, where there is no sample.
        values: ratings of one person.
        rules: the plan's numbers.
        sample_sd: of ratings of many people, if the site knows it.
    """
    total = instrument.total
    floor = ((total.high - total.low) * rules.sd_floor_of_range).quantize(SHOWN)
    steps = [abs(b - a) for a, b in pairwise(values)]
    # Before the first and before the second value there is no step yet.
    steps = [Decimal(0), *steps] if values else steps
    return Before(
        sums=_running(values),
        squares=_running([each * each for each in values]),
        moves=_running(steps),
        least=(sample_sd.value, "sample") if sample_sd else (floor, "floor"),
    )


def _running(values: Sequence[Decimal]) -> tuple[Decimal, ...]:
    return tuple(accumulate(values, initial=Decimal(0)))
