"""Rules of FHIR R4 and SDC that the R4B models do not check, for what we write.

The keys in the comments are the specifications' own (obs-6, csd-0 ...). Rules that the
specification only warns about are errors here: what we send is ours to do. Those of a
Questionnaire are many, and stand in `questionnaire_rules`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from fhir_mapping.r4.json import Json
from fhir_mapping.r4.questionnaire_rules import broken_form_rules

_NAME: Final = re.compile(r"[A-Z][A-Za-z0-9_]{1,254}", re.ASCII)
_CHOICE: Final = re.compile(r"(value|effective|answer|deceased|multipleBirth)[A-Z]")
_FORBIDDEN_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

_PUBLICATION: Final = frozenset({"draft", "active", "retired", "unknown"})
# Required bindings, http://hl7.org/fhir/R4/valueset-*.html
_STATUS: Final[Mapping[str, frozenset[str]]] = {
    "CodeSystem": _PUBLICATION,
    "Questionnaire": _PUBLICATION,
    "QuestionnaireResponse": frozenset(
        {"in-progress", "completed", "amended", "entered-in-error", "stopped"}
    ),
    "Observation": frozenset(
        {
            "registered",
            "preliminary",
            "final",
            "amended",
            "corrected",
            "cancelled",
            "entered-in-error",
            "unknown",
        }
    ),
    "Task": frozenset(
        {
            "draft",
            "requested",
            "received",
            "accepted",
            "rejected",
            "ready",
            "cancelled",
            "in-progress",
            "on-hold",
            "failed",
            "completed",
            "entered-in-error",
        }
    ),
}
_INTENTS: Final = frozenset(
    {
        "unknown",
        "proposal",
        "plan",
        "order",
        "original-order",
        "reflex-order",
        "filler-order",
        "instance-order",
        "option",
    }
)
# What holds free text. A plan review is codes and dates alone.
_TASK_TEXTS: Final = ("description", "note", "text")


def broken_rules(resource: Json) -> tuple[str, ...]:
    """Places where the resource breaks a rule; empty if it breaks none."""
    kind = str(resource.get("resourceType", ""))
    places = list(_form(resource, ""))
    allowed = _STATUS.get(kind)
    if allowed is not None and resource.get("status") not in allowed:
        places.append("status")
    if not places and (rule := _RULES.get(kind)) is not None:
        places.extend(rule(resource))
    return tuple(places)


def _form(value: object, place: str) -> Iterator[str]:
    """Nothing empty, no null, one value[x] each, texts and numbers FHIR can hold."""
    match value:
        case dict():
            if not value:
                yield place
            stems = [
                found[1]
                for key in value
                if isinstance(key, str)
                and (found := _CHOICE.match(key))
                # `answerOption` and `answerValueSet` are fields of their own (que-4).
                and key not in ("answerOption", "answerValueSet", "valueSet")
            ]
            if len(stems) != len(set(stems)):
                yield place
            for key, each in value.items():
                yield from _form(each, f"{place}.{key}".removeprefix("."))
        case list():
            if not value:
                yield place
            for number, each in enumerate(value):
                yield from _form(each, f"{place}[{number}]")
        case str():
            if not value.strip() or _FORBIDDEN_TEXT.search(value):
                yield place
        case Decimal():
            if not value.is_finite():
                yield place
        case bool() | int():
            pass
        case _:
            yield place  # null, or a binary float: its digits would not be ours


def _questionnaire(resource: Json) -> Iterator[str]:
    for each in broken_form_rules(resource):
        yield each.place


def _code_system(resource: Json) -> Iterator[str]:
    if not _NAME.fullmatch(str(resource.get("name", ""))):
        yield "name"  # csd-0
    concepts = resource.get("concept", [])
    assert isinstance(concepts, list)
    codes = [each.get("code") for each in concepts]
    if len(codes) != len(set(codes)):
        yield "concept.code"  # csd-1
    if resource.get("count", len(codes)) != len(codes):
        yield "count"


def _questionnaire_response(resource: Json) -> Iterator[str]:
    seen: set[str] = set()
    for place, item in _items(resource, ""):
        link_id = str(item.get("linkId", ""))
        if not link_id or link_id in seen:
            yield f"{place}.linkId"  # sdcqr-2: repeated answers stand in one item
        seen.add(link_id)
        if "item" in item and "answer" in item:
            yield place  # qrs-1
    for field in ("questionnaire", "authored", "subject"):
        if field not in resource:
            yield field  # SDC and US Core


def _observation(resource: Json) -> Iterator[str]:
    has_value = any(key.startswith("value") for key in resource)
    if has_value and "dataAbsentReason" in resource:
        yield "dataAbsentReason"  # obs-6
    members = {"component", "hasMember"} & set(resource)
    if not (has_value or "dataAbsentReason" in resource or members):
        yield "value"  # us-core-2
    components = resource.get("component", [])
    assert isinstance(components, list)
    if has_value and any(resource.get("code") == each["code"] for each in components):
        yield "value"  # obs-7
    ranges = resource.get("referenceRange", [])
    assert isinstance(ranges, list)
    for number, each in enumerate(ranges):
        if not {"low", "high", "text"} & set(each):
            yield f"referenceRange[{number}]"  # obs-3


def _task(resource: Json) -> Iterator[str]:
    if resource.get("intent") not in _INTENTS:
        yield "intent"
    for field in ("code", "for", "authoredOn"):
        if field not in resource:
            yield field  # ours: else nobody could find or read it again
    for field in _TASK_TEXTS:
        if field in resource:
            yield field
    for kind in ("input", "output"):
        parts = resource.get(kind, [])
        assert isinstance(parts, list)
        for number, each in enumerate(parts):
            values = [key for key in each if key.startswith("value")]
            if "type" not in each or len(values) != 1 or values[0] == "valueString":
                yield f"{kind}[{number}]"


def _bundle(resource: Json) -> Iterator[str]:
    entries = resource.get("entry", [])
    assert isinstance(entries, list)
    urls = [each.get("fullUrl") for each in entries]
    if len(urls) != len(set(urls)):
        yield "entry.fullUrl"  # bdl-7
    for number, each in enumerate(entries):
        if resource.get("type") == "transaction" and "request" not in each:
            yield f"entry[{number}].request"  # bdl-3
        for place in broken_rules(each.get("resource", {})):
            yield f"entry[{number}].resource.{place}"


def _items(holder: Json, place: str) -> Iterator[tuple[str, Json]]:
    items = holder.get("item", [])
    assert isinstance(items, list)
    for number, each in enumerate(items):
        here = f"{place}.item[{number}]".removeprefix(".")
        yield here, each
        yield from _items(each, here)
        answers = each.get("answer", [])
        for index, answer in enumerate(answers):
            yield from _items(answer, f"{here}.answer[{index}]")


_RULES: Final[Mapping[str, Callable[[Json], Iterator[str]]]] = {
    "CodeSystem": _code_system,
    "Questionnaire": _questionnaire,
    "QuestionnaireResponse": _questionnaire_response,
    "Observation": _observation,
    "Task": _task,
    "Bundle": _bundle,
}
