"""Where this patient is heading, given the readings so far: three states, no verdict.

The probability ranks and fires under the site's budget of false alarms. People see
words and a band, never a probability of harm. No numpy: many patients at once are in
`clinical.norms.caseload`, which gives the same numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import erfc, log, sqrt
from typing import Literal

from clinical.attention import Attention, Horizon
from clinical.change import worse_sign
from clinical.expected_response import ExpectedResponse, not_covered, term_values

CannotTellReason = Literal[
    "no_reading_after_intake",
    "intake_outside_sample",
    "after_last_session",
    "no_threshold_after_this_session",
    "rule_is_silent",
]


@dataclass(frozen=True, slots=True)
class Progress:
    """One reading after the intake."""

    session_number: int  # 2 or more
    score: Decimal  # score points


@dataclass(frozen=True, slots=True)
class Forecast:
    """Probabilities for the score at the horizon. For ranking, never for people.

    Attributes:
        reliably_worse: of ending worse than the intake by the reliable change.
        no_reliable_gain: of ending without being better by it; holds the former.
    """

    reliably_worse: float
    no_reliable_gain: float


@dataclass(frozen=True, slots=True)
class OnTrack:
    """Within the budget nothing points to a bad end. Not the same as doing well."""

    forecast: Forecast


@dataclass(frozen=True, slots=True)
class NotOnTrack:
    """Among the courses that the site wants to be told of."""

    forecast: Forecast


@dataclass(frozen=True, slots=True)
class CannotTellYet:
    """Nothing may be concluded, least of all that all is well."""

    reason: CannotTellReason


Outlook = OnTrack | NotOnTrack | CannotTellYet


def outlook(
    curve: ExpectedResponse,
    readings: Sequence[Progress],
    *,
    intake: Decimal,
    attention: Attention,
) -> Outlook:
    """On track, not on track, or too early to tell.

    Args:
        readings: after the intake, any order.
        intake: first score of the episode, in score points.
    """
    if not readings:
        return CannotTellYet("no_reading_after_intake")
    latest = max(each.session_number for each in readings)
    for session_number in (2, latest):
        outside = not_covered(curve, intake=intake, session_number=session_number)
        if outside is not None and outside.reason == "intake_outside_sample":
            return CannotTellYet("intake_outside_sample")
        if outside is not None:
            return CannotTellYet("after_last_session")
    budget = attention.budget_after(latest)
    if budget is None:
        return CannotTellYet("no_threshold_after_this_session")
    found = forecast(curve, readings, intake=intake, horizon=attention.horizon)
    if found.reliably_worse >= budget.at_least:
        return NotOnTrack(found)
    return OnTrack(found)


def forecast(
    curve: ExpectedResponse,
    readings: Sequence[Progress],
    *,
    intake: Decimal,
    horizon: Horizon,
) -> Forecast:
    """Probabilities for the score at the horizon, given the readings so far.

    The person's own intercept and slope are predicted from what the curve leaves
    unexplained (best linear unbiased prediction); the score at the horizon is normal
    around that course.
    """
    g00, g01, g11 = (float(each) for each in curve.g)
    sigma2 = float(curve.sigma2)
    n = t = tt = r = tr = 0.0
    for each in readings:
        time = log(each.session_number)
        left = float(each.score) - _mean(curve, intake, each.session_number)
        n, t, tt = n + 1, t + time, tt + time * time
        r, tr = r + left, tr + time * left
    # sigma2² det(I + M G / sigma2), so that G may be singular.
    det_g, det_m = g00 * g11 - g01 * g01, n * tt - t * t
    det = sigma2 * (sigma2 + n * g00 + 2 * t * g01 + tt * g11) + det_m * det_g
    w00 = (sigma2 * g00 + det_g * tt) / det
    w01 = (sigma2 * g01 - det_g * t) / det
    w11 = (sigma2 * g11 + det_g * n) / det
    end = log(horizon.session_number)
    own = w00 * r + w01 * tr + end * (w01 * r + w11 * tr)
    mean = _mean(curve, intake, horizon.session_number) + own
    variance = sigma2 * (1 + w00 + 2 * end * w01 + end * end * w11)
    return probabilities(
        curve, intake=intake, horizon=horizon, mean=mean, sd=sqrt(variance)
    )


def probabilities(
    curve: ExpectedResponse,
    *,
    intake: Decimal,
    horizon: Horizon,
    mean: float,
    sd: float,
) -> Forecast:
    """Of a score at the horizon that is normal with this mean and SD."""
    # How much worse than the intake the end is expected to be; positive is worse.
    worse = worse_sign(curve.direction) * (mean - float(intake))
    step = 0.5 if horizon.whole_points else 0.0
    rci = float(horizon.rci)
    return Forecast(
        reliably_worse=_above((rci - step - worse) / sd),
        no_reliable_gain=_above((-rci + step - worse) / sd),
    )


def _mean(curve: ExpectedResponse, intake: Decimal, session_number: int) -> float:
    values = term_values(curve, intake=intake, session_number=session_number)
    return float(sum(x * b for x, b in zip(values, curve.b, strict=True)))


def _above(z: float) -> float:
    """Share of a standard normal above z."""
    return erfc(z / sqrt(2)) / 2
