"""What a form asks, without its words: of an instrument, and of any Questionnaire."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, assert_never

from fhir_mapping.errors import UnreadableResource
from fhir_mapping.known_codes import item_code
from fhir_mapping.r4.codes import (
    ITEM_SYSTEM,
    ITEM_WEIGHT,
    MAX_VALUE,
    MIN_VALUE,
    ORDINAL_VALUE,
    SCORE_SYSTEM,
)
from fhir_mapping.r4.json import Json
from questionnaires.instrument import (
    ChoiceItem,
    Coding,
    Instrument,
    SliderItem,
    TextItem,
)
from questionnaires.instrument import Item as InstrumentItem

QUESTIONNAIRE: Final = "Questionnaire"
# Levels of items in items; real forms have four or five.
_DEEPEST: Final = 32


@dataclass(frozen=True, slots=True)
class FormOption:
    """An offered answer; weight is None where the form gives none."""

    coding: Coding
    weight: Decimal | None


@dataclass(frozen=True, slots=True)
class FormItem:
    """One question. Low and high are bounds of a number, in its own unit.

    Its codings are those that others know; our own only where there is no other.
    """

    link_id: str
    kind: Literal["choice", "integer", "text"]
    codings: tuple[Coding, ...]
    options: tuple[FormOption, ...]
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class FormStructure:
    """A form: its canonical, version and questions in order.

    Attributes:
        version: "" where the form states none.
        computed: codes of the items that a form fills in itself (its scores).
    """

    url: str
    version: str
    items: tuple[FormItem, ...]
    computed: tuple[Coding, ...]


def structure_of_instrument(instrument: Instrument) -> FormStructure:
    """The structure that the instrument's own Questionnaire has."""
    return FormStructure(
        url=instrument.canonical,
        version=instrument.version,
        items=tuple(_item(each, instrument) for each in instrument.items),
        computed=tuple(each.coding for each in instrument.scores),
    )


def _item(item: InstrumentItem, instrument: Instrument) -> FormItem:
    own = Coding(ITEM_SYSTEM, item_code(instrument, item.link_id))
    codings = _telling((*item.codings, own))
    match item:
        case ChoiceItem():
            options = tuple(FormOption(o.coding, o.points) for o in item.options)
            return FormItem(item.link_id, "choice", codings, options, None, None)
        case SliderItem():
            low, high = Decimal(item.low), Decimal(item.high)
            return FormItem(item.link_id, "integer", codings, (), low, high)
        case TextItem():
            return FormItem(item.link_id, "text", codings, (), None, None)
        case _:
            assert_never(item)


def _telling(codings: tuple[Coding, ...]) -> tuple[Coding, ...]:
    """Without our own synonym, where a code that others know stands beside it."""
    known = tuple(
        each for each in codings if each.system not in (ITEM_SYSTEM, SCORE_SYSTEM)
    )
    return known or codings[-1:]


def structure_from_questionnaire(resource: Json) -> FormStructure:
    """What a Questionnaire asks, ours or another maker's.

    Raises:
        UnreadableResource: at the place of an item we cannot offer (other types,
            value sets that would have to be looked up, a link id twice, items nested
            deeper than 32 levels).
    """
    if resource.get("resourceType") != QUESTIONNAIRE:
        raise UnreadableResource(str(resource.get("resourceType", "")), "resourceType")
    items: list[FormItem] = []
    computed: list[Coding] = []
    seen: set[str] = set()
    for place, item in _flat(resource, ""):
        link_id = item.get("linkId")
        if not isinstance(link_id, str) or not link_id or link_id in seen:
            raise UnreadableResource(QUESTIONNAIRE, f"{place}.linkId")
        seen.add(link_id)
        codings = _telling(_codings(item.get("code", []), f"{place}.code"))
        kind = item.get("type")
        if kind in ("group", "display"):
            continue
        if kind in ("decimal", "quantity") or item.get("readOnly") is True:
            computed.extend(codings)
            continue
        items.append(_form_item(item, link_id, codings=codings, place=place))
    url, version = resource.get("url"), resource.get("version", "")
    if not isinstance(url, str) or not url:
        raise UnreadableResource(QUESTIONNAIRE, "url")
    if not isinstance(version, str):
        raise UnreadableResource(QUESTIONNAIRE, "version")
    return FormStructure(url, version, tuple(items), tuple(computed))


def _flat(holder: Json, place: str, *, level: int = 1) -> Iterator[tuple[str, Json]]:
    items = holder.get("item", [])
    if not isinstance(items, list):
        raise UnreadableResource(QUESTIONNAIRE, f"{place}.item".removeprefix("."))
    for number, each in enumerate(items):
        here = f"{place}.item[{number}]".removeprefix(".")
        # Deeper, and Python itself would give up, with an error that names no place.
        if not isinstance(each, dict) or level > _DEEPEST:
            raise UnreadableResource(QUESTIONNAIRE, here)
        if "modifierExtension" in each:
            raise UnreadableResource(
                QUESTIONNAIRE, f"{here}.modifierExtension", "not_interpreted"
            )
        yield here, each
        yield from _flat(each, here, level=level + 1)


def _form_item(
    item: Json, link_id: str, *, codings: tuple[Coding, ...], place: str
) -> FormItem:
    match item.get("type"):
        case "choice":
            options = _options(item.get("answerOption"), f"{place}.answerOption")
            return FormItem(link_id, "choice", codings, options, None, None)
        case "integer":
            low, high = (_number(item, url) for url in (MIN_VALUE, MAX_VALUE))
            return FormItem(link_id, "integer", codings, (), low, high)
        case "text" | "string":
            return FormItem(link_id, "text", codings, (), None, None)
        case _:
            raise UnreadableResource(QUESTIONNAIRE, f"{place}.type")


def _options(found: object, place: str) -> tuple[FormOption, ...]:
    if not isinstance(found, list) or not found:
        raise UnreadableResource(QUESTIONNAIRE, place)
    options = []
    for number, each in enumerate(found):
        here = f"{place}[{number}].valueCoding"
        coding = each.get("valueCoding") if isinstance(each, dict) else None
        if not isinstance(coding, dict):
            raise UnreadableResource(QUESTIONNAIRE, here)
        options.append(FormOption(_codings([coding], here)[0], _weight(each, coding)))
    return tuple(options)


def _weight(option: Json, coding: Json) -> Decimal | None:
    """From the option or its coding; a weight of zero is a weight."""
    for holder in (option, coding):
        for url in (ITEM_WEIGHT, ORDINAL_VALUE):
            found = _number(holder, url)
            if found is not None:
                return found
    return None


def _codings(found: object, place: str) -> tuple[Coding, ...]:
    if not isinstance(found, list):
        raise UnreadableResource(QUESTIONNAIRE, place)
    codings = []
    for each in found:
        system = each.get("system") if isinstance(each, dict) else None
        code = each.get("code") if isinstance(each, dict) else None
        if not isinstance(system, str) or not isinstance(code, str):
            raise UnreadableResource(QUESTIONNAIRE, place)
        codings.append(Coding(system, code))
    return tuple(codings)


def _number(holder: Json, url: str) -> Decimal | None:
    extensions = holder.get("extension", [])
    if not isinstance(extensions, list):
        return None
    for each in extensions:
        if isinstance(each, dict) and each.get("url") == url:
            for key in ("valueDecimal", "valueInteger"):
                value = each.get(key)
                if isinstance(value, int | Decimal) and not isinstance(value, bool):
                    return Decimal(value)
    return None
