"""Completed encounters: when, and nothing of who took part."""

import pytest

from fhir_mapping.r4.json import Json, json_bytes
from fhir_mapping.r4.reading import resource_from_bytes
from fhir_mapping.visits import completed_visits

VISIT: Json = {
    "resourceType": "Encounter",
    "id": "e1",
    "status": "finished",
    "class": {"code": "AMB"},
    "subject": {"reference": "Patient/p1"},
    "participant": [{"individual": {"reference": "Practitioner/7"}}],
    "period": {
        "start": "2026-03-02T10:00:00+01:00",
        "end": "2026-03-02T10:50:00+01:00",
    },
}


def read(*visits: Json):
    found = [resource_from_bytes(json_bytes(each)) for each in visits]
    return completed_visits(found, patient="p1")


def test_a_visit_that_is_over_has_its_times_and_no_clinician() -> None:
    [found] = read(VISIT)

    assert (found.id, found.start.isoformat()) == ("e1", "2026-03-02T10:00:00+01:00")
    assert "Practitioner" not in repr(found)


def test_visits_come_in_order_of_their_begin() -> None:
    later = VISIT | {
        "id": "e0",
        "period": {k: f"2026-03-09{v[10:]}" for k, v in VISIT["period"].items()},
    }

    assert [each.id for each in read(later, VISIT)] == ["e1", "e0"]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "in-progress"},
        {"status": "cancelled"},
        {"subject": {"reference": "Patient/p2"}},
        {"period": {"start": "2026-03-02T10:00:00+01:00"}},
        {"period": {"start": "2026-03-02", "end": "2026-03-02"}},
        {"period": {"start": "2026-03-02T11:00:00Z", "end": "2026-03-02T10:00:00Z"}},
        {"period": {"start": "2026-03-02T10:00:00", "end": "2026-03-02T10:50:00"}},
        {"resourceType": "Observation"},
    ],
)
def test_what_is_no_completed_visit_of_this_patient_counts_for_nothing(
    changes: Json,
) -> None:
    assert read(VISIT | changes) == ()


@pytest.mark.parametrize("key", ["subject", "period"])
def test_a_visit_that_lacks_something_counts_for_nothing(key: str) -> None:
    assert read({name: each for name, each in VISIT.items() if name != key}) == ()
