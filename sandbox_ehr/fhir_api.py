"""The FHIR API: token and scope are checked here, for whatever keeps the data."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, Response, request

from sandbox_ehr.access import Access, type_and_right
from sandbox_ehr.authorization.grants import Grants
from sandbox_ehr.config import SandboxConfig
from sandbox_ehr.errors import FhirRefusal, operation_outcome
from sandbox_ehr.json_text import Json, parsed, text_of
from sandbox_ehr.store.interface import Backend, FhirAnswer, FhirRequest, Query
from sandbox_ehr.store.transaction import batch_answer, entries_of

FHIR_JSON = "application/fhir+json"
JSON_TYPES = frozenset({FHIR_JSON, "application/json", ""})
MOST_PAGES = 2000
HEADERS = ("prefer", "if-match", "if-none-exist")


@dataclass(frozen=True, slots=True)
class _Page:
    """A further page of a search: only who searched may turn to it."""

    kind: str
    query: Query  # at the backend's base
    client_id: str
    patient: str | None


class FhirApi:
    """Carries out interactions for a token; keeps the opaque paging links."""

    def __init__(self, config: SandboxConfig, grants: Grants, *, backend: Backend):
        self._config = config
        self._grants = grants
        self._backend = backend
        self._lock = threading.Lock()
        self._pages: OrderedDict[str, _Page] = OrderedDict()

    def access(self, authorization: str | None) -> Access:
        """What the bearer of this header may do.

        Raises:
            FhirRefusal: 401 with a challenge.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise FhirRefusal(
                401, "login", "a bearer token is required", challenge="Bearer"
            )
        grant = self._grants.access(token.strip())
        if grant is None:
            raise FhirRefusal(
                401,
                "login",
                "the token is unknown, expired or revoked",
                challenge='Bearer error="invalid_token"',
            )
        return Access(grant)

    def perform(self, asked: FhirRequest, access: Access) -> FhirAnswer:
        """One interaction, within what the token permits.

        Raises:
            FhirRefusal: 403 where it permits nothing, else as the backend says.
        """
        if not asked.path:
            return self._at_base(asked, access)
        kind, right = type_and_right(asked)
        narrowed, checks = access.narrowed(asked, kind=kind, right=right)
        if right == "u":
            checks.check_read(self._before(asked))
        answer = self._backend.answer(narrowed)
        if right in "rs" and asked.path.count("/"):
            checks.check_read(answer.body)
        return self._paged(answer, kind=kind, access=access)

    def _at_base(self, asked: FhirRequest, access: Access) -> FhirAnswer:
        if asked.method == "GET":
            return self._turned(dict(asked.query), access)
        if asked.method != "POST" or asked.body is None:
            raise FhirRefusal(405, "not-supported", "interaction not offered")
        entries = entries_of(asked.body)
        if asked.body["type"] == "transaction":
            for entry in entries:
                inner = _inner(entry)
                kind, right = type_and_right(inner)
                _, checks = access.narrowed(inner, kind=kind, right=right)
                if right == "u":
                    checks.check_read(self._before(inner))
            return self._backend.answer(asked)
        answers = [self._in_batch(_inner(entry), access) for entry in entries]
        body: Json = {"resourceType": "Bundle", "type": "batch-response"}
        return FhirAnswer(200, {**body, **({"entry": answers} if answers else {})})

    def _before(self, asked: FhirRequest) -> Json | None:
        """What an update would replace: that too must be the token's to change."""
        try:
            return self._backend.answer(FhirRequest("GET", asked.path)).body
        except FhirRefusal as refusal:
            if refusal.status in (404, 410):
                return None
            raise

    def _in_batch(self, asked: FhirRequest, access: Access) -> Json:
        try:
            answer = self.perform(asked, access)
        except FhirRefusal as refusal:
            return batch_answer(
                refusal.status, body=operation_outcome(refusal.issues), headers={}
            )
        return batch_answer(
            answer.status, body=answer.body, headers=dict(answer.headers)
        )

    def _turned(self, query: dict[str, str], access: Access) -> FhirAnswer:
        with self._lock:
            page = self._pages.get(query.get("_page", ""))
        if page is None or page.client_id != access.grant.client_id:
            raise FhirRefusal(410, "expired", "this page is gone; search again")
        access.check_page(page.kind, patient=page.patient)
        answer = self._backend.answer(FhirRequest("GET", "", page.query))
        return self._paged(answer, kind=page.kind, access=access)

    def _paged(self, answer: FhirAnswer, *, kind: str, access: Access) -> FhirAnswer:
        body = answer.body
        if not body or body.get("type") != "searchset":
            return answer
        links = []
        for link in body.get("link", []):
            if link.get("relation") in ("next", "previous", "first", "last"):
                query = tuple(parse_qsl(urlsplit(link["url"]).query))
                key = self._kept(
                    _Page(kind, query, access.grant.client_id, access.grant.patient)
                )
                links.append({**link, "url": f"{self._config.fhir_base}?_page={key}"})
            else:
                links.append(link)
        return replace(answer, body={**body, "link": links})

    def _kept(self, page: _Page) -> str:
        key = secrets.token_urlsafe(18)
        with self._lock:
            self._pages[key] = page
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)
        return key


def create_blueprint(
    config: SandboxConfig, api: FhirApi, backend: Backend
) -> Blueprint:
    """Everything below /fhir."""
    blueprint = Blueprint("fhir", __name__, url_prefix="/fhir")

    @blueprint.get("/metadata")
    def metadata() -> Response:
        return _response(backend.answer(FhirRequest("GET", "metadata")))

    @blueprint.route(
        "", methods=["GET", "POST"], defaults={"path": ""}, strict_slashes=False
    )
    @blueprint.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def interaction(path: str) -> Response:
        access = api.access(request.headers.get("Authorization"))
        return _response(api.perform(_asked(path), access))

    @blueprint.errorhandler(FhirRefusal)
    def refused(refusal: FhirRefusal) -> Response:
        headers = {"WWW-Authenticate": refusal.challenge} if refusal.challenge else {}
        return _response(
            FhirAnswer(refusal.status, operation_outcome(refusal.issues), headers)
        )

    return blueprint


def _asked(path: str) -> FhirRequest:
    query = [(name, value) for name, values in request.args.lists() for value in values]
    body: Json | None = None
    if path.endswith("/_search") and request.method == "POST":
        if request.mimetype not in ("application/x-www-form-urlencoded", ""):
            raise FhirRefusal(415, "not-supported", "a search is posted as a form")
        query += [
            (name, value) for name, values in request.form.lists() for value in values
        ]
    elif request.method in ("POST", "PUT"):
        if request.mimetype not in JSON_TYPES:
            raise FhirRefusal(415, "not-supported", f"send {FHIR_JSON}")
        body = parsed(request.get_data())
    headers = {
        name: request.headers[name] for name in HEADERS if name in request.headers
    }
    return FhirRequest(request.method, path.strip("/"), tuple(query), headers, body)


def _inner(entry: Json) -> FhirRequest:
    """The interaction that one Bundle entry asks for."""
    asked = entry["request"]
    try:
        parts = urlsplit(asked["url"])
    except ValueError:
        raise FhirRefusal(400, "value", "not a URL") from None
    named = {"if-match": "ifMatch", "if-none-exist": "ifNoneExist"}
    headers = {
        header: asked[key]
        for header, key in named.items()
        if isinstance(asked.get(key), str)
    }
    body = entry.get("resource")
    return FhirRequest(
        asked["method"],
        parts.path.strip("/"),
        tuple(parse_qsl(parts.query, keep_blank_values=True)),
        headers,
        body if isinstance(body, dict) else None,
    )


def _response(answer: FhirAnswer) -> Response:
    headers: dict[str, Any] = {**answer.headers, "Cache-Control": "no-store"}
    body = "" if answer.body is None else text_of(answer.body)
    return Response(
        body,
        status=answer.status,
        headers=headers,
        content_type=f"{FHIR_JSON}; charset=utf-8",
    )
