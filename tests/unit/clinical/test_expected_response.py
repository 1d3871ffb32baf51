"""Curve, band, and where there is no norm."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.expected_response import Band, NoNorm, expected_band
from tests.curves import curve

D = Decimal
unhurried = settings(deadline=None)


def test_a_band_is_the_curve_with_the_spread_of_single_people_around_it():
    found = expected_band(curve(), intake=D(14), session_number=5)

    # L = log 5 = 1.6094379; mean 13 - 3 L; SD = sqrt(9 - 3 L + 2.5 L² + 8) = 4.31827
    assert found == Band(
        5,
        D("8.17"),
        low_68=D("3.88"),
        high_68=D("12.46"),
        low_80=D("2.64"),
        high_80=D("13.71"),
    )


def test_the_uncertainty_of_the_curve_itself_widens_the_band():
    certain = expected_band(curve(), intake=D(14), session_number=5)
    cov = tuple(
        tuple(D(4) if i == j == 0 else D(0) for j in range(4)) for i in range(4)
    )

    found = expected_band(curve(cov_b=cov), intake=D(14), session_number=5)

    assert isinstance(found, Band) and isinstance(certain, Band)
    assert found.expected == certain.expected
    # SD sqrt(18.64742 + 4) = 4.75893 instead of 4.31827
    assert (certain.high_80, found.high_80) == (D("13.71"), D("14.27"))
    assert (certain.low_80, found.low_80) == (D("2.64"), D("2.07"))


@pytest.mark.parametrize(
    ("session_number", "expected", "sd"),
    [(2, "22.1652", "4.6086"), (4, "16.0279", "6.0726"), (6, "12.4378", "7.9133")],
)
def test_the_band_of_the_riesby_data_is_the_published_one(
    session_number: int, expected: str, sd: str
):
    riesby = curve(
        b=(D("28.3025"), D("-8.8543"), D("0.7197"), D("-0.2126")),
        g=(D("28.569"), D("-26.6424"), D("36.3706")),
        sigma2=D("11.8315"),
        reference_intake=D("23.442623"),
        high=D(60),
        k_80=D(1),
        # What the published SDs hold beside the rounded variances, at c = 0.
        cov_b=((D(0),) * 4,) * 4,
    )

    found = expected_band(riesby, intake=D("23.442623"), session_number=session_number)

    assert isinstance(found, Band)
    assert float(found.expected) == pytest.approx(float(expected), abs=0.01)
    assert float(found.high_80 - found.expected) == pytest.approx(float(sd), rel=0.02)


def test_a_knot_bends_the_curve_from_its_session_on():
    bent = curve(
        terms=("intercept", "time", "intake", "time_by_intake", "knot"),
        b=(*curve().b, D(3)),
        cov_b=((D(0),) * 5,) * 5,
        knot_session=D(6),
    )

    def expected(session_number: int) -> Decimal:
        found = expected_band(bent, intake=D(14), session_number=session_number)
        assert isinstance(found, Band)
        return found.expected

    assert expected(12) == expected(20) == expected(6)
    assert expected(5) > expected(6)


def test_bounds_never_leave_the_range_of_the_instrument():
    found = expected_band(curve(), intake=D(2), session_number=20)

    assert isinstance(found, Band)
    assert found.expected == found.low_68 == found.low_80 == D("0.00")
    assert found.high_80 > 0


@pytest.mark.hazard("H07")
@pytest.mark.parametrize(
    ("intake", "session_number", "reason"),
    [
        ("14", 1, "is_intake"),
        ("14", 21, "after_last_session"),
        ("1.9", 5, "intake_outside_sample"),
        ("27.1", 5, "intake_outside_sample"),
    ],
)
def test_outside_what_the_sample_covers_there_is_no_norm(
    intake: str, session_number: int, reason: str
):
    found = expected_band(
        curve(), intake=Decimal(intake), session_number=session_number
    )

    assert found == NoNorm(reason)  # type: ignore[arg-type]  # one of its literals


def test_a_session_before_the_intake_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="begin with 1"):
        expected_band(curve(), intake=D(14), session_number=0)


def test_the_sample_says_how_many_people_stayed():
    sample = curve().sample

    assert [sample.persons_at(each) for each in (1, 2, 11, 12, 20, 21)] == [
        *(0, 1000, 1000, 400, 400, 0)
    ]


@unhurried
@given(st.integers(20, 270), st.integers(2, 20))
def test_another_reference_intake_with_its_coefficients_changes_nothing(
    tenths: int, session_number: int
):
    b0, b1, b2, b3 = curve().b
    shifted = curve(reference_intake=D(10), b=(b0 - 4 * b2, b1 - 4 * b3, b2, b3))
    intake = D(tenths) / 10

    found = expected_band(shifted, intake=intake, session_number=session_number)

    assert found == expected_band(curve(), intake=intake, session_number=session_number)


@unhurried
@given(st.integers(20, 270), st.integers(2, 20))
def test_the_band_holds_the_expected_score_and_the_narrower_band(
    tenths: int, session_number: int
):
    found = expected_band(curve(), intake=D(tenths) / 10, session_number=session_number)

    assert isinstance(found, Band)
    assert (
        0
        <= found.low_80
        <= found.low_68
        <= found.expected
        <= found.high_68
        <= found.high_80
        <= 27
    )


def test_the_precision_of_the_caller_changes_no_band():
    with localcontext() as rough:
        rough.prec = 4

        found = expected_band(curve(), intake=D(14), session_number=5)

    assert found == expected_band(curve(), intake=D(14), session_number=5)
