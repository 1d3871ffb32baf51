"""Forecasts for many are those for one, and a budget is kept."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.attention import Horizon
from clinical.forecast import Progress, forecast
from clinical.norms.caseload import (
    Forecasts,
    budget_for,
    forecasts,
    forecasts_at,
    share_above,
)
from clinical.norms.errors import TooFewPeople
from clinical.norms.form import FULL, WITH_KNOT, Form
from clinical.norms.norm import Norm, curve_of
from clinical.norms.readings import Readings
from clinical.norms.simulate import PLAIN
from questionnaires.instrument import Direction
from tests.unit.clinical.norms.cohorts import (
    ENDLESS,
    WORSE_DOWN,
    cohort,
    norm_of,
    turned_over,
)

TEN = Horizon(10, Decimal(6), whole_points=True)
unhurried = settings(deadline=None, max_examples=20)


def many(norm: Norm, readings: Readings, horizon: Horizon = TEN) -> Forecasts:
    return forecasts(
        norm.fit,
        readings,
        horizon=horizon,
        direction=norm.scale.direction,
        knot_session=norm.knot_session,
    )


@pytest.mark.parametrize("form", [FULL, WITH_KNOT])
@pytest.mark.parametrize("direction", ["higher_is_worse", "higher_is_better"])
def test_one_patient_and_a_caseload_get_the_same_numbers(
    form: Form, direction: Direction
) -> None:
    readings = cohort(400)
    if direction == "higher_is_better":
        norm = norm_of(turned_over(readings), form, WORSE_DOWN, knot_session=6.0)
        seen = turned_over(cohort(60, seed=9)).first(5)
    else:
        norm = norm_of(readings, form, knot_session=6.0)
        seen = cohort(60, seed=9).first(5)
    curve = curve_of(norm, pack_id="p", pack_hash="0" * 64, provenance="invented")

    found = many(norm, seen)

    for person in range(seen.n_persons):
        rows = np.flatnonzero(seen.person == person)
        alone = forecast(
            curve,
            [
                Progress(int(seen.session[row]), Decimal(float(seen.score[row])))
                for row in rows
            ],
            intake=Decimal(float(seen.intake[person])),
            horizon=TEN,
        )
        assert (alone.reliably_worse, alone.no_reliable_gain) == pytest.approx(
            (found.reliably_worse[person], found.no_reliable_gain[person]), abs=1e-9
        )


def test_the_course_is_predicted_as_the_whole_matrices_say() -> None:
    norm = norm_of(cohort(300))
    seen = cohort(5, seed=3).first(6)

    found = many(norm, seen)

    end = np.array([1.0, np.log(10)])
    for person in range(5):
        rows = seen.person == person
        time, x = seen.time[rows], seen.intake[person] - norm.fit.reference
        z = np.column_stack((np.ones_like(time), time))
        b = norm.fit.beta
        left = seen.score[rows] - z @ [b[0] + b[2] * x, b[1] + b[3] * x]
        # The textbook's form, with the inverse of G.
        p = z.T @ z + norm.fit.sigma2 * np.linalg.inv(norm.fit.g)
        u = np.linalg.solve(p, z.T @ left)
        mean = end @ [b[0] + b[2] * x, b[1] + b[3] * x] + end @ u
        sd = np.sqrt(norm.fit.sigma2 * (end @ np.linalg.solve(p, end) + 1))
        z_value = (seen.intake[person] + 6 - 0.5 - mean) / sd
        assert found.reliably_worse[person] == pytest.approx(
            share_above(np.array([z_value]))[0], rel=1e-9
        )


def test_turning_the_scale_over_changes_no_forecast() -> None:
    readings, seen = cohort(400), cohort(100, seed=3).first(4)
    up, down = norm_of(readings), norm_of(turned_over(readings), scale=WORSE_DOWN)

    one, other = many(up, seen), many(down, turned_over(seen))

    assert one.reliably_worse == pytest.approx(other.reliably_worse, abs=1e-5)
    assert one.no_reliable_gain == pytest.approx(other.no_reliable_gain, abs=1e-5)


@unhurried
@given(st.integers(0, 1000), st.integers(2, 12))
def test_ending_worse_is_part_of_ending_without_gain(seed: int, known: int) -> None:
    norm = norm_of(cohort(300))

    found = many(norm, cohort(50, seed=seed).first(known))

    assert (found.reliably_worse >= 0).all() and (found.no_reliable_gain <= 1).all()
    assert (found.reliably_worse <= found.no_reliable_gain).all()


def test_people_without_a_reading_have_the_forecast_of_the_curve() -> None:
    norm = norm_of(cohort(300))
    seen = cohort(20).first(1)

    found = many(norm, seen)

    assert len(found.reliably_worse) == 20
    same = seen.intake == seen.intake[0]
    assert len(np.unique(found.reliably_worse[same])) == 1


def test_with_own_ends_equal_to_the_horizon_nothing_changes() -> None:
    norm, seen = norm_of(cohort(300)), cohort(30, seed=2).first(4)

    found = forecasts_at(
        norm.fit,
        seen,
        end=np.full(30, np.log(10)),
        horizon=TEN,
        direction="higher_is_worse",
        knot_session=None,
    )

    assert np.array_equal(found.reliably_worse, many(norm, seen).reliably_worse)


def test_probabilities_are_as_frequent_as_they_say_where_the_law_holds() -> None:
    norm = norm_of(cohort(5_000, PLAIN), scale=ENDLESS)
    everything = cohort(40_000, replace(PLAIN, fewest_sessions=10), seed=5)
    horizon = Horizon(10, Decimal(4), whole_points=False)
    at_ten = np.full(40_000, np.nan)
    its = everything.session == 10
    at_ten[everything.person[its]] = everything.score[its]
    ended = at_ten - everything.intake >= 4

    found = many(norm, everything.first(4), horizon).reliably_worse

    measured = ~np.isnan(at_ten)
    for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 1.0)):
        those = measured & (found >= low) & (found < high)
        assert those.sum() > 50
        assert ended[those].mean() == pytest.approx(
            found[those].mean(), abs=4 * np.sqrt(0.25 / those.sum())
        )


def test_a_singular_norm_still_forecasts() -> None:
    norm = norm_of(cohort(300))
    flat = replace(norm, fit=replace(norm.fit, g=np.array([[9.0, 0.0], [0.0, 0.0]])))

    found = many(flat, cohort(50, seed=3).first(4))

    assert np.isfinite(found.reliably_worse).all()


@unhurried
@given(
    st.lists(st.integers(0, 100), min_size=20, max_size=80),
    st.sampled_from([0.05, 0.1, 0.25]),
)
def test_a_budget_is_never_exceeded_in_the_people_it_was_chosen_from(
    percents: list[int], share: float
) -> None:
    probability = np.array(percents) / 100
    ended = np.zeros(len(percents), dtype=bool)
    ended[::7] = True

    if np.floor(share * (~ended).sum() + 1e-9) < 1:
        with pytest.raises(TooFewPeople, match="a budget of false alarms"):
            budget_for(probability, ended, false_alarms=share)
        return
    found = budget_for(probability, ended, false_alarms=share)

    alarms = probability[~ended] >= found.at_least
    assert alarms.mean() <= share + 1e-9


def test_a_budget_is_used_as_far_as_it_goes() -> None:
    probability = np.arange(200) / 1000
    ended = np.zeros(200, dtype=bool)

    found = budget_for(probability, ended, false_alarms=0.10)

    assert (probability >= found.at_least).sum() == 20
    assert found.n_persons == 200


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_budget_is_a_share(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        budget_for(np.zeros(5), np.zeros(5, dtype=bool), false_alarms=share)
