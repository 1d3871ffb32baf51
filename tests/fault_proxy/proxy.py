"""An HTTP proxy on the loopback that breaks things between us and an EHR, by plan.

It reads each request whole, asks its plan for a fault, and passes the request on unless
the fault says that the server never saw it. `settle` waits for writes that were
promised to arrive late.
"""

import contextlib
import http.client
import socket
import socketserver
import struct
import threading
import time
from email.utils import format_datetime
from typing import Protocol

from tests.fault_proxy.ledger_ehr import EPOCH

HANG_SECONDS = 1.2  # longer than the reading time-out that the tests set
Headers = list[tuple[str, str]]


class Plan(Protocol):
    def choose(self, method: str, path: str) -> str | None: ...


class FaultProxy:
    """Listens at `base`, forwards to `port`."""

    def __init__(self, port: int, plan: Plan, *, listen: int = 0) -> None:
        self.plan = plan
        self._target = port
        self._late: list[tuple[str, str, Headers, bytes]] = []
        self._closed = False
        self._server = _Server(("127.0.0.1", listen), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self._thread.start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/fhir"

    def settle(self) -> int:
        """Let the late writes arrive now; how many there were."""
        late, self._late = self._late, []
        for request in late:
            self.forward(*request)
        return len(late)

    def keep_for_later(
        self, method: str, path: str, headers: Headers, body: bytes
    ) -> None:
        self._late.append((method, path, headers, body))

    def forward(
        self, method: str, path: str, headers: Headers, body: bytes
    ) -> tuple[int, Headers, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._target, timeout=5)
        try:
            connection.putrequest(
                method, path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in headers:
                if name.lower() != "connection":
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def again(self) -> "FaultProxy":
        """The same address, once `close` has refused connections for a while."""
        port = int(self._server.server_address[1])
        return FaultProxy(self._target, self.plan, listen=port)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> "FaultProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


class _Reset(Exception):
    """Close the connection with RST."""


def _handler(proxy: FaultProxy) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            try:
                while self._one():
                    pass
            except (_Reset, ConnectionError):
                linger = struct.pack("ii", 1, 0)
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

        def finish(self) -> None:
            with contextlib.suppress(ConnectionError):
                super().finish()

        def _one(self) -> bool:
            first = self.rfile.readline()
            if not first.strip():
                return False
            method, path, _ = first.decode("ascii").split(" ", 2)
            headers: Headers = []
            while line := self.rfile.readline().decode("latin-1").strip():
                name, _, value = line.partition(":")
                headers.append((name, value.strip()))
            fault = proxy.plan.choose(method, path)
            if fault == "reset_before_body":
                raise _Reset
            size = next(
                (int(v) for n, v in headers if n.lower() == "content-length"), 0
            )
            body = self.rfile.read(size)
            return self._answer(fault, (method, path, headers, body))

        def _answer(
            self, fault: str | None, request: tuple[str, str, Headers, bytes]
        ) -> bool:
            early = _early_answer(fault)
            if early is not None:
                return self._send(*early)
            if fault == "closed_on_arrival":
                raise _Reset
            if fault == "late_commit":
                if request[0] != "GET":
                    proxy.keep_for_later(*request)
                raise _Reset
            status, headers, body = proxy.forward(*request)
            late = _late_answer(fault, status, headers, body)
            if late is not None:
                return self._send(*late)
            return self._broken(fault, status, headers, body)

        def _broken(
            self, fault: str | None, status: int, headers: Headers, body: bytes
        ) -> bool:
            match fault:
                case "commit_reset":
                    raise _Reset
                case "commit_close":
                    return False
                case "commit_hang":
                    time.sleep(HANG_SECONDS)
                    raise _Reset
                case "commit_drip":
                    for each in b"HTTP/1.1 201":
                        self.wfile.write(bytes([each]))
                        time.sleep(HANG_SECONDS / 10)
                    raise _Reset
                case "commit_not_http":
                    self.wfile.write(b"\x16\x03\x01 no http at all\r\n\r\n")
                    return False
                case "commit_truncated_headers":
                    self.wfile.write(b"HTTP/1.1 201 Created\r\nLocation: http://12")
                    return False
                case "commit_truncated_body":
                    self._send(status, headers, body, promise=len(body) + 50)
                    return False
            return self._send(status, headers, body)

        def _send(
            self,
            status: int,
            headers: Headers,
            body: bytes,
            promise: int | None = None,
        ) -> bool:
            lines = [f"HTTP/1.1 {status} X"]
            dropped = ("content-length", "transfer-encoding", "connection")
            lines += [f"{n}: {v}" for n, v in headers if n.lower() not in dropped]
            lines.append(f"Content-Length: {len(body) if promise is None else promise}")
            head = "\r\n".join(lines).encode("latin-1")
            self.wfile.write(head + b"\r\n\r\n" + body)
            return True

    return Handler


def _early_answer(fault: str | None) -> tuple[int, Headers, bytes] | None:
    """An answer of a server that did nothing."""
    match fault:
        case "429_seconds":
            return 429, [("Retry-After", "3")], b""
        case "429_date":
            return 429, [("Retry-After", format_datetime(EPOCH))], b""
        case "429_garbage":
            return 429, [("Retry-After", "in a while, dear")], b""
        case "429_huge":
            return 429, [("Retry-After", "1000000000")], b""
        case "503_retry_after":
            return 503, [("Retry-After", "5")], b"try later"
        case "redirect":
            return 307, [("Location", "http://198.51.100.7/fhir/")], b""
        case "408" | "500" | "502" | "504" | "401" | "409" | "412":
            return int(fault), [("Content-Type", "text/plain")], b"no"
    return None


def _late_answer(
    fault: str | None, status: int, headers: Headers, body: bytes
) -> tuple[int, Headers, bytes] | None:
    """A whole but wrong answer of a server that has acted."""
    located = [(n, v) for n, v in headers if n.lower() != "location"]
    match fault:
        case (
            "commit_500"
            | "commit_502"
            | "commit_503"
            | "commit_504"
            | "commit_408"
            | "commit_409"
            | "commit_412"
        ):
            return int(fault.removeprefix("commit_")), [], b""
        case "commit_not_json":
            return status, headers, b'{"resourceType": "Observ'
        case "commit_html":
            return status, [("Content-Type", "text/html")], b"<html>gateway</html>"
        case "commit_empty_200":
            return 200, [], b""
        case "commit_without_location":
            return status, located, body
        case "commit_wrong_location":
            wrong = ("Location", "QuestionnaireResponse/no-such-id/_history/1")
            return status, [*located, wrong], body
        case "commit_foreign_location":
            wrong = ("Location", "http://198.51.100.7/fhir/Observation/1")
            return status, [*located, wrong], body
        case "commit_redirect":
            return 302, [("Location", "http://198.51.100.7/")], b""
        case "commit_huge_headers":
            return status, [("X-Padding", "x" * 70_000)], body
        case "commit_outcome_error":
            outcome = (
                b'{"resourceType":"OperationOutcome",'
                b'"issue":[{"severity":"error","code":"processing"}]}'
            )
            return 200, [("Content-Type", "application/fhir+json")], outcome
    return None
