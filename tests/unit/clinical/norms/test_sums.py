"""Sums over the rows of each person, and people with the same sessions together."""

from dataclasses import replace

import numpy as np
import pytest

from clinical.norms.form import FULL
from clinical.norms.likelihood import profile
from clinical.norms.readings import FloatArray, Readings
from clinical.norms.simulate import PLAIN, simulate
from clinical.norms.sums import (
    PERSONS_AT_ONCE,
    Sums,
    sums_of,
    sums_of_everybody,
)

KNOT = float(np.log(6.0))


def everybody(readings: Readings) -> Sums:
    return sums_of_everybody(
        readings.person,
        readings.time,
        score=readings.score,
        intake=readings.intake,
        knot=KNOT,
    )


def with_people_unread(readings: Readings) -> Readings:
    """Every third person has the intake alone; the first and the last too."""
    numbers = np.arange(readings.n_persons)
    held = (numbers % 3 != 0) & (numbers != numbers[-1])
    rows = held[readings.person]
    return Readings(
        readings.person[rows],
        readings.session[rows],
        score=readings.score[rows],
        intake=readings.intake,
    )


def test_people_of_many_blocks_have_the_sums_of_their_own_rows() -> None:
    n_persons = 2 * PERSONS_AT_ONCE + 5
    whole = simulate(PLAIN, n_persons, random=np.random.default_rng(4))
    readings = with_people_unread(whole)

    found = everybody(readings)

    t, y, bent = readings.time, readings.score, np.maximum(readings.time - KNOT, 0)
    knot = found.knot
    assert knot is not None
    for sums, column in (
        (found.n, np.ones_like(y)), (found.l, t), (found.ll, t * t),
        (found.y, y), (found.ly, t * y), (found.yy, y * y),
        (knot.k, bent), (knot.kl, bent * t),
        (knot.kk, bent * bent), (knot.ky, bent * y),
    ):  # fmt: skip
        plain = np.bincount(readings.person, weights=column, minlength=n_persons)
        assert sums == pytest.approx(plain, rel=1e-12, abs=1e-12)


def test_people_without_a_reading_are_left_out_of_a_fit() -> None:
    readings = with_people_unread(simulate(PLAIN, 100, random=np.random.default_rng(4)))
    held = readings.rows_per_person > 0

    found = sums_of(readings, knot_session=6.0)

    assert 0 < found.n_persons == held.sum() < readings.n_persons
    assert found.x == pytest.approx(readings.intake[held])
    assert found.y == pytest.approx(everybody(readings).y[held])


def test_rows_in_no_order_are_refused() -> None:
    readings = simulate(PLAIN, 20, random=np.random.default_rng(4))
    mixed = replace(readings, person=readings.person[::-1])

    with pytest.raises(ValueError, match="sort them first"):
        sums_of(mixed)


def test_no_rows_at_all_are_no_people() -> None:
    nobody: FloatArray = np.zeros(0)
    none = np.zeros(0, dtype=np.int64)

    found = sums_of(Readings(none, none, score=nobody, intake=nobody))

    assert (found.n_persons, found.n_rows) == (0, 0)


def test_sessions_that_are_nearly_the_same_stay_apart() -> None:
    readings = simulate(PLAIN, 400, random=np.random.default_rng(4)).first(4)
    sums = sums_of(readings)
    near = replace(sums, l=sums.l + 1e-9 * (np.arange(len(sums.n)) > 200))
    theta = np.array([1.1, -0.2, 0.4])

    same, apart = sums.alike_together(), near.alike_together()

    assert len(same.n) < len(apart.n) < len(sums.n) / 2
    assert profile(apart, FULL, theta=theta).deviance == pytest.approx(
        profile(near, FULL, theta=theta).deviance, rel=1e-13
    )
