"""D1: a visit is missed, and the two sessions before it showed a decline.

It suggests to reach out. It gives no probability and speaks of nobody's motives.
"""

import pytest

from tests.spec.tables import Beside


def test_a_missed_visit_after_a_worsening(signal_spec):
    signal_spec(
        """
        session | phq-9 | visit
              1 |    11 | attended
              2 |    17 | attended
              3 |       | missed
        """,
        expect=[
            "S2 phq-9: intake 11, latest 17, rci 6, 1 in a row",
            "D1 phq-9: last visit missed;"
            " S2 phq-9: intake 11, latest 17, rci 6, 1 in a row",
        ],
    )


def test_a_late_cancellation_after_a_low_rating(signal_spec):
    signal_spec(
        """
        session | session-alliance | visit
              1 | 14               | attended
              2 | 14               | attended
              3 | 13               | attended
              4 |                  | cancelled late
        """,
        expect=[
            "D1 session-alliance: last visit late_cancelled;"
            " R2 session-alliance: baseline 14 of 2, latest 13",
            "R2 session-alliance: baseline 14 of 2, latest 13",
        ],
    )


def test_a_worsening_in_the_session_before_the_last_counts(signal_spec):
    signal_spec(
        """
        session | phq-9 | visit
              1 |    11 | attended
              2 |    17 | attended
              3 |    14 | attended
              4 |       | missed
        """,
        expect=[
            "D1 phq-9: last visit missed;"
            " S2 phq-9: intake 11, latest 17, rci 6, 1 in a row",
        ],
    )


def test_a_worsening_in_both_sessions_is_said_once_as_it_stood_last(signal_spec):
    signal_spec(
        """
        session | phq-9 | visit
              1 |    11 | attended
              2 |    17 | attended
              3 |    18 | attended
              4 |       | missed
        """,
        expect=[
            "S2 phq-9: intake 11, latest 18, rci 6, 2 in a row",
            "D1 phq-9: last visit missed;"
            " S2 phq-9: intake 11, latest 18, rci 6, 2 in a row",
        ],
    )


def test_a_worsening_long_before_does_not(signal_spec):
    signal_spec(
        """
        session | phq-9 | visit
              1 |    11 | attended
              2 |    17 | attended
              3 |    14 | attended
              4 |    13 | attended
              5 |       | missed
        """,
        expect=["S5 phq-9: -0.3 a session over 4 readings, flat below 0.75"],
    )


def test_a_low_rating_from_three_sessions_before_does_not(signal_spec):
    signal_spec(
        """
        session | phq-9 | session-alliance | visit
              1 |    16 | 14               | attended
              2 |    14 | 14               | attended
              3 |    13 | 13               | attended
              4 |    12 |                  | attended
              5 |    10 |                  | attended
              6 |       |                  | missed
        """,
        expect=["R2 session-alliance: baseline 14 of 2, latest 13"],
    )


def test_a_low_rating_in_the_session_before_the_last_counts_without_a_new_one(
    signal_spec,
):
    signal_spec(
        """
        session | phq-9 | session-alliance | visit
              1 |    16 | 14               | attended
              2 |    14 | 14               | attended
              3 |    13 | 13               | attended
              4 |    12 |                  | attended
              5 |       |                  | missed
        """,
        expect=[
            "D1 session-alliance: last visit missed;"
            " R2 session-alliance: baseline 14 of 2, latest 13",
            "R2 session-alliance: baseline 14 of 2, latest 13",
        ],
    )


def test_whoever_has_come_since_is_back(signal_spec):
    signal_spec(
        """
        session | phq-9 | visit
              1 |    11 | attended
              2 |    17 | missed
              3 |       | attended
        """,
        expect=["S2 phq-9: intake 11, latest 17, rci 6, 1 in a row"],
    )


def test_a_missed_visit_in_a_good_course_says_nothing(signal_spec):
    signal_spec(
        """
        session | phq-9 | visit
              1 |    16 | attended
              2 |    13 | attended
              3 |       | missed
        """,
        expect=[],
        cannot_tell=[
            "S3 phq-9: no_norm_for_this_group, 2 of 2 readings",
            "S4 phq-9: too_few_readings, 2 of 5 readings",
            "S5 phq-9: too_few_readings, 2 of 4 readings",
            "S7 phq-9: too_few_readings, 2 of 5 readings",
            "S8 phq-9: too_few_readings, 2 of 3 readings",
        ],
    )


def test_outside_the_band_counts(signal_spec):
    signal_spec(
        """
        session | phq-9 | visit
              1 |    14 | attended
              2 |    19 | attended
              3 |       | missed
        """,
        beside=Beside(norm=True),
        expect=[
            "S3 phq-9: latest 19, line 16.07, expected 10.92, norm of 1000, 1 in a row",
            "D1 phq-9: last visit missed; S3 phq-9: latest 19, line 16.07, expected"
            " 10.92, norm of 1000, 1 in a row",
        ],
    )


@pytest.mark.hazard("H16")
def test_where_nobody_tells_us_of_visits_it_cannot_tell(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |    15
        """,
        expect=[],
        cannot_tell=[
            "S3 phq-9: no_norm_for_this_group, 2 of 2 readings",
            "S4 phq-9: too_few_readings, 2 of 5 readings",
            "S5 phq-9: too_few_readings, 2 of 4 readings",
            "S7 phq-9: too_few_readings, 2 of 5 readings",
            "S8 phq-9: too_few_readings, 2 of 3 readings",
            "D1 phq-9: no_visits_known",
        ],
    )


@pytest.mark.hazard("H16")
def test_a_visit_missed_before_there_is_a_course_tells_nothing(signal_spec):
    signal_spec(
        """
        session | phq-9 | visit
              1 |    16 | attended
              2 |       | missed
        """,
        expect=[],
        cannot_tell=[
            "S2 phq-9: too_few_readings, 1 of 2 readings",
            "S3 phq-9: no_norm_for_this_group, 1 of 2 readings",
            "S4 phq-9: too_few_readings, 1 of 5 readings",
            "S5 phq-9: too_few_readings, 1 of 4 readings",
            "S6 phq-9: too_few_readings, 1 of 2 readings",
            "S7 phq-9: too_few_readings, 1 of 5 readings",
            "S8 phq-9: too_few_readings, 1 of 3 readings",
            "D1 phq-9: too_few_readings, 1 of 2 readings",
        ],
    )


def test_a_visit_to_come_has_not_been_missed(signal_spec):
    signal_spec(
        """
        session | day | phq-9 | visit
              1 |   1 |    11 | attended
              2 |   8 |    17 | attended
              3 |  15 |       | missed
        """,
        today=14,
        expect=["S2 phq-9: intake 11, latest 17, rci 6, 1 in a row"],
    )
