"""Which search parameters each type has, and where their values lie."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "token", "reference", "date", "string", "uri", "updated"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter: its kind and the dotted places of its values."""

    kind: Kind
    places: tuple[str, ...] = ()
    target: str | None = None  # the only type its references point at
    definition: str | None = None  # canonical, for the CapabilityStatement


def _token(*places: str) -> Parameter:
    return Parameter("token", places)


def _date(*places: str) -> Parameter:
    return Parameter("date", places)


COMMON = {
    "_id": Parameter("id"),
    "_lastUpdated": Parameter("updated", ("meta.lastUpdated",)),
    "identifier": _token("identifier"),
}
PATIENT = Parameter("reference", ("subject",), target="Patient")
SUBJECT = Parameter("reference", ("subject",))
ENCOUNTER = Parameter("reference", ("encounter",), target="Encounter")
EFFECTIVE = ("effectiveDateTime", "effectivePeriod", "effectiveInstant")

PARAMETERS: dict[str, dict[str, Parameter]] = {
    "Patient": {
        **COMMON,
        "name": Parameter(
            "string", ("name.text", "name.family", "name.given", "name.prefix")
        ),
        "family": Parameter("string", ("name.family",)),
        "given": Parameter("string", ("name.given",)),
        "birthdate": _date("birthDate"),
        "active": _token("active"),
    },
    "Practitioner": {
        **COMMON,
        "name": Parameter(
            "string", ("name.text", "name.family", "name.given", "name.prefix")
        ),
    },
    "Organization": {**COMMON, "name": Parameter("string", ("name",))},
    "Appointment": {
        **COMMON,
        "patient": Parameter("reference", ("participant.actor",), target="Patient"),
        "date": _date("start"),
        "status": _token("status"),
    },
    "Encounter": {
        **COMMON,
        "patient": PATIENT,
        "subject": SUBJECT,
        "date": _date("period"),
        "status": _token("status"),
    },
    "Questionnaire": {
        **COMMON,
        "url": Parameter("uri", ("url",)),
        "version": _token("version"),
        "status": _token("status"),
        "code": _token("item.code", "code"),
    },
    "QuestionnaireResponse": {
        **COMMON,
        "patient": PATIENT,
        "subject": SUBJECT,
        "authored": _date("authored"),
        "questionnaire": Parameter("uri", ("questionnaire",)),
        "status": _token("status"),
        "encounter": ENCOUNTER,
    },
    "Observation": {
        **COMMON,
        "patient": PATIENT,
        "subject": SUBJECT,
        "category": _token("category"),
        "code": _token("code"),
        "date": _date(*EFFECTIVE),
        "status": _token("status"),
        "derived-from": Parameter("reference", ("derivedFrom",)),
        "encounter": ENCOUNTER,
    },
    "DocumentReference": {
        **COMMON,
        "patient": PATIENT,
        "subject": SUBJECT,
        "date": _date("date"),
        "status": _token("status"),
        "type": _token("type"),
    },
    "Task": {
        **COMMON,
        "patient": Parameter("reference", ("for",), target="Patient"),
        "subject": Parameter("reference", ("for",)),
        "status": _token("status"),
        "code": _token("code"),
    },
    "Flag": {**COMMON, "patient": PATIENT, "subject": SUBJECT},
    "Provenance": {
        "_id": COMMON["_id"],
        "_lastUpdated": COMMON["_lastUpdated"],
        "target": Parameter("reference", ("target",)),
    },
    "AuditEvent": {
        "_id": COMMON["_id"],
        "_lastUpdated": COMMON["_lastUpdated"],
        "date": _date("recorded"),
    },
}

SORTS = frozenset({"_id", "_lastUpdated", "date", "authored", "birthdate", "family"})
CONTROLS = frozenset({"_count", "_sort", "_total", "_format", "_pretty"})
