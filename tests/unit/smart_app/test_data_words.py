"""What cannot be told, in words: which judgement, and from how many readings."""

from collections.abc import Iterator

import pytest

from clinical.signals.kinds import CannotTellYet, RuleId
from smart_app.data_words import notes
from tests.installation import STAFF
from tests.instruments import LIBRARY
from tests.unit.smart_app.conftest import Clinic


@pytest.fixture(autouse=True)
def words(clinic: Clinic) -> Iterator[None]:
    with clinic.app.test_request_context("/", base_url=STAFF):
        yield


def early(rule: RuleId, *, readings: int, needed: int) -> CannotTellYet:
    return CannotTellYet("phq-9", rule, "too_few_readings", readings, needed)


def test_all_that_is_too_early_in_one_course_is_one_note_that_names_it() -> None:
    signals = [
        early("S4", readings=4, needed=5),
        CannotTellYet("phq-9", "S8", "data_quality", 4, 3),
        early("S7", readings=4, needed=5),
    ]

    said = [each.text for each in notes(signals, LIBRARY)]

    assert said == [
        "PHQ-9: too early to say, with 4 readings: no reliable gain yet (needs 5),"
        " scores that swing (needs 5).",
        "PHQ-9: the data do not allow a conclusion.",
    ]


def test_one_reading_alone_is_too_early_for_what_needs_two() -> None:
    signals = [early("S2", readings=1, needed=2)]

    [said] = notes(signals, LIBRARY)

    assert said.text == (
        "PHQ-9: too early to say, with one reading: worse than at the start (needs 2)."
    )
    assert said.why == ()


def test_two_courses_are_never_one_note() -> None:
    other = CannotTellYet("gad-7", "S4", "too_few_readings", 4, 5)

    said = list(notes([early("S4", readings=4, needed=5), other], LIBRARY))

    assert [each.text.partition(":")[0] for each in said] == ["PHQ-9", "GAD-7"]
