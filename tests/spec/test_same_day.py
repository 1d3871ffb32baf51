"""A session is a day: of a form filled in again that day the last score counts."""

import pytest

from tests.spec.tables import Beside


def test_a_blank_that_is_filled_in_the_same_day_leaves_no_doubt(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | 17 prorated
          1 | 10:05 | 16
          8 | 10:00 | 15
         15 | 10:00 | 15
         22 | 10:00 | 15
         29 | 10:00 | 15
        """,
        expect=[
            "S4 phq-9: intake 16, best 15, latest 15, rci 6, 4 sessions after intake",
            "S5 phq-9: 0 a session over 4 readings, flat below 0.75",
        ],
    )


def test_a_form_without_score_that_is_completed_the_same_day_leaves_no_doubt(
    signal_spec,
):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | not scored
          1 | 10:05 | 20
          8 | 10:00 | 13
        """,
        expect=["S6 phq-9: 20 to 13, rci 6"],
    )


@pytest.mark.hazard("H17")
def test_a_form_begun_again_and_left_without_score_is_a_doubt(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | 20
          8 | 10:00 | 13
          8 | 10:05 | not scored
        """,
        expect=[],
        notes=["phq-9: not_scored, silences S3 S4 S5 S6 S8"],
    )


def test_of_two_scores_of_one_day_the_last_one_counts(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | 11
          8 | 10:00 | 25
          8 | 10:05 | 15
        """,
        expect=[],
    )


@pytest.mark.hazard("H16")
def test_whoever_is_reliably_worse_at_the_end_of_a_day_is_told(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | 11
          8 | 10:00 | 11
          8 | 16:00 | 17
        """,
        expect=["S2 phq-9: intake 11, latest 17, rci 6, 1 in a row"],
    )


@pytest.mark.hazard("H16")
def test_a_last_score_with_blanks_counts_and_is_noted(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | 11
          8 | 10:00 | 11
          8 | 16:00 | 17 prorated
        """,
        expect=["S2 phq-9: intake 11, latest 17, rci 6, 1 in a row"],
        notes=["phq-9: prorated at session 2, silences S3 S4 S5 S6 S8"],
    )


def test_worse_twice_on_one_day_is_worse_once(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | 11
          8 | 10:00 | 17
          8 | 16:00 | 18
        """,
        expect=["S2 phq-9: intake 11, latest 18, rci 6, 1 in a row"],
    )


def test_recovered_twice_on_one_day_is_no_goal_reached_yet(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | 20
          8 | 10:00 | 14
         15 | 10:00 | 9
         15 | 16:00 | 8
        """,
        expect=["S6 phq-9: 14 to 8, rci 6"],
    )


def test_five_forms_on_two_days_are_two_sessions(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | 16
          1 | 16:00 | 16
          8 | 10:00 | 16
          8 | 13:00 | 16
          8 | 16:00 | 16
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


def test_the_norm_is_asked_about_the_session_of_the_day(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | 11
          8 | 10:00 | 17
          8 | 16:00 | 16
        """,
        expect=[
            "S3 phq-9: latest 16, line 13.79, expected 8.64, norm of 1000, 1 in a row"
        ],
        beside=Beside(norm=True),
    )


def test_high_in_the_morning_and_low_at_night_is_no_swing(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 07:00 | 22
          1 | 21:00 | 14
          2 | 07:00 | 22
          2 | 21:00 | 14
          3 | 07:00 | 22
          3 | 21:00 | 14
        """,
        expect=[],
    )


def test_the_same_answers_handed_in_again_the_same_day_are_one_session(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | 2 2 1 1 1 2 1 2 0
          8 | 10:00 | 2 2 1 1 1 2 1 2 0
          8 | 10:05 | 2 2 1 1 1 2 1 2 0
        """,
        expect=[],
    )


def test_before_and_after_midnight_are_two_sessions(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | 11
          8 | 23:55 | 17
          9 | 00:05 | 17
        """,
        expect=["S2 phq-9: intake 11, latest 17, rci 6, 2 in a row"],
    )


@pytest.mark.hazard("H08")
def test_another_language_on_the_same_day_is_another_line_all_the_same(signal_spec):
    signal_spec(
        """
        day | time  | language | phq-9
          1 | 10:00 | en       | 11
          8 | 10:00 | en       | 11
          8 | 16:00 | de       | 17
        """,
        expect=[],
        notes=["phq-9: series_changed at session 1, silences S3 S4 S5 S6 S8"],
    )


@pytest.mark.hazard("H08")
def test_a_carers_answer_of_the_same_day_replaces_nothing(signal_spec):
    signal_spec(
        """
        day | time  | by    | phq-9
          1 | 10:00 | self  | 11
          8 | 10:00 | self  | 17
          8 | 10:05 | carer | 11
        """,
        expect=["S2 phq-9: intake 11, latest 17, rci 6, 1 in a row"],
    )


@pytest.mark.hazard("H04")
def test_a_form_filled_in_again_hides_no_safety_answer_and_not_its_score(signal_spec):
    signal_spec(
        """
        day | time  | phq-9
          1 | 10:00 | 2 2 1 1 1 2 1 2 1
          1 | 10:05 | 2 2 1 1 1 2 1 2 0
        """,
        expect=["S1 phq-9: item /44260-8 answered 1, full, score 13"],
    )


def test_the_highest_rating_four_times_on_one_day_is_one_rating(signal_spec):
    signal_spec(
        """
        day | time  | session-alliance
          1 | 10:00 | 16
          1 | 10:05 | 16
          1 | 10:10 | 16
          1 | 10:15 | 16
        """,
        expect=[],
    )


def test_a_rating_that_is_put_right_the_same_day_is_no_drop(signal_spec):
    signal_spec(
        """
        day | time  | session-alliance
          1 | 10:00 | 14
          8 | 10:00 | 14
         15 | 10:00 | 14
         22 | 10:00 | 4
         22 | 10:05 | 14
        """,
        expect=[],
    )
