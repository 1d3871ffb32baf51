"""R7: the highest rating four times running. Common, and an invitation to talk."""

import pytest


def test_four_times_the_highest_rating(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 16
              3 | 16
              4 | 16
              5 | 16
        """,
        expect=["R7 session-alliance: 16, 4 times"],
    )


def test_three_times_is_not_enough(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 16
              3 | 16
              4 | 16
        """,
        expect=[],
    )


def test_the_same_rating_below_the_highest_is_none(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 15
              2 | 15
              3 | 15
              4 | 15
        """,
        expect=[],
    )


@pytest.mark.hazard("H06")
def test_on_a_scale_upside_down_the_best_rating_is_the_lowest(signal_spec):
    signal_spec(
        """
        session | turned session-alliance
              1 | 0
              2 | 0
              3 | 0
              4 | 0
        """,
        expect=["R7 turned-session-alliance: 0, 4 times"],
    )
