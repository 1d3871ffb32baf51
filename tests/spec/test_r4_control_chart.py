"""R4, if the site chooses it: a control chart of this person's own ratings."""

import pytest

from tests.spec.tables import Beside

CHART = Beside(control_chart=True)


def test_beyond_three_sigma_of_the_ratings_before(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 13
              2 | 14
              3 | 13
              4 | 14
              5 | 13
              6 |  8
        """,
        beside=CHART,
        expect=[
            "R3 session-alliance: strong, mean 13.4, sd 1.6 (floor), latest 8",
            "R4 session-alliance: beyond_limit, centre 13.4, sigma 1.6 (floor),"
            " latest 8, 2 in a row",
            "R2 session-alliance: baseline 13.33 of 3, latest 8",
        ],
    )


def test_a_rating_on_the_limit_of_three_sigma_is_within_it(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 13
              2 | 14
              3 | 13
              4 | 14
              5 | 13
              6 |  8.6
        """,
        beside=CHART,
        expect=[
            "R3 session-alliance: strong, mean 13.4, sd 1.6 (floor), latest 8.6",
            "R2 session-alliance: baseline 13.33 of 3, latest 8.6",
        ],
    )


def test_a_hair_below_the_limit_of_three_sigma_is_beyond_it(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 13
              2 | 14
              3 | 13
              4 | 14
              5 | 13
              6 |  8.59
        """,
        beside=CHART,
        expect=[
            "R3 session-alliance: strong, mean 13.4, sd 1.6 (floor), latest 8.59",
            "R4 session-alliance: beyond_limit, centre 13.4, sigma 1.6 (floor),"
            " latest 8.59, 2 in a row",
            "R2 session-alliance: baseline 13.33 of 3, latest 8.59",
        ],
    )


def test_of_a_person_whose_ratings_move_much_the_limits_are_the_persons_own(
    signal_spec,
):
    signal_spec(
        """
        session | session-alliance
              1 | 12
              2 | 15
              3 | 12
              4 | 15
              5 | 12
              6 |  5.21
        """,
        beside=CHART,
        expect=[
            "R3 session-alliance: strong, mean 13.2, sd 1.64, latest 5.21",
            "R4 session-alliance: beyond_limit, centre 13.2, sigma 2.66,"
            " latest 5.21, 2 in a row",
            "R2 session-alliance: baseline 13 of 3, latest 5.21",
        ],
    )


def test_a_rating_on_the_persons_own_limit_is_ordinary(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 12
              2 | 15
              3 | 12
              4 | 15
              5 | 12
              6 |  5.22
        """,
        beside=CHART,
        expect=[
            "R3 session-alliance: strong, mean 13.2, sd 1.64, latest 5.22",
            "R2 session-alliance: baseline 13 of 3, latest 5.22",
        ],
    )


def test_the_limits_are_not_narrower_than_the_sites_sample_sd_allows(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 13
              2 | 14
              3 | 13
              4 | 14
              5 | 13
              6 |  8
        """,
        beside=Beside(control_chart=True, sample_sd="2"),
        expect=[
            "R3 session-alliance: strong, mean 13.4, sd 2 (sample), latest 8",
            "R2 session-alliance: baseline 13.33 of 3, latest 8",
        ],
    )


def test_the_sites_that_did_not_choose_it_have_none(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 13
              2 | 14
              3 | 13
              4 | 14
              5 | 13
              6 |  8
        """,
        expect=[
            "R3 session-alliance: strong, mean 13.4, sd 1.6 (floor), latest 8",
            "R2 session-alliance: baseline 13.33 of 3, latest 8",
        ],
    )


def test_eight_ratings_below_the_centre_of_those_before(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 | 14
              5 | 14
              6 | 13
              7 | 13
              8 | 13
              9 | 13
             10 | 13
             11 | 13
             12 | 13
             13 | 13
        """,
        beside=CHART,
        expect=[
            "R4 session-alliance: run, centre 14, sigma 1.6 (floor),"
            " latest 13, 8 in a row",
            "R2 session-alliance: baseline 14 of 3, latest 13",
        ],
    )


def test_a_run_that_goes_on_does_not_become_the_new_centre(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 | 14
              5 | 14
              6 | 13
              7 | 13
              8 | 13
              9 | 13
             10 | 13
             11 | 13
             12 | 13
             13 | 13
             14 | 13
             15 | 13
             16 | 13
        """,
        beside=CHART,
        expect=[
            "R4 session-alliance: run, centre 14, sigma 1.6 (floor),"
            " latest 13, 11 in a row",
            "R2 session-alliance: baseline 14 of 3, latest 13",
        ],
    )


def test_seven_ratings_below_the_centre_are_not_enough(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 | 14
              5 | 14
              6 | 13
              7 | 13
              8 | 13
              9 | 13
             10 | 13
             11 | 13
             12 | 13
        """,
        beside=CHART,
        expect=["R2 session-alliance: baseline 14 of 3, latest 13"],
    )


def test_a_run_that_begins_before_session_six_is_not_counted_from_there(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 | 14
              5 | 13
              6 | 13
              7 | 13
              8 | 13
              9 | 13
             10 | 13
             11 | 13
             12 | 13
        """,
        beside=CHART,
        expect=["R2 session-alliance: baseline 14 of 3, latest 13"],
    )


def test_eight_of_a_run_from_session_six_on_are_enough(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 | 14
              5 | 13
              6 | 13
              7 | 13
              8 | 13
              9 | 13
             10 | 13
             11 | 13
             12 | 13
             13 | 13
        """,
        beside=CHART,
        expect=[
            "R4 session-alliance: run, centre 13.8, sigma 1.6 (floor),"
            " latest 13, 9 in a row",
            "R2 session-alliance: baseline 14 of 3, latest 13",
        ],
    )


def test_before_session_six_it_is_too_early(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 14
              2 | 14
              3 | 14
              4 | 14
              5 |  4
        """,
        beside=CHART,
        expect=[
            "R3 session-alliance: strong, mean 14, sd 1.6 (floor), latest 4",
            "R2 session-alliance: baseline 14 of 3, latest 4",
        ],
        cannot_tell=[
            "R4 session-alliance: too_few_readings, 5 of 6 readings",
            "D1 session-alliance: no_visits_known",
        ],
    )


@pytest.mark.hazard("H06")
def test_a_rating_far_above_the_usual_is_no_signal(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 |  5
              2 |  6
              3 |  5
              4 |  6
              5 |  5
              6 | 16
        """,
        beside=CHART,
        expect=[],
    )
