"""S6: better than the reading before by at least the reliable change."""

import pytest


def test_a_step_of_exactly_the_reliable_change_is_a_large_gain(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    20
              2 |    19
              3 |    13
        """,
        expect=["S6 phq-9: 19 to 13, rci 6"],
    )


def test_a_hair_less_than_the_reliable_change_is_none(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    20
              2 |    19
              3 | 13.01
        """,
        expect=[],
    )


def test_the_same_gain_in_two_steps_is_none(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    20
              2 |    17
              3 |    13
        """,
        expect=[],
    )


def test_it_is_about_the_last_step_only(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    20
              2 |    13
              3 |    12
        """,
        expect=[],
    )


@pytest.mark.hazard("H06")
def test_on_a_scale_upside_down_a_gain_is_a_rise(signal_spec):
    signal_spec(
        """
        session | turned phq-9
              1 |  7
              2 | 13
        """,
        expect=["S6 turned-phq-9: 7 to 13, rci 6"],
    )


@pytest.mark.hazard("H17")
def test_a_gain_that_rests_on_blanks_is_not_praised(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    20
              2 | 13 prorated
        """,
        expect=[],
        notes=["phq-9: prorated at session 2, silences S3 S4 S5 S6 S8"],
    )
