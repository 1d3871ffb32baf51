"""Whose resource is it? The patient compartment, as far as we store it."""

from sandbox_ehr.json_text import Json

PATIENT_AT = {
    "Appointment": "participant",
    "Observation": "subject",
    "QuestionnaireResponse": "subject",
    "Encounter": "subject",
    "DocumentReference": "subject",
    "Flag": "subject",
    "Task": "for",
}


def patient_of(resource: Json) -> str | None:
    """The id of the patient a resource belongs to; None if to none or unreadable."""
    kind = str(resource.get("resourceType"))
    if kind == "Patient":
        identity = resource.get("id")
        return identity if isinstance(identity, str) else None
    holder = resource.get(PATIENT_AT.get(kind, ""))
    if isinstance(holder, list):
        return next(filter(None, map(_patient_in, holder)), None)
    return _patient(holder)


def _patient_in(participant: object) -> str | None:
    return _patient(participant.get("actor")) if isinstance(participant, dict) else None


def _patient(reference: object) -> str | None:
    text = reference.get("reference") if isinstance(reference, dict) else None
    if not isinstance(text, str):
        return None
    parts = text.split("/_history/")[0].rsplit("/", 2)
    return parts[-1] if len(parts) > 1 and parts[-2] == "Patient" else None
