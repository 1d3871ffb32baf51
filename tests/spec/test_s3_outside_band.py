"""S3: worse than the 80 % line of the norm for this start and session.

The norm of these examples is invented; it says nothing about the PHQ-9.
"""

import pytest

from tests.spec.tables import Beside

NORM = Beside(norm=True)


def test_worse_than_the_80_line_is_outside(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    14
              2 |    19
        """,
        beside=NORM,
        expect=[
            "S3 phq-9: latest 19, line 16.07, expected 10.92, norm of 1000, 1 in a row"
        ],
    )


def test_on_the_80_line_is_not_outside(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    14
              2 | 16.07
        """,
        beside=NORM,
        expect=[],
    )


def test_a_hair_beyond_the_80_line_is(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    14
              2 | 16.08
        """,
        beside=NORM,
        expect=[
            "S3 phq-9: latest 16.08, line 16.07, expected 10.92, norm of 1000,"
            " 1 in a row"
        ],
    )


def test_stalling_is_outside_where_people_usually_gain(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    14
              2 |    14
              3 |    14
              4 |    15
        """,
        beside=NORM,
        expect=[
            "S3 phq-9: latest 15, line 14.23, expected 8.84, norm of 1000, 1 in a row",
            "S5 phq-9: -0.3 a session over 4 readings, flat below 0.75",
        ],
    )


def test_between_the_68_and_the_80_line_is_for_the_graph_only(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    14
              2 |    15
        """,
        beside=NORM,
        expect=[],
    )


@pytest.mark.hazard("H07")
def test_without_a_norm_for_this_language_nothing_is_compared(signal_spec):
    signal_spec(
        """
        session | language | phq-9
              1 | de       | 14
              2 | de       | 19
        """,
        beside=NORM,
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


@pytest.mark.hazard("H07")
def test_a_carers_answers_have_no_norm_of_the_patients(signal_spec):
    signal_spec(
        """
        session | by    | phq-9
              1 | carer | 14
              2 | carer | 19
        """,
        beside=NORM,
        expect=[],
        cannot_tell=[
            "S3 phq-9 by carer: no_norm_for_this_group, 2 of 2 readings",
            "S4 phq-9 by carer: too_few_readings, 2 of 5 readings",
            "S5 phq-9 by carer: too_few_readings, 2 of 4 readings",
            "S7 phq-9 by carer: too_few_readings, 2 of 5 readings",
            "S8 phq-9 by carer: too_few_readings, 2 of 3 readings",
            "D1 phq-9 by carer: no_visits_known",
        ],
    )


@pytest.mark.hazard("H07")
def test_another_version_has_no_norm_of_this_one(signal_spec):
    signal_spec(
        """
        session | version | phq-9
              1 | 2.0.0   | 14
              2 | 2.0.0   | 19
        """,
        beside=NORM,
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


@pytest.mark.hazard("H16")
def test_one_reading_is_too_early(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    19
        """,
        beside=NORM,
        expect=[],
        cannot_tell=[
            "S2 phq-9: too_few_readings, 1 of 2 readings",
            "S3 phq-9: too_few_readings, 1 of 2 readings",
            "S4 phq-9: too_few_readings, 1 of 5 readings",
            "S5 phq-9: too_few_readings, 1 of 4 readings",
            "S6 phq-9: too_few_readings, 1 of 2 readings",
            "S7 phq-9: too_few_readings, 1 of 5 readings",
            "S8 phq-9: too_few_readings, 1 of 3 readings",
            "D1 phq-9: no_visits_known",
        ],
    )


def test_a_prorated_reading_silences_the_band_and_not_the_worsening(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    12
              2 | 19 prorated
        """,
        beside=NORM,
        expect=["S2 phq-9: intake 12, latest 19, rci 6, 1 in a row"],
        cannot_tell=[
            "S3 phq-9: data_quality, 2 of 2 readings",
            "S4 phq-9: too_few_readings, 2 of 5 readings",
            "S5 phq-9: too_few_readings, 2 of 4 readings",
            "S6 phq-9: data_quality, 2 of 2 readings",
            "S7 phq-9: too_few_readings, 2 of 5 readings",
            "S8 phq-9: too_few_readings, 2 of 3 readings",
            "D1 phq-9: no_visits_known",
        ],
        notes=["phq-9: prorated at session 2, silences S3 S4 S5 S6 S8"],
    )


def test_worse_than_at_the_start_and_outside_the_band_are_two_signals(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    14
              2 |    17
              3 |    21
        """,
        beside=NORM,
        expect=[
            "S2 phq-9: intake 14, latest 21, rci 6, 1 in a row",
            "S3 phq-9: latest 21, line 14.95, expected 9.7, norm of 1000, 2 in a row",
        ],
    )


@pytest.mark.hazard("H06")
def test_better_than_the_band_says_nothing(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |    20
              2 |    16
              3 |    11
              4 |     5
        """,
        beside=NORM,
        expect=["S6 phq-9: 11 to 5, rci 6"],
    )


def test_a_start_outside_the_clinical_range_is_not_compared(signal_spec):
    signal_spec(
        """
        session | phq-9
              1 |     5
              2 |    10
        """,
        beside=NORM,
        expect=[],
        cannot_tell=[
            "S3 phq-9: started_outside_clinical_range, 2 of 2 readings",
            "S4 phq-9: started_outside_clinical_range, 2 of 5 readings",
            "S5 phq-9: started_outside_clinical_range, 2 of 4 readings",
            "S6 phq-9: started_outside_clinical_range, 2 of 2 readings",
            "S7 phq-9: started_outside_clinical_range, 2 of 5 readings",
            "S8 phq-9: started_outside_clinical_range, 2 of 3 readings",
            "D1 phq-9: no_visits_known",
        ],
        notes=[
            "phq-9: started_outside_clinical_range at session 1, silences S3 S4 S5 S6"
            " S8"
        ],
    )
