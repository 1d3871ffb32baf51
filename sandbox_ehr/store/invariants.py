"""The rules of R4 that cardinality and type do not say, as far as we enforce them."""

from collections.abc import Iterator
from typing import Any

from sandbox_ehr.errors import issue
from sandbox_ehr.json_text import Json
from sandbox_ehr.store.primitives import ID

Issue = dict[str, Any]


def broken_invariants(resource: Json) -> Iterator[Issue]:
    """Every broken rule, with R4's own name for it.

    Lenient about shape: what is no object or list is reported elsewhere.
    """
    kind = str(resource.get("resourceType"))
    identity = resource.get("id")
    if identity is not None and not (
        isinstance(identity, str) and ID.fullmatch(identity)
    ):
        yield issue("error", "value", "not an id", expression=f"{kind}.id")
    yield from _everywhere(resource, place=kind)
    if kind == "Questionnaire":
        yield from _questionnaire(resource)
    elif kind == "QuestionnaireResponse":
        yield from _response(resource.get("item"), place=f"{kind}.item")
    elif kind == "Observation":
        yield from _observation(resource)


def _everywhere(value: object, *, place: str) -> Iterator[Issue]:
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _everywhere(each, place=f"{place}[{number}]")
    if not isinstance(value, dict):
        return
    if (
        "value" in value
        and "system" not in value
        and isinstance(value.get("code"), str)
    ):
        yield _broken("qty-3", "a unit's code needs a system", place)
    if isinstance(value.get("url"), str) and place.rsplit(".", 1)[-1].startswith(
        ("extension", "modifierExtension")
    ):
        values = [key for key in value if key.startswith("value")]
        if bool(values) == ("extension" in value):
            yield _broken("ext-1", "either a value or extensions", place)
    start, end = value.get("start"), value.get("end")
    if (
        isinstance(start, str)
        and isinstance(end, str)
        and len(start) == len(end)
        and start[-6:] == end[-6:]
        and start > end
    ):
        yield _broken("per-1", "the end lies before the start", place)
    for key, inner in value.items():
        yield from _everywhere(inner, place=f"{place}.{key}")


def _questionnaire(resource: Json) -> Iterator[Issue]:
    seen: set[str] = set()
    for item, place in _items(resource.get("item"), place="Questionnaire.item"):
        link_id = item.get("linkId")
        if isinstance(link_id, str):
            if link_id in seen:
                yield _broken("que-2", "a linkId twice", f"{place}.linkId")
            seen.add(link_id)
        kind = item.get("type")
        if kind == "display" and "item" in item:
            yield _broken("que-1", "a display has no items", place)
        if kind == "group" and "item" not in item:
            yield _broken("que-1", "a group has items", place)
        if "answerOption" in item and "answerValueSet" in item:
            yield _broken("que-4", "options or a value set, not both", place)
        if len(item.get("enableWhen") or []) > 1 and "enableBehavior" not in item:
            yield _broken("que-12", "enableBehavior is missing", place)


def _items(items: object, *, place: str) -> Iterator[tuple[Json, str]]:
    for number, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            yield item, f"{place}[{number}]"
            yield from _items(item.get("item"), place=f"{place}[{number}].item")


def _response(items: object, *, place: str) -> Iterator[Issue]:
    for number, item in enumerate(items if isinstance(items, list) else []):
        if not isinstance(item, dict):
            continue
        here = f"{place}[{number}]"
        if "item" in item and "answer" in item:
            yield _broken("qrs-1", "items beneath item and answer", here)
        yield from _response(item.get("item"), place=f"{here}.item")
        answers = item.get("answer")
        for each in answers if isinstance(answers, list) else []:
            if isinstance(each, dict):
                yield from _response(each.get("item"), place=f"{here}.answer.item")


def _observation(resource: Json) -> Iterator[Issue]:
    has_value = any(key.startswith("value") for key in resource)
    if has_value and "dataAbsentReason" in resource:
        yield _broken("obs-6", "a value and a reason for its absence", "Observation")
    components = resource.get("component")
    for each in components if isinstance(components, list) else []:
        if isinstance(each, dict) and has_value and _codings(each) & _codings(resource):
            yield _broken("obs-7", "code and component.code agree", "Observation")


def _codings(holder: Json) -> set[tuple[str, str]]:
    code = holder.get("code")
    codings = code.get("coding") if isinstance(code, dict) else None
    return {
        (str(each.get("system")), str(each.get("code")))
        for each in (codings if isinstance(codings, list) else [])
        if isinstance(each, dict) and "code" in each
    }


def _broken(name: str, text: str, place: str) -> Issue:
    return issue("error", "invariant", f"{name}: {text}", expression=place)
