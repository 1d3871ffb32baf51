"""Encounters: when and which team's, and nothing of who took part."""

import json

import msgspec
import pytest

from clinical.across_episodes.sessions import BegunVisit
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.json import Json, json_bytes
from fhir_mapping.r4.reading import resource_from_bytes
from fhir_mapping.visits import (
    BEGUN,
    OVER,
    VisitWish,
    begun_visit,
    begun_visits,
    completed_visits,
)
from tests.shared_material import shared

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


ALL = VisitWish(BEGUN)


def begun(*visits: Json, wish: VisitWish = ALL) -> tuple[BegunVisit, ...]:
    found = [resource_from_bytes(json_bytes(each)) for each in visits]
    return begun_visits(found, wish)


@pytest.mark.parametrize(
    ("status", "has_begun", "is_over"),
    [
        ("planned", False, False),
        ("arrived", True, False),
        ("triaged", True, False),
        ("in-progress", True, False),
        ("onleave", True, False),
        ("finished", True, True),
        ("cancelled", False, False),
        ("entered-in-error", False, False),
        ("unknown", True, False),
    ],
)
def test_the_status_tells_whether_a_visit_has_begun_and_is_over(
    status: str, has_begun: bool, is_over: bool
) -> None:
    visit = VISIT | {"status": status}

    assert bool(begun(visit)) is has_begun
    assert bool(begun(visit, wish=VisitWish(OVER))) is is_over


def test_visits_that_have_begun_come_in_order_of_time_and_not_of_clocks() -> None:
    def at(text: str) -> Json:
        return VISIT | {"id": text[11:13], "period": {"start": text}}

    found = begun(
        at("2026-03-02T10:00:00-05:00"),
        at("2026-03-02T12:00:00Z"),
        at("2026-03-02T18:00:00+09:30"),
    )

    assert [each.id for each in found] == ["18", "12", "10"]
    assert found[0].start.isoformat() == "2026-03-02T18:00:00+09:30"


def test_of_one_visit_the_newest_version_counts_also_where_it_is_none() -> None:
    def version(number: str, **changes: str) -> Json:
        return VISIT | {"meta": {"versionId": number}} | changes

    assert begun(version("2", status="cancelled"), version("1")) == ()
    assert len(begun(version("1"), version("10"), version("9"))) == 1


@pytest.mark.parametrize(
    ("provider", "team", "name"),
    [
        ({"reference": "Organization/7", "display": " North "}, "7", "North"),
        ({"reference": "https://ehr.example/fhir/Organization/7"}, "7", ""),
        ({"display": "North"}, "", ""),
        ({"reference": "Practitioner/7", "display": "Dr Miller"}, "", ""),
        ({"reference": "PractitionerRole/7", "display": "Dr Miller"}, "", ""),
        ({"reference": "#dr", "display": "Dr Miller"}, "", ""),
        ({"reference": "urn:uuid:7", "display": "Dr Miller"}, "", ""),
        (None, "", ""),
    ],
)
def test_only_an_organisation_is_a_team(
    provider: Json | None, team: str, name: str
) -> None:
    [found] = begun(VISIT | {"serviceProvider": provider})

    assert (found.team, found.team_name) == (team, name)


def test_who_took_part_is_not_even_decoded() -> None:
    person: Json = {"reference": "Practitioner/miller", "display": "Dr Miller"}
    whole = VISIT | {
        "participant": [{"individual": person, "actor": person}],
        "serviceProvider": person,
        "hospitalization": {"destination": person},
        "diagnosis": [{"condition": person}],
        "subject": {"reference": "Patient/p1", "display": "Anna Beispiel"},
    }

    found = resource_from_bytes(json_bytes(whole))

    kept = msgspec.json.encode(found).decode()
    assert "miller" not in kept.lower() and "Practitioner" not in kept
    assert "Anna" not in kept
    assert "miller" in json.dumps(whole)


@pytest.mark.parametrize(
    ("changes", "place", "reason"),
    [
        ({"period": {"start": "2026-03-02"}}, "period.start", "no_time"),
        ({"period": {"start": "2026"}}, "period.start", "no_date"),
        ({"period": {}}, "period.start", "no_date"),
        ({"status": "discharged"}, "status", "malformed"),
    ],
)
def test_a_visit_that_does_not_say_when_it_began_is_told(
    changes: Json, place: str, reason: str
) -> None:
    odd = resource_from_bytes(json_bytes(VISIT | changes))

    with pytest.raises(UnreadableResource) as told:
        begun_visit(odd, ALL)

    assert (told.value.place, told.value.reason) == (place, reason)
    assert begun(VISIT | changes) == ()


def test_of_kinds_that_nobody_wishes_for_nothing_is_told() -> None:
    wish = VisitWish(BEGUN, frozenset({("urn:oid:2.999.7", "therapy")}))
    odd = resource_from_bytes(json_bytes(VISIT | {"period": {}}))
    therapy: Json = {"coding": [{"system": "urn:oid:2.999.7", "code": "therapy"}]}

    assert begun_visit(odd, wish) is None
    assert len(begun(VISIT | {"type": [{"text": "talk"}, therapy]}, wish=wish)) == 1


def test_the_examples_of_the_standard_are_read_or_told_by_their_place() -> None:
    told = {}
    for file in shared("spec/fhir-examples").glob("encounter-example*.json"):
        example = resource_from_bytes(file.read_bytes())
        try:
            told[example.id] = begun_visit(example, ALL) is not None
        except UnreadableResource as error:
            told[example.id] = f"{error.place}: {error.reason}"

    without = ("example", "f001", "f002", "f003", "f201", "f202", "xcda")
    assert told == {
        "emerg": True,
        "home": True,
        "f203": "period.start: no_time",
        **dict.fromkeys(without, "period.start: no_date"),
    }
