"""The fit against published figures, against its own definition, and its limits."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from clinical.norms.cells import cells_of
from clinical.norms.errors import NotFitted
from clinical.norms.fit import Fit, Method, fit
from clinical.norms.form import (
    FULL,
    INTERCEPT_ONLY,
    NO_INTERACTION,
    WITH_KNOT,
    Form,
)
from clinical.norms.likelihood import Profile, profile
from clinical.norms.readings import FloatArray, Readings
from clinical.norms.simulate import HARD, PLAIN, simulate
from clinical.norms.sums import sums_of, sums_over_time
from tests.unit.clinical.norms.public_data import (
    RIESBY_MEAN,
    SGDATA_MEAN,
    PublicData,
    riesby_after_intake,
    riesby_growth,
    sgdata_after_intake,
)

GROWTH = Form(("intercept", "time"), "intercept_and_slope")


def cohort(n_persons: int = 300, seed: int = 7) -> Readings:
    return simulate(HARD, n_persons, random=np.random.default_rng(seed))


def fitted(readings: Readings, form: Form = FULL) -> Fit:
    return fit(sums_of(readings, knot_session=6.0), form, reference=14.0)


@pytest.mark.parametrize(
    ("data", "form", "method", "reference", "fixed", "random", "residual", "loglik"),
    [
        pytest.param(
            *(riesby_growth, GROWTH, "ml", 0.0, (23.5769, -2.3771)),
            *((3.5540, 1.4419, -0.2774), 3.4952, -1109.5188),
            id="riesby-growth-ml",
        ),
        pytest.param(
            *(riesby_growth, GROWTH, "reml", 0.0, (23.5770, -2.3770)),
            *((3.5979, 1.4581, -0.2816), 3.4946, -1109.9588),
            id="riesby-growth-reml",
        ),
        pytest.param(
            *(riesby_after_intake, FULL, "ml", RIESBY_MEAN),
            (28.2994, -8.8527, 0.7184, -0.2117),
            *((5.1377, 5.8720, -0.8248), 3.4417, -854.8521),
            id="riesby-given-intake-ml",
        ),
        pytest.param(
            *(riesby_after_intake, FULL, "reml", RIESBY_MEAN),
            (28.3025, -8.8543, 0.7197, -0.2126),
            *((5.3450, 6.0308, -0.8265), 3.4397, -855.6880),
            id="riesby-given-intake-reml",
        ),
        pytest.param(
            *(sgdata_after_intake, FULL, "ml", SGDATA_MEAN),
            (45.3256, -12.5529, 1.3660, -0.5994),
            *((6.8421, 4.3488, -0.8557), 3.8024, -1288.5130),
            id="sgdata-ml",
        ),
        pytest.param(
            *(sgdata_after_intake, FULL, "reml", SGDATA_MEAN),
            (45.3279, -12.5525, 1.3652, -0.5988),
            *((7.0780, 4.4874, -0.8568), 3.8023, -1290.0280),
            id="sgdata-reml",
        ),
    ],
)
def test_public_data_give_the_figures_of_lme4(
    data: Callable[[], PublicData],
    form: Form,
    method: Method,
    reference: float,
    fixed: tuple[float, ...],
    random: tuple[float, float, float],
    residual: float,
    loglik: float,
) -> None:
    found = fit(data().sums, form, reference=reference, method=method)

    sd = np.sqrt(np.diag(found.g))
    assert found.beta == pytest.approx(fixed, abs=6e-5)
    # What lme4 leaves open with its usual tolerance.
    assert (*sd, found.g[0, 1] / sd.prod()) == pytest.approx(random, rel=1e-3)
    assert found.sigma2**0.5 == pytest.approx(residual, abs=6e-5)
    assert found.loglik == pytest.approx(loglik, abs=6e-5)
    assert not found.singular


@pytest.mark.parametrize("restricted", [True, False], ids=["reml", "ml"])
@pytest.mark.parametrize("slope_first", [False, True])
@pytest.mark.parametrize("form", [FULL, WITH_KNOT, NO_INTERACTION, GROWTH])
def test_the_gradient_is_that_of_the_deviance(
    form: Form, slope_first: bool, restricted: bool
) -> None:
    sums = sums_of(cohort(), knot_session=6.0)
    theta, step = np.array([0.9, -0.2, 0.4]), 1e-5

    def at(place: FloatArray) -> Profile:
        return profile(
            sums, form, theta=place, restricted=restricted, slope_first=slope_first
        )

    found = at(theta)

    ahead, behind = (
        [at(theta + way * each).deviance for each in np.eye(3) * step]
        for way in (1, -1)
    )
    numeric = (np.array(ahead) - np.array(behind)) / (2 * step)
    assert found.gradient == pytest.approx(numeric, rel=1e-6)


@pytest.mark.parametrize("form", [FULL, WITH_KNOT])
def test_the_curvature_is_that_of_the_deviance_where_the_model_holds(
    form: Form,
) -> None:
    readings = simulate(PLAIN, 20_000, random=np.random.default_rng(1))
    sums = sums_of(readings, knot_session=6.0).alike_together()
    root = np.linalg.cholesky(np.array([[9.0, -1.5], [-1.5, 2.5]]) / 8.0)
    theta, step = np.array([root[0, 0], root[1, 0], root[1, 1]]), 1e-4

    found = profile(sums, form, theta=theta)

    ahead, behind = (
        [profile(sums, form, theta=theta + way * e).gradient for e in np.eye(3) * step]
        for way in (1, -1)
    )
    numeric = (np.array(ahead) - np.array(behind)) / (2 * step)
    far = np.abs(found.curvature - numeric).max()
    assert far < 0.03 * np.abs(numeric).max()


@pytest.mark.parametrize("restricted", [True, False], ids=["reml", "ml"])
@pytest.mark.parametrize("form", [FULL, WITH_KNOT, INTERCEPT_ONLY])
def test_the_deviance_is_that_of_the_whole_matrices(
    form: Form, restricted: bool
) -> None:
    readings = cohort(20)
    theta = np.array([0.9, -0.2, 0.4])

    found = profile(
        sums_of(readings, knot_session=6.0), form, theta=theta, restricted=restricted
    )

    time, x = readings.time, readings.intake_of_row
    columns = {
        "intercept": np.ones_like(time),
        "time": time,
        "intake": x,
        "time_by_intake": time * x,
        "knot": np.maximum(time - np.log(6.0), 0),
    }
    design = np.column_stack([columns[term] for term in form.terms])
    own = np.column_stack((np.ones_like(time), time))
    root = np.array([[0.9, 0.0], [-0.2, 0.4]])
    same = readings.person[:, None] == readings.person[None, :]
    v = np.eye(len(time)) + same * (own @ root @ root.T @ own.T)
    inverse = np.linalg.inv(v)
    h = design.T @ inverse @ design
    beta = np.linalg.solve(h, design.T @ inverse @ readings.score)
    left = readings.score - design @ beta
    rss = left @ inverse @ left
    df = len(time) - restricted * len(form.terms)
    deviance = np.linalg.slogdet(v)[1] + df * (1 + np.log(2 * np.pi * rss / df))
    deviance += restricted * np.linalg.slogdet(h)[1]
    assert found.deviance == pytest.approx(deviance, rel=1e-10)
    assert found.beta == pytest.approx(beta, rel=1e-8)
    assert found.sigma2 == pytest.approx(rss / df, rel=1e-10)


def test_a_large_cohort_gives_back_its_law() -> None:
    readings = simulate(PLAIN, 20_000, random=np.random.default_rng(1))

    found = fit(sums_of(readings), FULL, reference=0.0)

    assert found.beta == pytest.approx(
        PLAIN.beta, abs=float(4 * np.sqrt(np.diag(found.cov_beta)).max())
    )
    assert found.g == pytest.approx(np.array([[9.0, -1.5], [-1.5, 2.5]]), abs=0.4)
    assert found.sigma2 == pytest.approx(8.0, abs=0.1)


@pytest.mark.parametrize("form", [FULL, WITH_KNOT, NO_INTERACTION, GROWTH])
def test_the_reference_intake_changes_names_but_no_curve(form: Form) -> None:
    sums = sums_of(cohort(), knot_session=6.0)
    at_0, at_14 = (fit(sums, form, reference=each) for each in (0.0, 14.0))

    def mean(found: Fit, time: float, x: float) -> float:
        c = x - found.reference
        terms = {
            "intercept": 1.0,
            "time": time,
            "intake": c,
            "time_by_intake": time * c,
            "knot": max(time - np.log(6.0), 0),
        }
        return float(found.beta @ [terms[each] for each in form.terms])

    assert at_0.loglik == pytest.approx(at_14.loglik, rel=1e-12)
    assert mean(at_0, 2.0, 21.0) == pytest.approx(mean(at_14, 2.0, 21.0), rel=1e-9)
    assert at_0.g == pytest.approx(at_14.g, rel=1e-9)


@pytest.mark.parametrize("seed", [2, 4, 6])
def test_people_who_begin_as_expected_and_go_their_own_way_are_fitted(
    seed: int,
) -> None:
    law = replace(PLAIN, g=(1e-12, 0.0, 2.5), missed=0.0)
    readings = simulate(law, 5_000, random=np.random.default_rng(seed))

    found = fit(cells_of(readings).sums, FULL, reference=14.0)

    assert found.singular
    assert found.g[1, 1] == pytest.approx(2.5, rel=0.1)
    assert found.g[0, 0] < 0.05
    assert found.evaluations < 60


def test_people_without_own_slopes_give_a_singular_fit_that_says_so() -> None:
    random = np.random.default_rng(2)
    readings = simulate(PLAIN, 200, random=random)
    noise = replace(readings, score=random.normal(10, 3, len(readings.score)))

    found = fitted(noise)

    assert found.singular
    assert found.evaluations < 20
    assert not fitted(readings).singular
    simpler = fit(sums_of(noise), INTERCEPT_ONLY, reference=14.0)
    assert found.loglik == pytest.approx(simpler.loglik, abs=8)


def test_hardly_any_error_in_the_scores_costs_neither_digits_nor_steps() -> None:
    law = replace(PLAIN, sigma2=0.01)
    sums = sums_of(simulate(law, 2_000, random=np.random.default_rng(3)))
    found = fit(sums, FULL, reference=14.0)
    root = np.linalg.cholesky(found.g / found.sigma2)
    theta = np.array([root[0, 0], root[1, 0], root[1, 1]])

    again = [
        profile(sums, FULL, theta=theta * (1 + shift)).deviance
        for shift in np.linspace(-1e-10, 1e-10, 9)
    ]

    assert np.ptp(again) < 1e-5
    assert found.evaluations < 20


@pytest.mark.parametrize(("n_persons", "seed"), [(4, 23), (5, 25), (8, 1)])
def test_a_handful_of_people_that_the_model_does_not_suit_is_fitted(
    n_persons: int, seed: int
) -> None:
    sums = sums_of(cohort(n_persons, seed))

    found = fit(sums, FULL, reference=14.0)

    assert found.evaluations < 60


def test_the_intercept_only_form_has_no_own_slopes() -> None:
    found = fitted(cohort(), INTERCEPT_ONLY)

    assert found.g[0, 0] > 0
    assert found.g[0, 1] == found.g[1, 1] == 0


def test_people_who_share_no_sessions_are_fitted_in_a_few_steps() -> None:
    random = np.random.default_rng(5)
    readings = simulate(PLAIN, 9_000, random=random)
    sums = sums_over_time(
        readings.person,
        readings.time + random.uniform(0, 0.02, len(readings.score)),
        score=readings.score,
        intake=readings.intake,
        knot=None,
    )

    found = fit(sums, FULL, reference=14.0)

    root = np.linalg.cholesky(found.g / found.sigma2)
    theta = np.array([root[0, 0], root[1, 0], root[1, 1]])
    end = profile(sums.intake_from(14.0), FULL, theta=theta)
    assert found.evaluations < 8
    assert np.abs(end.gradient).max() < 1e-3
    assert -end.deviance / 2 == pytest.approx(found.loglik, abs=1e-7)


@pytest.mark.parametrize("form", [FULL, WITH_KNOT, INTERCEPT_ONLY])
def test_people_with_the_same_sessions_are_added_up_without_loss(form: Form) -> None:
    readings = simulate(HARD, 2_000, random=np.random.default_rng(8))
    sums = sums_of(readings, knot_session=6.0 if form.has_knot else None)
    theta = np.array([1.1, -0.2, 0.4])

    alike = sums.alike_together()

    assert len(alike.n) < len(sums.n) / 2
    assert (alike.n_persons, alike.n_rows) == (sums.n_persons, sums.n_rows)
    together, apart = (profile(each, form, theta=theta) for each in (alike, sums))
    assert together.deviance == pytest.approx(apart.deviance, rel=1e-12)
    assert together.beta == pytest.approx(apart.beta, rel=1e-9)
    assert together.gradient == pytest.approx(apart.gradient, rel=1e-7, abs=1e-6)


def test_people_who_would_make_few_groups_fewer_stay_apart() -> None:
    sums = sums_of(simulate(PLAIN, 60, random=np.random.default_rng(8)))

    assert sums.alike_together() is sums


def test_equal_intakes_cannot_tell_the_effect_of_the_intake() -> None:
    readings = cohort()
    same = replace(readings, intake=np.full(readings.n_persons, 14.0))

    with pytest.raises(NotFitted, match=r"cannot be told apart in \d+ persons"):
        fitted(same)


def test_too_few_readings_are_refused() -> None:
    with pytest.raises(NotFitted, match="readings for 4 terms"):
        fitted(cohort(2).first(3))


def test_a_knot_needs_sums_with_a_knot() -> None:
    with pytest.raises(NotFitted, match="sum with it"):
        fit(sums_of(cohort()), WITH_KNOT, reference=14.0)


def test_terms_have_one_order() -> None:
    with pytest.raises(ValueError, match="named once each, in the order"):
        Form(("time", "intercept"), "intercept")
