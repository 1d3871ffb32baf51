"""Whose page this is, in as few words as the place allows."""

from dataclasses import dataclass
from datetime import date

from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.dates import day_from_text
from fhir_mapping.r4.reading import (
    Communication,
    HumanName,
    Resource,
    resource_from_bytes,
)
from smart_app.figures import day


@dataclass(frozen=True, slots=True)
class Person:
    """A patient as the pages name them.

    Attributes:
        greeting: first name and initial, for a tablet that others may see.
        born: the same to the day; None if the record is less exact.
        language: the one the record prefers (BCP 47), "" if it names none.
    """

    id: str
    name: str
    greeting: str
    birth_date: str
    born: date | None
    language: str


def person_from_bytes(body: bytes, *, expected: str) -> Person:
    """The person in this Patient resource.

    Raises:
        UnreadableResource: not a Patient we can read, or another one than asked for.
    """
    resource: Resource = resource_from_bytes(body)
    if (resource.resource_type, resource.id) != ("Patient", expected):
        raise UnreadableResource(resource.resource_type, "id", "other_patient")
    name = _usual(resource.name)
    given = next((each for each in name.given if each), "") if name else ""
    family = (name.family or "") if name else ""
    full = (name.text if name else None) or f"{given} {family}".strip()
    return Person(
        id=resource.id,
        name=full or resource.id,
        greeting=f"{given} {family[:1]}." if given and family else full or resource.id,
        birth_date=_day(resource.birth_date),
        born=day_from_text(resource.birth_date),
        language=_language(resource.communication),
    )


def _usual(names: tuple[HumanName, ...]) -> HumanName | None:
    for wanted in ("usual", "official"):
        for each in names:
            if each.use == wanted:
                return each
    return names[0] if names else None


def _language(spoken: tuple[Communication, ...]) -> str:
    """The preferred one; one alone is meant, of several nobody knows which."""
    found = [each for each in spoken if each.preferred] or spoken
    coding = found[0].language.coding if len(found) == 1 and found[0].language else ()
    return next((each.code for each in coding if each.code), "")


def _day(birth_date: str | None) -> str:
    try:
        return day(date.fromisoformat(birth_date or ""))
    except ValueError:
        return birth_date or ""
