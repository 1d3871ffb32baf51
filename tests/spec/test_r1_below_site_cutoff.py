"""R1: below the site's own cut-off, or one line low; only with a licensed form.

The numbers are invented: cut-off 20, and 7 for one line.
"""

import pytest

from tests.spec.tables import Beside

LINE = Beside(low_line=7)


def test_a_total_below_the_sites_cutoff_is_low(signal_spec):
    signal_spec(
        """
        session | licensed srs
              1 | 19.9
        """,
        expect=["R1 licensed-srs: latest 19.9, cut-off 20"],
    )


def test_a_total_at_the_sites_cutoff_is_not(signal_spec):
    signal_spec(
        """
        session | licensed srs
              1 | 20
        """,
        expect=[],
    )


def test_one_low_line_is_enough(signal_spec):
    signal_spec(
        """
        session | licensed srs
              1 | 90 90 69 90
        """,
        beside=LINE,
        expect=["R1 licensed-srs: latest 33.9, low o3 by 7"],
    )


def test_a_line_at_the_sites_number_is_not_low(signal_spec):
    signal_spec(
        """
        session | licensed srs
              1 | 90 90 70 90
        """,
        beside=LINE,
        expect=[],
    )


def test_without_a_licensed_form_there_is_no_such_rule(signal_spec):
    signal_spec(
        """
        session | session-alliance
              1 | 0
        """,
        expect=[],
        cannot_tell=[
            "R2 session-alliance: too_few_readings, 1 of 3 readings",
            "R3 session-alliance: too_few_readings, 1 of 4 readings",
            "R6 session-alliance: too_few_readings, 1 of 4 readings",
            "R7 session-alliance: too_few_readings, 1 of 4 readings",
            "D1 session-alliance: no_visits_known",
        ],
    )


@pytest.mark.hazard("H17")
def test_without_a_rating_it_cannot_tell(signal_spec):
    signal_spec(
        """
        session | licensed srs
              1 | not scored
        """,
        expect=[],
        cannot_tell=[
            "R2 licensed-srs: no_readings, 0 of 3 readings",
            "R3 licensed-srs: no_readings, 0 of 4 readings",
            "R6 licensed-srs: no_readings, 0 of 4 readings",
            "R1 licensed-srs: no_readings, 0 of 1 readings",
            "R7 licensed-srs: no_readings, 0 of 4 readings",
            "D1 licensed-srs: no_visits_known",
        ],
        notes=["licensed-srs: not_scored"],
    )
