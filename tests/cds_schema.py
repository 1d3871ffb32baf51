"""CDS Hooks 2.0 as checks: the tables of the specification, written down once more.

There is no official JSON Schema. `*_faults` gives what the tables and the invariants
forbid, and is proved on the official cases; `own_faults` adds what the text asks of a
service beyond them (lengths, nothing empty, link types).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

UUID = re.compile(r"(urn:uuid:)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
REFERENCE = re.compile(r"[A-Za-z]+/[A-Za-z0-9.-]{1,64}")
TOKEN = re.compile(r"\{\{(.*?)\}\}")
# hook -> member of the context -> (its form, whether it is required)
CONTEXTS: dict[str, dict[str, tuple[Any, bool]]] = {
    "patient-view": {
        "userId": (REFERENCE, True),
        "patientId": (ID, True),
        "encounterId": (ID, False),
    },
    "order-select": {
        "userId": (REFERENCE, True),
        "patientId": (ID, True),
        "encounterId": (ID, False),
        "selections": ([REFERENCE], True),
        "draftOrders": ("Bundle", True),
    },
    "order-sign": {
        "userId": (REFERENCE, True),
        "patientId": (ID, True),
        "encounterId": (ID, False),
        "draftOrders": ("Bundle", True),
    },
}
TOKENS = {"context.patientId", "context.userId", "context.encounterId"}
PARAMETERS = {"patient", "category", "_sort", "_count"}

Faults = Iterator[str]


def request_faults(body: Any) -> list[str]:
    """What is wrong with a request."""
    return list(_request(body))


def response_faults(body: Any) -> list[str]:
    """What is wrong with an answer."""
    return list(_response(body))


def services_faults(body: Any) -> list[str]:
    """What is wrong with a discovery document."""
    return list(_services(body))


def own_faults(body: Any) -> list[str]:
    """What the text asks of a service's answers beyond the tables."""
    return [*_empty(body, "$"), *_prose(body)]


def prefetch_faults(templates: Mapping[str, str]) -> list[str]:
    """Tokens and parameters that not every client can honour."""
    found: list[str] = []
    for key, template in templates.items():
        found += [
            f"{key}: token {each}"
            for each in TOKEN.findall(template)
            if each not in TOKENS
        ]
        kind, _, query = template.partition("?")
        if not re.fullmatch(r"[A-Za-z]+(/\{\{context\.patientId\}\})?", kind):
            found.append(f"{key}: neither an instance nor a type")
        names = [each.split("=")[0] for each in query.split("&") if query]
        found += [f"{key}: {each}" for each in names if each not in PARAMETERS]
    return found


def _request(body: Any) -> Faults:
    if not isinstance(body, dict):
        yield "$ is no object"
        return
    yield from _texts(body, "$", needed=("hook", "hookInstance"))
    if not UUID.fullmatch(str(body.get("hookInstance"))):
        yield "$.hookInstance is no UUID"
    if "fhirServer" in body and not _is_url(body["fhirServer"]):
        yield "$.fhirServer is no URL"
    yield from _context(body)
    if "fhirAuthorization" in body:
        if "fhirServer" not in body:
            yield "cds-r-1"
        yield from _authorization(body["fhirAuthorization"])
    for key, value in _members(body.get("prefetch", {})):
        if value is not None and not _is_resource(value):
            yield f"$.prefetch.{key} is neither null nor a resource"


def _context(body: dict[str, Any]) -> Faults:
    context = body.get("context")
    if not isinstance(context, dict):
        yield "$.context is no object"
        return
    for name, (form, needed) in CONTEXTS.get(str(body.get("hook")), {}).items():
        value = context.get(name)
        if value is None:
            if needed:
                yield f"$.context.{name} is missing"
        elif not _has_form(value, form):
            yield f"$.context.{name} has another form"


def _has_form(value: Any, form: Any) -> bool:
    if isinstance(form, str):
        return isinstance(value, dict) and value.get("resourceType") == form
    if isinstance(form, list):
        return isinstance(value, list) and all(
            _has_form(each, form[0]) for each in value
        )
    return isinstance(value, str) and form.fullmatch(value) is not None


def _authorization(access: Any) -> Faults:
    place = "$.fhirAuthorization"
    if not isinstance(access, dict):
        yield f"{place} is no object"
        return
    yield from _texts(access, place, needed=("access_token", "scope", "subject"))
    if access.get("token_type") != "Bearer":
        yield f"{place}.token_type"
    if type(access.get("expires_in")) is not int:
        yield f"{place}.expires_in"


def _response(body: Any) -> Faults:
    if not isinstance(body, dict) or not isinstance(body.get("cards"), list):
        yield "$.cards is no list"
        return
    for number, card in enumerate(body["cards"]):
        place = f"$.cards[{number}]"
        yield from _texts(card, place, needed=("summary",), may=("detail",))
        if "uuid" in card and not UUID.fullmatch(str(card["uuid"])):
            yield f"{place}.uuid"
        if card.get("indicator") not in ("info", "warning", "critical"):
            yield f"{place}.indicator"
        source = card.get("source")
        yield from _texts(source, f"{place}.source", needed=("label",))
        for name in ("url", "icon"):
            if name in (source or {}) and not _is_url(source[name]):
                yield f"{place}.source.{name}"
        yield from _suggestions(card, place)
        for reason in card.get("overrideReasons", []):
            yield from _texts(reason, "cds-resp-4", needed=("code", "display"))
        for link in card.get("links", []):
            yield from _texts(link, f"{place}.links", needed=("label", "url"))
            if link.get("type") not in ("absolute", "smart", None):
                yield f"{place}.links.type"
            if "appContext" in link and link.get("type") != "smart":
                yield "cds-resp-3"


def _suggestions(card: dict[str, Any], place: str) -> Faults:
    suggestions = card.get("suggestions", [])
    behaviour = card.get("selectionBehavior")
    if behaviour not in ("at-most-one", "any", None):
        yield f"{place}.selectionBehavior"
    recommended = [each for each in suggestions if each.get("isRecommended")]
    if behaviour == "at-most-one" and len(recommended) > 1:
        yield "cds-resp-1"
    if suggestions and behaviour is None:
        yield "cds-resp-6"
    for suggestion in suggestions:
        yield from _texts(suggestion, f"{place}.suggestions", needed=("label",))
        for action in suggestion.get("actions", []):
            if action.get("type") not in ("create", "update", "delete"):
                yield f"{place}.suggestions.actions.type"
            if not action.get("description"):
                yield "cds-resp-5"
            is_delete = action.get("type") == "delete"
            if is_delete and ("resource" in action or "resourceId" not in action):
                yield "cds-resp-2"


def _services(body: Any) -> Faults:
    if not isinstance(body, dict) or not isinstance(body.get("services"), list):
        yield "$.services is no list"
        return
    for number, service in enumerate(body["services"]):
        place = f"$.services[{number}]"
        yield from _texts(
            service,
            place,
            needed=("hook", "description", "id"),
            may=("title", "usageRequirements"),
        )
        for key, template in _members(service.get("prefetch", {})):
            if not isinstance(template, str) or not template:
                yield f"{place}.prefetch.{key}"


def _prose(body: Any) -> Faults:
    for card in body.get("cards", []):
        if len(card["summary"]) >= 140:
            yield "summary of 140 code points or more"
        if "uuid" not in card:
            yield "no uuid: nobody can answer this card"
        if re.search(r"<[a-zA-Z/!]|^\s*\|.*\|", card.get("detail", ""), re.MULTILINE):
            yield "detail with HTML or a table"
        for link in card.get("links", []):
            if link.get("type") not in ("absolute", "smart"):
                yield "link without type"
            if "autolaunchable" in link:
                yield "autolaunchable"
        for reason in card.get("overrideReasons", []):
            if not reason.get("system"):
                yield "override reason without system"
    if "systemActions" in body:
        yield "systemActions"


def _empty(value: Any, place: str) -> Faults:
    """Nothing may be null, "", [] or {}, but the list of cards or services (CH-04)."""
    if value in (None, "", [], {}) and place not in ("$.cards", "$.services"):
        yield f"{place} is empty"
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _empty(member, f"{place}.{name}")
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _empty(member, f"{place}[{number}]")


def _texts(
    table: Any, place: str, *, needed: tuple[str, ...], may: tuple[str, ...] = ()
) -> Faults:
    if not isinstance(table, dict):
        yield f"{place} is no object"
        return
    for name in (*needed, *(each for each in may if each in table)):
        if not isinstance(table.get(name), str) or not table[name]:
            yield f"{place}.{name}"


def _members(table: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(table, dict):
        yield "", "is no object"
    else:
        yield from table.items()


def _is_resource(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("resourceType"), str)


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and bool(urlsplit(value).netloc)
