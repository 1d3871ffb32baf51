"""S1: a safety item was answered in a way that a person must see, or left blank."""

import pytest


@pytest.mark.hazard("H04")
def test_the_lowest_answer_above_not_at_all_is_seen(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 0 0 0 0 0 0 0 0 1
        """,
        expect=["S1 phq-9: item /44260-8 answered 1, full, score 1"],
        notes=[
            "phq-9: started_outside_clinical_range at session 1,"
            " silences S3 S4 S5 S6 S8"
        ],
    )


def test_not_at_all_is_no_signal(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 3 3 3 3 3 3 3 3 0
        """,
        expect=[],
    )


def test_a_blank_safety_item_is_said_and_is_not_zero(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 2 2 1 1 1 2 1 2 _
        """,
        expect=["S1 phq-9: item /44260-8 left blank"],
        notes=["phq-9: prorated at session 1, silences S3 S4 S5 S6 S8"],
    )


def test_a_sitting_without_score_still_shows_its_safety_answer(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | _ _ _ _ _ _ _ _ 3
        """,
        expect=["S1 phq-9: item /44260-8 answered 3, full, score not scored"],
        notes=["phq-9: not_scored, silences S3 S4 S5 S6 S8"],
    )


def test_a_blank_does_not_clear_the_answer_before_it(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 2 2 1 1 1 2 1 2 2
              2 | 2 2 1 1 1 2 1 2 _
        """,
        expect=[
            "S1 phq-9: item /44260-8 answered 2, full, score 14",
            "S1 phq-9: item /44260-8 left blank",
        ],
        notes=["phq-9: prorated at session 2, silences S3 S4 S5 S6 S8"],
    )


def test_a_later_answer_of_not_at_all_clears_it(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 2 2 1 1 1 2 1 2 2
              2 | 2 2 1 1 1 2 1 2 0
        """,
        expect=[],
    )


def test_a_score_without_answers_clears_nothing(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 2 2 1 1 1 2 1 2 2
              2 | 12
        """,
        expect=["S1 phq-9: item /44260-8 answered 2, full, score 14"],
    )


@pytest.mark.hazard("H04")
def test_safety_stands_first_beside_a_goal_that_is_reached(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 | 2 2 2 2 2 2 2 2 2
              2 | 1 1 0 0 0 0 0 0 0
              3 | 1 0 0 0 0 0 0 0 1
        """,
        expect=[
            "S1 phq-9: item /44260-8 answered 1, full, score 2",
            "S8 phq-9: intake 18, latest 2, rci 6, cut-off 10",
        ],
    )
