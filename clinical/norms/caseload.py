"""Forecasts for many people at once, and the threshold that keeps a budget.

The same numbers as `clinical.forecast`, which is for one patient and without numpy.
"""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from clinical.attention import Budget, Horizon
from clinical.change import worse_sign
from clinical.norms.errors import TooFewPeople
from clinical.norms.fit import Fit
from clinical.norms.own_course import own_course
from clinical.norms.predict import design
from clinical.norms.readings import BoolArray, FloatArray, Readings
from clinical.norms.sums import sums_of_everybody
from questionnaires.instrument import Direction


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """Each (n_persons,): probabilities as in `clinical.forecast.Forecast`."""

    reliably_worse: FloatArray
    no_reliable_gain: FloatArray


def forecasts(
    fit: Fit,
    readings: Readings,
    *,
    horizon: Horizon,
    direction: Direction,
    knot_session: float | None,
) -> Forecasts:
    """Of everybody, from the readings so far; people without one have the curve's.

    Args:
        readings: only what was known at the time: see `Readings.first`.
    """
    end = np.full(readings.n_persons, float(np.log(horizon.session_number)))
    return forecasts_at(
        fit,
        readings,
        end=end,
        horizon=horizon,
        direction=direction,
        knot_session=knot_session,
    )


def forecasts_at(
    fit: Fit,
    readings: Readings,
    *,
    end: FloatArray,
    horizon: Horizon,
    direction: Direction,
    knot_session: float | None,
) -> Forecasts:
    """The same with an end of each person's own: (n_persons,) its time L."""

    def mean(time: FloatArray, intake: FloatArray) -> FloatArray:
        x = design(fit.form, time, c=intake - fit.reference, knot_session=knot_session)
        expected: FloatArray = x @ fit.beta
        return expected

    left = sums_of_everybody(
        readings.person,
        readings.time,
        score=readings.score - mean(readings.time, readings.intake_of_row),
        intake=readings.intake,
        knot=None,
    )
    own = own_course(fit.g, fit.sigma2, left)
    v00, v01, v11 = own.variance
    sd = np.sqrt(fit.sigma2 + v00 + 2 * end * v01 + end * end * v11)
    expected = mean(end, readings.intake) + own.intercept + end * own.slope
    worse = worse_sign(direction) * (expected - readings.intake)
    step = 0.5 if horizon.whole_points else 0.0
    rci = float(horizon.rci)
    return Forecasts(
        reliably_worse=share_above((rci - step - worse) / sd),
        no_reliable_gain=share_above((-rci + step - worse) / sd),
    )


def budget_for(
    probability: FloatArray,
    ended_worse: BoolArray,
    *,
    false_alarms: float,
) -> Budget:
    """The lowest threshold that keeps false alarms within the budget in this sample.

    Args:
        probability: (n_persons,) of ending reliably worse, from a fit that has not
            seen these people, or from many more people than the fit has terms.
        ended_worse: (n_persons,) who did end so.
        false_alarms: largest share, above 0 and below 1, of the others that may be
            pointed out.

    Raises:
        TooFewPeople: too few to tell such a share from none.
        ValueError: the share is no share.
    """
    if not 0 < false_alarms < 1:
        raise ValueError("the budget of false alarms is a share between 0 and 1")
    others = np.sort(probability[~ended_worse])
    allowed = int(np.floor(false_alarms * len(others) + 1e-9))
    if allowed < 1:
        raise TooFewPeople(
            "a budget of false alarms",
            persons=len(others),
            needed=int(np.ceil(1 / false_alarms)),
        )
    # Equal probabilities stand or fall together: the next higher one is safe.
    at_least = float(np.nextafter(others[-allowed - 1], 2.0))
    return Budget(at_least, false_alarms, n_persons=len(others))


def share_above(z: FloatArray) -> FloatArray:
    """Share of a standard normal above each z; as exact as for one patient."""
    return np.array([erfc(each / sqrt(2)) / 2 for each in z.tolist()])
