"""The way out: a token reaches its own EHR or nobody (A25 to A27)."""

import gzip
import resource
import socket
import time
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import requests
from fhirclient.server import FHIRServer

from ehr.errors import EhrUnreachable, ForeignOrigin, Redirected, TooMuch, UnsafeAnswer
from ehr.fence import Fence
from ehr.wire.egress import GuardedSession
from tests.attacks.conftest import tenant_for
from tests.attacks.raw_server import Piece, endless, raw_server
from tests.hostile_ehr.server import HostileEhr

TOKEN = {"Authorization": "Bearer secret-token"}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n"


@pytest.fixture
def session(ehr: HostileEhr) -> Iterator[GuardedSession]:
    with GuardedSession(fence=tenant_for(ehr).fhir_fence) as guarded:
        yield guarded


OUTSIDE = [
    "{evil}/Patient/p1",
    "{evil}/apis/fhir/Patient/p1",
    "https://evil.example/apis/fhir/Patient/p1",
    "//evil.example/apis/fhir/Patient/p1",
    "{origin}/Patient/p1",
    "{origin}/",
    "{origin}/apis",
    "{origin}/apis/fhirs/Patient/p1",
    "{base}/../admin",
    "{base}/Patient/../../admin",
    "{base}/%2e%2e/admin",
    "{base}/%2E%2E/admin",
    "{base}/.%2e/admin",
    "{base}/%2e%2e%2fadmin",
    "{base}/Patient/%2e%2e/%2e%2e/admin",
    "{base}/..%2fadmin",
    "{base}/..;/admin",
    "{base}/;/admin",
    "{base}/..\\admin",
    "{base}\\..\\admin",
    "{base}/./././../admin",
    "{base}/.../admin",
    "{base}//evil.example/",
    "{base}/Patient//p1",
    "{base}/Patient/p1%00",
    "{base}/Patient/p1%0d%0aX-Evil:1",
    "{base}/Patient/p1;x=y",
    "{base}/Patient/p%2B1",
    "{base}/Pätient",
    "http://user@{host}/apis/fhir/Patient/p1",
    "http://user:pw@{host}/apis/fhir/Patient/p1",
    "http://{host}@evil.example/apis/fhir/Patient/p1",
    "http://{host}\\@evil.example/apis/fhir/Patient/p1",
    "http://evil.example\\@{host}/apis/fhir/Patient/p1",
    "http://{host}#@evil.example/apis/fhir/Patient/p1",
    "http://{host}.evil.example/apis/fhir/Patient/p1",
    "http://127.0.0.1./apis/fhir/Patient/p1",
    "http://127.0.0.1.:{port}/apis/fhir/Patient/p1",
    "http://2130706433:{port}/apis/fhir/Patient/p1",
    "http://0x7f000001:{port}/apis/fhir/Patient/p1",
    "http://0177.0.0.1:{port}/apis/fhir/Patient/p1",
    "http://127.1:{port}/apis/fhir/Patient/p1",
    "http://[::ffff:127.0.0.1]:{port}/apis/fhir/Patient/p1",
    "http://[::1]:{port}/apis/fhir/Patient/p1",
    "http://localhost:{port}/apis/fhir/Patient/p1",
    "http://0.0.0.0:{port}/apis/fhir/Patient/p1",
    "https://{host}/apis/fhir/Patient/p1",
    "ftp://{host}/apis/fhir/Patient/p1",
    "file:///etc/passwd",
    "gopher://{host}/apis/fhir",
    "data:application/json,{{}}",
    "javascript:alert(1)",
    "http://169.254.169.254/latest/meta-data/",
    "http://{host}:80/apis/fhir/Patient/p1",
    "http:///apis/fhir/Patient/p1",
    "http:{host}/apis/fhir/Patient/p1",
    "{base}/Patient?x=" + "y" * 9_000,
    "Patient/p1",
    "",
    "http://",
    "http://{host}\n.evil.example/apis/fhir",
]


@pytest.mark.req("SM-32", "SM-73")
@pytest.mark.parametrize("url", OUTSIDE, ids=range(len(OUTSIDE)))
def test_an_address_outside_the_tenants_base_gets_no_packet(
    url: str, session: GuardedSession, ehr: HostileEhr, another_ehr: HostileEhr
) -> None:
    filled = url.format(
        evil=another_ehr.origin,
        origin=ehr.origin,
        base=ehr.base,
        host=ehr.host,
        port=ehr.host.partition(":")[2],
    )

    with pytest.raises((ForeignOrigin, EhrUnreachable)) as raised:
        session.exchange("GET", filled, headers=TOKEN)

    assert ehr.ledger == another_ehr.ledger == []
    assert "secret-token" not in str(raised.value)


INSIDE = [
    "{base}",
    "{base}/",
    "{base}/Patient/p1",
    "{base}/Patient/p1/_history/2",
    "{base}/Observation?subject=Patient/p1&code=http://loinc.org|44261-6&_count=50",
    "{base}/Observation/$lastn?max=3",
    "{base}/metadata",
    "{base}?_getpages=3f2a&_getpagesoffset=50",
    "{base}/Patient/a.b-c_d~e:f",
]


@pytest.mark.parametrize("url", INSIDE)
def test_an_address_below_the_base_passes(
    url: str, session: GuardedSession, ehr: HostileEhr
) -> None:
    session.exchange("GET", url.format(base=ehr.base), headers=TOKEN)

    assert len(ehr.ledger) == 1


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308])
def test_no_redirect_is_followed(
    status: int, session: GuardedSession, ehr: HostileEhr, another_ehr: HostileEhr
) -> None:
    location = {"Location": f"{another_ehr.origin}/apis/fhir/Patient/p1"}

    with (
        ehr.odd(canned={"/apis/fhir/Patient/p1": (status, location, b"x")}),
        pytest.raises(Redirected),
    ):
        session.exchange("GET", f"{ehr.base}/Patient/p1", headers=TOKEN)

    assert another_ehr.ledger == []


def test_a_redirect_is_not_followed_even_if_the_caller_asks_for_it(
    session: GuardedSession, ehr: HostileEhr, another_ehr: HostileEhr
) -> None:
    location = {"Location": f"{another_ehr.origin}/"}

    with (
        ehr.odd(canned={"/apis/fhir/Patient/p1": (302, location, b"")}),
        pytest.raises(Redirected),
    ):
        session.get(f"{ehr.base}/Patient/p1", allow_redirects=True, verify=False)

    assert another_ehr.ledger == []


def test_a_foreign_next_link_stops_fhirclient_before_the_first_packet(
    session: GuardedSession, ehr: HostileEhr, another_ehr: HostileEhr
) -> None:
    server = FHIRServer(None, base_uri=ehr.base)
    server.session = session

    with pytest.raises(ForeignOrigin):
        server.request_data(f"{another_ehr.base}/Observation?page=2")

    assert another_ehr.ledger == []
    assert b"Patient" in server.request_data("Patient/p1")  # its positive twin


def test_fhirclient_without_the_guard_would_go_there(
    ehr: HostileEhr, another_ehr: HostileEhr
) -> None:
    """The control: if this fails, the test above proves nothing any more."""
    server = FHIRServer(None, base_uri=ehr.base)
    with requests.Session() as unguarded:
        server.session = unguarded
        server.request_data(f"{another_ehr.base}/Patient/p1")

    assert len(another_ehr.ledger) == 1


def test_the_environment_cannot_send_our_traffic_elsewhere(
    ehr: HostileEhr, another_ehr: HostileEhr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", another_ehr.origin)
    monkeypatch.setenv("ALL_PROXY", another_ehr.origin)

    with GuardedSession(fence=tenant_for(ehr).fhir_fence) as session:
        session.exchange("GET", f"{ehr.base}/Patient/p1")

    assert another_ehr.ledger == []


def test_the_environment_cannot_lend_us_credentials(
    ehr: HostileEhr, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    with GuardedSession(fence=tenant_for(ehr).fhir_fence) as session:
        session.exchange("GET", f"{ehr.base}/Patient/p1")

    assert "Authorization" not in ehr.ledger[0].headers


def test_no_cookie_of_the_ehr_comes_back_to_it(
    session: GuardedSession, ehr: HostileEhr
) -> None:
    canned = (200, {"Set-Cookie": "follow=me; Path=/"}, b"{}")
    with ehr.odd(canned={"/apis/fhir/Patient/p1": canned}):
        for _ in range(2):
            session.exchange("GET", f"{ehr.base}/Patient/p1")

    assert all("Cookie" not in each.headers for each in ehr.ledger)


@pytest.mark.parametrize(
    ("fence", "address"),
    [
        (Fence(()), "10.1.2.3"),
        (Fence(()), "192.168.0.1"),
        (Fence(()), "172.16.0.1"),
        (Fence(()), "127.0.0.1"),
        (Fence(()), "::1"),
        (Fence(()), "fd00::1"),
        (Fence(()), "::ffff:10.0.0.1"),
        (Fence(()), "169.254.169.254"),
        (Fence((), private_addresses=True), "169.254.169.254"),
        (Fence((), private_addresses=True), "fe80::1"),
        (Fence((), private_addresses=True), "0.0.0.0"),
        (Fence((), dev=True), "10.1.2.3"),
    ],
)
def test_an_address_of_a_private_network_is_refused(fence: Fence, address: str) -> None:
    assert not fence.allows_address(address)


@pytest.mark.parametrize(
    ("fence", "address"),
    [
        (Fence(()), "93.184.216.34"),
        (Fence(()), "2606:2800:220:1::1"),
        (Fence((), private_addresses=True), "10.1.2.3"),
        (Fence((), dev=True), "127.0.0.1"),
    ],
)
def test_an_address_the_tenant_allows_passes(fence: Fence, address: str) -> None:
    assert fence.allows_address(address)


def test_a_name_that_now_leads_into_the_private_network_gets_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: only the resolver is replaced, by one that lies."""
    canary = socket.create_server(("127.0.0.1", 0))
    canary.settimeout(0.1)
    port = canary.getsockname()[1]
    lie = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: lie)

    with (
        GuardedSession(fence=Fence((f"https://ehr.example:{port}/fhir",))) as session,
        pytest.raises(ForeignOrigin),
    ):
        session.exchange("GET", f"https://ehr.example:{port}/fhir/metadata")

    with canary, pytest.raises(TimeoutError):
        canary.accept()


def _gzip_bomb() -> bytes:
    return gzip.compress(bytes(60_000_000), 6)


def _coded(coding: bytes, body: bytes) -> list[Piece]:
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    return [(0, HEAD + b"Content-Encoding: " + coding + b"\r\n" + length), (0, body)]


def _many(header: bytes, count: int) -> bytes:
    return b"".join(header % number for number in range(count))


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


BOMBS: dict[str, tuple[Any, type[Exception]]] = {
    "gzip": (lambda: _coded(b"gzip", _gzip_bomb()), TooMuch),
    "deflate": (lambda: _coded(b"deflate", zlib.compress(bytes(60_000_000))), TooMuch),
    "gzip in gzip": (
        lambda: _coded(b"gzip, gzip", gzip.compress(_gzip_bomb())),
        TooMuch,
    ),
    "body without end": (
        lambda: chain(
            [(0, HEAD + b"Connection: close\r\n\r\n")], endless(b"x" * 1_000_000)
        ),
        TooMuch,
    ),
    "chunks without end": (
        lambda: chain(
            [(0, HEAD + b"Transfer-Encoding: chunked\r\n\r\n")],
            endless(_chunk(b"x" * 1_000_000)),
        ),
        TooMuch,
    ),
    "chunks of one byte": (
        lambda: chain(
            [(0, HEAD + b"Transfer-Encoding: chunked\r\n\r\n")],
            endless(_chunk(b"x") * 100_000),
        ),
        (TooMuch, EhrUnreachable),  # type: ignore[dict-item]  # whichever cap is met first
    ),
    "content length that lies upwards": (
        lambda: [(0, HEAD + b"Content-Length: 999999999999\r\n\r\nx")],
        EhrUnreachable,
    ),
    "headers too large": (
        lambda: [(0, HEAD + _many(b"X-%d: " + b"y" * 1_000 + b"\r\n", 80) + b"\r\n")],
        TooMuch,
    ),
    "headers too many": (
        lambda: [(0, HEAD + _many(b"X-%d: y\r\n", 500) + b"\r\n{}")],
        EhrUnreachable,
    ),
    "a header without end": (
        lambda: chain([(0, HEAD + b"X: ")], endless(b"y" * 100_000)),
        EhrUnreachable,
    ),
    "a drip of body": (
        lambda: chain(
            [(0, HEAD + b"Content-Length: 1000\r\n\r\n")], endless(b"x", seconds=0.05)
        ),
        EhrUnreachable,
    ),
    "a drip of headers": (
        lambda: chain([(0, HEAD + b"X: ")], endless(b"y", seconds=0.05)),
        EhrUnreachable,
    ),
    "a drip of status line": (
        lambda: endless(b"H", seconds=0.05),
        EhrUnreachable,
    ),
    "silence": (lambda: [], EhrUnreachable),
    "silence after the headers": (
        lambda: [(0, HEAD + b"Content-Length: 5\r\n\r\n")],
        EhrUnreachable,
    ),
    "no HTTP": (lambda: [(0, b"SSH-2.0-OpenSSH_9\r\n\r\n")], EhrUnreachable),
    "broken gzip": (
        lambda: [
            (0, HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello")
        ],
        EhrUnreachable,
    ),
    "broken chunk": (
        lambda: [(0, HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")],
        EhrUnreachable,
    ),
    "a redirect with a bomb": (
        lambda: [
            (0, b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"),
            (0, b"Content-Encoding: gzip\r\nContent-Length: 58000\r\n\r\n"),
            (0, _gzip_bomb()),
        ],
        Redirected,
    ),
}


@pytest.mark.req("TR-01", "TR-03")
@pytest.mark.parametrize("name", BOMBS)
def test_an_answer_without_end_ends_in_time_and_in_memory(name: str) -> None:
    make, expected = BOMBS[name]
    pieces: list[Piece] | Iterator[Piece] = make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB, a high-water mark
    begun = time.monotonic()

    with raw_server(pieces) as base:
        fence = Fence((base,), dev=True, read_seconds=0.4, total_seconds=0.6)
        with GuardedSession(fence=fence) as session, pytest.raises(expected):
            session.exchange("GET", f"{base}/Observation")

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (
        time.monotonic() - begun < 4
    )  # far above the deadline of 0.6 s, far below ever
    assert grown < 150_000  # kB; includes the sender, which lives in this process


def test_a_slow_but_finished_answer_passes(
    session: GuardedSession, ehr: HostileEhr
) -> None:
    with ehr.odd(pieces=(20, 0.02)):
        answer = session.exchange("GET", f"{ehr.base}/Patient/p1")

    assert answer.status == 200


def test_a_compressed_answer_of_usual_size_passes(ehr: HostileEhr) -> None:
    body = b'{"resourceType":"Patient"}'
    canned = (200, {"Content-Encoding": "gzip"}, gzip.compress(body))

    with (
        ehr.odd(canned={"/apis/fhir/Patient/p1": canned}),
        GuardedSession(fence=tenant_for(ehr).fhir_fence) as session,
    ):
        assert session.exchange("GET", f"{ehr.base}/Patient/p1").body == body


def test_a_refused_connection_says_that_nothing_was_sent(ehr: HostileEhr) -> None:
    base = "http://127.0.0.1:1/fhir"

    with (
        GuardedSession(fence=Fence((base,), dev=True)) as session,
        pytest.raises(EhrUnreachable) as raised,
    ):
        session.exchange("POST", base, body=b"{}")

    assert raised.value.maybe_sent is False


def test_a_connection_lost_after_the_request_says_that_it_may_have_arrived() -> None:
    with raw_server([]) as base:
        fence = Fence((base,), dev=True, read_seconds=0.2)
        with (
            GuardedSession(fence=fence) as session,
            pytest.raises(EhrUnreachable) as raised,
        ):
            session.exchange("POST", base, body=b"{}")

    assert raised.value.maybe_sent is True


def test_plain_http_needs_dev_and_this_machine(ehr: HostileEhr) -> None:
    for fence in (
        Fence((ehr.base,)),
        Fence(("http://ehr.example/fhir",), dev=True),
    ):
        with (
            GuardedSession(fence=fence) as session,
            pytest.raises(UnsafeAnswer),
        ):
            session.exchange("GET", fence.bases[0])

    assert ehr.ledger == []
