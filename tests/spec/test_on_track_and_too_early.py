"""Silence: on track says nothing, and too early says how many readings it takes."""

import pytest


def test_a_course_that_gets_better_raises_nothing(signal_spec):
    signal_spec(
        """
        session | phq-9 | session-alliance
              1 |    18 | 12
              2 |    16 | 12
              3 |    14 | 13
              4 |    12 | 12
              5 |    11 | 13
        """,
        expect=[],
        notes=[],
        cannot_tell=[
            "S3 phq-9: no_norm_for_this_group, 5 of 2 readings",
            "D1 phq-9: no_visits_known",
        ],
    )


@pytest.mark.hazard("H16")
def test_one_reading_tells_nothing_about_a_course(signal_spec):
    signal_spec(
        """
        session | phq-9 | session-alliance
              1 |    16 | 12
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
            "R2 session-alliance: too_few_readings, 1 of 3 readings",
            "R3 session-alliance: too_few_readings, 1 of 4 readings",
            "R6 session-alliance: too_few_readings, 1 of 4 readings",
            "R7 session-alliance: too_few_readings, 1 of 4 readings",
            "D1 phq-9: no_visits_known",
        ],
    )


@pytest.mark.hazard("H17")
def test_no_reading_at_all_is_said(signal_spec):
    signal_spec(
        """
        session | phq-9 | session-alliance
              1 |       |
        """,
        expect=[],
        cannot_tell=[
            "S2 phq-9: no_readings, 0 of 2 readings",
            "S3 phq-9: no_readings, 0 of 2 readings",
            "S4 phq-9: no_readings, 0 of 5 readings",
            "S5 phq-9: no_readings, 0 of 4 readings",
            "S6 phq-9: no_readings, 0 of 2 readings",
            "S7 phq-9: no_readings, 0 of 5 readings",
            "S8 phq-9: no_readings, 0 of 3 readings",
            "R2 session-alliance: no_readings, 0 of 3 readings",
            "R3 session-alliance: no_readings, 0 of 4 readings",
            "R6 session-alliance: no_readings, 0 of 4 readings",
            "R7 session-alliance: no_readings, 0 of 4 readings",
            "D1 phq-9: no_visits_known",
        ],
    )


@pytest.mark.hazard("H07")
def test_an_open_check_in_has_no_reliable_change_and_no_verdict(signal_spec):
    signal_spec(
        """
        session | session-outcome
              1 |    14
              2 |     3
              3 |     2
              4 |     1
              5 |     0
        """,
        expect=[],
        cannot_tell=[
            "S2 session-outcome: no_reliable_change_known, 5 of 2 readings",
            "S3 session-outcome: no_norm_for_this_group, 5 of 2 readings",
            "S4 session-outcome: no_reliable_change_known, 5 of 5 readings",
            "S5 session-outcome: no_reliable_change_known, 5 of 4 readings",
            "S6 session-outcome: no_reliable_change_known, 5 of 2 readings",
            "S7 session-outcome: no_reliable_change_known, 5 of 5 readings",
            "S8 session-outcome: no_reliable_change_known, 5 of 3 readings",
            "D1 session-outcome: no_visits_known",
        ],
    )
