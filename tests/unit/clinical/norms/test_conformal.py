"""Calibration: each person counts once, and new people are where the band says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.norms.conformal import (
    folds_of,
    person_weights,
    scales_of,
    split_conformal,
    standardised,
    weighted_quantile,
)
from clinical.norms.errors import TooFewPeople
from clinical.norms.fit import fit
from clinical.norms.form import FULL
from clinical.norms.readings import FloatArray, Readings
from clinical.norms.simulate import PLAIN, at_site_b
from clinical.norms.sums import sums_of
from tests.unit.clinical.norms.cohorts import RULES, cohort, turned_over

unhurried = settings(deadline=None)


def residuals(found: object, readings: Readings) -> FloatArray:
    return standardised(
        found,  # type: ignore[arg-type]  # a Fit
        readings,
        direction="higher_is_worse",
        knot_session=None,
    )


def share_above(values: FloatArray, line: float, readings: Readings) -> float:
    return float(np.average(values > line, weights=person_weights(readings)))


@pytest.mark.parametrize(
    ("level", "expected"),
    [(0.5, 6.0), (0.8, 9.0), (0.9, 10.0), (0.91, float("inf"))],
)
def test_one_more_person_of_whom_nothing_is_known_is_counted(
    level: float, expected: float
) -> None:
    # Ten people and one to come: nine tenths of eleven are 9.9 people.
    assert weighted_quantile(np.arange(1.0, 11), np.ones(10), level=level) == expected


def test_a_long_course_weighs_no_more_than_a_short_one() -> None:
    values = np.array([9.0] * 9 + [1.0])
    weight = np.array([1 / 9] * 9 + [1.0])

    # By rows nine tenths lie at 9; by people one half, and one person is to come.
    assert weighted_quantile(values, weight, level=1 / 3) == 1.0
    assert weighted_quantile(values, weight, level=0.5) == 9.0


@unhurried
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30), st.floats(0.05, 0.95))
def test_the_quantile_leaves_at_most_the_rest_above(
    values: list[float], level: float
) -> None:
    array = np.array(values)

    found = weighted_quantile(array, np.ones(len(array)), level=level)

    assert (array > found).sum() <= (1 - level) * (len(array) + 1) + 1e-6


def test_weights_add_up_to_one_for_each_person() -> None:
    readings = cohort(50)

    found = np.bincount(readings.person, weights=person_weights(readings))

    assert found == pytest.approx(np.ones(50))


def test_folds_split_people_evenly() -> None:
    fold = folds_of(cohort(103), 10, random=np.random.default_rng(1))

    assert sorted(np.bincount(fold)) == [10] * 7 + [11] * 3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_new_people_lie_beyond_the_calibrated_lines_as_often_as_they_say(
    seed: int,
) -> None:
    readings, others = cohort(1_000, seed=seed), cohort(20_000, seed=seed + 100)

    scales = split_conformal(
        readings,
        FULL,
        direction="higher_is_worse",
        rules=RULES,
        knot_session=None,
        random=np.random.default_rng(1),
    )

    found = residuals(fit(sums_of(readings), FULL, reference=14.0), others)
    assert share_above(found, scales.k_80, others) == pytest.approx(0.10, abs=0.02)
    assert share_above(found, scales.k_68, others) == pytest.approx(0.16, abs=0.025)
    assert scales.n_persons == 1_000


def test_the_worse_side_is_the_low_one_where_higher_is_better() -> None:
    readings = cohort(600)
    common = {"rules": RULES, "knot_session": None}

    up = split_conformal(
        readings,
        FULL,
        direction="higher_is_worse",
        random=np.random.default_rng(1),
        **common,  # type: ignore[arg-type]
    )
    down = split_conformal(
        turned_over(readings),
        FULL,
        direction="higher_is_better",
        random=np.random.default_rng(1),
        **common,  # type: ignore[arg-type]
    )

    assert (up.k_68, up.k_80) == pytest.approx((down.k_68, down.k_80), abs=1e-6)


def test_a_borrowed_norm_calls_too_many_until_it_is_recalibrated_here() -> None:
    home, here = cohort(5_000, PLAIN), cohort(300, at_site_b(PLAIN))
    others = cohort(20_000, at_site_b(PLAIN), seed=8)
    borrowed = fit(sums_of(home), FULL, reference=14.0)

    scales = scales_of(residuals(borrowed, here), here, rules=RULES)

    found = residuals(borrowed, others)
    assert 0.18 < share_above(found, 1.2816, others) < 0.24
    assert share_above(found, scales.k_80, others) == pytest.approx(0.10, abs=0.03)


def test_a_scale_repairs_no_shape_and_a_refit_does() -> None:
    others = cohort(20_000, at_site_b(PLAIN), seed=8)
    here = cohort(2_000, at_site_b(PLAIN))
    borrowed = fit(sums_of(cohort(5_000, PLAIN)), FULL, reference=14.0)
    refit = fit(sums_of(here), FULL, reference=14.0)
    scales = scales_of(residuals(borrowed, here), here, rules=RULES)
    late, early = others.session >= 8, others.session <= 3

    def above_late_and_early(values: FloatArray, k: float) -> tuple[float, float]:
        return float((values[late] > k).mean()), float((values[early] > k).mean())

    scaled = above_late_and_early(residuals(borrowed, others), scales.k_80)
    local = above_late_and_early(residuals(refit, others), 1.2816)
    assert scaled[0] - scaled[1] > 0.02
    assert abs(local[0] - local[1]) < 0.015


def test_no_scale_is_taken_from_people_who_are_all_better_than_expected() -> None:
    readings = cohort(100)

    with pytest.raises(TooFewPeople, match="calibration of bands"):
        scales_of(np.full(len(readings.score), -1.0), readings, rules=RULES)


def test_no_scale_lies_beyond_everybody() -> None:
    readings = cohort(8).first(2)

    with pytest.raises(TooFewPeople, match="calibration of bands"):
        scales_of(np.ones(len(readings.score)), readings, rules=RULES)
