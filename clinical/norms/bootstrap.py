"""Shares with intervals from drawing whole people again, never rows."""

from dataclasses import dataclass

import numpy as np

from clinical.norms.readings import FloatArray


@dataclass(frozen=True, slots=True)
class Share:
    """A share of people, 0 to 1, with its 95 % interval; `counted`: of enough."""

    value: float
    low: float
    high: float
    counted: bool

    def told(self, times: int = 1) -> str | None:
        """With its interval; None where there were too few to count.

        Args:
            times: 1, or 100 for a rate in 100.
        """
        if not self.counted:
            return None
        digits = 1 if times == 100 else 3
        low, value, high = (
            f"{times * each:.{digits}f}" for each in (self.low, self.value, self.high)
        )
        return f"{value} ({low} to {high})"


def shares(
    part: FloatArray,
    whole: FloatArray,
    *,
    least: int,
    draws: int,
    random: np.random.Generator,
) -> list[Share]:
    """One share per column: what is in `part` of what is in `whole`.

    Args:
        part, whole: (n_persons, n_shares), not negative.
        least: people without whom a share is not told: it would be about somebody.
    """
    n = len(part)
    totals = whole.sum(axis=0)
    people = (whole > 0).sum(axis=0)
    drawn = np.full((draws, part.shape[1]), np.nan)
    for number in range(draws):
        times = np.bincount(random.integers(n, size=n), minlength=n).astype(float)
        below = times @ whole
        np.divide(times @ part, below, out=drawn[number], where=below > 0)
    found: list[Share] = []
    for at, total in enumerate(totals):
        if people[at] < max(least, 1):
            found.append(Share(0.0, 0.0, 0.0, counted=False))
            continue
        column = drawn[:, at][~np.isnan(drawn[:, at])]
        low, high = np.quantile(column, (0.025, 0.975)) if len(column) else (0.0, 1.0)
        value = float(part[:, at].sum() / total)
        found.append(Share(value, float(low), float(high), counted=True))
    return found
