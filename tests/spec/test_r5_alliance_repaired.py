"""R5: after a drop, back within one SD of the mean before it, within three sessions."""

import pytest


def test_back_in_the_next_session_is_repaired(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 |  9
              5 | 14
        """,
        expect=["R5 session-alliance: mean 14, sd 1.6, lowest 9, latest 14"],
    )


def test_still_one_sd_below_is_not_repaired(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 10
              2 | 12
              3 | 14
              4 |  6
              5 | 10
        """,
        expect=[
            "R3 session-alliance: watch, mean 12, sd 2, latest 10",
            "R2 session-alliance: baseline 12 of 3, latest 10",
        ],
    )


def test_back_in_the_third_session_is_still_repaired(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 |  9
              5 |  7
              6 |  8
              7 | 13
        """,
        expect=[
            "R2 session-alliance: baseline 14 of 3, latest 13",
            "R5 session-alliance: mean 14, sd 1.6, lowest 7, latest 13",
        ],
    )


def test_back_in_the_fourth_session_is_no_longer_called_repaired(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 |  9
              5 |  9
              6 |  9
              7 |  9
              8 | 14
        """,
        expect=[],
    )


def test_it_is_said_once(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 |  9
              5 | 14
              6 | 14
        """,
        expect=[],
    )


@pytest.mark.hazard("H06")
def test_the_same_answers_on_a_scale_upside_down_are_repaired_the_same(signal_spec):
    signal_spec(
        """
        session | turned session-alliance
              1 | 2
              2 | 2
              3 | 2
              4 | 7
              5 | 2
        """,
        expect=["R5 turned-session-alliance: mean 2, sd 1.6, lowest 7, latest 2"],
    )
