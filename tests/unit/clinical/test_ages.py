"""A form's numbers are for the ages that its file names, both ends included."""

from dataclasses import replace
from datetime import date

import pytest

from clinical.ages import age_outside
from tests.instruments import OUTCOME_CHECK_IN, PHQ9

TODAY = date(2026, 3, 2)


@pytest.mark.hazard("H07")
@pytest.mark.parametrize(
    ("born", "expected"),
    [
        (date(2011, 3, 2), 15),
        (date(2008, 3, 3), 17),  # eighteen tomorrow
        (date(2008, 3, 2), None),  # eighteen today
        (date(1950, 1, 1), None),
        (None, None),
    ],
)
def test_the_numbers_of_the_adults_form_are_for_adults(
    born: date | None, expected: int | None
) -> None:
    assert age_outside(PHQ9, born=born, on=TODAY) == expected


def test_somebody_older_than_the_form_is_for_is_outside_too() -> None:
    teens = replace(PHQ9, age_min=12, age_max=17)

    assert age_outside(teens, born=date(2008, 3, 2), on=TODAY) == 18
    assert age_outside(teens, born=date(2008, 3, 3), on=TODAY) is None


def test_a_form_without_numbers_says_nothing_about_ages() -> None:
    assert age_outside(OUTCOME_CHECK_IN, born=date(2015, 3, 2), on=TODAY) is None


def test_one_number_is_enough() -> None:
    for bare in (replace(PHQ9, cutoff=None), replace(PHQ9, reliable_change=None)):
        assert age_outside(bare, born=date(2011, 3, 2), on=TODAY) == 15
