"""R6: a drop from which no rating has come back within three sessions."""

import pytest


def test_three_sessions_after_the_drop_it_is_not_repaired(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 |  9
              5 |  8
              6 | 10
              7 | 11
        """,
        expect=[
            "R6 session-alliance: 3 sessions, mean 14, sd 1.6, lowest 8, latest 11",
            "R3 session-alliance: watch, mean 14, sd 1.6 (floor), latest 11",
            "R2 session-alliance: baseline 14 of 3, latest 11",
        ],
    )


def test_two_sessions_after_the_drop_there_is_still_time(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 |  9
              5 |  8
              6 | 10
        """,
        expect=[
            "R3 session-alliance: strong, mean 14, sd 1.6 (floor), latest 10",
            "R2 session-alliance: baseline 14 of 3, latest 10",
        ],
    )


def test_a_return_that_came_late_ends_it(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 |  9
              5 |  8
              6 | 10
              7 | 11
              8 | 14
        """,
        expect=[],
    )


@pytest.mark.hazard("H06")
def test_on_a_scale_upside_down_a_drop_stays_open_the_same(signal_spec):
    signal_spec(
        """
        session | turned session-alliance
              1 | 2
              2 | 2
              3 | 2
              4 | 7
              5 | 8
              6 | 6
              7 | 5
        """,
        expect=[
            "R6 turned-session-alliance: 3 sessions, mean 2, sd 1.6, lowest 8, latest"
            " 5",
            "R3 turned-session-alliance: watch, mean 2, sd 1.6 (floor), latest 5",
            "R2 turned-session-alliance: baseline 2 of 3, latest 5",
        ],
    )
