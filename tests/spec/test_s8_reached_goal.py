"""S8: reliably better and across the cut-off, in two readings in a row."""

import pytest


def test_recovered_twice_in_a_row(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |     9
              3 |     8
        """,
        expect=["S8 phq-9: intake 16, latest 8, rci 6, cut-off 10"],
    )


def test_recovered_once_is_not_a_goal_reached(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |    12
              3 |     8
        """,
        expect=[],
    )


def test_exactly_at_the_cutoff_is_still_clinical(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    18
              2 |    10
              3 |    10
        """,
        expect=[],
    )


def test_across_the_cutoff_without_reliable_change_is_not_recovered(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    14
              2 |     9
              3 |     9
        """,
        expect=[],
    )


def test_exactly_the_reliable_change_is_enough(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    15
              2 |     9
              3 |     9
        """,
        expect=["S8 phq-9: intake 15, latest 9, rci 6, cut-off 10"],
    )


@pytest.mark.hazard("H06")
def test_the_same_answers_on_a_scale_upside_down_reach_the_same_goal(signal_spec):
    signal_spec(
        """
        session | turned phq-9
              1 |    11
              2 |    18
              3 |    19
        """,
        expect=["S8 turned-phq-9: intake 11, latest 19, rci 6, cut-off 17"],
    )


@pytest.mark.hazard("H16")
def test_a_prorated_reading_reassures_nobody(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |     9
              3 |   9 prorated
        """,
        expect=[],
        notes=["phq-9: prorated at session 3, silences S3 S4 S5 S6 S8"],
        cannot_tell=[
            "S3 phq-9: no_norm_for_this_group, 3 of 2 readings",
            "S4 phq-9: too_few_readings, 3 of 5 readings",
            "S5 phq-9: too_few_readings, 3 of 4 readings",
            "S6 phq-9: data_quality, 3 of 2 readings",
            "S7 phq-9: too_few_readings, 3 of 5 readings",
            "S8 phq-9: data_quality, 3 of 3 readings",
            "D1 phq-9: no_visits_known",
        ],
    )


def test_after_a_relapse_it_takes_two_readings_again(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |     8
              3 |     8
              4 |    12
              5 |     8
        """,
        expect=[],
    )
