"""The best forecast is the law's own: exact where a formula exists, kept in the end."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from benchmarks.best_forecast import best_chance
from benchmarks.detection import lawful, still_there
from clinical.attention import Horizon
from clinical.norms.caseload import forecasts
from clinical.norms.fit import fit
from clinical.norms.form import FULL
from clinical.norms.simulate import HARD, PLAIN, simulate
from clinical.norms.sums import sums_of


def test_where_the_model_is_true_it_is_the_forecast_with_the_true_numbers() -> None:
    random = np.random.default_rng(5)
    law = replace(PLAIN, fewest_sessions=10, most_sessions=10)
    everybody = simulate(law, 400, random=random)
    people = still_there(everybody, 5)[0]
    truth = lawful(law, fit(sums_of(everybody), FULL, reference=14.0))

    found = best_chance(law, people, known=5, rci=6.0, random=random, draws=3000)

    exact = forecasts(
        truth,
        people,
        horizon=Horizon(10, Decimal(6), whole_points=False),
        direction="higher_is_worse",
        knot_session=None,
    ).reliably_worse
    assert np.abs(found - exact).max() < 0.06
    assert np.sqrt(np.mean((found - exact) ** 2)) < 0.01


def test_of_those_whom_it_gives_a_chance_so_many_do_end_worse() -> None:
    random = np.random.default_rng(6)
    people, ended, _ = still_there(simulate(HARD, 6000, random=random), 5)

    found = best_chance(HARD, people, known=5, rci=6.0, random=random, draws=200)

    likely = found > 0.2
    assert ended.mean() == pytest.approx(found.mean(), abs=0.006)
    assert ended[likely].mean() == pytest.approx(found[likely].mean(), abs=0.08)
