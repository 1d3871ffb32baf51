"""Appointments: which visits there were, and what became of them."""

import json

import pytest

from fhir_mapping.appointments import (
    CANCELLED_ON,
    REASONS,
    AppointmentReading,
    visits_from_appointments,
)
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.json import Json, json_bytes
from fhir_mapping.r4.reading import resource_from_bytes

START = "2026-03-02T10:00:00+01:00"
PATIENT: Json = {"actor": {"reference": "Patient/p1"}, "status": "accepted"}
OTHER: Json = {"actor": {"reference": "Patient/p2"}, "status": "accepted"}
CLINICIAN: Json = {"actor": {"reference": "Practitioner/7"}, "status": "accepted"}
BOOKED: Json = {
    "resourceType": "Appointment",
    "id": "a1",
    "status": "noshow",
    "start": START,
    "end": "2026-03-02T10:50:00+01:00",
    "participant": [CLINICIAN, PATIENT],
}


def read(*appointments: Json) -> AppointmentReading:
    found = [resource_from_bytes(json_bytes(each)) for each in appointments]
    return visits_from_appointments(
        found, patient="p1", base="https://ehr.example/fhir"
    )


def told(changes: Json) -> list[str]:
    """What became of the visits, and where something could not be read."""
    found = read({key: value for key, value in (BOOKED | changes).items() if value})
    assert found.visits is not None
    return [
        *(each.status for each in found.visits),
        *(f"{each.place}: {each.reason}" for each in found.unread),
    ]


def cancelled(reason: str, on: str | None, *, system: str = REASONS) -> Json:
    when: list[Json] = [{"url": CANCELLED_ON, "valueDateTime": on}] if on else []
    return {
        "status": "cancelled",
        "cancelationReason": {"coding": [{"system": system, "code": reason}]},
        "extension": when,
    }


@pytest.mark.parametrize(
    ("status", "what"),
    [
        ("fulfilled", ["attended"]),
        ("arrived", ["attended"]),
        ("checked-in", ["attended"]),
        ("noshow", ["missed"]),
        *((each, []) for each in ("proposed", "pending", "booked", "waitlist")),
        ("cancelled", []),
        ("entered-in-error", []),
        ("of-tomorrow", []),
    ],
)
def test_the_status_tells_what_became_of_it(status: str, what: list[str]) -> None:
    assert told({"status": status}) == what


@pytest.mark.parametrize(
    "when",
    [
        "2026-03-02T08:30:00+01:00",
        "2026-03-01T23:30:00Z",  # half past midnight where the visit was to be
        "2026-03-02",
        "2026-03-03T09:00:00+01:00",
    ],
)
@pytest.mark.parametrize("reason", ["pat", "pat-cpp", "pat-lt", "pat-ucp"])
def test_cancelled_by_the_patient_on_the_day_is_late(reason: str, when: str) -> None:
    assert told(cancelled(reason, when)) == ["late_cancelled"]


@pytest.mark.parametrize(
    "changes",
    [
        cancelled("pat-cpp", "2026-03-01T22:30:00Z"),  # the evening before
        cancelled("pat-cpp", "2026-03-01"),
        cancelled("pat-cpp", "2026-03"),
        cancelled("pat-cpp", "yesterday"),
        cancelled("pat-cpp", None),  # nobody says when
        cancelled("pat-cpp", None) | {"meta": {"lastUpdated": START}},
        cancelled("prov-pers", START),
        cancelled("oth-weath", START),
        cancelled("pat-dec", START),  # has died
        cancelled("pat-swl", START),  # came sooner
        cancelled("pat-mt", START),
        cancelled("pat", START, system="urn:oid:2.999.5"),
        {"status": "cancelled", "extension": [{"url": CANCELLED_ON}]},
    ],
)
def test_cancelled_in_time_by_the_clinic_or_not_known_when_is_no_visit(
    changes: Json,
) -> None:
    assert told(changes) == []


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"status": None}, "status: malformed"),
        ({"start": None}, "start: no_date"),
        ({"start": "2026-03"}, "start: no_date"),
        ({"start": "2026-03-02T10:00:00"}, "start: no_date"),
        ({"participant": [CLINICIAN]}, "participant.actor: malformed"),
        ({"participant": [{"status": "accepted"}]}, "participant.actor: malformed"),
        ({"participant": [OTHER]}, "participant.actor: other_patient"),
        (
            {"participant": [{"actor": {"reference": "https://x.example/Patient/p1"}}]},
            "participant.actor: other_patient",
        ),
        ({"modifierExtension": [{"url": "https://x.example"}]}, "modifierExtension"),
        ({"implicitRules": "https://x.example"}, "implicitRules"),
    ],
)
def test_what_cannot_be_read_is_counted(changes: Json, where: str) -> None:
    [found] = told(changes)

    assert found.startswith(where)


def test_what_is_no_fhir_names_its_place() -> None:
    odd = json.dumps(BOOKED | {"start": 7}).encode()

    with pytest.raises(UnreadableResource) as caught:
        resource_from_bytes(odd)

    assert (caught.value.resource_type, caught.value.place) == ("Appointment", "start")


def test_who_treats_is_not_even_read() -> None:
    found = resource_from_bytes(json_bytes(BOOKED))

    assert "Patient/p1" in repr(found)
    assert "Practitioner" not in repr(found)


def test_of_several_patients_nobody_can_tell_who_missed_it() -> None:
    assert told({"participant": [PATIENT, OTHER]}) == []


def test_the_same_patient_named_twice_is_one() -> None:
    again: Json = {"actor": {"reference": "https://ehr.example/fhir/Patient/p1"}}

    assert told({"participant": [PATIENT, again]}) == ["missed"]


def test_visits_come_in_order_and_in_their_newest_version() -> None:
    corrected = BOOKED | {"status": "fulfilled", "meta": {"versionId": "2"}}
    later = BOOKED | {"id": "a0", "start": "2026-03-09T10:00:00+01:00"}

    found = read(later, corrected, BOOKED | {"meta": {"versionId": "1"}}).visits

    assert found is not None
    assert [each.status for each in found] == ["attended", "missed"]
