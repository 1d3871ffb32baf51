"""Fits the growth model by REML or ML; the figures are those of R's lme4."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from clinical.norms.errors import NotFitted
from clinical.norms.form import Form
from clinical.norms.likelihood import Profile, profile
from clinical.norms.minimise import Minimum, minimise
from clinical.norms.readings import FloatArray
from clinical.norms.sums import Sums

Method = Literal["reml", "ml"]

# In -2 log L. A hundred-thousandth of a standard error in each parameter.
TOLERANCE = 1e-10
MOST_EVALUATIONS = 200
VALLEY = 20  # evaluations after which the other description is tried
# lme4's own limit for a relative factor of the random effects (`isSingular`).
SINGULAR_BELOW = 1e-4
START = (1.0, 0.0, 0.5)  # relative factor (a, b, c) of the random effects


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """One fitted model.

    Attributes:
        form: the terms, in the order of `beta` and of `cov_beta`.
        reference: intake at which c = 0, in score points.
        beta: (n_terms,) score points per unit of the term.
        cov_beta: (n_terms, n_terms) sampling covariance.
        g: (2, 2) covariance of own intercept and own slope on L; zero where the form
            has none.
        sigma2: residual variance.
        loglik: the restricted one if `reml`.
        singular: the data would rather have a smaller random part; said, not hidden.
        evaluations: of the likelihood.
    """

    form: Form
    reference: float
    beta: FloatArray
    cov_beta: FloatArray
    g: FloatArray
    sigma2: float
    loglik: float
    reml: bool
    n_rows: int
    n_persons: int
    singular: bool
    evaluations: int


def fit(sums: Sums, form: Form, *, reference: float, method: Method = "reml") -> Fit:
    """The growth model that fits best.

    Args:
        sums: per person, or per cell; with knot sums where the form has a knot.
        reference: intake at which c = 0; changes the meaning of beta, not the curve.

    Raises:
        NotFitted: too few rows, terms that cannot be told apart, or no convergence.
    """
    sums = sums.alike_together()
    _check(sums, form)
    centre = float(sums.x.sum() / sums.persons.sum())
    centred = sums.intake_from(centre)
    free = [0] if form.random == "intercept" else [0, 1, 2]
    start = np.zeros(3)
    start[free] = np.array(START)[free]
    restricted = method == "reml"

    try:
        minimum = _best(centred, form, start, free=free, restricted=restricted)
    except np.linalg.LinAlgError as cause:
        raise NotFitted(
            f"the terms {', '.join(form.terms)} cannot be told apart in"
            f" {sums.n_persons} persons with {sums.n_rows} readings ({cause}):"
            " take a simpler form or more people"
        ) from None
    if not minimum.converged:
        raise NotFitted(
            f"no convergence after {minimum.evaluations} evaluations: take a simpler"
            " form, or look for impossible scores"
        )
    theta, found = minimum.place, minimum.profile
    move = _shift(form, reference - centre)
    root = np.array([[theta[0], 0.0], [theta[1], theta[2]]])
    size = np.abs(theta[[each for each in free if each != 1]])
    return Fit(
        form,
        reference,
        beta=move @ found.beta,
        cov_beta=found.sigma2 * move @ found.inverse @ move.T,
        g=found.sigma2 * root @ root.T,
        sigma2=found.sigma2,
        loglik=-found.deviance / 2,
        reml=restricted,
        n_rows=sums.n_rows,
        n_persons=sums.n_persons,
        singular=bool(size.min() < SINGULAR_BELOW),
        evaluations=minimum.evaluations,
    )


def _best(
    sums: Sums, form: Form, start: FloatArray, *, free: list[int], restricted: bool
) -> Minimum:
    """Where the search ends, as theta with the intercept first.

    Where the intercept hardly varies, b and c say nearly the same, and the search walks
    along a valley; with the slope first there is none.
    """

    def search(place: FloatArray, *, slope_first: bool, most: int) -> Minimum:
        def profile_at(theta: FloatArray) -> Profile:
            return profile(
                sums, form, theta=theta, restricted=restricted, slope_first=slope_first
            )

        return minimise(profile_at, place, free=free, tolerance=TOLERANCE, most=most)

    found = search(start, slope_first=False, most=VALLEY)
    if found.converged:
        return found
    if form.random == "intercept":
        return search(found.place, slope_first=False, most=MOST_EVALUATIONS)
    turned = _other_first(found.place)
    again = search(turned, slope_first=True, most=MOST_EVALUATIONS)
    return replace(
        again,
        place=_other_first(again.place),
        evaluations=found.evaluations + again.evaluations,
    )


def _other_first(theta: FloatArray) -> FloatArray:
    """The same D by the other entry's root: a² becomes what b² + c² was."""
    a, b, c = theta
    first = np.hypot(b, c)
    return np.array([first, a * b / first, a * c / first]) if first else theta[::-1]


def _check(sums: Sums, form: Form) -> None:
    if form.has_knot and sums.knot is None:
        raise NotFitted("the form has a knot, the sums have none: sum with it")
    if sums.n_rows <= len(form.terms) + 2:
        raise NotFitted(
            f"{sums.n_rows} readings for {len(form.terms)} terms: more people needed"
        )


def _shift(form: Form, by: float) -> FloatArray:
    """Carries beta from c to c - `by`: the curve stays, its coefficients change."""
    move = np.eye(len(form.terms))
    place = {term: number for number, term in enumerate(form.terms)}
    for plain, times_intake in (("intercept", "intake"), ("time", "time_by_intake")):
        if plain in place and times_intake in place:
            move[place[plain], place[times_intake]] = by
    return move
