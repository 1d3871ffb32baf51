"""Doubt about the data silences S4 and S8, says why, and never silences S1 or S2."""

import pytest


@pytest.mark.hazard("H17")
def test_a_prorated_intake_silences_the_plan_review(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 16 prorated
              2 |    15
              3 |    15
              4 |    15
              5 |    15
        """,
        notes=["phq-9: prorated at session 1, silences S3 S4 S5 S6 S8"],
        cannot_tell=[
            "S3 phq-9: no_norm_for_this_group, 5 of 2 readings",
            "S4 phq-9: data_quality, 5 of 5 readings",
            "S5 phq-9: data_quality, 5 of 4 readings",
            "S6 phq-9: data_quality, 5 of 2 readings",
            "S8 phq-9: data_quality, 5 of 3 readings",
            "D1 phq-9: no_visits_known",
        ],
    )


def test_a_prorated_reading_that_carries_nothing_is_no_doubt(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 | 15 prorated
              3 |    15
              4 |    15
              5 |    15
        """,
        expect=[
            "S4 phq-9: intake 16, best 15, latest 15, rci 6, 4 sessions after intake"
        ],
        notes=["phq-9: prorated at session 2, silences S5"],
    )


def test_a_prorated_reading_before_the_last_two_silences_the_plateau_only(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |    15
              3 |    15
              4 | 15 prorated
              5 |    15
              6 |    15
        """,
        expect=[
            "S4 phq-9: intake 16, best 15, latest 15, rci 6, 5 sessions after intake"
        ],
        notes=["phq-9: prorated at session 4, silences S5"],
    )


def test_a_prorated_reading_among_the_last_two_carries_every_conclusion(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |    15
              3 |    15
              4 |    15
              5 | 15 prorated
              6 |    15
        """,
        notes=["phq-9: prorated at session 5, silences S3 S4 S5 S6 S8"],
    )


def test_a_prorated_gain_is_a_doubtful_gain(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 | 9 prorated
              3 |    15
              4 |    15
              5 |    15
        """,
        notes=["phq-9: prorated at session 2, silences S3 S4 S5 S6 S8"],
    )


@pytest.mark.hazard("H17")
def test_an_intake_that_could_not_be_scored_is_said(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | not scored
              2 |    16
              3 |     9
              4 |     8
        """,
        notes=["phq-9: not_scored, silences S3 S4 S5 S6 S8"],
    )


def test_the_same_answers_three_times_running(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 2 2 2 2 2 2 2 2 0
              2 | 1 1 1 1 0 0 0 0 0
              3 | 1 1 1 1 0 0 0 0 0
              4 | 1 1 1 1 0 0 0 0 0
        """,
        notes=["phq-9: identical_answers at session 4, silences S3 S4 S5 S6 S8"],
    )


def test_the_same_answers_twice_are_no_doubt(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 2 2 2 2 2 2 2 2 0
              2 | 1 1 1 1 0 0 0 0 0
              3 | 1 1 1 1 0 0 0 0 0
        """,
        expect=["S8 phq-9: intake 16, latest 4, rci 6, cut-off 10"],
    )


def test_the_same_total_from_other_answers_is_no_doubt(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 2 2 2 2 2 2 2 2 0
              2 | 1 1 1 1 0 0 0 0 0
              3 | 1 1 1 0 1 0 0 0 0
              4 | 1 1 1 1 0 0 0 0 0
        """,
        expect=["S8 phq-9: intake 16, latest 4, rci 6, cut-off 10"],
    )


@pytest.mark.hazard("H03")
def test_after_six_weeks_and_a_day_there_is_no_recent_measure(signal_spec):
    signal_spec(
        """
        session | day | phq-9
              1 |   1 | 16
              2 |   8 | 9
              3 |  15 | 8
        """,
        today=58,
        notes=["phq-9: no_recent_measure at session 3, silences S3 S4 S5 S6 S8"],
    )


def test_after_exactly_six_weeks_the_measure_is_recent(signal_spec):
    signal_spec(
        """
        session | day | phq-9
              1 |   1 | 16
              2 |   8 | 9
              3 |  15 | 8
        """,
        today=57,
        expect=["S8 phq-9: intake 16, latest 8, rci 6, cut-off 10"],
    )


def test_a_gap_of_six_weeks_and_a_day_is_a_long_gap(signal_spec):
    signal_spec(
        """
        session | day | phq-9
              1 |   1 | 16
              2 |   8 | 9
              3 |  51 | 8
        """,
        notes=["phq-9: long_gap at session 3, silences S3 S4 S5 S6 S8"],
    )


def test_a_gap_of_exactly_six_weeks_is_not(signal_spec):
    signal_spec(
        """
        session | day | phq-9
              1 |   1 | 16
              2 |   8 | 9
              3 |  50 | 8
        """,
        expect=["S8 phq-9: intake 16, latest 8, rci 6, cut-off 10"],
    )


def test_a_gap_inside_the_four_sessions_of_a_plan_review_silences(signal_spec):
    signal_spec(
        """
        session | day | phq-9
              1 |   1 | 16
              2 |   8 | 15
              3 |  60 | 15
              4 |  67 | 15
              5 |  74 | 14
              6 |  81 | 14
        """,
        notes=["phq-9: long_gap at session 3, silences S3 S4 S5 S6 S8"],
    )


def test_a_gap_long_ago_is_shown_and_silences_nothing(signal_spec):
    signal_spec(
        """
        session | day | phq-9
              1 |   1 | 16
              2 |  60 | 15
              3 |  67 | 15
              4 |  74 | 15
              5 |  81 | 14
              6 |  88 | 14
        """,
        expect=[
            "S4 phq-9: intake 16, best 14, latest 14, rci 6, 5 sessions after intake",
            "S5 phq-9: 0.4 a session over 4 readings, flat below 0.75",
        ],
        notes=["phq-9: long_gap at session 2"],
    )


@pytest.mark.hazard("H17")
def test_entries_that_could_not_be_read_reassure_nobody(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |     9
              3 |     8
        """,
        unread=1,
        notes=["phq-9: unread_entries, silences S3 S4 S5 S6 S8"],
    )


def test_doubt_about_alliance_ratings_is_shown_and_silences_nothing(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 | not scored
              5 |  8
        """,
        expect=[
            "R3 session-alliance: strong, mean 14, sd 1.6 (floor), latest 8",
            "R2 session-alliance: baseline 14 of 3, latest 8",
        ],
        notes=["session-alliance: not_scored"],
    )


@pytest.mark.hazard("H17")
def test_a_sitting_without_score_between_two_good_ones_reassures_nobody(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |     9
              3 | not scored
              4 |     8
        """,
        notes=["phq-9: not_scored, silences S3 S4 S5 S6 S8"],
    )


def test_two_readings_after_a_sitting_without_score_a_conclusion_is_possible_again(
    signal_spec,
):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |    15
              3 |    15
              4 | not scored
              5 |    15
              6 |    15
        """,
        expect=[
            "S4 phq-9: intake 16, best 15, latest 15, rci 6, 5 sessions after intake"
        ],
        notes=["phq-9: not_scored, silences S5"],
    )


def test_four_readings_after_it_also_a_standstill_can_be_told(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 | not scored
              3 |    15
              4 |    15
              5 |    15
              6 |    15
        """,
        expect=[
            "S4 phq-9: intake 16, best 15, latest 15, rci 6, 5 sessions after intake",
            "S5 phq-9: 0 a session over 4 readings, flat below 0.75",
        ],
        notes=["phq-9: not_scored"],
    )


def test_the_same_alliance_rating_each_time_is_common_and_no_doubt(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 4 4 4 4
              2 | 4 4 4 4
              3 | 4 4 4 4
        """,
        notes=[],
    )


def test_one_answer_throughout_three_times_running(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 2 2 2 2 2 2 2 2 0
              2 | 1 1 1 1 1 1 1 1 1
              3 | 2 2 2 2 2 2 2 2 2
              4 | 1 1 1 1 1 1 1 1 1
        """,
        notes=["phq-9: identical_answers at session 4, silences S3 S4 S5 S6 S8"],
        expect=["S1 phq-9: item /44260-8 answered 1, full, score 9"],
    )


def test_one_answer_throughout_twice_is_no_doubt(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 2 2 2 2 2 2 2 1 0
              2 | 1 1 1 1 1 1 1 1 0
              3 | 2 2 2 2 2 2 2 2 2
              4 | 1 1 1 1 1 1 1 1 1
        """,
        notes=[],
        expect=[
            "S1 phq-9: item /44260-8 answered 1, full, score 9",
            "S6 phq-9: 18 to 9, rci 6",
        ],
    )
