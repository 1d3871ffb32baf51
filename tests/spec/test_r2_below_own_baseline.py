"""R2: the alliance is below the mean of this person's first ratings."""

import pytest


def test_the_third_rating_is_compared_with_the_first_two(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 13
              2 | 12
              3 | 12
        """,
        expect=["R2 session-alliance: baseline 12.5 of 2, latest 12"],
    )


def test_later_ratings_are_compared_with_the_first_three(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 13
              2 | 12
              3 | 14
              4 | 15
              5 | 12
        """,
        expect=["R2 session-alliance: baseline 13 of 3, latest 12"],
    )


def test_a_rating_at_the_baseline_is_not_below_it(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 13
              2 | 12
              3 | 14
              4 | 13
        """,
        expect=[],
    )


@pytest.mark.hazard("H06")
def test_on_a_scale_upside_down_a_higher_number_is_below_the_baseline(signal_spec):
    signal_spec(
        """
        session | turned session-alliance
              1 | 3
              2 | 4
              3 | 2
              4 | 4
        """,
        expect=["R2 turned-session-alliance: baseline 3 of 3, latest 4"],
    )


def test_a_low_rating_in_a_person_who_always_rates_low_is_no_signal(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 2
              2 | 2
              3 | 2
              4 | 2
        """,
        expect=[],
    )
