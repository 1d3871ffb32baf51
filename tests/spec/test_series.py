"""Another version, language, mode or respondent is another trajectory."""

import pytest

from tests.spec.tables import Beside


@pytest.mark.hazard("H08")
def test_another_language_begins_its_own_trajectory(signal_spec):
    signal_spec(
        """
        session | language | phq-9
              1 | en       | 11
              2 | en       | 12
              3 | de       | 17
        """,
        expect=[],
        notes=["phq-9: series_changed at session 1, silences S3 S4 S5 S6 S8"],
        cannot_tell=[
            "S2 phq-9: too_few_readings, 1 of 2 readings",
            "S3 phq-9: no_norm_for_this_group, 1 of 2 readings",
            "S4 phq-9: too_few_readings, 1 of 5 readings",
            "S5 phq-9: too_few_readings, 1 of 4 readings",
            "S6 phq-9: too_few_readings, 1 of 2 readings",
            "S7 phq-9: too_few_readings, 1 of 5 readings",
            "S8 phq-9: too_few_readings, 1 of 3 readings",
            "D1 phq-9: no_visits_known",
        ],
    )


@pytest.mark.hazard("H08")
def test_another_version_begins_its_own_trajectory(signal_spec):
    signal_spec(
        """
        session | version | phq-9
              1 | 1.0.0   | 11
              2 | 2.0.0   | 17
              3 | 2.0.0   | 23
        """,
        expect=["S2 phq-9: intake 17, latest 23, rci 6, 1 in a row"],
        notes=["phq-9: series_changed at session 1, silences S3 S4 S5 S6 S8"],
    )


@pytest.mark.hazard("H08")
def test_the_series_measured_last_is_the_one_that_is_read(signal_spec):
    signal_spec(
        """
        session | language | phq-9
              1 | en       | 11
              2 | de       | 12
              3 | en       | 17
        """,
        expect=["S2 phq-9: intake 11, latest 17, rci 6, 1 in a row"],
        notes=["phq-9: series_changed at session 1, silences S3 S4 S5 S6 S8"],
    )


def test_two_instruments_never_share_a_trajectory(signal_spec):
    signal_spec(
        """
        session | phq-9 | gad-7
              1 |    11 |
              2 |       | 18
        """,
        expect=[],
    )


@pytest.mark.hazard("H08")
def test_a_carers_report_is_a_line_of_its_own(signal_spec):
    signal_spec(
        """
        day | by    | phq-9
          1 | self  | 11
          1 | carer | 20
          8 | self  | 12
          8 | carer | 26
        """,
        expect=["S2 phq-9 by carer: intake 20, latest 26, rci 6, 1 in a row"],
    )


@pytest.mark.hazard("H08")
def test_paper_after_the_screen_begins_its_own_trajectory(signal_spec):
    signal_spec(
        """
        session | mode   | phq-9
              1 | screen | 11
              2 | screen | 12
              3 | paper  | 18
        """,
        expect=[],
        notes=["phq-9: series_changed at session 1, silences S3 S4 S5 S6 S8"],
    )


@pytest.mark.hazard("H08")
def test_where_nobody_wrote_down_the_mode_the_line_goes_on(signal_spec):
    signal_spec(
        """
        session | mode   | phq-9
              1 |        | 11
              2 | screen | 12
              3 |        | 17
        """,
        expect=["S2 phq-9: intake 11, latest 17, rci 6, 1 in a row"],
    )


def test_languages_that_the_site_declares_equivalent_are_one_line(signal_spec):
    signal_spec(
        """
        session | language | phq-9
              1 | en       | 11
              2 | de       | 12
              3 | de       | 17
        """,
        beside=Beside(same_language=True),
        expect=["S2 phq-9: intake 11, latest 17, rci 6, 1 in a row"],
    )


@pytest.mark.hazard("H04")
def test_a_carers_no_does_not_clear_the_patients_safety_answer(signal_spec):
    signal_spec(
        """
        day | by    | phq-9
          1 | self  | 1 1 1 1 1 1 1 1 1
          8 | carer | 0 0 0 0 0 0 0 0 0
        """,
        expect=["S1 phq-9: item /44260-8 answered 1, full, score 9"],
        notes=[
            "phq-9: started_outside_clinical_range at session 1, silences S3 S4 S5 S6"
            " S8",
            "phq-9 by carer: started_outside_clinical_range at session 1, silences S3"
            " S4 S5 S6 S8",
        ],
    )


def test_whoever_comes_back_after_more_than_a_year_has_a_new_start(signal_spec):
    signal_spec(
        """
        day | phq-9
          1 | 20
          8 | 14
         15 | 8
        600 | 17
        607 | 17
        614 | 18
        621 | 17
        628 | 17
        """,
        expect=[
            "S4 phq-9: intake 17, best 17, latest 17, rci 6, 4 sessions after intake",
            "S5 phq-9: 0.1 a session over 4 readings, flat below 0.75",
        ],
    )


def test_worse_than_at_the_new_start_is_worse(signal_spec):
    signal_spec(
        """
        day | phq-9
          1 | 20
          8 | 8
        600 | 12
        607 | 18
        """,
        expect=["S2 phq-9: intake 12, latest 18, rci 6, 1 in a row"],
    )


def test_a_follow_up_after_exactly_a_year_belongs_to_the_course(signal_spec):
    signal_spec(
        """
        day | phq-9
          1 | 20
          8 | 8
        373 | 26
        """,
        expect=["S2 phq-9: intake 20, latest 26, rci 6, 1 in a row"],
        notes=["phq-9: long_gap at session 3, silences S3 S4 S5 S6 S8"],
    )


def test_a_follow_up_after_a_year_and_a_day_is_a_new_start(signal_spec):
    signal_spec(
        """
        day | phq-9
          1 | 20
          8 | 8
        374 | 26
        """,
        expect=[],
    )


def test_a_new_course_of_ratings_has_a_usual_of_its_own(signal_spec):
    signal_spec(
        """
        day | session-alliance
          1 | 15
          8 | 15
         15 | 15
        600 | 10
        607 | 10
        614 | 10
        621 | 10
        """,
        expect=[],
    )


def test_a_new_course_clears_no_safety_answer(signal_spec):
    signal_spec(
        """
        day | phq-9
          1 | 2 2 1 1 1 2 1 2 2
        600 | 2 2 1 1 1 2 1 2 _
        """,
        expect=[
            "S1 phq-9: item /44260-8 answered 2, full, score 14",
            "S1 phq-9: item /44260-8 left blank",
        ],
        notes=["phq-9: prorated at session 1, silences S3 S4 S5 S6 S8"],
    )
