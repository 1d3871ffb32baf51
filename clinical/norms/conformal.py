"""How wide a band must be so that new people lie in it as often as it says.

People are split, never rows: each person's residuals come from a fit that has not seen
the person. Each person weighs the same, however long the course was. The line is then
mean + k SD, with k the quantile of the residuals on the worse side; one more person,
of whom nothing is known, counts as infinitely far out.

What this guarantees is an average over people and sessions, not each session and not
each person: it mends a scale, never a shape.

Source:
    Dunn and others, arXiv 1809.07441 (people with several readings).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from clinical.change import worse_sign
from clinical.norms.errors import TooFewPeople
from clinical.norms.fit import Fit, Method, fit
from clinical.norms.form import Form
from clinical.norms.predict import predict_readings
from clinical.norms.readings import FloatArray, IntArray, Readings
from clinical.norms.rules import NormRules
from clinical.norms.sums import sums_of
from questionnaires.instrument import Direction


@dataclass(frozen=True, slots=True)
class Scales:
    """Half widths of the bands in predictive SDs, and the people they come from."""

    k_68: float
    k_80: float
    n_persons: int


def split_conformal(
    readings: Readings,
    form: Form,
    *,
    direction: Direction,
    rules: NormRules,
    knot_session: float | None,
    random: np.random.Generator,
) -> Scales:
    """Scales for the fit of all these people, from fits that lack a tenth of them.

    Raises:
        NotFitted: without one of the folds the model has no fit.
        TooFewPeople: the quantile lies beyond everybody.
    """
    residual = standardised_by_folds(
        readings,
        form,
        fold=folds_of(readings, rules.folds, random=random),
        direction=direction,
        knot_session=knot_session,
    )
    return scales_of(residual, readings, rules=rules)


def standardised_by_folds(
    readings: Readings,
    form: Form,
    *,
    fold: IntArray,
    direction: Direction,
    knot_session: float | None,
) -> FloatArray:
    """(n_rows,) as `standardised`, each person by a fit of the other folds.

    Args:
        fold: (n_persons,) as `folds_of` gives it.

    Raises:
        NotFitted: without one of the folds the model has no fit.
    """
    residual = np.empty(len(readings.score))
    fits = fits_without(readings, form, fold=fold, knot_session=knot_session)
    for number, found in enumerate(fits):
        left_out = fold == number
        residual[left_out[readings.person]] = standardised(
            found,
            readings.of_persons(np.flatnonzero(left_out)),
            direction=direction,
            knot_session=knot_session,
        )
    return residual


def fits_without(
    readings: Readings,
    form: Form,
    *,
    fold: IntArray,
    knot_session: float | None,
    method: Method = "reml",
) -> Iterator[Fit]:
    """A fit of everybody who is not in fold 0, then of who is not in fold 1, ...

    Args:
        fold: (n_persons,) as `folds_of` gives it.

    Raises:
        NotFitted: without one of the folds the model has no fit.
    """
    sums = sums_of(readings, knot_session=knot_session)
    of_sums = fold[readings.rows_per_person > 0]
    for number in range(int(fold.max()) + 1):
        others = sums.part(np.flatnonzero(of_sums != number))
        yield fit(others, form, reference=0.0, method=method)


def standardised(
    fit: Fit,
    readings: Readings,
    *,
    direction: Direction,
    knot_session: float | None,
) -> FloatArray:
    """(n_rows,) distance from the curve in predictive SDs, positive is worse."""
    expected = predict_readings(fit, readings, knot_session=knot_session)
    distance: FloatArray = (readings.score - expected.mean) / expected.sd
    return worse_sign(direction) * distance


def scales_of(residual: FloatArray, readings: Readings, *, rules: NormRules) -> Scales:
    """Quantiles on the worse side, each person weighing the same.

    Raises:
        TooFewPeople: the quantile lies beyond everybody, or the band has no width.
    """
    weight = person_weights(readings)
    k_68, k_80 = (
        weighted_quantile(residual, weight, level=float((1 + inside) / 2))
        for inside in (rules.inner_band, rules.outer_band)
    )
    persons = int((readings.rows_per_person > 0).sum())
    if not 0 < k_68 <= k_80 < np.inf:
        raise TooFewPeople(
            "calibration of bands", persons=persons, needed=rules.persons_for_any
        )
    return Scales(k_68, k_80, persons)


def person_weights(readings: Readings) -> FloatArray:
    """(n_rows,) weights that add up to 1 for each person."""
    weight: FloatArray = 1.0 / readings.rows_per_person[readings.person]
    return weight


def weighted_quantile(values: FloatArray, weight: FloatArray, *, level: float) -> float:
    """The smallest value with so much weight at or below it; infinity if none has.

    One more unit of the largest weight stands at infinity, for the person to come.
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    total = reached[-1] + weight.max()
    # A hair below, so that sums of tenths reach the level they reach on paper.
    place = int(np.searchsorted(reached, level * total - 1e-9 * total))
    return float(values[order[place]]) if place < len(values) else float("inf")


def folds_of(
    readings: Readings, n_folds: int, *, random: np.random.Generator
) -> IntArray:
    """(n_persons,) fold of each person, sizes equal within one."""
    fold = np.empty(readings.n_persons, dtype=np.int64)
    fold[random.permutation(readings.n_persons)] = (
        np.arange(readings.n_persons) % n_folds
    )
    return fold
