"""The sandbox's own store: FHIR interactions on the SQLite file."""

import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlencode

from sandbox_ehr.errors import FhirRefusal, issue, operation_outcome
from sandbox_ehr.json_text import Json
from sandbox_ehr.store.capability import capability_statement
from sandbox_ehr.store.database import Database, Version
from sandbox_ehr.store.definitions import r4
from sandbox_ehr.store.interface import FhirAnswer, FhirRequest, Query
from sandbox_ehr.store.primitives import ID
from sandbox_ehr.store.references import check_references
from sandbox_ehr.store.search import Search, understood
from sandbox_ehr.store.transaction import run_transaction
from sandbox_ehr.store.validation import check_resource

MOST_SEARCHES = 500  # result lists kept for their next pages


@dataclass(frozen=True, slots=True)
class _Found:
    """A search result as it was when it was asked: pages do not shift."""

    kind: str
    ids: tuple[str, ...]
    search: Search
    self_link: str


class LocalStore:
    """A `Backend` that keeps everything itself."""

    def __init__(
        self, database: Database, *, base_url: str, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._base = base_url
        self._clock = clock
        self._searches: OrderedDict[str, _Found] = OrderedDict()

    def answer(self, request: FhirRequest) -> FhirAnswer:
        """One interaction; see `Backend.answer`."""
        parts = [part for part in request.path.split("/") if part]
        if parts == ["metadata"] and request.method == "GET":
            return FhirAnswer(
                200, capability_statement(self._base, date=self._clock().isoformat())
            )
        if not parts:
            return self._at_base(request)
        kind = parts[0]
        if kind not in r4().resources:
            raise FhirRefusal(404, "not-supported", "this type is not stored here")
        match request.method, parts[1:]:
            case "GET", []:
                return self._search(kind, request.query, request)
            case "POST", ["_search"]:
                return self._search(kind, request.query, request)
            case "POST", []:
                return self._create(kind, request)
            case "GET", [identity]:
                return _with(self.read(kind, identity), status=200)
            case "PUT", [identity]:
                return self._update(kind, identity, request)
            case "GET", [identity, "_history"]:
                return self._history(kind, identity)
            case "GET", [identity, "_history", number]:
                return self._vread(kind, identity, number)
            case _:
                raise FhirRefusal(405, "not-supported", "interaction not offered")

    def inject(self, resource: Json) -> bool:
        """Keep a resource unchecked: how unreadable entries get into the chart."""
        kind, identity = str(resource["resourceType"]), str(resource["id"])
        with self._database.transaction():
            before = self._database.current(kind, identity)
            number = before.number + 1 if before else 1
            self._database.put(
                self._stamped(resource, number), version=number, method="PUT"
            )
        return True

    def reset(self) -> None:
        """Forget every resource."""
        self._database.clear()
        self._searches.clear()

    def counts(self) -> dict[str, int]:
        """How many resources of each type."""
        return self._database.counts()

    def read(self, kind: str, identity: str) -> Json:
        """The current version.

        Raises:
            FhirRefusal: 404.
        """
        found = self._database.current(kind, identity)
        if found is None:
            raise FhirRefusal(404, "not-found", f"no such {kind}")
        return found.body

    def exists(self, kind: str, identity: str) -> bool:
        """Whether there is such a resource."""
        return self._database.current(kind, identity) is not None

    def matching(
        self, kind: str, query: Query, *, strict: bool
    ) -> tuple[Search, list[Json]]:
        """Everything a search finds, in its order."""
        search = understood(kind, query, strict=strict)
        ids = search.exact("_id")
        patients = search.exact("patient") or search.exact("subject")
        identifiers = search.exact("identifier")
        patient = patients[0].rsplit("/", 1)[-1] if patients else None
        value = identifiers[0].rpartition("|")[2] if identifiers else ""
        candidates = self._database.candidates(
            kind,
            ids=frozenset(ids) if ids is not None else None,
            patient=patient if patients and len(patients) == 1 else None,
            identifier=value
            if identifiers and len(identifiers) == 1 and value
            else None,
        )
        return search, search.ordered([c for c in candidates if search.accepts(c)])

    def create(self, kind: str, resource: Json, *, identity: str) -> Json:
        """Store a new resource under an id chosen by the server; checked."""
        made = self._stamped({**resource, "id": identity}, 1)
        check_resource(made, kind=kind)
        self._database.put(made, version=1, method="POST")
        return made

    def conditional_match(self, kind: str, condition: str) -> Json | None:
        """The one resource an If-None-Exist finds, or None.

        Raises:
            FhirRefusal: 412 for several, 400 for a condition that says nothing.
        """
        query = tuple(parse_qsl(condition.lstrip("?"), keep_blank_values=True))
        search, found = self.matching(kind, query, strict=True)
        if not search.criteria:
            raise FhirRefusal(400, "value", "the condition has no search parameter")
        if len(found) > 1:
            raise FhirRefusal(412, "multiple-matches", "the condition matches several")
        return found[0] if found else None

    def put(
        self, kind: str, identity: str, resource: Json, *, if_match: str | None
    ) -> tuple[Json, bool]:
        """Update, or create under the client's id; the second value says created."""
        if not ID.fullmatch(identity):
            raise FhirRefusal(400, "value", "not an id")
        if resource.get("id") != identity:
            raise FhirRefusal(400, "invalid", "the id in the body is another one")
        before = self._database.current(kind, identity)
        if if_match is not None:
            wanted = if_match.strip().removeprefix("W/").strip('"')
            if before is None or wanted != str(before.number):
                raise FhirRefusal(412, "conflict", "the version is not the current one")
        number = before.number + 1 if before else 1
        made = self._stamped(resource, number)
        check_resource(made, kind=kind)
        self._database.put(made, version=number, method="PUT")
        return made, before is None

    def check_links(self, resource: Json) -> None:
        """Refuse references to what does not exist."""
        check_references(resource, base=self._base, exists=self.exists)

    def _at_base(self, request: FhirRequest) -> FhirAnswer:
        query = dict(request.query)
        if request.method == "GET" and "_search" in query:
            found = self._searches.get(query["_search"])
            if found is None:
                raise FhirRefusal(410, "expired", "this page is gone; search again")
            return FhirAnswer(
                200, self._page(query["_search"], found, int(query["_from"]))
            )
        if request.method == "POST" and request.body is not None:
            if request.body.get("type") != "transaction":
                raise FhirRefusal(400, "not-supported", "not a transaction")
            with self._database.transaction():
                return FhirAnswer(
                    200,
                    run_transaction(
                        self, request.body, prefer=request.header("prefer")
                    ),
                )
        raise FhirRefusal(405, "not-supported", "interaction not offered")

    def _search(self, kind: str, query: Query, request: FhirRequest) -> FhirAnswer:
        strict = "handling=strict" in (request.header("prefer") or "")
        search, found = self.matching(kind, query, strict=strict)
        used = [
            pair for pair in query if pair[0].partition(":")[0] not in search.ignored
        ]
        key = uuid.uuid4().hex
        kept = _Found(
            kind,
            tuple(str(each["id"]) for each in found),
            search,
            f"{self._base}/{kind}?{urlencode(used)}",
        )
        self._searches[key] = kept
        while len(self._searches) > MOST_SEARCHES:
            self._searches.popitem(last=False)
        return FhirAnswer(200, self._page(key, kept, 0))

    def _page(self, key: str, found: _Found, start: int) -> Json:
        ids = found.ids[start : start + found.search.count]
        entries: list[Json] = []
        for identity in ids:
            current = self._database.current(found.kind, identity)
            if current is not None:
                url = f"{self._base}/{found.kind}/{identity}"
                entries.append(
                    {
                        "fullUrl": url,
                        "resource": current.body,
                        "search": {"mode": "match"},
                    }
                )
        if found.search.ignored and start == 0:
            ignored = ", ".join(found.search.ignored)
            outcome = operation_outcome(
                [
                    issue(
                        "warning",
                        "not-supported",
                        f"not used in this search: {ignored}",
                    )
                ]
            )
            entries.append({"resource": outcome, "search": {"mode": "outcome"}})
        links = [{"relation": "self", "url": found.self_link}]
        end = start + found.search.count
        if found.search.count and end < len(found.ids):
            query = urlencode({"_search": key, "_from": end})
            links.append({"relation": "next", "url": f"{self._base}?{query}"})
        page: Json = {
            "resourceType": "Bundle",
            "id": uuid.uuid4().hex,
            "meta": {"lastUpdated": self._instant()},
            "type": "searchset",
            "total": len(found.ids),
            "link": links,
        }
        # R4: an array is never empty, so a page without entries has no `entry`.
        return {**page, "entry": entries} if entries else page

    def _create(self, kind: str, request: FhirRequest) -> FhirAnswer:
        body = _body(request)
        condition = request.header("if-none-exist")
        with self._database.transaction():
            if condition is not None:
                found = self.conditional_match(kind, condition)
                if found is not None:
                    return preferred(found, status=200, prefer=request.header("prefer"))
            made = self.create(kind, body, identity=uuid.uuid4().hex)
            self.check_links(made)
        return self._made(made, request, created=True)

    def _update(self, kind: str, identity: str, request: FhirRequest) -> FhirAnswer:
        with self._database.transaction():
            made, created = self.put(
                kind, identity, _body(request), if_match=request.header("if-match")
            )
            self.check_links(made)
        return self._made(made, request, created=created)

    def _made(self, made: Json, request: FhirRequest, *, created: bool) -> FhirAnswer:
        answer = preferred(
            made, status=201 if created else 200, prefer=request.header("prefer")
        )
        return FhirAnswer(
            answer.status,
            answer.body,
            {**answer.headers, "Location": self.location(made)},
        )

    def location(self, made: Json) -> str:
        """The URL of exactly this version."""
        number = made["meta"]["versionId"]
        return f"{self._base}/{made['resourceType']}/{made['id']}/_history/{number}"

    def _history(self, kind: str, identity: str) -> FhirAnswer:
        versions = self._database.versions(kind, identity)
        if not versions:
            raise FhirRefusal(404, "not-found", f"no such {kind}")
        url = f"{self._base}/{kind}/{identity}"
        return FhirAnswer(
            200,
            {
                "resourceType": "Bundle",
                "type": "history",
                "total": len(versions),
                "link": [{"relation": "self", "url": f"{url}/_history"}],
                "entry": [
                    _history_entry(each, url=url, kind=kind) for each in versions
                ],
            },
        )

    def _vread(self, kind: str, identity: str, number: str) -> FhirAnswer:
        for each in self._database.versions(kind, identity):
            if str(each.number) == number:
                return _with(each.body, status=200)
        raise FhirRefusal(404, "not-found", f"no such version of {kind}")

    def _stamped(self, resource: Json, number: int) -> Json:
        meta = resource.get("meta")
        meta = dict(meta) if isinstance(meta, dict) else {}
        meta |= {"versionId": str(number), "lastUpdated": self._instant()}
        first = ("resourceType", "id")
        head: Json = {key: resource[key] for key in first if key in resource}
        rest = {k: v for k, v in resource.items() if k not in (*first, "meta")}
        return {**head, "meta": meta, **rest}

    def _instant(self) -> str:
        return self._clock().astimezone(UTC).isoformat(timespec="milliseconds")


def preferred(resource: Json, *, status: int, prefer: str | None) -> FhirAnswer:
    """The answer to a write, with as much body as the client prefers."""
    whole = _with(resource, status=status)
    text = prefer or ""
    if "return=minimal" in text:
        return FhirAnswer(status, None, whole.headers)
    if "return=OperationOutcome" in text:
        body = operation_outcome([issue("information", "informational", "stored")])
        return FhirAnswer(status, body, whole.headers)
    return whole


def _with(resource: Json, *, status: int) -> FhirAnswer:
    meta = resource["meta"]
    updated = datetime.fromisoformat(meta["lastUpdated"])
    headers = {
        "ETag": f'W/"{meta["versionId"]}"',
        "Last-Modified": format_datetime(updated.astimezone(UTC), usegmt=True),
    }
    return FhirAnswer(status, resource, headers)


def _body(request: FhirRequest) -> Json:
    if request.body is None:
        raise FhirRefusal(400, "structure", "a resource is missing")
    return request.body


def _history_entry(version: Version, *, url: str, kind: str) -> Json:
    path = kind if version.method == "POST" else f"{kind}/{version.body['id']}"
    return {
        "fullUrl": url,
        "resource": version.body,
        "request": {"method": version.method, "url": path},
        "response": {
            "status": "201" if version.number == 1 else "200",
            "etag": f'W/"{version.number}"',
            "lastModified": version.body["meta"]["lastUpdated"],
        },
    }
