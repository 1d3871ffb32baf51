"""The only place that knows direction."""

from dataclasses import replace
from decimal import Decimal

import pytest

from clinical.change import (
    gain,
    is_clinical,
    is_reliably_better,
    is_reliably_worse,
    is_worse,
    is_worse_by,
    worse_sign,
)
from questionnaires.instrument import Operator
from tests.instruments import ALLIANCE_CHECK_IN, OUTCOME_CHECK_IN, PHQ9


def d(value: str) -> Decimal:
    return Decimal(value)


def test_where_higher_is_worse_a_fall_is_a_gain():
    assert gain(PHQ9, d("17"), d("11")) == 6
    assert gain(PHQ9, d("11"), d("17")) == -6


def test_where_higher_is_better_a_rise_is_a_gain():
    assert gain(ALLIANCE_CHECK_IN, d("11"), d("14")) == 3
    assert gain(ALLIANCE_CHECK_IN, d("14"), d("11")) == -3


def test_the_sign_of_worse_turns_a_gain_around():
    assert worse_sign(PHQ9.direction) == 1
    assert worse_sign(ALLIANCE_CHECK_IN.direction) == -1


def test_worse_is_worse_by_anything_at_all():
    assert is_worse(PHQ9, d("11"), d("11.1"))
    assert not is_worse(PHQ9, d("11"), d("11"))
    assert not is_worse(PHQ9, d("11"), d("10.9"))


def test_worse_by_so_many_points_includes_exactly_so_many():
    assert is_worse_by(ALLIANCE_CHECK_IN, d("12"), d("10"), points=d("2"))
    assert not is_worse_by(ALLIANCE_CHECK_IN, d("12"), d("10.01"), points=d("2"))
    assert not is_worse_by(ALLIANCE_CHECK_IN, d("12"), d("14"), points=d("2"))


@pytest.mark.hazard("H05")
def test_tenths_are_exact_at_the_threshold():
    assert PHQ9.reliable_change
    five = replace(
        PHQ9, reliable_change=replace(PHQ9.reliable_change, value=Decimal(5))
    )

    assert is_reliably_better(five, d("8.2"), d("3.2"))


def test_a_declared_strict_operator_leaves_the_threshold_out():
    assert PHQ9.reliable_change
    strict = replace(PHQ9, reliable_change=replace(PHQ9.reliable_change, operator=">"))

    assert is_reliably_worse(PHQ9, d("11"), d("17"))
    assert not is_reliably_worse(strict, d("11"), d("17"))
    assert is_reliably_worse(strict, d("11"), d("17.1"))


@pytest.mark.parametrize(
    ("operator", "below", "at", "above"),
    [
        (">=", False, True, True),
        (">", False, False, True),
        ("<=", True, True, False),
        ("<", True, False, False),
    ],
)
def test_the_clinical_side_follows_the_declared_operator(
    operator: Operator, below: bool, at: bool, above: bool
):
    assert PHQ9.cutoff
    instrument = replace(PHQ9, cutoff=replace(PHQ9.cutoff, operator=operator))

    sides = [is_clinical(instrument, d(score)) for score in ("9.9", "10", "10.1")]

    assert sides == [below, at, above]


def test_without_reliable_change_nothing_is_called_reliable():
    with pytest.raises(ValueError, match="session-outcome has no reliable change"):
        is_reliably_worse(OUTCOME_CHECK_IN, d("10"), d("2"))


def test_without_cutoff_nothing_is_called_clinical():
    with pytest.raises(ValueError, match="session-outcome has no cut-off"):
        is_clinical(OUTCOME_CHECK_IN, d("10"))
