"""What differs between two Questionnaires, item by item.

A published version never changes its meaning in silence: whoever replaces one sees
first what changes. Server bookkeeping (id, meta, narrative) and the order of
extensions are no difference; numbers are compared by value.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from fhir_mapping.r4.codes import CALCULATED, ITEM_WEIGHT, ORDINAL_VALUE
from fhir_mapping.r4.json import Json, json_bytes

Aspect = Literal[
    "item_added",
    "item_removed",
    "item_moved",
    "question",
    "translation",
    "kind",
    "codes",
    "answer_added",
    "answer_removed",
    "answers_moved",
    "label",
    "points",
    "condition",
    "score_rule",
    "rest_of_item",
    "about_form",
]

# Aspects that change what is asked or how it counts; the others describe.
MEANING: Final = frozenset(
    {
        *("item_added", "item_removed", "item_moved", "question", "kind"),
        *("answer_added", "answer_removed", "answers_moved", "label", "points"),
        *("condition", "score_rule"),
    }
)
_BOOKKEEPING: Final = frozenset({"id", "meta", "text"})
_ABSENT: Final = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same.

    Attributes:
        place: link id of the item; of `about_form` the element's name.
        detail: which answer, by its code; "" where it is no answer's.
        stored: as it is in the EHR; ours: as it would be. Both "" where long.
    """

    aspect: Aspect
    place: str
    stored: str = ""
    ours: str = ""
    detail: str = ""

    @property
    def changes_meaning(self) -> bool:
        """Whether answers or scores would mean something else."""
        return self.aspect in MEANING


def form_differences(ours: Json, stored: Json) -> tuple[Difference, ...]:
    """Everything by which the stored form differs from ours; empty: the same form."""
    found = (*_head(ours, stored), *_items(ours, stored))
    if not found and not _same(_told(ours), _told(stored)):
        # Nothing is "the same" that was not compared as a whole: two items of one link
        # id, another nesting.
        return (Difference("about_form", "item"),)
    return found


def _told(form: Json) -> Json:
    return {key: value for key, value in form.items() if key not in _BOOKKEEPING}


def _head(ours: Json, stored: Json) -> Iterator[Difference]:
    names = dict.fromkeys([*ours, *stored])
    for name in names:
        if name in _BOOKKEEPING or name == "item":
            continue
        one, other = ours.get(name), stored.get(name)
        if not _same({name: one}, {name: other}):
            yield Difference("about_form", name, _shown(other), _shown(one))


def _items(ours: Json, stored: Json) -> Iterator[Difference]:
    here, there = _by_link(ours), _by_link(stored)
    for link_id in here:
        if link_id not in there:
            yield Difference("item_added", link_id, ours=_text(here[link_id], "text"))
    for link_id in there:
        if link_id not in here:
            yield Difference(
                "item_removed", link_id, stored=_text(there[link_id], "text")
            )
    both = [each for each in here if each in there]
    then = [each for each in there if each in here]
    for link_id, before in zip(both, then, strict=True):
        if link_id != before:
            yield Difference("item_moved", link_id)
    for link_id in both:
        yield from _item(link_id, here[link_id], there[link_id])


def _item(link_id: str, ours: Json, stored: Json) -> Iterator[Difference]:
    for aspect, name in _NAMED.items():
        one, other = ours.get(name), stored.get(name)
        if not _same(one, other):
            yield Difference(aspect, link_id, _shown(other), _shown(one))
    conditions = ("enableWhen", "enableBehavior")
    if not all(_same(ours.get(each), stored.get(each)) for each in conditions):
        yield Difference("condition", link_id)
    if not _same(_rule(ours), _rule(stored)):
        yield Difference("score_rule", link_id, _rule(stored), _rule(ours))
    yield from _answers(link_id, ours, stored)
    if not _same(_rest(ours), _rest(stored)):
        yield Difference("rest_of_item", link_id)


_NAMED: Final[dict[Aspect, str]] = {
    "question": "text",
    "translation": "_text",
    "kind": "type",
    "codes": "code",
}
_HANDLED: Final = frozenset(
    {*_NAMED.values(), "enableWhen", "enableBehavior", "answerOption", "item"}
)


def _answers(link_id: str, ours: Json, stored: Json) -> Iterator[Difference]:
    here, there = _options(ours), _options(stored)
    for code, option in here.items():
        if code not in there:
            yield Difference("answer_added", link_id, ours=_label(option), detail=code)
    for code, option in there.items():
        if code not in here:
            label = _label(option)
            yield Difference("answer_removed", link_id, stored=label, detail=code)
    both = [each for each in here if each in there]
    if both != [each for each in there if each in here]:
        yield Difference("answers_moved", link_id)
    for code in both:
        one, other = here[code], there[code]
        if _label(one) != _label(other):
            yield Difference("label", link_id, _label(other), _label(one), code)
        if _points(one) != _points(other):
            yield Difference("points", link_id, _points(other), _points(one), code)
        elif _label(one) == _label(other) and not _same(one, other):
            yield Difference("rest_of_item", link_id, detail=code)


def _by_link(form: Json) -> dict[str, Json]:
    return {_text(each, "linkId"): each for each in _flat(form)}


def _flat(holder: Json) -> Iterator[Json]:
    for each in _objects(holder.get("item")):
        yield each
        yield from _flat(each)


def _options(item: Json) -> dict[str, Json]:
    """By code, or by the whole value where an option is no Coding."""
    options: dict[str, Json] = {}
    for each in _objects(item.get("answerOption")):
        coding = each.get("valueCoding")
        code = _text(coding, "code") if isinstance(coding, dict) else ""
        options[code or _canonical(each)] = each
    return options


def _label(option: Json) -> str:
    coding = option.get("valueCoding")
    return _text(coding, "display") if isinstance(coding, dict) else ""


def _points(option: Json) -> str:
    """The weight in the shortest form; both extensions if they disagree."""
    found = [
        str(Decimal(value).normalize())
        for each in _objects(option.get("extension"))
        if each.get("url") in (ITEM_WEIGHT, ORDINAL_VALUE)
        and isinstance(value := each.get("valueDecimal"), int | Decimal)
    ]
    return ", ".join(dict.fromkeys(found))


def _rule(item: Json) -> str:
    for each in _objects(item.get("extension")):
        expression = each.get("valueExpression")
        if each.get("url") == CALCULATED and isinstance(expression, dict):
            return _text(expression, "expression")
    return ""


def _rest(item: Json) -> Json:
    rest = {key: value for key, value in item.items() if key not in _HANDLED}
    extensions = [
        each for each in _objects(item.get("extension")) if each["url"] != CALCULATED
    ]
    return rest | {"extension": extensions}


def _same(one: object, other: object) -> bool:
    return _canonical(one) == _canonical(other)


def _canonical(value: object) -> str:
    """One text for values that say the same."""
    match value:
        case dict():
            pairs = sorted(
                f"{key}:{_extensions(each) if key == 'extension' else _canonical(each)}"
                for key, each in value.items()
            )
            return "{" + ",".join(pairs) + "}"
        case list():
            return "[" + ",".join(map(_canonical, value)) + "]"
        case bool() | str() | None:
            return repr(value)
        case int() | Decimal():
            return format(Decimal(value).normalize(), "f")
        case _:
            return repr(value)


def _extensions(value: object) -> str:
    return ",".join(sorted(map(_canonical, _objects(value))))


def _shown(value: object) -> str:
    match value:
        case None:
            return _ABSENT
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case dict() | list():
            return json_bytes({"": value}).decode()[4:-1]
        case _:
            return str(value)


def _text(holder: Json, key: str) -> str:
    found = holder.get(key)
    return found if isinstance(found, str) else ""


def _objects(found: object) -> list[Json]:
    if not isinstance(found, list):
        return []
    return [each for each in found if isinstance(each, dict)]
