"""The bundled patients: stories in day offsets become resources dated from today."""

import json
import uuid
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sandbox_ehr.config import SandboxConfig
from sandbox_ehr.errors import FhirRefusal
from sandbox_ehr.json_text import Json, parsed
from sandbox_ehr.store.interface import Backend, FhirRequest

HERE = Path(__file__).parent
PATIENTS = HERE / "patients"
STARTS = time(10, 0)
FILLED_IN = timedelta(minutes=40)  # after the session's start
LASTS = timedelta(minutes=50)
NAMESPACE = uuid.UUID("6f1d3c52-9a3e-5d0b-8f0e-2f4a1c7b9e10")


def seed(backend: Backend, config: SandboxConfig) -> list[str]:
    """Put each of the bundled people into the record who is not there already.

    Asked one by one: a server may hold others, or lack some after an interrupted start.

    Returns:
        What the backend refused to hold: ids of deliberately odd entries.
    """
    stories = [
        story
        for path in patient_files()
        if not config.patients or path.stem in config.patients
        if not _is_there(backend, story := parsed(path.read_bytes()))
    ]
    if stories:
        _put(backend, [*practitioners(), *teams()])
    now = config.clock()
    left_out: list[str] = []
    for story in stories:
        _put(backend, resources_of(story, user=config.user, now=now))
        for odd in story.get("unreadable", []):
            resource = _dated(odd["resource"], now)
            if not backend.inject(resource):
                left_out.append(str(resource["id"]))
    return left_out


def _is_there(backend: Backend, story: Json) -> bool:
    try:
        backend.answer(FhirRequest("GET", f"Patient/{story['patient']['id']}"))
    except FhirRefusal as refusal:
        if refusal.status in (404, 410):
            return False
        raise
    return True


def patient_files() -> list[Path]:
    """Every bundled patient's file."""
    return sorted(PATIENTS.glob("*.json"))


def practitioners() -> list[Json]:
    """Who works here."""
    found: list[Json] = json.loads((HERE / "practitioners.json").read_text("utf-8"))
    return found


def teams() -> list[Json]:
    """The organisations that hold visits; the first where a story names none."""
    found: list[Json] = json.loads((HERE / "teams.json").read_text("utf-8"))
    return found


@cache
def instruments() -> dict[str, Any]:
    """How each bundled instrument is said in FHIR."""
    found: dict[str, Any] = json.loads((HERE / "instruments.json").read_text("utf-8"))
    return found


def resources_of(story: Json, *, user: str, now: datetime) -> list[Json]:
    """The patient; for each session appointment, visit, answers and totals; what was
    missed."""
    patient = story["patient"]
    identity = str(patient["id"])
    found: list[Json] = [patient]
    team = _team(story.get("team"))
    for number, session in enumerate(story["sessions"], start=1):
        name = f"{identity}-s{number}"
        begin = _moment(session["day"], now)
        found.append(_appointment(name, "fulfilled", patient=identity, begin=begin))
        visit = _visit(name, patient=identity, user=user, begin=begin)
        found.append({**visit, "serviceProvider": team})
        for instrument in instruments():
            if instrument in session:
                found += _sitting(
                    name,
                    instrument,
                    patient=identity,
                    points=session[instrument],
                    at=(begin + FILLED_IN).isoformat(),
                )
    for number, missed in enumerate(story.get("missed", []), start=1):
        name, begin = f"{identity}-m{number}", _moment(missed["day"], now)
        found.append(_appointment(name, "noshow", patient=identity, begin=begin))
    return found


def _appointment(name: str, status: str, *, patient: str, begin: datetime) -> Json:
    return {
        "resourceType": "Appointment",
        "id": name,
        "status": status,
        "start": begin.isoformat(),
        "end": (begin + LASTS).isoformat(),
        "participant": [
            {"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}
        ],
    }


def _visit(name: str, *, patient: str, user: str, begin: datetime) -> Json:
    return {
        "resourceType": "Encounter",
        "id": name,
        "status": "finished",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "AMB",
        },
        "subject": {"reference": f"Patient/{patient}"},
        "participant": [{"individual": {"reference": f"Practitioner/{user}"}}],
        "period": {"start": begin.isoformat(), "end": (begin + LASTS).isoformat()},
    }


def _team(name: str | None) -> Json:
    team = next(each for each in teams() if name in (None, each["id"]))
    return {"reference": f"Organization/{team['id']}", "display": team["name"]}


def _sitting(
    visit: str, instrument: str, *, patient: str, points: list[int], at: str
) -> list[Json]:
    meaning = instruments()[instrument]
    name = f"{visit}-{instrument}"
    subject = {"reference": f"Patient/{patient}"}
    encounter = {"reference": f"Encounter/{visit}"}
    response: Json = {
        "resourceType": "QuestionnaireResponse",
        "id": name,
        "language": "en",
        "identifier": _identifier(name),
        "questionnaire": meaning["questionnaire"],
        "status": "completed",
        "subject": subject,
        "encounter": encounter,
        "authored": at,
        "source": subject,
        "item": [
            {"linkId": link_id, "answer": [{"valueCoding": meaning["answers"][point]}]}
            for link_id, point in zip(meaning["link_ids"], points, strict=True)
        ],
    }
    total: Json = {
        "resourceType": "Observation",
        "id": f"{name}-total",
        "language": "en",
        "identifier": [_identifier(f"{name}-total")],
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "survey",
                    }
                ]
            }
        ],
        "code": {"coding": [meaning["total"]], "text": meaning["name"]},
        "subject": subject,
        "encounter": encounter,
        "effectiveDateTime": at,
        "valueQuantity": {
            "value": sum(points),
            "unit": "{score}",
            "system": "http://unitsofmeasure.org",
            "code": "{score}",
        },
        "derivedFrom": [{"reference": f"QuestionnaireResponse/{name}"}],
    }
    return [response, total]


def _identifier(name: str) -> Json:
    return {
        "system": "urn:ietf:rfc:3986",
        "value": f"urn:uuid:{uuid.uuid5(NAMESPACE, name)}",
    }


def _dated(value: Any, now: datetime) -> Any:
    """The same JSON with each `{"day": n}` turned into that day's dateTime."""
    if isinstance(value, list):
        return [_dated(each, now) for each in value]
    if isinstance(value, dict):
        if value.keys() == {"day"}:
            return (_moment(value["day"], now) + FILLED_IN).isoformat()
        return {key: _dated(each, now) for key, each in value.items()}
    return value


def _moment(day: int, now: datetime) -> datetime:
    return datetime.combine(now.date() + timedelta(days=day), STARTS, now.tzinfo)


def _put(backend: Backend, resources: list[Json]) -> None:
    """All of them or none, under their own ids."""
    entries = [
        {
            "resource": each,
            "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"},
        }
        for each in resources
    ]
    bundle: Json = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    backend.answer(FhirRequest("POST", "", body=bundle))
