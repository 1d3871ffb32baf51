"""Is this a card? The rules of CDS Hooks 2.0 that an EHR relies on."""

from collections.abc import Iterator

from sandbox_ehr.json_text import Json

LONGEST_SUMMARY = 139  # characters; the specification says fewer than 140
INDICATORS = ("info", "warning", "critical")
BEHAVIOURS = ("at-most-one", "any")


def first_fault(card: object) -> str | None:
    """The place of the first broken rule; None for a good card."""
    if not isinstance(card, dict):
        return "card"
    return next(_faults(card), None)


def _faults(card: Json) -> Iterator[str]:
    yield from _empty(card, place="card")
    summary = card.get("summary")
    if not isinstance(summary, str) or len(summary) > LONGEST_SUMMARY:
        yield "card.summary"
    if card.get("indicator") not in INDICATORS:
        yield "card.indicator"
    source = card.get("source")
    if not isinstance(source, dict) or not isinstance(source.get("label"), str):
        yield "card.source.label"
    for number, link in enumerate(_list(card, "links")):
        yield from _link(link, place=f"card.links[{number}]")
    for number, reason in enumerate(_list(card, "overrideReasons")):
        if not _has_texts(reason, "code", "system", "display"):
            yield f"card.overrideReasons[{number}]"
    suggestions = _list(card, "suggestions")
    if suggestions and card.get("selectionBehavior") not in BEHAVIOURS:
        yield "card.selectionBehavior"
    for number, suggestion in enumerate(suggestions):
        yield from _suggestion(suggestion, place=f"card.suggestions[{number}]")


def _link(link: object, *, place: str) -> Iterator[str]:
    if not isinstance(link, dict) or not _has_texts(link, "label", "url", "type"):
        yield place
    elif link["type"] not in ("absolute", "smart"):
        yield f"{place}.type"
    elif "appContext" in link and link["type"] != "smart":
        yield f"{place}.appContext"


def _suggestion(suggestion: object, *, place: str) -> Iterator[str]:
    if not isinstance(suggestion, dict) or not _has_texts(suggestion, "label"):
        yield place
        return
    for number, action in enumerate(_list(suggestion, "actions")):
        here = f"{place}.actions[{number}]"
        if not isinstance(action, dict) or not _has_texts(action, "description"):
            yield here
        elif action.get("type") not in ("create", "update", "delete"):
            yield f"{here}.type"
        elif action["type"] != "delete" and not isinstance(
            action.get("resource"), dict
        ):
            yield f"{here}.resource"


def _empty(value: object, *, place: str) -> Iterator[str]:
    """Places of null, "", [] and {}: CDS Hooks forbids them."""
    if value is None or value == "" or value == [] or value == {}:
        yield place
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _empty(inner, place=f"{place}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _empty(inner, place=f"{place}[{number}]")


def _list(holder: Json, key: str) -> list[object]:
    found = holder.get(key, [])
    return found if isinstance(found, list) else [None]


def _has_texts(value: object, *names: str) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) for name in names
    )
