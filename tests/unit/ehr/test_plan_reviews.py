"""A plan review is written once, and recorded only when the copy says the same."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from ehr.errors import EhrRefused, EhrUnreachable
from ehr.plan_reviews import (
    NotVerified,
    Recorded,
    plan_reviews,
    plan_reviews_if_any,
    record_review,
)
from ehr.visits import visits_if_any
from fhir_mapping.plan_review import ReviewPlace, task_from_review
from fhir_mapping.r4.codes import PLAN_REVIEW_SYSTEM, SUBMISSION_SYSTEM
from tests.plan_reviews import review
from tests.unit.ehr.canned import Canned, CannedEhr, bundle

NUMBER = UUID(int=5)
PLACE = ReviewPlace("p1", "e1", "Practitioner/7", None, NUMBER)
SAME = f"Task?identifier={SUBMISSION_SYSTEM}|{NUMBER}"
ALL = f"Task?patient=p1&code={PLAN_REVIEW_SYSTEM}|plan-review&_count=50"
STORED = task_from_review(review(), PLACE) | {"id": "17"}


@pytest.fixture
def ehr() -> Iterator[CannedEhr]:
    found = CannedEhr()
    yield found
    found.close()


def takes(ehr: CannedEhr, stored: dict[str, Any] = STORED) -> None:
    ehr.says(SAME, bundle())
    location = ("Location", f"{ehr.issuer}/Task/17/_history/1")
    ehr.says("Task", Canned(201, b"", (location,)))
    ehr.says("Task/17", Canned(200, stored))


def test_what_the_ehr_took_and_reads_back_the_same_is_recorded(ehr: CannedEhr) -> None:
    takes(ehr)

    found = record_review(ehr.fhir(), review(), PLACE)

    assert found == Recorded("Task/17", review())
    [sent] = [each for each in ehr.seen if each.method == "POST"]
    assert sent.headers["if-none-exist"] == SAME.removeprefix("Task?")
    assert json.loads(sent.body)["for"] == {"reference": "Patient/p1"}


@pytest.mark.parametrize(
    "stored",
    [
        STORED | {"for": {"reference": "Patient/p2"}},
        STORED | {"restriction": {"period": {"end": "2026-04-21"}}},
        STORED | {"status": "draft"},
        {"resourceType": "Task", "id": "17"},
    ],
)
def test_a_copy_that_says_something_else_is_not_recorded(
    ehr: CannedEhr, stored: dict[str, Any]
) -> None:
    takes(ehr, stored)

    assert record_review(ehr.fhir(), review(), PLACE) == NotVerified()


def test_sent_again_after_a_lost_answer_it_is_found_and_not_doubled(
    ehr: CannedEhr,
) -> None:
    ehr.says(SAME, bundle(STORED))

    found = record_review(ehr.fhir(), review(), PLACE)

    assert found == Recorded("Task/17", review())
    assert [each.method for each in ehr.seen] == ["GET"]


def test_a_server_that_ignores_the_search_gives_another_record_and_ours_is_written(
    ehr: CannedEhr,
) -> None:
    takes(ehr)
    other = STORED | {"id": "9", "identifier": [{"system": "x", "value": "y"}]}
    ehr.says(SAME, bundle(other))

    assert isinstance(record_review(ehr.fhir(), review(), PLACE), Recorded)
    assert "POST" in [each.method for each in ehr.seen]


def test_without_a_location_the_record_is_looked_for_by_its_identifier(
    ehr: CannedEhr,
) -> None:
    ehr.says(SAME, bundle(), bundle(STORED))
    ehr.says("Task", Canned(201))

    assert isinstance(record_review(ehr.fhir(), review(), PLACE), Recorded)


def test_an_ehr_that_hides_what_it_took_has_not_recorded_it(ehr: CannedEhr) -> None:
    ehr.says(SAME, bundle())
    ehr.says("Task", Canned(201))

    assert record_review(ehr.fhir(), review(), PLACE) == NotVerified()


@pytest.mark.parametrize(
    ("status", "error"), [(403, EhrRefused), (422, EhrRefused), (503, EhrUnreachable)]
)
def test_a_refusal_is_a_refusal(
    ehr: CannedEhr, status: int, error: type[Exception]
) -> None:
    takes(ehr)
    ehr.says("Task", Canned(status))

    with pytest.raises(error):
        record_review(ehr.fhir(), review(), PLACE)


def test_reviews_are_read_oldest_first(ehr: CannedEhr) -> None:
    ehr.says(ALL, bundle(STORED))

    assert plan_reviews(ehr.fhir(), "p1").reviews == (review(),)


@pytest.mark.parametrize("status", [400, 403, 404, 501, 503])
def test_an_ehr_without_tasks_gives_none_and_breaks_nothing(
    ehr: CannedEhr, status: int
) -> None:
    ehr.says(ALL, Canned(status))

    assert plan_reviews_if_any(ehr.fhir(), "p1") is None


VISITS = "Encounter?patient=p1&_count=100"
VISIT = {
    "resourceType": "Encounter",
    "id": "e1",
    "status": "finished",
    "subject": {"reference": "Patient/p1"},
    "period": {"start": "2026-03-02T10:00:00Z", "end": "2026-03-02T10:50:00Z"},
}


def test_visits_are_read_or_said_to_be_unknown_never_in_part(ehr: CannedEhr) -> None:
    ehr.says(VISITS, bundle(VISIT), bundle(VISIT, next_url="https://else.example/"))

    whole, cut = (visits_if_any(ehr.fhir(), "p1") for _ in range(2))

    assert whole is not None and [each.id for each in whole] == ["e1"]
    assert cut is None


def test_an_ehr_that_shows_no_visits_breaks_nothing(ehr: CannedEhr) -> None:
    ehr.says(VISITS, Canned(403))

    assert visits_if_any(ehr.fhir(), "p1") is None
