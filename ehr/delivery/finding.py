"""Where the EHR keeps a resource of ours: by identifier, else by what it says."""

from collections.abc import Mapping
from dataclasses import dataclass

from ehr.capabilities import Capabilities
from ehr.errors import EhrRefused
from ehr.server import FhirServer
from fhir_mapping.dialect import Dialect
from fhir_mapping.r4.codes import SUBMISSION_SYSTEM
from fhir_mapping.r4.json import Json
from fhir_mapping.r4.reading import Resource
from fhir_mapping.same_meaning import same_meaning
from fhir_mapping.submission import identifier_of
from questionnaires.library import Library

# Reading back every old score of a patient to compare it would be a burden; ours is
# among the newest.
MOST_COMPARED = 20


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search for one resource found.

    Attributes:
        places: "Type/id" of each that is not entered in error, oldest first.
        complete: False if pages were missing, so that absence proves nothing.
    """

    places: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Finder:
    """Searches as far as this EHR's statement lets us."""

    server: FhirServer
    capabilities: Capabilities
    library: Library
    dialect: Dialect

    def find(self, resource: Json) -> Hits | None:
        """Where this resource is kept; None if this EHR cannot be asked.

        Asked by identifier where that is offered. Some servers ignore a parameter they
        do not know, and some offer no search by identifier, so what comes back is
        compared again: by identifier, and where there is none, by meaning.
        """
        kind = str(resource["resourceType"])
        wanted = f"{SUBMISSION_SYSTEM}|{identifier_of(resource)}"
        if self.capabilities.searches_by(kind, "identifier"):
            try:
                result = self.server.search(kind, {"identifier": wanted})
            except EhrRefused as refused:
                if refused.status not in (400, 422, 501):
                    raise
            else:
                found = [each for each in result.resources if _is_ours(each, resource)]
                return _hits(found, complete=not result.partial and not result.unread)
        return self._by_patient(resource, kind)

    def _by_patient(self, resource: Json, kind: str) -> Hits | None:
        name = next(
            (
                each
                for each in ("patient", "subject")
                if self.capabilities.searches_by(kind, each)
            ),
            None,
        )
        subject = _reference(resource, "subject")
        if name is None or subject is None:
            return None
        parameters = {name: subject.removeprefix("Patient/")}
        code = _first_code(resource)
        if code is not None and self.capabilities.searches_by(kind, "code"):
            parameters["code"] = code
        result = self.server.search(kind, parameters)
        found = [each for each in result.resources if _is_ours(each, resource)]
        if not found:
            found = self._by_meaning(resource, result.resources)
        return _hits(found, complete=not result.partial and not result.unread)

    def _by_meaning(
        self, resource: Json, candidates: tuple[Resource, ...]
    ) -> list[Resource]:
        unnamed = [
            each
            for each in candidates
            if each.resource_type == resource["resourceType"]
            and not any(one.system == SUBMISSION_SYSTEM for one in each.identifiers)
        ]
        return [
            each
            for each in sorted(unnamed, key=_age, reverse=True)[:MOST_COMPARED]
            if same_meaning(
                resource,
                self.server.read(each.resource_type, each.id),
                library=self.library,
                dialect=self.dialect,
            )
        ]


def _is_ours(found: Resource, resource: Json) -> bool:
    value = identifier_of(resource)
    return found.resource_type == resource["resourceType"] and any(
        each.system == SUBMISSION_SYSTEM and each.value == value
        for each in found.identifiers
    )


def _hits(found: list[Resource], *, complete: bool) -> Hits:
    valid = [each for each in found if each.status != "entered-in-error"]
    places = [f"{each.resource_type}/{each.id}" for each in sorted(valid, key=_age)]
    return Hits(tuple(places), complete)


def _age(resource: Resource) -> tuple[str, int, str]:
    # One server writes its instants in one form; ids that are numbers count up.
    updated = (resource.meta.last_updated or "") if resource.meta is not None else ""
    number = int(resource.id) if resource.id.isdigit() and resource.id.isascii() else 0
    return updated, number, resource.id


def _reference(resource: Json, key: str) -> str | None:
    found = resource.get(key)
    reference = found.get("reference") if isinstance(found, Mapping) else None
    return reference if isinstance(reference, str) else None


def _first_code(resource: Json) -> str | None:
    concept = resource.get("code")
    codings = concept.get("coding") if isinstance(concept, Mapping) else None
    if not isinstance(codings, list) or not codings:
        return None
    return f"{codings[0]['system']}|{codings[0]['code']}"
