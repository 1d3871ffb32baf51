"""S7: four reliable moves to and fro among the last ten readings."""

import pytest


def test_four_moves_in_five_readings_are_noisy(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    12
              2 |    18
              3 |    12
              4 |    18
              5 |    12
        """,
        expect=[
            "S4 phq-9: intake 12, best 12, latest 12, rci 6, 4 sessions after intake",
            "S7 phq-9: 4 swings in 5 readings, rci 6",
            "S6 phq-9: 18 to 12, rci 6",
        ],
    )


def test_moves_below_the_reliable_change_are_ordinary(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    20
              2 |    15
              3 |    20
              4 |    15
              5 |    20
              6 |    15
        """,
        expect=[
            "S4 phq-9: intake 20, best 15, latest 15, rci 6, 5 sessions after intake"
        ],
    )


def test_three_moves_are_not_enough(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    18
              2 |    12
              3 |    18
              4 |    12
              5 |    13
        """,
        expect=[
            "S5 phq-9: 0.3 a session over 4 readings, flat below 0.75, after a gain"
        ],
    )


def test_going_on_in_the_same_direction_is_the_same_move(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    27
              2 |    20
              3 |    13
              4 |    18
              5 |    21
        """,
        expect=[],
    )


def test_a_move_back_is_counted_from_the_furthest_point_by_whatever_little(
    signal_spec,
):
    signal_spec(
        """
        session | phq-9
              1 |    12
              2 |    18
              3 |    19
              4 |    13
              5 |    19
              6 |    13
        """,
        expect=[
            "S4 phq-9: intake 12, best 13, latest 13, rci 6, 5 sessions after intake",
            "S7 phq-9: 4 swings in 6 readings, rci 6",
            "S6 phq-9: 19 to 13, rci 6",
        ],
    )


def test_a_course_that_has_become_calm_is_no_longer_noisy(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    12
              2 |    18
              3 |    12
              4 |    18
              5 |    12
              6 |    11
              7 |    10
              8 |    11
              9 |    10
             10 |    11
             11 |    10
             12 |    11
        """,
        expect=[
            "S4 phq-9: intake 12, best 10, latest 11, rci 6, 11 sessions after intake",
            "S5 phq-9: -0.2 a session over 4 readings, flat below 0.75",
        ],
    )


@pytest.mark.hazard("H06")
def test_the_same_answers_on_a_scale_upside_down_swing_the_same(signal_spec):
    signal_spec(
        """
        session | turned phq-9
              1 | 15
              2 |  9
              3 | 15
              4 |  9
              5 | 15
        """,
        expect=[
            "S4 turned-phq-9: intake 15, best 15, latest 15, rci 6, 4 sessions after"
            " intake",
            "S7 turned-phq-9: 4 swings in 5 readings, rci 6",
            "S6 turned-phq-9: 9 to 15, rci 6",
        ],
    )
