"""What the chart page lists: every measurement in the record, newest first.

It shows entries that nobody can read with certainty too, as what they are.
"""

from dataclasses import dataclass
from datetime import datetime

from sandbox_ehr.json_text import Json
from sandbox_ehr.store.interface import Backend, FhirRequest

SHOWN = "200"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the list."""

    kind: str
    identity: str
    when: str  # as recorded; empty if not
    day: str
    clock_time: str
    what: str
    value: str
    status: str


def measurements(backend: Backend, patient: str) -> list[Entry]:
    """Observations and QuestionnaireResponses of a patient."""
    found: list[Entry] = []
    for kind, sort in (
        ("Observation", "-date"),
        ("QuestionnaireResponse", "-authored"),
    ):
        query = (("patient", patient), ("_sort", sort), ("_count", SHOWN))
        answer = backend.answer(FhirRequest("GET", kind, query))
        for entry in (answer.body or {}).get("entry", []):
            resource = entry.get("resource", {})
            if resource.get("resourceType") == kind:
                found.append(_entry(resource))
    return sorted(found, key=lambda each: (_order(each.when), each.kind), reverse=True)


def _entry(resource: Json) -> Entry:
    is_answers = resource["resourceType"] == "QuestionnaireResponse"
    when = str(resource.get("authored" if is_answers else "effectiveDateTime") or "")
    return Entry(
        kind=str(resource["resourceType"]),
        identity=str(resource["id"]),
        when=when,
        day=said(when).partition(", ")[0],
        clock_time=said(when).partition(", ")[2],
        what=_form(resource) if is_answers else _code(resource),
        value=_answers(resource) if is_answers else _value(resource),
        status=str(resource.get("status", "")),
    )


def said(when: str) -> str:
    """A date as people read it; what is no date stays as it is."""
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        return when or "no date"
    form = "%-d %b %Y, %H:%M" if "T" in when else "%-d %b %Y"
    return moment.strftime(form)


def _order(when: str) -> float:
    try:
        return datetime.fromisoformat(when).timestamp()
    except ValueError:
        return 0.0


def _form(resource: Json) -> str:
    canonical = str(resource.get("questionnaire", "answers"))
    return "Answers to " + canonical.rsplit("/", 1)[-1].replace("|", " ")


def _code(resource: Json) -> str:
    code = resource.get("code")
    if not isinstance(code, dict):
        return "no code"
    codings = code.get("coding") or [{}]
    first = codings[0] if isinstance(codings, list) else {}
    return str(code.get("text") or first.get("display") or first.get("code"))


def _answers(resource: Json) -> str:
    items = resource.get("item")
    number = len(items) if isinstance(items, list) else 0
    return f"{number} item" + ("s" if number != 1 else "")


def _value(resource: Json) -> str:
    for key, value in resource.items():
        if key == "valueQuantity" and isinstance(value, dict):
            unit = str(value.get("unit", ""))
            shown = "" if unit == "{score}" else unit
            return f"{value.get('value', '?')} {shown}".strip()
        if key == "valueCodeableConcept" and isinstance(value, dict):
            codings = value.get("coding") or [{}]
            return str(value.get("text") or codings[0].get("display") or codings[0])
        if key.startswith("value"):
            return str(value)
    return "no value"
