"""A FHIR server that says what it is told to, over real HTTP on the loopback."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from ehr.fence import Fence
from ehr.server import FhirServer
from ehr.wire.egress import GuardedSession


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Canned:
    """One answer; a dict body is sent as JSON."""

    status: int
    body: Any = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class CannedEhr:
    """Answers by path and query, the last one again and again; else 404."""

    answers: dict[str, list[Canned]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    server: Any = None
    thread: Any = None

    def __post_init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self.thread.start()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/fhir"

    def says(self, path: str, *answers: Canned) -> None:
        """What follows `/fhir/`, percent-decoded, and what it answers in turn."""
        self.answers[path] = list(answers)

    def fhir(self, *, token: Callable[[], str] = lambda: "t-1") -> FhirServer:
        fence = Fence(bases=(self.issuer,), dev=True, read_seconds=2)
        return FhirServer(self, GuardedSession(fence=fence), token)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def bundle(*resources: Any, next_url: str | None = None) -> Canned:
    """A page of a search."""
    page: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": each} for each in resources],
    }
    if next_url is not None:
        page["link"] = [{"relation": "next", "url": next_url}]
    return Canned(200, page)


def outcome(severity: str, *codes: str) -> dict[str, Any]:
    """An OperationOutcome with an EHR's own codes."""
    details = {"coding": [{"code": each} for each in codes]}
    issue = {"severity": severity, "code": "processing", "details": details}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _handler(ehr: CannedEhr) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            path = unquote(self.path).removeprefix("/fhir").removeprefix("/")
            ehr.seen.append(Seen(self.command, path, headers, self.rfile.read(size)))
            left = ehr.answers.get(path, [Canned(404)])
            said = left.pop(0) if len(left) > 1 else left[0]
            is_json = isinstance(said.body, dict)
            body = json.dumps(said.body).encode() if is_json else said.body
            self.send_response(said.status)
            for name, value in said.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = answer  # noqa: N815 -- names that http.server looks for
        do_POST = answer  # noqa: N815
        do_PUT = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing: `seen` is the record."""

    return Handler
