"""R8: the outcome is worse and the alliance is down, in the same two sessions."""

import pytest

from tests.spec.tables import Beside


def test_worse_and_below_the_usual_in_the_same_session(signal_spec):
    signal_spec(
        """
        session | phq-9 | session-alliance
              1 |    11 | 14
              2 |    12 | 14
              3 |    13 | 14
              4 |    17 | 9
        """,
        expect=[
            "R8 phq-9: S2 phq-9: intake 11, latest 17, rci 6, 1 in a row;"
            " R3 session-alliance: strong, mean 14, sd 1.6 (floor), latest 9",
            "S2 phq-9: intake 11, latest 17, rci 6, 1 in a row",
            "R3 session-alliance: strong, mean 14, sd 1.6 (floor), latest 9",
            "R2 session-alliance: baseline 14 of 3, latest 9",
        ],
    )


def test_a_rating_below_the_first_ones_is_enough(signal_spec):
    signal_spec(
        """
        session | phq-9 | session-alliance
              1 |    11 | 14
              2 |    12 | 14
              3 |    17 | 13
        """,
        expect=[
            "R8 phq-9: S2 phq-9: intake 11, latest 17, rci 6, 1 in a row;"
            " R2 session-alliance: baseline 14 of 2, latest 13",
            "S2 phq-9: intake 11, latest 17, rci 6, 1 in a row",
            "R2 session-alliance: baseline 14 of 2, latest 13",
        ],
    )


def test_the_rating_of_the_session_before_counts(signal_spec):
    signal_spec(
        """
        session | phq-9 | session-alliance
              1 |    11 | 14
              2 |    12 | 14
              3 |    12 | 13
              4 |    17 |
        """,
        expect=[
            "R8 phq-9: S2 phq-9: intake 11, latest 17, rci 6, 1 in a row;"
            " R2 session-alliance: baseline 14 of 2, latest 13",
            "S2 phq-9: intake 11, latest 17, rci 6, 1 in a row",
            "R2 session-alliance: baseline 14 of 2, latest 13",
        ],
    )


def test_a_rating_from_two_sessions_before_does_not(signal_spec):
    signal_spec(
        """
        session | phq-9 | session-alliance
              1 |    11 | 14
              2 |    12 | 14
              3 |    12 | 13
              4 |    13 |
              5 |    17 |
        """,
        expect=[
            "S2 phq-9: intake 11, latest 17, rci 6, 1 in a row",
            "S4 phq-9: intake 11, best 12, latest 17, rci 6, 4 sessions after intake",
            "R2 session-alliance: baseline 14 of 2, latest 13",
        ],
    )


def test_outside_the_band_counts_as_worse(signal_spec):
    signal_spec(
        """
        session | phq-9 | session-alliance
              1 |    14 | 14
              2 |    14 | 14
              3 |    19 | 13
        """,
        beside=Beside(norm=True),
        expect=[
            "R8 phq-9: S3 phq-9: latest 19, line 14.95, expected 9.7, norm of 1000, 1"
            " in a row; R2 session-alliance: baseline 14 of 2, latest 13",
            "S3 phq-9: latest 19, line 14.95, expected 9.7, norm of 1000, 1 in a row",
            "R2 session-alliance: baseline 14 of 2, latest 13",
        ],
    )


def test_better_with_a_low_rating_is_no_such_thing(signal_spec):
    signal_spec(
        """
        session | phq-9 | session-alliance
              1 |    16 | 14
              2 |    14 | 14
              3 |    12 | 13
        """,
        expect=["R2 session-alliance: baseline 14 of 2, latest 13"],
    )


@pytest.mark.hazard("H08")
def test_the_patients_outcome_and_a_carers_rating_are_two_things(signal_spec):
    signal_spec(
        """
        day | by    | phq-9 | session-alliance
          1 | self  | 11    |
          8 | self  | 12    |
         15 | self  | 17    |
          1 | carer |       | 14
          8 | carer |       | 14
         15 | carer |       | 13
        """,
        expect=[
            "S2 phq-9: intake 11, latest 17, rci 6, 1 in a row",
            "R2 session-alliance by carer: baseline 14 of 2, latest 13",
        ],
    )
