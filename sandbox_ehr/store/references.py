"""References must lead somewhere: referential integrity."""

from collections.abc import Callable, Iterator
from typing import Any

from sandbox_ehr.errors import FhirRefusal, issue
from sandbox_ehr.json_text import Json
from sandbox_ehr.store.definitions import r4


def check_references(
    resource: Json, *, base: str, exists: Callable[[str, str], bool]
) -> None:
    """Refuse references to resources that are not here.

    Absolute URLs of other servers are believed.

    Raises:
        FhirRefusal: 422 with every place.
    """
    contained = {
        f"#{each.get('id')}"
        for each in resource.get("contained", [])
        if isinstance(each, dict)
    }
    issues: list[dict[str, Any]] = []
    for text, place in references(resource, place=str(resource["resourceType"])):
        fault = _fault(text.removeprefix(base + "/"), contained, exists=exists)
        if fault:
            issues.append(issue("error", "not-found", fault, expression=place))
    if issues:
        raise FhirRefusal.of_issues(422, issues)


def references(value: object, *, place: str) -> Iterator[tuple[str, str]]:
    """Every `reference` in a resource with its place."""
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from references(each, place=f"{place}[{number}]")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "reference" and isinstance(inner, str):
                yield inner, f"{place}.reference"
            else:
                yield from references(inner, place=f"{place}.{key}")


def _fault(
    text: str, contained: set[str], *, exists: Callable[[str, str], bool]
) -> str | None:
    if text.startswith("#"):
        return None if text in contained else "no such contained resource"
    if text.startswith("urn:"):
        return "a urn is only resolved inside a transaction"
    if "://" in text:
        return None
    parts = text.split("/")
    if len(parts) not in (2, 4) or (len(parts) == 4 and parts[2] != "_history"):
        return "not a reference"
    if parts[0] not in r4().resources:
        return "this type is not stored here"
    return None if exists(parts[0], parts[1]) else f"no such {parts[0]}"
