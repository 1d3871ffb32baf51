"""$export (FHIR Bulk Data Access 3.0.0): kick-off, status, files, deletion.

A job's files are made at once, from what is stored at that moment; the first look at
its status still says "not yet", as most servers do. Every Group is all patients here.
"""

import secrets
import threading
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, Response, request

from sandbox_ehr.access import Access
from sandbox_ehr.authorization.scopes import permissions
from sandbox_ehr.config import SandboxConfig
from sandbox_ehr.errors import FhirRefusal, operation_outcome
from sandbox_ehr.fhir_api import FHIR_JSON, FhirApi
from sandbox_ehr.json_text import Json, parsed, text_of
from sandbox_ehr.store.definitions import r4
from sandbox_ehr.store.interface import Backend, FhirRequest, Query

NDJSON = "application/fhir+ndjson"
LINES_PER_FILE = 100
MOST_JOBS = 50
MOST_PAGES = 10_000
USUAL_TYPES = ("Patient", "Encounter", "Observation", "QuestionnaireResponse")


@dataclass(slots=True)
class _Job:
    client_id: str
    request: str
    time: str
    files: dict[str, tuple[str, bytes]]  # name -> type, content
    looks: int = 0


class _Jobs:
    """Finished and unfinished jobs, the oldest forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}

    def put(self, job: _Job) -> str:
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._jobs[key] = job
            while len(self._jobs) > MOST_JOBS:
                del self._jobs[next(iter(self._jobs))]
        return key

    def of(self, key: str, access: Access) -> _Job:
        with self._lock:
            job = self._jobs.get(key)
        if job is None or job.client_id != access.grant.client_id:
            raise FhirRefusal(404, "not-found", "no such export")
        return job

    def drop(self, key: str) -> None:
        with self._lock:
            self._jobs.pop(key, None)


def create_blueprint(
    config: SandboxConfig, api: FhirApi, backend: Backend
) -> Blueprint:
    """$export at the three levels, and what follows it."""
    blueprint = Blueprint("bulk", __name__, url_prefix="/fhir")
    jobs = _Jobs()

    def access() -> Access:
        return api.access(request.headers.get("Authorization"))

    @blueprint.route("/$export", methods=["GET", "POST"])
    @blueprint.route("/Patient/$export", methods=["GET", "POST"])
    @blueprint.route("/Group/<_group>/$export", methods=["GET", "POST"])
    def kick_off(_group: str = "") -> Response:
        allowed = access()
        if "respond-async" not in request.headers.get("Prefer", ""):
            raise FhirRefusal(400, "required", "Prefer: respond-async is required")
        job = _Job(
            allowed.grant.client_id,
            request.url,
            config.clock().astimezone(UTC).isoformat(timespec="milliseconds"),
            _files(_asked(), allowed, backend),
        )
        answer = Response("", status=202)
        answer.headers["Content-Location"] = (
            f"{config.fhir_base}/bulk-status/{jobs.put(job)}"
        )
        return answer

    @blueprint.get("/bulk-status/<key>")
    def status(key: str) -> Response:
        job = jobs.of(key, access())
        job.looks += 1
        if job.looks == 1:
            waiting = Response("", status=202)
            waiting.headers.update({"Retry-After": "1", "X-Progress": "writing files"})
            return waiting
        base = f"{config.fhir_base}/bulk-files/{key}"
        manifest: Json = {
            "transactionTime": job.time,
            "request": job.request,
            "requiresAccessToken": True,
            "output": [
                {"type": kind, "url": f"{base}/{name}", "count": body.count(b"\n")}
                for name, (kind, body) in job.files.items()
            ],
            "error": [],
        }
        return Response(text_of(manifest), content_type="application/json")

    @blueprint.delete("/bulk-status/<key>")
    def delete(key: str) -> Response:
        jobs.of(key, access())
        jobs.drop(key)
        return Response("", status=202)

    @blueprint.get("/bulk-files/<key>/<name>")
    def file(key: str, name: str) -> Response:
        found = jobs.of(key, access()).files.get(name)
        if found is None:
            raise FhirRefusal(404, "not-found", "no such file")
        answer = Response(found[1], content_type=NDJSON)
        answer.set_etag(sha256(found[1]).hexdigest()[:32])
        # Ranges and conditions as HTTP has them.
        answer.make_conditional(
            request, accept_ranges=True, complete_length=len(found[1])
        )
        return answer

    @blueprint.errorhandler(FhirRefusal)
    def refused(refusal: FhirRefusal) -> Response:
        answer = Response(
            text_of(operation_outcome(refusal.issues)),
            status=refusal.status,
            content_type=f"{FHIR_JSON}; charset=utf-8",
        )
        if refusal.challenge:
            answer.headers["WWW-Authenticate"] = refusal.challenge
        return answer

    return blueprint


def _asked() -> Query:
    """The parameters of this request, from its query or its Parameters resource."""
    if request.method == "GET":
        return tuple(request.args.items(multi=True))
    body = parsed(request.get_data())
    if body.get("resourceType") != "Parameters":
        raise FhirRefusal(400, "structure", "not a Parameters resource")
    pairs = []
    for each in body.get("parameter", []):
        values = [value for name, value in each.items() if name.startswith("value")]
        if not isinstance(each.get("name"), str) or len(values) != 1:
            raise FhirRefusal(400, "structure", "a parameter has a name and a value")
        pairs.append((each["name"], str(values[0])))
    return tuple(pairs)


def _files(
    asked: Query, allowed: Access, backend: Backend
) -> dict[str, tuple[str, bytes]]:
    unknown = {name for name, _ in asked} - {"_type", "_typeFilter", "_since"}
    if unknown:
        raise FhirRefusal(400, "not-supported", "only _type, _typeFilter and _since")
    types = [
        kind for name, value in asked if name == "_type" for kind in value.split(",")
    ] or list(USUAL_TYPES)
    filters = [urlsplit(value) for name, value in asked if name == "_typeFilter"]
    since = [
        ("_lastUpdated", f"ge{value}") for name, value in asked if name == "_since"
    ]
    found: dict[str, tuple[str, bytes]] = {}
    for kind in dict.fromkeys(types):
        if kind not in r4().resources:
            raise FhirRefusal(400, "not-supported", "a type that is not stored here")
        if not _may_export(allowed, kind):
            raise FhirRefusal(403, "forbidden", f"no system scope permits rs on {kind}")
        queries = [
            (*parse_qsl(each.query), *since) for each in filters if each.path == kind
        ] or [tuple(since)]
        lines = {
            str(each["id"]): text_of(each).replace("\n", " ")
            for query in queries
            for each in _all(kind, query, backend)
        }
        rows = list(lines.values())
        for number, start in enumerate(range(0, len(rows), LINES_PER_FILE), 1):
            part = rows[start : start + LINES_PER_FILE]
            body = "".join(f"{line}\n" for line in part).encode()
            found[f"{kind}-{number}.ndjson"] = (kind, body)
    return found


def _may_export(allowed: Access, kind: str) -> bool:
    scopes = [each for each in allowed.grant.scopes if each.level == "system"]
    return all(
        any(not each.query for each in permissions(scopes, kind, right))
        for right in "rs"
    )


def _all(kind: str, query: Query, backend: Backend) -> list[Json]:
    asked = FhirRequest("GET", kind, (*query, ("_count", "200")))
    found: list[Json] = []
    for _ in range(MOST_PAGES):
        page = backend.answer(asked).body or {}
        found += [
            each["resource"]
            for each in page.get("entry", [])
            if each.get("search", {}).get("mode") == "match"
        ]
        links = {each["relation"]: each["url"] for each in page.get("link", [])}
        if "next" not in links:
            return found
        asked = FhirRequest("GET", "", tuple(parse_qsl(urlsplit(links["next"]).query)))
    raise FhirRefusal(500, "too-costly", "too many pages")
