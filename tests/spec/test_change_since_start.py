"""The change since the start, by the method that the site's plan names.

It stands beside the numbers on the page and interrupts nobody. The sample that Edwards
and Nunnally's method needs is invented here: first scores with mean 15 and SD 5,
reliability 0.84, so that one error is 2 points.
"""

import pytest


def test_reliably_better_and_past_the_cutoff_is_recovered(change_spec):
    change_spec(
        """
        session | phq-9
              1 |    17
              2 |    12
              3 |     8
        """,
        jacobson_truax="9 points, recovered",
        edwards_nunnally="9 points, recovered",
    )


def test_exactly_the_reliable_change_to_the_cutoff_is_better_and_not_recovered(
    change_spec,
):
    change_spec(
        """
        session | phq-9
              1 |    16
              2 |    10
        """,
        jacobson_truax="6 points, reliably improved",
        edwards_nunnally="6 points, reliably improved",
    )


def test_a_start_far_above_the_mean_would_fall_by_itself(change_spec):
    change_spec(
        """
        session | phq-9
              1 |    25
              2 |    20
        """,
        jacobson_truax="5 points, unchanged",
        edwards_nunnally="5 points, unchanged",
    )


def test_at_the_mean_four_points_are_beyond_one_score_error_and_not_a_difference(
    change_spec,
):
    change_spec(
        """
        session | phq-9
              1 |    15
              2 |    11
        """,
        jacobson_truax="4 points, unchanged",
        edwards_nunnally="4 points, reliably improved",
    )


def test_reliably_worse(change_spec):
    change_spec(
        """
        session | phq-9
              1 |    14
              2 |    20
        """,
        jacobson_truax="-6 points, deteriorated",
        edwards_nunnally="-6 points, deteriorated",
    )


def test_the_same_answers_on_a_scale_upside_down_are_recovered_too(change_spec):
    change_spec(
        """
        session | turned phq-9
              1 |    10
              2 |    19
        """,
        jacobson_truax="9 points, recovered",
        edwards_nunnally="9 points, recovered",
    )


def test_who_started_outside_the_clinical_range_is_told_the_reliable_change_only(
    change_spec,
):
    change_spec(
        """
        session | phq-9
              1 |     8
              2 |     1
        """,
        jacobson_truax="7 points, reliably improved",
        edwards_nunnally="7 points, reliably improved",
    )


@pytest.mark.hazard("H16")
def test_a_prorated_reading_is_called_nothing(change_spec):
    change_spec(
        """
        session | phq-9
              1 | 17
              2 | 8 prorated
        """,
        jacobson_truax="nothing",
        edwards_nunnally="nothing",
    )


@pytest.mark.hazard("H03")
def test_without_a_recent_measure_nothing_is_called_recovered(change_spec):
    change_spec(
        """
        session | day | phq-9
              1 |   1 | 17
              2 |   8 | 8
        """,
        today=58,
        jacobson_truax="nothing",
        edwards_nunnally="nothing",
    )


@pytest.mark.hazard("H16")
def test_one_reading_is_no_change(change_spec):
    change_spec(
        """
        session | phq-9
              1 |    17
        """,
        jacobson_truax="nothing",
        edwards_nunnally="nothing",
    )


def test_without_a_published_reliable_change_there_is_no_class(change_spec):
    change_spec(
        """
        session | session-outcome
              1 |    14
              2 |     3
        """,
        jacobson_truax="nothing",
        edwards_nunnally="nothing",
    )
