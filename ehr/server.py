"""One EHR's FHIR API: read, search to the end, write with headers; nothing retried.

`fhirclient` builds the queries and carries the reads, on our guarded session. Its own
models refuse a resource for one unknown vendor field, its paging asks any host, and
its writes take neither `If-None-Exist` nor a `Decimal`; so bytes are read by
`fhir_mapping`, pages are followed here, and writes use the session directly.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from fhirclient.models.appointment import Appointment
from fhirclient.models.encounter import Encounter
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.models.questionnaire import Questionnaire
from fhirclient.models.questionnaireresponse import QuestionnaireResponse
from fhirclient.models.task import Task
from fhirclient.server import FHIRServer

from ehr.answers import Written, refusal, written, written_entries
from ehr.capabilities import Capabilities, capabilities_from_statement
from ehr.errors import EhrRefused, EhrUnreachable, JsonRefused, UnsafeAnswer
from ehr.outcomes import error_codes
from ehr.queries import Value
from ehr.wire.egress import GuardedSession
from ehr.wire.safe_json import safe_json
from ehr.wire.typed_json import checked_text
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.json import Json, json_bytes
from fhir_mapping.r4.reading import BundleReading, Resource, bundle_from_bytes
from fhir_mapping.unread import Unread

MOST_PAGES: Final = 20
MOST_ENTRIES: Final = 2_000
FHIR_JSON: Final = "application/fhir+json"
# Epic, error table of 2026 (spec/personas/epic_like.toml, secondary): a search whose
# pages are kept for a while answers this once it has been thrown away.
EXPIRED_SEARCH: Final = "4113"

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
# fhirclient carries no types.
_TYPES: Final[dict[str, Any]] = {
    each.resource_type: each
    for each in (
        *(Appointment, Encounter, Observation, Patient, Questionnaire),
        *(QuestionnaireResponse, Task),
    )
}


class Issuer(Protocol):
    """What we need to know of a tenant: where its FHIR API stands."""

    @property
    def issuer(self) -> str:
        """FHIR base URL."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, and what it may have missed.

    Attributes:
        resources: each once, in its newest version, in the order received.
        unread: entries that could not be read.
        partial: pages are missing: nothing may be concluded from absence.
    """

    resources: tuple[Resource, ...]
    unread: tuple[Unread, ...]
    partial: bool


class _Transport(FHIRServer):
    """fhirclient's server on our session, with our errors for every answer."""

    def __init__(self, base: str, session: GuardedSession) -> None:
        super().__init__(None, base_uri=base)  # type: ignore[no-untyped-call]
        self.session = session

    def raise_for_status(self, response: Any) -> None:
        """Its own would lose the OperationOutcome and let 3xx pass."""
        error = refusal(response.status_code, response.headers, response.content)
        if error is not None:
            raise error


class FhirServer:
    """One tenant's FHIR API with one right of access.

    Args:
        tenant: whose FHIR API.
        session: pinned to it; deadlines and size caps are its business.
        token: gives a token that is valid now, or raises AccessExpired.

    Every method may raise EhrUnreachable (temporary), EhrRefused (final),
    AccessExpired, or UnsafeAnswer (redirect, too much).
    """

    def __init__(
        self, tenant: Issuer, session: GuardedSession, token: Callable[[], str]
    ) -> None:
        self._base = tenant.issuer.rstrip("/")
        self._session = session
        self._token = token
        self._transport: Any = _Transport(self._base, session)

    @property
    def base(self) -> str:
        """FHIR base URL, without closing slash."""
        return self._base

    def capabilities(self) -> Capabilities:
        """What this server states about itself; asked without a token."""
        body: bytes = self._transport.request_data("metadata")
        try:
            return capabilities_from_statement(safe_json(body, profile="ehr"))
        except JsonRefused:
            raise EhrRefused(200) from None

    def read(self, resource_type: str, resource_id: str) -> bytes:
        """One resource's bytes as stored now, their text checked at the door.

        Raises:
            JsonRefused: text that no FHIR resource can hold.
        """
        if not _ID.fullmatch(resource_id):
            raise EhrRefused(404)
        return checked_text(self._get(f"{resource_type}/{resource_id}"), profile="ehr")

    def search(
        self, resource_type: str, parameters: Mapping[str, Value]
    ) -> SearchResult:
        """All pages of a search, as far as they can be followed.

        A page elsewhere, a circle, or more than 20 pages or 2,000 entries end the walk
        with `partial`: old data shown as all data would be worse than none.
        """
        query = search_path(resource_type, parameters)
        try:
            return self._all_pages(query)
        except EhrRefused as refused:
            if EXPIRED_SEARCH not in error_codes(refused.operation_outcome or {}):
                raise
            return self._all_pages(query)

    def create(self, resource: Json, *, if_none_exist: str | None = None) -> Written:
        """POST one resource.

        Args:
            resource: as built; sent digit by digit.
            if_none_exist: query that must match nothing ("identifier=system|value").
        """
        headers = {} if if_none_exist is None else {"If-None-Exist": if_none_exist}
        return self._write(
            "POST", str(resource["resourceType"]), body=resource, headers=headers
        )

    def update(self, resource: Json, *, if_match: str | None = None) -> Written:
        """PUT one resource to its own id; creates it where the server allows that."""
        headers = {} if if_match is None else {"If-Match": f'W/"{if_match}"'}
        path = f"{resource['resourceType']}/{resource['id']}"
        return self._write("PUT", path, body=resource, headers=headers)

    def transaction(self, bundle: Json) -> tuple[Written, ...]:
        """POST a transaction Bundle; one result per entry, in order.

        An answer that cannot be matched to the entries gives results without
        location: they are then looked up by identifier.

        Raises:
            EhrRefused: also when one entry failed inside a 200.
        """
        sent = bundle["entry"]
        assert isinstance(sent, Sequence)
        whole = self._write("POST", "", body=bundle, headers={})
        return written_entries(whole, base=self._base, expected=len(sent))

    def _all_pages(self, query: str) -> SearchResult:
        resources: dict[tuple[str, str], Resource] = {}
        unread: list[Unread] = []
        partial = False
        for page in self._pages(query):
            if page is None:
                partial = True
                continue
            for each in page.resources:
                _keep_newest(resources, each)
            unread.extend(page.unread)
            if len(resources) + len(unread) > MOST_ENTRIES:
                partial = True
                break
        return SearchResult(tuple(resources.values()), tuple(unread), partial)

    def _pages(self, query: str) -> Iterator[BundleReading | None]:
        """The pages; None where the walk ends before the last."""
        visited: set[str] = set()
        url: str | None = query
        while url is not None:
            if url in visited or len(visited) == MOST_PAGES:
                yield None
                return
            visited.add(url)
            try:
                body = checked_text(self._get(url), profile="ehr")
                page = bundle_from_bytes(body)
            except (JsonRefused, UnreadableResource, UnsafeAnswer):
                yield None
                return
            except EhrUnreachable:
                if len(visited) == 1:
                    raise
                yield None
                return
            yield page
            url = page.next_url

    def _get(self, path: str) -> bytes:
        # HAPI FHIR, seen 2026-11: for a minute a repeated search is answered from its
        # memory, also "nothing found"; what we then show or write would be stale.
        headers = {
            "Authorization": f"Bearer {self._token()}",
            "Cache-Control": "no-cache",
        }
        body: bytes = self._transport.request_data(path, headers=headers)
        return body

    def _write(
        self, method: str, path: str, *, body: Json, headers: Mapping[str, str]
    ) -> Written:
        answer = self._session.exchange(
            method,
            f"{self._base}/{path}" if path else self._base,
            headers={
                "Authorization": f"Bearer {self._token()}",
                "Accept": FHIR_JSON,
                "Content-Type": FHIR_JSON,
                "Prefer": "return=minimal",
                **headers,
            },
            body=json_bytes(body),
        )
        return written(answer.status, answer.headers, answer.body, base=self._base)


def search_path(resource_type: str, parameters: Mapping[str, Value]) -> str:
    """ "Type?name=value&…" as fhirclient writes it, values percent-encoded."""
    told = {
        name: {"$and": list(value)} if isinstance(value, tuple) else value
        for name, value in parameters.items()
    }
    found: str = _TYPES[resource_type].where(told).construct()
    return found


def _keep_newest(found: dict[tuple[str, str], Resource], each: Resource) -> None:
    # Oracle Health, captured 2026-07 (spec/personas/oracle_like.toml, secondary): the
    # same id may stand on two pages when the chart changes in between.
    key = (each.resource_type, each.id)
    before = found.get(key)
    if before is None or _age(before) <= _age(each):
        found[key] = each


def _age(resource: Resource) -> str:
    # Two versions on two pages of one search come from one server: its instants have
    # one form and compare as text.
    meta = resource.meta
    return (meta.last_updated or "") if meta is not None else ""
