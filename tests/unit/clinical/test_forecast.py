"""On track, not on track, or too early to tell."""

from dataclasses import replace
from decimal import Decimal

import pytest

from clinical.attention import Attention, Budget, Horizon
from clinical.forecast import (
    CannotTellYet,
    NotOnTrack,
    OnTrack,
    Outlook,
    Progress,
    forecast,
    outlook,
)
from tests.curves import curve

D = Decimal
TEN = Horizon(10, D(6), whole_points=True)
BUDGET = Budget(0.2, 0.10, n_persons=1000)
ASKED = Attention(TEN, tuple((session, BUDGET) for session in range(2, 9)))


def seen(*scores: str) -> list[Progress]:
    """Scores of sessions 2, 3, ... in order."""
    return [Progress(number, D(score)) for number, score in enumerate(scores, 2)]


def looked(*scores: str, intake: str = "14") -> Outlook:
    return outlook(curve(), seen(*scores), intake=D(intake), attention=ASKED)


def test_a_course_like_that_of_most_is_on_track() -> None:
    assert isinstance(looked("12", "10", "9"), OnTrack)


def test_a_rising_course_is_not_on_track() -> None:
    found = looked("20", "23", "25")

    assert isinstance(found, NotOnTrack)
    assert found.forecast.reliably_worse >= BUDGET.at_least


def test_on_the_threshold_is_not_on_track() -> None:
    at = forecast(curve(), seen("17"), intake=D(14), horizon=TEN).reliably_worse

    found = [
        outlook(
            curve(),
            seen("17"),
            intake=D(14),
            attention=Attention(TEN, ((2, replace(BUDGET, at_least=at * part)),)),
        )
        for part in (1.0, 1.000001)
    ]

    assert [type(each) for each in found] == [NotOnTrack, OnTrack]


@pytest.mark.hazard("H16")
def test_the_intake_alone_tells_nothing() -> None:
    assert looked() == CannotTellYet("no_reading_after_intake")


@pytest.mark.hazard("H07")
def test_an_intake_outside_the_sample_tells_nothing() -> None:
    assert looked("12", intake="1") == CannotTellYet("intake_outside_sample")


def test_after_the_last_session_of_the_curve_nothing_is_told() -> None:
    found = outlook(
        curve(max_session=4),
        seen("12", "12", "12", "12"),
        intake=D(14),
        attention=ASKED,
    )

    assert found == CannotTellYet("after_last_session")


def test_at_the_last_session_of_the_curve_it_is_told() -> None:
    found = outlook(curve(max_session=2), seen("12"), intake=D(14), attention=ASKED)

    assert isinstance(found, OnTrack)


def test_where_no_threshold_was_chosen_nothing_is_told() -> None:
    found = outlook(
        curve(), seen(*["12"] * 8), intake=D(14), attention=ASKED
    )  # nine sessions

    assert found == CannotTellYet("no_threshold_after_this_session")


def test_the_order_of_readings_changes_nothing() -> None:
    readings = seen("15", "18", "13")

    one, other = (
        forecast(curve(), each, intake=D(14), horizon=TEN)
        for each in (readings, readings[::-1])
    )

    assert one.reliably_worse == pytest.approx(other.reliably_worse, rel=1e-12)


def test_the_mirrored_course_on_the_mirrored_scale_has_the_same_forecast() -> None:
    b = curve().b
    turned = curve(
        direction="higher_is_better",
        reference_intake=D(13),
        b=(27 - b[0], -b[1], b[2], b[3]),
    )

    one = forecast(curve(), seen("15", "18"), intake=D(16), horizon=TEN)
    other = forecast(turned, seen("12", "9"), intake=D(11), horizon=TEN)

    assert one.reliably_worse == pytest.approx(other.reliably_worse, rel=1e-12)
    assert one.no_reliable_gain == pytest.approx(other.no_reliable_gain, rel=1e-12)


def test_half_a_point_lies_between_whole_scores() -> None:
    fractions = replace(TEN, whole_points=False)
    shifted = replace(fractions, rci=D("5.5"))

    whole = forecast(curve(), seen("15"), intake=D(14), horizon=TEN)

    found = forecast(curve(), seen("15"), intake=D(14), horizon=shifted)
    assert whole.reliably_worse == found.reliably_worse
    assert whole.reliably_worse > forecast(
        curve(), seen("15"), intake=D(14), horizon=fractions
    ).reliably_worse  # fmt: skip


def test_each_worse_reading_makes_the_end_look_worse() -> None:
    found = [
        forecast(curve(), seen(*["18"] * n), intake=D(14), horizon=TEN).reliably_worse
        for n in range(1, 6)
    ]

    assert found == sorted(found)
    assert found[0] < found[-1]
