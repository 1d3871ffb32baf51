"""R3: a drop of at least one (watch) or two (strong) SD from this person's mean.

The SD is this person's own or, if larger, that of many people's ratings, which the site
enters in its plan. Without it the smallest SD is a tenth of the range: 1.6 of 0-16.
"""

import pytest

from tests.spec.tables import Beside


def test_a_drop_of_exactly_one_own_sd_is_watched(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 10
              2 | 12
              3 | 14
              4 | 10
        """,
        expect=[
            "R3 session-alliance: watch, mean 12, sd 2, latest 10",
            "R2 session-alliance: baseline 12 of 3, latest 10",
        ],
    )


def test_a_drop_of_exactly_two_own_sd_is_strong(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 10
              2 | 12
              3 | 14
              4 |  8
        """,
        expect=[
            "R3 session-alliance: strong, mean 12, sd 2, latest 8",
            "R2 session-alliance: baseline 12 of 3, latest 8",
        ],
    )


def test_less_than_one_own_sd_is_below_baseline_only(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 10
              2 | 12
              3 | 14
              4 | 11
        """,
        expect=["R2 session-alliance: baseline 12 of 3, latest 11"],
    )


def test_one_point_is_no_drop_in_a_person_who_always_rates_the_same(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 | 13
        """,
        expect=["R2 session-alliance: baseline 14 of 3, latest 13"],
    )


def test_the_floor_is_a_tenth_of_the_range(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 | 12
        """,
        expect=[
            "R3 session-alliance: watch, mean 14, sd 1.6 (floor), latest 12",
            "R2 session-alliance: baseline 14 of 3, latest 12",
        ],
    )


def test_before_session_four_it_is_too_early(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 |  4
        """,
        expect=["R2 session-alliance: baseline 14 of 2, latest 4"],
        cannot_tell=[
            "R3 session-alliance: too_few_readings, 3 of 4 readings",
            "R6 session-alliance: too_few_readings, 3 of 4 readings",
            "R7 session-alliance: too_few_readings, 3 of 4 readings",
            "D1 session-alliance: no_visits_known",
        ],
    )


def test_the_sites_sample_sd_takes_the_place_of_the_floor(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 | 13
        """,
        beside=Beside(sample_sd="0.5"),
        expect=[
            "R3 session-alliance: strong, mean 14, sd 0.5 (sample), latest 13",
            "R2 session-alliance: baseline 14 of 3, latest 13",
        ],
    )


def test_a_fall_short_of_the_sites_sample_sd_is_below_baseline_only(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 | 12
        """,
        beside=Beside(sample_sd="2.5"),
        expect=["R2 session-alliance: baseline 14 of 3, latest 12"],
    )


def test_an_own_sd_as_large_as_the_samples_is_the_one_that_is_used(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 10
              2 | 12
              3 | 14
              4 | 10
        """,
        beside=Beside(sample_sd="2"),
        expect=[
            "R3 session-alliance: watch, mean 12, sd 2, latest 10",
            "R2 session-alliance: baseline 12 of 3, latest 10",
        ],
    )


@pytest.mark.hazard("H06")
def test_the_same_answers_on_a_scale_upside_down_drop_the_same(signal_spec):
    signal_spec(
        """
        session | turned session-alliance
              1 | 6
              2 | 4
              3 | 2
              4 | 8
        """,
        expect=[
            "R3 turned-session-alliance: strong, mean 4, sd 2, latest 8",
            "R2 turned-session-alliance: baseline 4 of 3, latest 8",
        ],
    )


def test_a_rise_is_no_drop(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 10
              2 | 12
              3 | 14
              4 | 16
        """,
        expect=[],
    )


@pytest.mark.hazard("H16")
def test_a_low_rating_that_is_repeated_does_not_become_the_new_usual(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 |  8
              5 |  8
              6 |  8
              7 |  8
              8 |  8
        """,
        expect=[
            "R6 session-alliance: 4 sessions, mean 14, sd 1.6, lowest 8, latest 8",
            "R3 session-alliance: strong, mean 14, sd 1.6 (floor), latest 8",
            "R2 session-alliance: baseline 14 of 3, latest 8",
        ],
    )


def test_a_low_third_rating_is_part_of_what_is_usual(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 |  8
              4 | 12
        """,
        expect=[],
    )
