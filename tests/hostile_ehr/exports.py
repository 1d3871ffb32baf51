"""An EHR that exports in bulk, well or badly; it keeps a ledger of every request.

It knows nothing of the program under test and imports nothing from it.
"""

import gzip
import hashlib
import json
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Headers = dict[str, str]


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Fault:
    """One answer in place of the right one.

    Attributes:
        status: 0 closes the connection without an answer.
        cut: sends the right answer and hangs up after so many bytes of its body.
    """

    status: int = 0
    headers: Headers = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None


@dataclass
class ExportEhr:
    """Listens on the loopback from construction to `close`.

    Attributes:
        files: by name as in `Observation/1`; what is exported, in order.
        faults: answers to give first, by step: kick-off, status, file, or a file's
            name; each is used up.
        counts: what the list states instead of the real number of lines, by name;
            None states nothing.
        waits: how often the status says "not yet".
        lives: how many lists' links are good for one request of a file each; a file
            asked for by a link of an earlier list is gone.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    counts: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)  # members of the list
    waits: int = 1
    retry_after: str | None = None
    etags: bool = True
    gzipped: bool = False
    token_needed: bool = True
    pages: bool = False
    files_at: str = ""  # another origin's base
    ledger: list[Asked] = field(default_factory=list)
    jobs: int = 0
    lists: int = 0
    expired: set[str] = field(default_factory=set)  # paths that are gone

    def __post_init__(self) -> None:
        self._left = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            daemon=True,
        ).start()
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.base = f"{self.origin}/fhir"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def asked(self, part: str) -> list[Asked]:
        """Requests whose path holds this part, in order of arrival."""
        return [each for each in self.ledger if part in each.path]

    def step(self, path: str) -> str:
        if path.endswith("$export"):
            return "kick-off"
        return "status" if "/jobs/" in path else "file"

    def fault(self, path: str) -> Fault | None:
        with self._lock:
            for name in (self.step(path), path.partition("/files/")[2][2:]):
                if self.faults[name]:
                    return self.faults[name].pop(0)
        return None

    def answer(self, asked: Asked) -> tuple[int, Headers, bytes]:
        match self.step(asked.path), asked.method:
            case "kick-off", _:
                self.jobs += 1
                self._left = self.waits
                place = f"{self.base}/jobs/{self.jobs}"
                return 202, {"Content-Location": place}, b""
            case "status", "DELETE":
                self.expired.add(asked.path)
                return 202, {}, b""
            case "status", _:
                return self._status(asked)
            case _:
                return self._file(asked)

    def _status(self, asked: Asked) -> tuple[int, Headers, bytes]:
        if asked.path in self.expired:
            return 404, {}, b""
        if asked.query == "page=2":
            return 200, {}, json.dumps(self._list(list(self.files)[1:])).encode()
        if self._left > 0:
            self._left -= 1
            wait = {"Retry-After": self.retry_after} if self.retry_after else {}
            return 202, {"X-Progress": "half way", **wait}, b""
        self.lists += 1
        if not self.pages:
            return 200, {}, json.dumps(self._list(list(self.files))).encode()
        found = self._list(list(self.files)[:1])
        url = f"{self.origin}{asked.path}?page=2"
        found["link"] = [{"relation": "next", "url": url}]
        return 200, {}, json.dumps(found).encode()

    def _list(self, names: list[str]) -> dict[str, Any]:
        base = self.files_at or self.base
        output = []
        for name in names:
            entry = {
                "type": name.partition("/")[0],
                "url": f"{base}/files/{self.lists}/{name}",
            }
            count = self.counts.get(name, self.files[name].count(b"\n"))
            output.append(entry if count is None else {**entry, "count": count})
        return {
            "transactionTime": "2026-11-25T10:00:00Z",
            "request": f"{self.base}/Group/7/$export",
            "requiresAccessToken": self.token_needed,
            "output": output,
            "error": [],
            **self.extra,
        }

    def _file(self, asked: Asked) -> tuple[int, Headers, bytes]:
        if asked.path in self.expired:
            return 410, {}, b""
        body = self.files[asked.path.partition("/files/")[2].partition("/")[2]]
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {"Content-Type": "application/fhir+ndjson"}
        if self.etags:
            headers["ETag"] = etag
        if self.gzipped and "gzip" in asked.headers.get("accept-encoding", ""):
            return 200, {**headers, "Content-Encoding": "gzip"}, gzip.compress(body)
        start = asked.headers.get("range", "").removeprefix("bytes=").removesuffix("-")
        if start and self.etags and asked.headers.get("if-range") == etag:
            if int(start) >= len(body):
                return 416, {}, b""
            place = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return 206, {**headers, "Content-Range": place}, body[int(start) :]
        return 200, headers, body


def _handler(ehr: ExportEhr) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            path, _, query = self.path.partition("?")
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(
                self.command,
                path,
                query,
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
            )
            ehr.ledger.append(asked)
            fault = ehr.fault(path)
            if fault is None or fault.cut is not None:
                status, headers, body = ehr.answer(asked)
            else:
                status, headers, body = fault.status, fault.headers, fault.body
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if fault is not None and fault.cut is not None:
                body = body[: fault.cut]
                self.close_connection = True
            self.wfile.write(body)

        do_GET = _do  # noqa: N815  # the names http.server looks for
        do_POST = _do  # noqa: N815
        do_DELETE = _do  # noqa: N815

        def log_message(self, *_: object) -> None:
            """The ledger is the log."""

    return Handler
