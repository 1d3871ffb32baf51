"""Is this resource R4? Checked against the definitions, place by place."""

import re
from collections.abc import Iterator
from typing import Any

from sandbox_ehr.errors import FhirRefusal, issue
from sandbox_ehr.json_text import Json
from sandbox_ehr.store.definitions import Element, r4
from sandbox_ehr.store.invariants import broken_invariants
from sandbox_ehr.store.primitives import PRIMITIVES, is_primitive

Issue = dict[str, Any]
TYPE_NAME = re.compile(r"[A-Z][A-Za-z]+")


def check_resource(resource: Json, *, kind: str) -> None:
    """Accept what R4 accepts, for the types the sandbox stores.

    Raises:
        FhirRefusal: 400 when the type is wrong, 422 with every fault and its place
            (never its value) otherwise.
    """
    if resource.get("resourceType") != kind:
        raise FhirRefusal(
            400, "structure", f"resourceType is not {kind}", expression="resourceType"
        )
    # The invariants presuppose a resource of the right shape.
    issues = list(_object(resource, kind, place=kind))
    issues = issues or list(broken_invariants(resource))
    if issues:
        raise FhirRefusal.of_issues(422, issues[:50])


def _object(value: Json, kind: str, *, place: str) -> Iterator[Issue]:
    keys = r4().keys[kind]
    if not value:
        yield issue("error", "structure", "an empty object", expression=place)
    said: dict[str, str] = {}
    for key, inner in value.items():
        if key == "resourceType" and kind in r4().resources:
            continue
        name = key.removeprefix("_")
        if name not in keys:
            yield issue(
                "error", "structure", "unknown element", expression=f"{place}.{key}"
            )
            continue
        element, each = keys[name]
        if said.setdefault(element.name, name) != name:
            yield issue(
                "error",
                "structure",
                f"{element.name} more than once",
                expression=f"{place}.{key}",
            )
        if key.startswith("_"):
            yield from _companion(inner, each, place=f"{place}.{key}")
        else:
            yield from _values(
                inner,
                element,
                kind=each,
                place=f"{place}.{key}",
                companion=value.get(f"_{key}"),
            )
    for element in r4().elements[kind]:
        if element.required and element.name not in said:
            yield issue(
                "error",
                "required",
                "a required element is missing",
                expression=f"{place}.{element.name}",
            )


def _values(
    value: object, element: Element, *, kind: str, place: str, companion: object
) -> Iterator[Issue]:
    if not element.repeats:
        yield from _value(value, element, kind=kind, place=place)
    elif not isinstance(value, list) or not value:
        yield issue("error", "structure", "not a filled list", expression=place)
    else:
        for number, each in enumerate(value):
            # `null` only holds the place of a primitive that has extensions.
            if each is None and isinstance(companion, list):
                continue
            yield from _value(each, element, kind=kind, place=f"{place}[{number}]")


def _value(
    value: object, element: Element, *, kind: str, place: str
) -> Iterator[Issue]:
    if kind in PRIMITIVES:
        if not is_primitive(kind, value):
            yield issue("error", "value", f"not a {kind}", expression=place)
        elif element.codes is not None and value not in element.codes:
            yield issue(
                "error", "code-invalid", "not in the required codes", expression=place
            )
    elif not isinstance(value, dict):
        yield issue("error", "structure", "not an object", expression=place)
    elif kind == "Resource":
        inner = value.get("resourceType")
        if not isinstance(inner, str) or TYPE_NAME.fullmatch(inner) is None:
            yield issue("error", "structure", "no type", expression=place)
        elif inner in r4().resources:
            yield from _object(value, inner, place=place)
        # A contained resource of a type that is not stored here is believed.
    else:
        yield from _object(value, kind, place=place)
        if kind == "Reference":
            yield from _target(value, element, place=place)


def _target(value: Json, element: Element, *, place: str) -> Iterator[Issue]:
    text = value.get("reference")
    if element.targets is None or not isinstance(text, str) or "/" not in text:
        return
    parts = text.split("/_history/")[0].rsplit("/", 2)
    kind = parts[-2] if len(parts) > 1 else ""
    if kind and kind not in element.targets:
        yield issue(
            "error",
            "structure",
            f"may not point at {kind}" if kind.isalpha() else "not a reference",
            expression=f"{place}.reference",
        )


def _companion(value: object, kind: str, *, place: str) -> Iterator[Issue]:
    """`_birthDate` and its like: id and extension of a primitive."""
    if kind not in PRIMITIVES:
        yield issue("error", "structure", "unknown element", expression=place)
        return
    for each in value if isinstance(value, list) else [value]:
        if each is None and isinstance(value, list):
            continue
        if not isinstance(each, dict):
            yield issue("error", "structure", "not an object", expression=place)
        else:
            yield from _object(each, "Element", place=place)
