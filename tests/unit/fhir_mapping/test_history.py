"""From everything known today to what was known when."""

import json
from datetime import date, datetime, timedelta

import pytest

from fhir_mapping.dialect import load_dialect
from fhir_mapping.episode import chart_reading
from fhir_mapping.history import History, history_of, patient_of
from fhir_mapping.r4.json import Json, json_bytes
from fhir_mapping.r4.reading import Resource, resource_from_bytes
from fhir_mapping.unread import Unread
from tests.hook_fixtures import sitting
from tests.instruments import LIBRARY, PHQ9
from tests.replay.charts import FIRST, history, written

PLAIN = load_dialect("plain-r4")
SCORE = next(each for each in sitting(PHQ9, (1,) * 9) if "valueQuantity" in each)


def read(*resources: Json) -> list[Resource]:
    return [resource_from_bytes(json_bytes(each)) for each in resources]


def past(*resources: Json, unread: tuple[Unread, ...] = ()) -> History:
    return history_of(
        read(*resources), patient="p1", library=LIBRARY, dialect=PLAIN, unread=unread
    )


@pytest.mark.parametrize("person", range(12))
def test_the_past_cut_at_an_instant_is_the_chart_as_it_was(person: int) -> None:
    """One reading of the whole chart says at each time what a reading then said."""
    chart, patient = history(person), f"p{person}"
    odd = {**next(each for each in chart if "valueQuantity" in each), "id": "odd"}
    odd["effectiveDateTime"] = (FIRST + timedelta(weeks=3)).isoformat()
    odd["valueQuantity"] = {"value": 99}
    chart.append(odd)
    whole = history_of(read(*chart), patient=patient, library=LIBRARY, dialect=PLAIN)

    for at in sorted({written(each) for each in chart}):
        then = chart_reading(
            read(*(each for each in chart if written(each) <= at)),
            patient=patient,
            library=LIBRARY,
            dialect=PLAIN,
        )

        cut = [m for m in whole.past.episode.measurements if m.authored <= at]
        assert tuple(cut) == then.episode.measurements
        unread = [each for each in whole.past.unread if each is None or each <= at]
        assert len(unread) == len(then.unread)


@pytest.mark.parametrize(
    ("changes", "since"),
    [
        ({"effectiveDateTime": "2026-03-09"}, "2026-03-09T00:00:00+00:00"),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"end": "2026-03-10"}},
            "2026-03-10T00:00:00+00:00",
        ),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2026-03-08"}},
            "2026-03-08T00:00:00+00:00",
        ),
        (
            {"effectiveDateTime": "2026", "issued": "2026-03-11T08:00:00Z"},
            "2026-03-11T08:00:00+00:00",
        ),
        ({"effectiveDateTime": None, "issued": None}, None),
    ],
)
def test_what_cannot_be_read_is_from_the_day_it_names(
    changes: dict[str, object], since: str | None
) -> None:
    odd = {**SCORE, "valueQuantity": {"value": 99}, **changes}
    odd = {key: value for key, value in odd.items() if value is not None}

    [found] = past(odd).past.unread  # type: ignore[arg-type]  # JSON

    assert found == (since and datetime.fromisoformat(since))


def test_a_line_that_is_no_fhir_counts_always() -> None:
    found = past(unread=(Unread("Observation", "", "code", "malformed"),))

    assert found.past.unread == [None]
    assert [each.place for each in found.unread] == ["code"]


def test_the_birth_date_is_the_patients_own() -> None:
    other: Json = {"resourceType": "Patient", "id": "p2", "birthDate": "1950-01-01"}
    own: Json = {"resourceType": "Patient", "id": "p1", "birthDate": "1980-05-01"}

    assert past(other, own).past.born == date(1980, 5, 1)
    assert past(other).past.born is None


@pytest.mark.parametrize(
    ("resource", "patient"),
    [
        ({"resourceType": "Patient", "id": "p1"}, "p1"),
        ({"resourceType": "Patient"}, None),
        ({"resourceType": "Task", "for": {"reference": "Patient/p1"}}, "p1"),
        ({"resourceType": "Task", "for": {"reference": "Group/p1"}}, None),
        (
            {
                "resourceType": "Observation",
                "subject": {"reference": "https://ehr.example/fhir/Patient/p1"},
            },
            "p1",
        ),
        ({"resourceType": "Observation"}, None),
        ({"resourceType": "Observation", "subject": {}}, None),
    ],
)
def test_whose_a_resource_is(resource: Json, patient: str | None) -> None:
    assert patient_of(resource_from_bytes(json.dumps(resource).encode())) == patient
