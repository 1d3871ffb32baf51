"""S5: little change over the last four readings, short of the goal."""

import pytest


def test_a_standstill_after_a_gain_is_a_plateau(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    20
              2 |    17
              3 |    13
              4 |    12
              5 |    13
              6 |    12
        """,
        expect=[
            "S5 phq-9: 0.2 a session over 4 readings, flat below 0.75, after a gain"
        ],
    )


def test_before_the_fourth_reading_it_is_too_early(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    14
              2 |    14
              3 |    14
        """,
        expect=[],
    )


def test_a_slope_of_exactly_an_eighth_of_the_reliable_change_is_no_plateau(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    20
              2 |    14
              3 |    13
              4 |    13
              5 |  11.5
        """,
        expect=[],
    )


def test_a_slow_gain_is_no_plateau(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    20
              2 |    14
              3 |    13
              4 |    12
              5 |    11
        """,
        expect=[],
    )


def test_who_has_recovered_stands_still_where_it_is_good(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    16
              2 |     7
              3 |     7
              4 |     7
              5 |     7
        """,
        expect=["S8 phq-9: intake 16, latest 7, rci 6, cut-off 10"],
    )


def test_a_sitting_without_score_inside_the_slope_silences_the_plateau(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    20
              2 |    13
              3 |    13
              4 | not scored
              5 |    13
              6 |    13
              7 |    13
        """,
        expect=[],
        notes=["phq-9: not_scored, silences S5"],
    )


@pytest.mark.hazard("H17")
def test_a_prorated_reading_inside_the_slope_silences_the_plateau_only(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    20
              2 |    15
              3 | 15 prorated
              4 |    15
              5 |    15
              6 |    15
        """,
        expect=[
            "S4 phq-9: intake 20, best 15, latest 15, rci 6, 5 sessions after intake"
        ],
        notes=["phq-9: prorated at session 3, silences S5"],
    )


@pytest.mark.hazard("H06")
def test_the_same_answers_on_a_scale_upside_down_stand_still_the_same(signal_spec):
    signal_spec(
        """
        session | turned phq-9
              1 |  7
              2 | 10
              3 | 14
              4 | 15
              5 | 14
              6 | 15
        """,
        expect=[
            "S5 turned-phq-9: 0.2 a session over 4 readings, flat below 0.75,"
            " after a gain"
        ],
    )
