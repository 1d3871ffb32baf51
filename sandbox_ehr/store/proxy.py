"""Another FHIR server behind the sandbox: same door, foreign store."""

from typing import Any
from urllib.parse import urlencode

import requests

from sandbox_ehr.errors import FhirRefusal, issue
from sandbox_ehr.json_text import Json, parsed, text_of
from sandbox_ehr.store.definitions import r4
from sandbox_ehr.store.interface import FhirAnswer, FhirRequest

FHIR_JSON = "application/fhir+json"
KEPT = ("ETag", "Last-Modified", "Location")
TIMEOUT = (5, 60)  # seconds: a foreign server may still be warming up


class ForeignServer:
    """A `Backend` that asks another server and hides its address."""

    def __init__(self, backend_url: str, *, base_url: str) -> None:
        self._theirs = backend_url.rstrip("/")
        self._ours = base_url
        self._session = requests.Session()
        self._session.trust_env = False

    def answer(self, request: FhirRequest) -> FhirAnswer:
        """One interaction; see `Backend.answer`."""
        url = f"{self._theirs}/{request.path}" if request.path else self._theirs
        # HAPI, seen 2026-11: answers a repeated search from a cache unless told not to.
        headers = {
            "Accept": FHIR_JSON,
            "Cache-Control": "no-cache",
            **request.headers,
        }
        data: bytes | None = None
        method, query = request.method, list(request.query)
        if request.path.endswith("/_search") and method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            data, query = urlencode(query).encode(), []
        elif request.body is not None:
            headers["Content-Type"] = FHIR_JSON
            moved = _moved(request.body, self._ours, self._theirs)
            data = text_of(moved).encode()
        try:
            found = self._session.request(
                method,
                url,
                params=query,
                data=data,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise FhirRefusal(
                502, "transient", f"the FHIR server behind: {type(error).__name__}"
            ) from None
        return self._answered(found)

    def inject(self, resource: Json) -> bool:
        """Try to keep a resource as it is; a strict server refuses odd ones."""
        path = f"{resource['resourceType']}/{resource['id']}"
        try:
            self.answer(FhirRequest("PUT", path, body=resource))
        except FhirRefusal:
            return False
        return True

    def reset(self) -> None:
        """A foreign server keeps what it has."""

    def counts(self) -> dict[str, int]:
        """How many resources of each type; -1 where the server does not say."""
        found: dict[str, int] = {}
        for kind in sorted(r4().resources):
            query = (("_summary", "count"),)
            answer = self.answer(FhirRequest("GET", kind, query))
            found[kind] = int((answer.body or {}).get("total", -1))
        return found

    def _answered(self, found: requests.Response) -> FhirAnswer:
        body: Json | None = None
        if found.content:
            try:
                body = _moved(parsed(found.content), self._theirs, self._ours)
            except FhirRefusal:
                raise FhirRefusal(
                    502, "transient", "the FHIR server behind gave no JSON"
                ) from None
        if found.status_code >= 400:
            refusal = FhirRefusal(found.status_code, "processing", "refused behind")
            if body and isinstance(body.get("issue"), list):
                refusal.issues = body["issue"]
            else:
                refusal.issues = [issue("error", "processing", "refused behind")]
            raise refusal
        headers = {
            name: found.headers[name].replace(self._theirs, self._ours, 1)
            for name in KEPT
            if name in found.headers
        }
        return FhirAnswer(found.status_code, body, headers)


def _moved(value: Any, origin: str, destination: str) -> Any:
    """The same JSON with every URL below one base moved to another."""
    if isinstance(value, dict):
        return {k: _moved(each, origin, destination) for k, each in value.items()}
    if isinstance(value, list):
        return [_moved(each, origin, destination) for each in value]
    if isinstance(value, str) and value.startswith(origin):
        rest = value[len(origin) :]
        if not rest or rest[0] in "/?":
            return destination + rest
    return value
