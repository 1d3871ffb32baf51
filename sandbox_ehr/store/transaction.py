"""A transaction Bundle: all of it or nothing, with references rewritten."""

import uuid
from collections.abc import Sequence
from typing import Any, Protocol

from sandbox_ehr.errors import FhirRefusal, issue, operation_outcome
from sandbox_ehr.json_text import Json
from sandbox_ehr.store.definitions import r4


class Writer(Protocol):
    """What a transaction needs of the store; called inside its transaction."""

    def create(self, kind: str, resource: Json, *, identity: str) -> Json: ...
    def put(
        self, kind: str, identity: str, resource: Json, *, if_match: str | None
    ) -> tuple[Json, bool]: ...
    def conditional_match(self, kind: str, condition: str) -> Json | None: ...
    def check_links(self, resource: Json) -> None: ...
    def location(self, made: Json) -> str: ...


def run_transaction(store: Writer, bundle: Json, *, prefer: str | None) -> Json:
    """Carry out the entries: creates first, then updates.

    Raises:
        FhirRefusal: whatever any entry raises; nothing is kept then.
    """
    entries = entries_of(bundle)
    targets: dict[str, str] = {}
    planned: list[tuple[str, str, Json | None]] = []
    for number, entry in enumerate(entries):
        kind, identity, existing = _planned(store, entry, place=_place(number))
        planned.append((kind, identity, existing))
        full_url = entry.get("fullUrl")
        if isinstance(full_url, str):
            if full_url in targets:
                raise FhirRefusal(
                    400, "duplicate", "a fullUrl twice", expression=_place(number)
                )
            targets[full_url] = f"{kind}/{identity}"
    made: list[Json | None] = [None] * len(entries)
    answers: list[Json] = [{}] * len(entries)
    order = sorted(
        range(len(entries)), key=lambda n: str(entries[n]["request"]["method"])
    )
    for number in order:  # POST sorts before PUT, as R4 asks
        kind, identity, existing = planned[number]
        request = entries[number]["request"]
        resource = _rewritten(entries[number]["resource"], targets)
        try:
            if existing is not None:
                answers[number] = _answer(store, existing, status="200 OK")
            elif request["method"] == "POST":
                made[number] = store.create(kind, resource, identity=identity)
                answers[number] = _answer(store, made[number], status="201 Created")
            else:
                new, created = store.put(
                    kind, identity, resource, if_match=request.get("ifMatch")
                )
                made[number] = new
                status = "201 Created" if created else "200 OK"
                answers[number] = _answer(store, new, status=status)
        except FhirRefusal as refusal:
            raise _at(refusal, number) from None
    for number, each in enumerate(made):
        if each is None:
            continue
        try:
            store.check_links(each)
        except FhirRefusal as refusal:
            raise _at(refusal, number) from None
    if "return=representation" in (prefer or ""):
        for number, (_, _, existing) in enumerate(planned):
            answers[number] = {
                "resource": made[number] or existing,
                **answers[number],
            }
    return {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": answers,
    }


def entries_of(bundle: Json) -> list[Json]:
    """The entries of a batch or transaction, each with request and resource.

    Raises:
        FhirRefusal: 400 for a shape that is neither.
    """
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") not in (
        "batch",
        "transaction",
    ):
        raise FhirRefusal(400, "structure", "not a batch or transaction Bundle")
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise FhirRefusal(400, "structure", "entry is not a list")
    for number, entry in enumerate(entries):
        request = entry.get("request") if isinstance(entry, dict) else None
        if (
            not isinstance(request, dict)
            or not isinstance(request.get("method"), str)
            or not isinstance(request.get("url"), str)
        ):
            raise FhirRefusal(400, "structure", "no request", expression=_place(number))
    return entries


def _planned(store: Writer, entry: Json, *, place: str) -> tuple[str, str, Json | None]:
    request = entry["request"]
    parts = [part for part in request["url"].split("/") if part]
    if not isinstance(entry.get("resource"), dict):
        raise FhirRefusal(400, "structure", "no resource", expression=place)
    if not parts or parts[0] not in r4().resources:
        raise FhirRefusal(400, "not-supported", "type not stored", expression=place)
    if request["method"] == "POST" and len(parts) == 1:
        condition = request.get("ifNoneExist")
        existing = (
            store.conditional_match(parts[0], condition)
            if isinstance(condition, str)
            else None
        )
        identity = str(existing["id"]) if existing else uuid.uuid4().hex
        return parts[0], identity, existing
    if request["method"] == "PUT" and len(parts) == 2:
        return parts[0], parts[1], None
    raise FhirRefusal(
        400, "not-supported", "only creates and updates here", expression=place
    )


def _rewritten(value: Any, targets: dict[str, str]) -> Any:
    """The same JSON with every reference to an entry's fullUrl made real."""
    if isinstance(value, list):
        return [_rewritten(each, targets) for each in value]
    if isinstance(value, dict):
        return {
            key: targets.get(each, each)
            if key == "reference" and isinstance(each, str)
            else _rewritten(each, targets)
            for key, each in value.items()
        }
    return value


def _answer(store: Writer, resource: Json | None, *, status: str) -> Json:
    assert resource is not None
    return {
        "response": {
            "status": status,
            "location": store.location(resource),
            "etag": f'W/"{resource["meta"]["versionId"]}"',
            "lastModified": resource["meta"]["lastUpdated"],
        }
    }


def _at(refusal: FhirRefusal, number: int) -> FhirRefusal:
    issues: Sequence[dict[str, Any]] = [
        {**each, "expression": [_place(number), *each.get("expression", [])]}
        for each in refusal.issues
    ]
    return FhirRefusal.of_issues(refusal.status, issues)


def batch_answer(status: int, *, body: Json | None, headers: dict[str, str]) -> Json:
    """One entry of a batch-response."""
    response: Json = {"status": str(status)}
    if "Location" in headers:
        response["location"] = headers["Location"]
    if "ETag" in headers:
        response["etag"] = headers["ETag"]
    if status >= 400:
        outcome = body or operation_outcome([issue("error", "processing", "refused")])
        return {"response": {**response, "outcome": outcome}}
    return {"response": response, **({"resource": body} if body else {})}


def _place(number: int) -> str:
    return f"Bundle.entry[{number}]"
