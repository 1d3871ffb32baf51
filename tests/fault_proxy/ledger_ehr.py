"""A small FHIR server that remembers every write: the oracle of the delivery tests.

It keeps the rules of R4 for create, conditional create, update-as-create, transaction,
read and search, as far as an `Offer` says so, and imports nothing of the product but
its JSON writer, so that decimals come back digit by digit.
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fhir_mapping.r4.json import json_bytes

Json = dict[str, Any]
EPOCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Offer:
    """What this server can do, and how well.

    Attributes:
        unique: conditional create looks at what is stored, not at the search index;
            without it two creates within the index lag give two resources.
        index_lag: how long a stored resource is invisible to searches.
        page: entries per page of a search.
    """

    creates: tuple[str, ...] = ("QuestionnaireResponse", "Observation")
    updates: bool = True
    update_create: bool = False
    conditional: bool = False
    transaction: bool = False
    unique: bool = True
    searches: tuple[str, ...] = ("identifier", "patient", "code", "category")
    index_lag: timedelta = timedelta(0)
    page: int = 50


OFFERS = {
    "E1": Offer(update_create=True),
    "E2": Offer(conditional=True, transaction=True),
    "E3": Offer(conditional=True, unique=False, index_lag=timedelta(seconds=20)),
    "E4": Offer(updates=False, index_lag=timedelta(seconds=20)),
    "E5": Offer(updates=False, searches=()),
}


@dataclass(slots=True)
class Stored:
    resource: Json
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Json | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Ledger:
    """What is in the record, and every request that asked for it."""

    offer: Offer
    clock: Callable[[], datetime]
    stored: dict[str, dict[str, Stored]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    spoil: Callable[[Json], Json] | None = None  # changes what is stored
    lock: threading.RLock = field(default_factory=threading.RLock)
    number: int = 0

    def valid(self, resource_type: str) -> list[Json]:
        """Everything of this type that is not entered in error."""
        with self.lock:
            return [
                each.resource
                for each in self.stored.get(resource_type, {}).values()
                if each.resource.get("status") != "entered-in-error"
            ]

    def add(self, resource: Json, *, resource_id: str | None = None) -> Stored:
        with self.lock:
            self.number += 1
            name = resource_id or str(self.number)
            before = self.stored.setdefault(resource["resourceType"], {}).get(name)
            version = 1 if before is None else before.version + 1
            now = self.clock()
            kept = {
                "meta": {
                    **resource.get("meta", {}),
                    "versionId": str(version),
                    "lastUpdated": now.isoformat(timespec="milliseconds"),
                },
                **{k: v for k, v in sorted(resource.items()) if k != "meta"},
                "id": name,
            }
            kept = self.spoil(kept) if self.spoil is not None else kept
            first = now if before is None else before.at
            found = Stored(kept, version, first)
            self.stored[resource["resourceType"]][name] = found
            return found

    def matching(
        self, resource_type: str, query: Iterable[tuple[str, str]], *, indexed: bool
    ) -> list[Json]:
        with self.lock:
            limit = self.clock() - self.offer.index_lag
            return [
                each.resource
                for each in self.stored.get(resource_type, {}).values()
                if (not indexed or each.at <= limit)
                and all(_matches(each.resource, name, value) for name, value in query)
            ]


def _matches(resource: Json, name: str, value: str) -> bool:
    if name.startswith("_") and name != "_id":
        return True
    system, _, code = value.rpartition("|")
    match name:
        case "_id":
            return bool(resource["id"] == value)
        case "identifier":
            found = resource.get("identifier", [])
            found = found if isinstance(found, list) else [found]
            return any(
                each.get("value") == code and each.get("system") == system
                for each in found
            )
        case "patient" | "subject":
            wanted = value if "/" in value else f"Patient/{value}"
            return bool(resource.get("subject", {}).get("reference") == wanted)
        case "code":
            codings = resource.get("code", {}).get("coding", [])
        case "category":
            codings = [
                coding
                for each in resource.get("category", [])
                for coding in each.get("coding", [])
            ]
        case _:
            return True
    return any(
        each.get("code") == code and (not system or each.get("system") == system)
        for each in codings
    )


class LedgerEhr:
    """The ledger behind HTTP on the loopback, at `<origin>/fhir`."""

    def __init__(
        self, offer: Offer, clock: Callable[[], datetime] = lambda: EPOCH
    ) -> None:
        self.ledger = Ledger(offer, clock)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> "LedgerEhr":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What the server does, apart from HTTP.

    def reply(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> Reply:
        path, query = urlsplit(target).path, parse_qsl(urlsplit(target).query)
        with self.ledger.lock:
            self.ledger.requests.append((method, target))
        steps = [each for each in path.removeprefix("/fhir").split("/") if each]
        base = f"http://{headers['host']}/fhir"
        resource = json.loads(body, parse_float=Decimal) if body else {}
        match method, steps:
            case "GET", ["metadata"]:
                return Reply(200, self._statement())
            case "GET", [kind, name]:
                return self._read(kind, name)
            case "GET", [kind]:
                return self._search(kind, query, base)
            case "POST", []:
                return self._transaction(resource, base)
            case "POST", [kind]:
                return self._create(
                    kind, resource, headers.get("if-none-exist"), base=base
                )
            case "PUT", [kind, name]:
                return self._update(
                    kind, name, resource=resource, match=headers.get("if-match")
                )
        return _complaint(404, "not-found")

    def _read(self, kind: str, name: str) -> Reply:
        found = self.ledger.stored.get(kind, {}).get(name)
        if found is None:
            return _complaint(404, "not-found")
        return Reply(200, found.resource, (("ETag", f'W/"{found.version}"'),))

    def _search(self, kind: str, query: list[tuple[str, str]], base: str) -> Reply:
        asked = [name for name, _ in query if not name.startswith("_")]
        if any(name not in self.ledger.offer.searches for name in asked):
            return _complaint(400, "not-supported")
        found = self.ledger.matching(kind, query, indexed=True)
        start = int(dict(query).get("_offset", 0))
        size = self.ledger.offer.page
        bundle: Json = {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [
                {"fullUrl": f"{base}/{kind}/{each['id']}", "resource": each}
                for each in found[start : start + size]
            ],
        }
        if start + size < len(found):
            rest = [(n, v) for n, v in query if n != "_offset"]
            text = "&".join(f"{n}={v}".replace("|", "%7C") for n, v in rest)
            bundle["link"] = [
                {
                    "relation": "next",
                    "url": f"{base}/{kind}?{text}&_offset={start + size}",
                }
            ]
        return Reply(200, bundle)

    def _create(
        self, kind: str, resource: Json, if_none_exist: str | None, *, base: str
    ) -> Reply:
        offer = self.ledger.offer
        if kind not in offer.creates:
            return _complaint(405, "not-supported")
        with self.ledger.lock:
            if if_none_exist is not None and offer.conditional:
                found = self.ledger.matching(
                    kind, parse_qsl(if_none_exist), indexed=not offer.unique
                )
                if len(found) > 1:
                    return _complaint(412, "multiple-matches")
                if found:
                    return Reply(200, None, _located(found[0], base))
            stored = self.ledger.add(resource)
            return Reply(201, None, _located(stored.resource, base))

    def _update(
        self, kind: str, name: str, *, resource: Json, match: str | None
    ) -> Reply:
        offer = self.ledger.offer
        before = self.ledger.stored.get(kind, {}).get(name)
        if before is None and not offer.update_create:
            return _complaint(405, "not-supported")
        if before is not None and not offer.updates:
            return _complaint(405, "not-supported")
        stale = before is not None and match not in (None, f'W/"{before.version}"')
        if stale:
            return _complaint(412, "conflict")
        stored = self.ledger.add(resource, resource_id=name)
        return Reply(200 if before else 201, None, (("ETag", f'W/"{stored.version}"'),))

    def _transaction(self, bundle: Json, base: str) -> Reply:
        if not self.ledger.offer.transaction:
            return _complaint(400, "not-supported")
        with self.ledger.lock:
            places: dict[str, str] = {}
            answers: list[Json] = []
            for entry in bundle["entry"]:
                kind = entry["request"]["url"]
                linked = _relinked(entry["resource"], places)
                found = self._create(
                    kind, linked, entry["request"].get("ifNoneExist"), base=base
                )
                if found.status >= 400:
                    return found  # nothing is ever refused after a first entry here
                place = dict(found.headers)["Location"].removeprefix(f"{base}/")
                places[entry["fullUrl"]] = place.partition("/_history")[0]
                answers.append(
                    {
                        "response": {
                            "status": f"{found.status} Stored",
                            "location": place,
                        }
                    }
                )
            return Reply(
                200,
                {
                    "resourceType": "Bundle",
                    "type": "transaction-response",
                    "entry": answers,
                },
            )

    def _statement(self) -> Json:
        offer = self.ledger.offer
        interactions = ["read", *(["search-type"] if offer.searches else [])]
        if offer.updates or offer.update_create:
            interactions.append("update")
        return {
            "resourceType": "CapabilityStatement",
            "fhirVersion": "4.0.1",
            "rest": [
                {
                    "mode": "server",
                    "interaction": (
                        [{"code": "transaction"}] if offer.transaction else []
                    ),
                    "resource": [
                        {
                            "type": kind,
                            "interaction": [
                                {"code": each}
                                for each in (
                                    *interactions,
                                    *(["create"] if kind in offer.creates else []),
                                )
                            ],
                            "searchParam": [{"name": each} for each in offer.searches],
                            "updateCreate": offer.update_create,
                            "conditionalCreate": offer.conditional,
                        }
                        for kind in ("QuestionnaireResponse", "Observation")
                    ],
                }
            ],
        }


def _relinked(resource: Json, places: dict[str, str]) -> Json:
    text = json_bytes(resource).decode()
    for urn, place in places.items():
        text = text.replace(f'"{urn}"', f'"{place}"')
    found: Json = json.loads(text, parse_float=Decimal)
    return found


def _located(resource: Json, base: str) -> tuple[tuple[str, str], ...]:
    version = resource["meta"]["versionId"]
    place = f"{base}/{resource['resourceType']}/{resource['id']}/_history/{version}"
    return (("Location", place), ("ETag", f'W/"{version}"'))


def _complaint(status: int, code: str) -> Reply:
    return Reply(
        status,
        {
            "resourceType": "OperationOutcome",
            "issue": [{"severity": "error", "code": code}],
        },
    )


def _handler(ehr: LedgerEhr) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(size)
            names = {name.lower(): value for name, value in self.headers.items()}
            found = ehr.reply(self.command, self.path, names, body)
            sent = b"" if found.body is None else json_bytes(found.body)
            self.send_response(found.status)
            for name, value in found.headers:
                self.send_header(name, value)
            if sent:
                self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = answer  # noqa: N815 -- names that http.server looks for
        do_POST = answer  # noqa: N815
        do_PUT = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing: the ledger is the record."""

    return Handler
