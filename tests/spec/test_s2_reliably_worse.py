"""S2: worse than at intake by at least the reliable change."""

import pytest


def test_a_rise_of_the_reliable_change_is_reliably_worse(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    11
              2 |    13
              3 |    17
        """,
        expect=["S2 phq-9: intake 11, latest 17, rci 6, 1 in a row"],
    )


def test_one_point_less_than_the_reliable_change_is_not(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    11
              2 |    13
              3 |    16
        """,
        expect=[],
    )


def test_a_hair_less_than_the_reliable_change_is_not(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    11
              2 | 16.999
        """,
        expect=[],
    )


@pytest.mark.hazard("H06")
def test_the_same_answers_on_a_scale_upside_down_say_the_same(signal_spec):
    signal_spec(
        """
        session | turned phq-9
              1 |    16
              2 |    14
              3 |    10
        """,
        expect=["S2 turned-phq-9: intake 16, latest 10, rci 6, 1 in a row"],
    )


@pytest.mark.hazard("H06")
def test_a_fall_of_a_scale_on_which_low_is_healthy_is_no_worsening(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    17
              2 |    11
        """,
        expect=["S6 phq-9: 17 to 11, rci 6"],
    )


def test_two_readings_in_a_row_are_counted(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    11
              2 |    12
              3 |    18
              4 |    19
        """,
        expect=["S2 phq-9: intake 11, latest 19, rci 6, 2 in a row"],
    )


def test_only_the_latest_reading_counts(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    11
              2 |    19
              3 |    12
        """,
        expect=["S6 phq-9: 19 to 12, rci 6"],
    )


def test_worse_than_the_best_reading_is_not_worse_than_intake(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    18
              2 |     8
              3 |    17
        """,
        expect=[],
    )


def test_a_start_outside_the_clinical_range_keeps_s2(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |     4
              2 |    10
        """,
        expect=["S2 phq-9: intake 4, latest 10, rci 6, 1 in a row"],
        notes=[
            "phq-9: started_outside_clinical_range at session 1,"
            " silences S3 S4 S5 S6 S8"
        ],
    )


def test_doubtful_data_never_silence_s2(signal_spec):
    signal_spec(
        """
        session | day | phq-9
              1 |   1 | 11 prorated
              2 |  80 | 17.5 prorated
        """,
        today=200,
        unread=3,
        expect=["S2 phq-9: intake 11, latest 17.5, rci 6, 1 in a row"],
        notes=[
            "phq-9: prorated at session 2, silences S3 S4 S5 S6 S8",
            "phq-9: no_recent_measure at session 2, silences S3 S4 S5 S6 S8",
            "phq-9: long_gap at session 2, silences S3 S4 S5 S6 S8",
            "phq-9: unread_entries, silences S3 S4 S5 S6 S8",
        ],
    )


def test_an_instrument_uses_its_own_reliable_change(signal_spec):
    signal_spec(
        """
        session | gad-7 | phq-9
              1 |    10 |    12
              2 |    14 |    16
        """,
        expect=["S2 gad-7: intake 10, latest 14, rci 4, 1 in a row"],
    )
