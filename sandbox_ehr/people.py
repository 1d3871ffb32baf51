"""The names of patients and practitioners, for pages."""

from dataclasses import dataclass
from datetime import date

from sandbox_ehr.json_text import Json
from sandbox_ehr.store.interface import Backend, FhirRequest


@dataclass(frozen=True, slots=True)
class Person:
    """A patient or practitioner as a page shows them."""

    kind: str
    identity: str
    name: str
    birth_date: str
    gender: str

    def age(self, today: date) -> int | None:
        """Completed years, if the whole birth date is known."""
        try:
            born = date.fromisoformat(self.birth_date)
        except ValueError:
            return None
        before = (today.month, today.day) < (born.month, born.day)
        return today.year - born.year - before


def people(backend: Backend, kind: str) -> list[Person]:
    """Everybody of that type, by name."""
    query = (("_count", "200"),)
    answer = backend.answer(FhirRequest("GET", kind, query))
    found = [
        person_from(entry["resource"])
        for entry in (answer.body or {}).get("entry", [])
        if entry.get("resource", {}).get("resourceType") == kind
    ]
    return sorted(found, key=lambda person: person.name)


def person_from(resource: Json) -> Person:
    """What a page needs of a Patient or Practitioner."""
    names = resource.get("name") or [{}]
    first = names[0]
    parts = [*first.get("prefix", []), *first.get("given", []), first.get("family", "")]
    text = first.get("text") or " ".join(part for part in parts if part)
    return Person(
        kind=str(resource["resourceType"]),
        identity=str(resource["id"]),
        name=text or f"(no name: {resource['id']})",
        birth_date=str(resource.get("birthDate", "")),
        gender=str(resource.get("gender", "")),
    )
