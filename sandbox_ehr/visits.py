"""Today's visit: each opening of the chart from the list starts one."""

from datetime import datetime

from sandbox_ehr.errors import FhirRefusal
from sandbox_ehr.json_text import Json
from sandbox_ehr.store.interface import Backend, FhirRequest

AMBULATORY = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "code": "AMB",
}


def start_visit(backend: Backend, patient: str, *, user: str, now: datetime) -> str:
    """End what was in progress, begin a new Encounter, and give its id."""
    for encounter in _in_progress(backend, patient):
        period = {**encounter.get("period", {}), "end": _text(now)}
        finished = {**encounter, "status": "finished", "period": period}
        path = f"Encounter/{encounter['id']}"
        backend.answer(FhirRequest("PUT", path, body=finished))
    answer = backend.answer(
        FhirRequest(
            "POST",
            "Encounter",
            headers={"prefer": "return=representation"},
            body={
                "resourceType": "Encounter",
                "status": "in-progress",
                "class": AMBULATORY,
                "subject": {"reference": f"Patient/{patient}"},
                "participant": [{"individual": {"reference": f"Practitioner/{user}"}}],
                "period": {"start": _text(now)},
                **_team(backend, patient),
            },
        )
    )
    assert answer.body is not None
    return str(answer.body["id"])


def current_visit(
    backend: Backend, patient: str, *, wanted: str | None, now: datetime
) -> Json | None:
    """The wanted Encounter of this patient, else the newest one of today."""
    if wanted:
        try:
            found = backend.answer(FhirRequest("GET", f"Encounter/{wanted}")).body
        except FhirRefusal:
            found = None
        if found and found.get("subject", {}).get("reference") == f"Patient/{patient}":
            return found
    today = [
        encounter
        for encounter in _in_progress(backend, patient)
        if _day(encounter, now) == now.date()
    ]
    return max(today, key=lambda each: str(each["period"]["start"]), default=None)


def _team(backend: Backend, patient: str) -> Json:
    """The team that the patient was seen by last, as a member of the new Encounter."""
    query = (("patient", patient), ("_sort", "-date"), ("_count", "1"))
    answer = backend.answer(FhirRequest("GET", "Encounter", query))
    found = [entry["resource"] for entry in (answer.body or {}).get("entry", [])]
    team = found[0].get("serviceProvider") if found else None
    return {"serviceProvider": team} if team else {}


def _in_progress(backend: Backend, patient: str) -> list[Json]:
    query = (("patient", patient), ("status", "in-progress"))
    answer = backend.answer(FhirRequest("GET", "Encounter", query))
    entries = (answer.body or {}).get("entry", [])
    found = [entry["resource"] for entry in entries]
    return [each for each in found if each.get("resourceType") == "Encounter"]


def _day(encounter: Json, now: datetime) -> object:
    try:
        start = datetime.fromisoformat(encounter["period"]["start"])
    except (KeyError, ValueError):
        return None
    return start.astimezone(now.tzinfo).date()


def _text(now: datetime) -> str:
    return now.isoformat(timespec="seconds")
