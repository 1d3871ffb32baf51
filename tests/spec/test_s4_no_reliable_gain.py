"""S4: sessions have passed, and no reading was reliably better than intake."""

import pytest

from tests.spec.tables import Beside


def test_four_sessions_after_intake_without_reliable_gain(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |    15
              3 |    13
              4 |    11
              5 |    14
        """,
        expect=[
            "S4 phq-9: intake 16, best 11, latest 14, rci 6, 4 sessions after intake",
            "S5 phq-9: 0.5 a session over 4 readings, flat below 0.75",
        ],
    )


def test_three_sessions_after_intake_are_too_early(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |    15
              3 |    13
              4 |    14
        """,
        expect=[],
        cannot_tell=[
            "S3 phq-9: no_norm_for_this_group, 4 of 2 readings",
            "S4 phq-9: too_few_readings, 4 of 5 readings",
            "S7 phq-9: too_few_readings, 4 of 5 readings",
            "D1 phq-9: no_visits_known",
        ],
    )


def test_a_gain_of_exactly_the_reliable_change_is_a_gain(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |    15
              3 |    10
              4 |    16
              5 |    16
        """,
        expect=[],
        cannot_tell=[
            "S3 phq-9: no_norm_for_this_group, 5 of 2 readings",
            "D1 phq-9: no_visits_known",
        ],
    )


@pytest.mark.hazard("H06")
def test_the_same_answers_on_a_scale_upside_down_ask_for_the_same_review(signal_spec):
    signal_spec(
        """
        session | turned phq-9
              1 |    11
              2 |    12
              3 |    14
              4 |    16
              5 |    13
        """,
        expect=[
            "S4 turned-phq-9: intake 11, best 16, latest 13, rci 6,"
            " 4 sessions after intake",
            "S5 turned-phq-9: 0.5 a session over 4 readings, flat below 0.75",
        ],
    )


def test_a_start_outside_the_clinical_range_has_no_way_to_gain(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |     9
              2 |     8
              3 |     9
              4 |     8
              5 |     9
        """,
        expect=[],
        notes=[
            "phq-9: started_outside_clinical_range at session 1,"
            " silences S3 S4 S5 S6 S8"
        ],
        cannot_tell=[
            "S3 phq-9: started_outside_clinical_range, 5 of 2 readings",
            "S4 phq-9: started_outside_clinical_range, 5 of 5 readings",
            "S5 phq-9: started_outside_clinical_range, 5 of 4 readings",
            "S6 phq-9: started_outside_clinical_range, 5 of 2 readings",
            "S7 phq-9: started_outside_clinical_range, 5 of 5 readings",
            "S8 phq-9: started_outside_clinical_range, 5 of 3 readings",
            "D1 phq-9: no_visits_known",
        ],
    )


def test_a_start_exactly_at_the_cutoff_is_clinical(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    10
              2 |     9
              3 |    10
              4 |     9
              5 |    10
        """,
        expect=[
            "S4 phq-9: intake 10, best 9, latest 10, rci 6, 4 sessions after intake",
            "S5 phq-9: -0.2 a session over 4 readings, flat below 0.75",
        ],
    )


def test_a_sitting_without_score_is_a_session_all_the_same(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 | not scored
              3 |    15
              4 |    15
              5 |    14
        """,
        expect=[
            "S4 phq-9: intake 16, best 14, latest 14, rci 6, 4 sessions after intake"
        ],
        notes=["phq-9: not_scored, silences S5"],
    )


def test_reliably_worse_comes_before_no_reliable_gain(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    12
              2 |    12
              3 |    13
              4 |    15
              5 |    18
        """,
        expect=[
            "S2 phq-9: intake 12, latest 18, rci 6, 1 in a row",
            "S4 phq-9: intake 12, best 12, latest 18, rci 6, 4 sessions after intake",
        ],
    )


def test_a_plan_review_in_the_last_four_sessions_answers_it(signal_spec):
    signal_spec(
        """
        session | day | phq-9
              1 |   1 |    16
              2 |   8 |    13
              3 |  15 |    15
              4 |  22 |    12
              5 |  29 |    14
              6 |  36 |    11
        """,
        beside=Beside(reviewed=[16]),
        expect=[],
    )


def test_four_sessions_after_the_review_it_is_asked_again(signal_spec):
    signal_spec(
        """
        session | day | phq-9
              1 |   1 |    16
              2 |   8 |    13
              3 |  15 |    15
              4 |  22 |    12
              5 |  29 |    14
              6 |  36 |    11
              7 |  43 |    14
        """,
        beside=Beside(reviewed=[16]),
        expect=[
            "S4 phq-9: intake 16, best 11, latest 14, rci 6, 6 sessions after intake",
            "S5 phq-9: -0.3 a session over 4 readings, flat below 0.75",
        ],
    )


def test_a_plan_review_from_before_the_intake_puts_nothing_off(signal_spec):
    signal_spec(
        """
        session | day | phq-9
              1 |   8 |    16
              2 |  15 |    13
              3 |  22 |    15
              4 |  29 |    12
              5 |  36 |    14
        """,
        beside=Beside(reviewed=[1]),
        expect=[
            "S4 phq-9: intake 16, best 12, latest 14, rci 6, 4 sessions after intake",
            "S5 phq-9: 0 a session over 4 readings, flat below 0.75",
        ],
    )


def test_a_review_on_the_day_of_a_session_belongs_to_that_session(signal_spec):
    signal_spec(
        """
        session | day | phq-9
              1 |   1 |    16
              2 |   8 |    13
              3 |  15 |    15
              4 |  22 |    12
              5 |  29 |    14
              6 |  36 |    11
        """,
        beside=Beside(reviewed=[15]),
        expect=[],
    )
