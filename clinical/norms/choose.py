"""Which form predicts people it has not seen; a richer one has to earn its place."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clinical.norms.conformal import fits_without, folds_of
from clinical.norms.fit import Fit
from clinical.norms.form import Form
from clinical.norms.own_course import own_course
from clinical.norms.predict import predict_readings
from clinical.norms.readings import FloatArray, IntArray, Readings
from clinical.norms.sums import sums_over_time


@dataclass(frozen=True, slots=True)
class Contest:
    """How two forms did on people that neither had seen.

    Attributes:
        gain: mean gain in log score per person of `richer` over `simpler`.
        standard_error: of that mean.
    """

    simpler: Form
    richer: Form
    gain: float
    standard_error: float

    @property
    def richer_won(self) -> bool:
        """By more than one standard error."""
        return self.gain > self.standard_error


@dataclass(frozen=True, slots=True)
class Choice:
    """The form that is kept, and every step on the way."""

    form: Form
    contests: tuple[Contest, ...]


def choose_form(
    readings: Readings,
    forms: Sequence[Form],
    *,
    n_folds: int,
    knot_session: float | None,
    random: np.random.Generator,
) -> Choice:
    """Goes up the forms, simplest first, as long as each predicts better.

    Raises:
        NotFitted: a form has no fit without one of the folds.
        ValueError: there is no form to choose from.
    """
    if not forms:
        raise ValueError("there is no form to choose from")
    seen = readings.of_seen
    fold = folds_of(seen, n_folds, random=random)

    def scores(form: Form) -> FloatArray:
        return _scores(seen, form, fold, knot_session=knot_session)

    kept, contests = forms[0], []
    score = scores(kept)
    for richer in forms[1:]:
        other = scores(richer)
        won = other - score
        contest = Contest(
            kept,
            richer,
            gain=float(won.mean()),
            standard_error=float(won.std(ddof=1) / np.sqrt(len(won))),
        )
        contests.append(contest)
        if not contest.richer_won:
            break
        kept, score = richer, other
    return Choice(kept, tuple(contests))


def log_scores(
    found: Fit, readings: Readings, *, knot_session: float | None
) -> FloatArray:
    """(n_persons,) log density of all readings of each person under the fit.

    Args:
        readings: of people who all have at least one.
    """
    expected = predict_readings(found, readings, knot_session=knot_session)
    left = sums_over_time(
        readings.person,
        readings.time,
        score=readings.score - expected.mean,
        intake=readings.intake,
        knot=None,
    )
    own = own_course(found.g, found.sigma2, left)
    explained = own.intercept * left.y + own.slope * left.ly
    score: FloatArray = -0.5 * (
        left.n * np.log(2 * np.pi * found.sigma2)
        + own.log_det
        + (left.yy - explained) / found.sigma2
    )
    return score


def _scores(
    readings: Readings,
    form: Form,
    fold: IntArray,
    *,
    knot_session: float | None,
) -> FloatArray:
    score = np.empty(readings.n_persons)
    fits = fits_without(
        readings, form, fold=fold, knot_session=knot_session, method="ml"
    )
    for number, found in enumerate(fits):
        left_out = np.flatnonzero(fold == number)
        score[left_out] = log_scores(
            found, readings.of_persons(left_out), knot_session=knot_session
        )
    return score
