"""After a plan review the card that suggests one rests; without Task nothing breaks."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ehr.tenants import EHR_LAUNCH_SCOPES
from fhir_mapping.plan_review import ReviewPlace, task_from_review
from tests.hook_calls import Caller, bundle, call, course
from tests.installation import running
from tests.plan_reviews import review
from tests.unit.cds_hooks.conftest import Service

STALLED = [16, 15, 16, 15, 16, 15]
SCOPES = f'scopes.ehr_launch = "{EHR_LAUNCH_SCOPES} user/Task.crs"\n'
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "not-supported"}],
}


@pytest.fixture
def asking(
    tmp_path: Path, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """A service of a site whose EHR keeps plan reviews."""
    found = running(tmp_path, caller, monkeypatch, tenant=SCOPES)
    yield Service(tmp_path, caller, lambda _: found)
    found.vault.close()


def task(*, weeks_ago: int, patient: str = "p1") -> dict[str, Any]:
    on = date.today() - timedelta(days=1, weeks=weeks_ago)
    at = datetime.combine(on, time(11)).astimezone()
    place = ReviewPlace(patient, None, None, None, UUID(int=weeks_ago))
    made = review(at=at, next_look=on + timedelta(days=21))
    return task_from_review(made, place) | {"id": f"t{weeks_ago}"}


def summaries(service: Service, sent: object) -> list[str]:
    """The cards of a course without gain, with this sent as the plan reviews."""
    body = call(service.keys, course([*STALLED]))
    if sent is None:
        body["prefetch"].pop("plan_reviews", None)
    else:
        body["prefetch"]["plan_reviews"] = sent
    answer = service.post(body)
    assert answer.status_code == 200, answer.text
    return [each["summary"] for each in answer.get_json()["cards"]]


def suggests_a_review(found: list[str]) -> bool:
    return [each.startswith("PHQ-9: no reliable gain") for each in found] == [True]


def test_a_site_whose_ehr_keeps_reviews_asks_for_them(
    asking: Service, service: Service
) -> None:
    assert "plan_reviews" in asking.keys
    assert "plan_reviews" not in service.keys


def test_without_a_review_the_card_suggests_one(asking: Service) -> None:
    assert suggests_a_review(summaries(asking, bundle()))


def test_after_a_review_it_rests(asking: Service) -> None:
    assert summaries(asking, bundle(task(weeks_ago=1))) == []


def test_four_sessions_after_the_review_it_speaks_again(asking: Service) -> None:
    assert suggests_a_review(summaries(asking, bundle(task(weeks_ago=4))))


def test_a_review_of_another_patient_rests_nothing(asking: Service) -> None:
    assert suggests_a_review(summaries(asking, bundle(task(weeks_ago=1, patient="p2"))))


@pytest.mark.parametrize(
    "sent",
    [None, OUTCOME, bundle({"resourceType": "Task", "id": "x", "input": "odd"})],
    ids=["not sent", "refused", "odd"],
)
def test_an_ehr_without_tasks_costs_nothing_but_this_knowledge(
    asking: Service, sent: object
) -> None:
    assert suggests_a_review(summaries(asking, sent))


def test_a_site_that_does_not_ask_reads_no_tasks(service: Service) -> None:
    assert suggests_a_review(summaries(service, bundle(task(weeks_ago=1))))
