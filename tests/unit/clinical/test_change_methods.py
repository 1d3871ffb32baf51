"""The methods of classing a change, by worked examples."""

from dataclasses import replace
from decimal import Decimal

import pytest

from clinical.change_methods import (
    ChangeClass,
    ChangeMethod,
    ChangeSample,
    EdwardsNunnally,
    JacobsonTruax,
    change_class,
    cutoff_a,
    cutoff_b,
    cutoff_c,
    difference_error,
    edwards_nunnally,
    jacobson_truax,
    reliable_change_points,
    standard_error,
)
from questionnaires.instrument import Cutoff, ReliableChange, Source
from tests.instruments import GAD7, PHQ9, turned, upside_down

D = Decimal
# r = .75 and SD 4 make every error a short number: SEm 2.
SAMPLE = ChangeSample(D(16), D(4), D("0.75"), D("1.96"), ">=")
JT, EN = JacobsonTruax(), EdwardsNunnally(SAMPLE)


def test_the_errors_of_the_worked_example():
    assert standard_error(SAMPLE) == 2
    assert difference_error(SAMPLE).quantize(D("0.0001")) == D("2.8284")
    assert reliable_change_points(SAMPLE).quantize(D("0.0001")) == D("5.5437")


def test_the_reliable_change_of_a_published_spread_and_retest():
    """Recomputed by hand: 5.5 sqrt(2 (1 - .84)) 1.96 = 6.098."""
    sample = ChangeSample(D(0), D("5.5"), D("0.84"), D("1.96"), ">=")

    assert reliable_change_points(sample).quantize(D("0.001")) == D("6.098")


def test_jacobson_truax_is_the_gain_in_errors_of_a_difference():
    statistic = jacobson_truax(PHQ9, D(20), D(12), sample=SAMPLE)

    assert statistic.quantize(D("0.0001")) == D("2.8284")


def test_edwards_nunnally_starts_from_where_regression_would_lead():
    # Expected 0.75 (20 - 16) + 16 = 19; 12 is 7 better, 3.5 errors.
    assert edwards_nunnally(PHQ9, D(20), D(12), sample=SAMPLE) == D("3.5")
    # From the other side of the mean the same score is expected to rise: 13 to 13.75.
    assert edwards_nunnally(PHQ9, D(13), D(12), sample=SAMPLE) == D("0.875")


@pytest.mark.hazard("H06")
def test_upside_down_the_statistics_are_the_same():
    over = upside_down(PHQ9)
    mirrored = replace(SAMPLE, mean=turned(PHQ9, SAMPLE.mean))
    before, after = turned(PHQ9, D(20)), turned(PHQ9, D(12))

    assert edwards_nunnally(over, before, after, sample=mirrored) == D("3.5")
    assert jacobson_truax(over, before, after, sample=mirrored) == jacobson_truax(
        PHQ9, D(20), D(12), sample=SAMPLE
    )


@pytest.mark.parametrize(
    ("before", "after", "method", "expected"),
    [
        # PHQ-9: reliable change 6 or more, clinical from 10 on
        (16, 9, JT, "recovered"),
        (16, 10, JT, "reliably_improved"),
        (15, 10, JT, "unchanged"),
        (14, 9, JT, "unchanged"),
        (12, 18, JT, "deteriorated"),
        (12, 17, JT, "unchanged"),
        (9, 3, JT, "reliably_improved"),  # never on the clinical side
        # Expected 19; better by 3.92 or more is reliable
        (20, 9, EN, "recovered"),
        (20, 15, EN, "reliably_improved"),
        (20, 16, EN, "unchanged"),
        (20, 22, EN, "unchanged"),
        (20, 23, EN, "deteriorated"),
        # Low starts are expected to rise, so that staying is a little better
        (4, 3, EN, "reliably_improved"),
    ],
)
def test_what_became_of_a_person(
    before: int, after: int, method: ChangeMethod, expected: ChangeClass
):
    assert change_class(PHQ9, D(before), D(after), method=method) == expected


@pytest.mark.parametrize(
    ("operator", "expected"), [(">=", "reliably_improved"), (">", "unchanged")]
)
def test_a_statistic_at_the_boundary_is_where_its_operator_puts_it(
    operator: str, expected: ChangeClass
):
    # Expected 19, error 2: a score of 15 lies exactly two errors away.
    sample = replace(SAMPLE, z=D(2), operator=operator)

    found = change_class(PHQ9, D(20), D(15), method=EdwardsNunnally(sample))

    assert found == expected


def test_the_three_cutoffs_of_two_populations():
    clinical, functional = (D(16), D(4)), (D(4), D(2))

    assert cutoff_a(PHQ9, clinical=clinical) == 8
    assert cutoff_b(PHQ9, functional=functional) == 8
    assert cutoff_c(clinical=clinical, functional=functional) == 8
    over = upside_down(PHQ9)
    assert cutoff_a(over, clinical=(D(11), D(4))) == 19
    assert cutoff_b(over, functional=(D(23), D(2))) == 19


def test_without_a_cutoff_nobody_is_classed():
    with pytest.raises(ValueError, match="cut-off"):
        change_class(replace(GAD7, cutoff=None), D(16), D(4), method=JT)


def test_the_published_figures_of_the_marital_therapy_example():
    """Sdiff 5.793, RCI 11.355 and c 95.881 from M, S, r and the functional group.

    Test values, not norms: M 81.583, S 11.826, r .88; functional 114.5 and 15.4.
    """
    sample = ChangeSample(D("81.583"), D("11.826"), D("0.88"), D("1.96"), ">=")
    c = cutoff_c(clinical=(sample.mean, sample.sd), functional=(D("114.5"), D("15.4")))

    assert difference_error(sample).quantize(D("0.001")) == D("5.794")
    assert abs(reliable_change_points(sample) - D("11.355")) < D("0.002")
    assert abs(c - D("95.881")) < D("0.002")


def test_a_change_by_the_methods_own_reliable_change():
    source = Source("computed", "computed")
    better = replace(
        upside_down(PHQ9),
        cutoff=Cutoff(D(96), "<", "test", source),
        reliable_change=ReliableChange(D("11.355"), ">=", "J-T", source),
    )

    assert change_class(better, D(80), D(96), method=JT) == "recovered"
    assert change_class(better, D(80), D(92), method=JT) == "reliably_improved"
    assert change_class(better, D(80), D(91), method=JT) == "unchanged"
    assert change_class(better, D(80), D(68), method=JT) == "deteriorated"
