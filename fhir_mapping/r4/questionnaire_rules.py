"""Rules for a Questionnaire that no model of ours checks: R4's, SDC's and our own.

Keys are the specifications' (que-2, sdc-obsn-1 ...; R4 4.0.1, SDC 4.0.0); `SD-..` and
`own-..` are the product's. What a specification only warns about is refused here too:
what we publish is ours to do.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fhir_mapping.r4.codes import (
    EXTRACT,
    ITEM_CONTROL,
    ITEM_WEIGHT,
    ORDINAL_VALUE,
    SLIDER_STEP,
    UNIT,
    VERSION_ALGORITHM,
    VERSION_ALGORITHM_SYSTEM,
)
from fhir_mapping.r4.json import Json

_NAME: Final = re.compile(r"[A-Z][A-Za-z0-9_]{1,254}", re.ASCII)
_SEMVER: Final = re.compile(
    r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", re.ASCII
)
_SDC: Final = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire"
_R5: Final = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Questionnaire"
ANSWER_EXPRESSION: Final = f"{_SDC}-answerExpression"
INITIAL_EXPRESSION: Final = f"{_SDC}-initialExpression"
ENABLE_WHEN_EXPRESSION: Final = f"{_SDC}-enableWhenExpression"
ANSWER_CONSTRAINT: Final = f"{_R5}.item.answerConstraint"
UNIT_OPTION: Final = "http://hl7.org/fhir/StructureDefinition/questionnaire-unitOption"
UNIT_VALUE_SET: Final = (
    "http://hl7.org/fhir/StructureDefinition/questionnaire-unitValueSet"
)

ITEM_TYPES: Final = frozenset(
    {
        "group",
        "display",
        "boolean",
        "decimal",
        "integer",
        "date",
        "dateTime",
        "time",
        "string",
        "text",
        "url",
        "choice",
        "open-choice",
        "attachment",
        "reference",
        "quantity",
    }
)
_CHOICES: Final = frozenset({"choice", "open-choice"})
_OFFERING: Final = _CHOICES | {
    "decimal",
    "integer",
    "date",
    "dateTime",
    "time",
    "string",
    "quantity",
}
_MEASURABLE: Final = frozenset(
    {"boolean", "decimal", "integer", "string", "text", "url", "open-choice"}
)


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken rule, and the dotted place that breaks it."""

    rule: str
    place: str


def broken_form_rules(form: Json) -> Iterator[Broken]:
    """Every rule that this Questionnaire breaks, in the order of its items."""
    yield from _head(form)
    seen: set[str] = set()
    pages = False
    for place, item in _items(form, ""):
        link_id = str(item.get("linkId", ""))
        if not link_id or link_id in seen:
            yield Broken("que-2", f"{place}.linkId")
        if len(link_id) > 255:
            yield Broken("que-15", f"{place}.linkId")
        # A question that comes later, or never, could not have been answered yet.
        yield from _enabled(item, place, seen)
        seen.add(link_id)
        if item.get("type") not in ITEM_TYPES:
            yield Broken("item-type", f"{place}.type")
        if "page" in _controls(item):
            pages = True
            if ".item[" in place:
                yield Broken("sdc-rend-1", place)
        for rules in (_of_kind, _offered, _initial, _sdc, _own):
            yield from rules(item, place)
    if pages:
        for number, item in enumerate(_objects(form.get("item"))):
            if not {"page", "header", "footer"} & _controls(item):
                yield Broken("sdc-rend-2", f"item[{number}]")


def _head(form: Json) -> Iterator[Broken]:
    if not _NAME.fullmatch(str(form.get("name", ""))):
        yield Broken("cnl-0", "name")
    url = str(form.get("url", ""))
    if not url or any(each in url for each in "|# "):
        yield Broken("cnl-1", "url")
    algorithms = [
        each.get("valueCoding") for each in _extensions(form, VERSION_ALGORITHM)
    ]
    if "version" in form and not algorithms:
        yield Broken("sdc-2", "version")
    semver = {"system": VERSION_ALGORITHM_SYSTEM, "code": "semver"}
    if any(each != semver for each in algorithms):
        yield Broken("sdc-3", "extension")
    elif algorithms and not _SEMVER.fullmatch(str(form.get("version", ""))):
        yield Broken("sdc-3", "version")


def _enabled(item: Json, place: str, before: set[str]) -> Iterator[Broken]:
    conditions = _objects(item.get("enableWhen"))
    if len(conditions) > 1 and "enableBehavior" not in item:
        yield Broken("que-12", f"{place}.enableBehavior")
    for number, each in enumerate(conditions):
        here = f"{place}.enableWhen[{number}]"
        if each.get("operator") == "exists" and "answerBoolean" not in each:
            yield Broken("que-7", here)
        if each.get("question") not in before:
            yield Broken("own-asked-before", f"{here}.question")
    if conditions and _extensions(item, ENABLE_WHEN_EXPRESSION):
        yield Broken("sdc-behave-2", place)


def _of_kind(item: Json, place: str) -> Iterator[Broken]:
    kind = item.get("type")
    if kind == "group" and not item.get("item"):
        yield Broken("que-1", f"{place}.item")
    if kind != "display":
        return
    for rule, fields in (
        ("que-1", {"item"}),
        ("que-3", {"code"}),
        ("que-6", {"required", "repeats"}),
        ("que-9", {"readOnly"}),
    ):
        if fields & set(item):
            yield Broken(rule, place)
    if _extensions(item, EXTRACT):
        yield Broken("sdc-obsn-1", place)


def _offered(item: Json, place: str) -> Iterator[Broken]:
    options = _objects(item.get("answerOption"))
    offers = {"answerOption", "answerValueSet"} & set(item)
    if len(offers) > 1:
        yield Broken("que-4", f"{place}.answerOption")
    if offers and item.get("type") not in _OFFERING:
        yield Broken("que-5", f"{place}.type")
    if "maxLength" in item and item.get("type") not in _MEASURABLE:
        yield Broken("que-10", f"{place}.maxLength")
    computed = _extensions(item, ANSWER_EXPRESSION)
    if offers and computed:
        yield Broken("sdc-1", place)
    if _extensions(item, ANSWER_CONSTRAINT) and not (offers or computed):
        yield Broken("que-14", place)
    value_set = item.get("answerValueSet")
    if isinstance(value_set, str) and not ("|" in value_set or value_set[:1] == "#"):
        yield Broken("SD-05", f"{place}.answerValueSet")
    for number, option in enumerate(options):
        yield from _option(option, f"{place}.answerOption[{number}]")


def _option(option: Json, place: str) -> Iterator[Broken]:
    coding, reference = option.get("valueCoding"), option.get("valueReference")
    if isinstance(coding, dict):
        if not {"code", "display"} & set(coding):
            yield Broken("sdc-base-1", place)
        if "code" in coding and "system" not in coding:
            yield Broken("sdc-base-2", place)
    if isinstance(reference, dict) and not (
        {"reference", "display", "identifier"} & set(reference)
    ):
        yield Broken("sdc-base-4", place)
    weights = [
        [each.get("valueDecimal") for each in _extensions(option, url)]
        for url in (ITEM_WEIGHT, ORDINAL_VALUE)
    ]
    if weights[0] != weights[1] or len(weights[0]) > 1:
        yield Broken("SD-06", place)


def _initial(item: Json, place: str) -> Iterator[Broken]:
    initial = item.get("initial")
    if initial is None:
        return
    if item.get("type") in ("group", "display"):
        yield Broken("que-8", f"{place}.initial")
    if "answerOption" in item:
        yield Broken("que-11", f"{place}.answerOption")
    if len(_objects(initial)) > 1 and item.get("repeats") is not True:
        yield Broken("que-13", f"{place}.initial")
    if _extensions(item, INITIAL_EXPRESSION):
        yield Broken("sdc-behave-1", place)


def _sdc(item: Json, place: str) -> Iterator[Broken]:
    kind = item.get("type")
    if kind == "quantity" and not any(
        _extensions(item, url) for url in (UNIT_OPTION, UNIT_VALUE_SET)
    ):
        yield Broken("sdc-behave-3", place)
    if _extensions(item, SLIDER_STEP) and kind != "integer":
        yield Broken("SD-09", place)
    if _extensions(item, UNIT) and kind not in ("integer", "decimal"):
        yield Broken("SD-30", place)
    extracted = [each.get("valueBoolean") for each in _extensions(item, EXTRACT)]
    if True in extracted and "code" not in item:
        yield Broken("SD-30", place)


def _own(item: Json, place: str) -> Iterator[Broken]:
    if item.get("required") is True:
        # A person may leave any question open; the scores know what to do then.
        yield Broken("own-blank-allowed", f"{place}.required")


def _controls(item: Json) -> set[object]:
    found: set[object] = set()
    for each in _extensions(item, ITEM_CONTROL):
        concept = each.get("valueCodeableConcept")
        if isinstance(concept, dict):
            found |= {coding.get("code") for coding in _objects(concept.get("coding"))}
    return found


def _items(holder: Json, place: str) -> Iterator[tuple[str, Json]]:
    for number, each in enumerate(_objects(holder.get("item"))):
        here = f"{place}.item[{number}]".removeprefix(".")
        yield here, each
        yield from _items(each, here)


def _extensions(holder: Json, url: str) -> list[Json]:
    return [
        each for each in _objects(holder.get("extension")) if each.get("url") == url
    ]


def _objects(found: object) -> list[Json]:
    return (
        [each for each in found if isinstance(each, dict)]
        if isinstance(found, list)
        else []
    )
