"""Connections that end in time and go only where the address is allowed.

A time-out of `requests` is per read, so four bytes a second keep it happy for ever.
These connections measure each read against one deadline for the whole exchange, from
the first header byte on, and choose the numeric address themselves, so that a name
which changes its mind between check and connection gains nothing.
"""

import http.client
import io
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError

from ehr.errors import EhrUnreachable, ForeignOrigin, TooMuch
from ehr.fence import Fence

RAW_MARGIN = 64_000  # bytes of framing a chunked body may cost above its content


@dataclass(slots=True)
class Exchange:
    """What is left of one request's allowance."""

    fence: Fence
    ends: float  # on the monotonic clock
    raw_bytes: int = 0

    def seconds_left(self) -> float:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise EhrUnreachable("deadline")
        return min(left, self.fence.read_seconds)

    def count(self, received: int) -> None:
        self.raw_bytes += received
        fence = self.fence
        if self.raw_bytes > fence.most_bytes + fence.most_header_bytes + RAW_MARGIN:
            raise TooMuch("body")


_current: ContextVar[Exchange] = ContextVar("exchange with an EHR")


@contextmanager
def exchange(fence: Fence) -> Iterator[Exchange]:
    """All connections opened or read inside share one deadline.

    Inside another exchange the earlier deadline holds: so many requests can share one.
    """
    ends = time.monotonic() + fence.total_seconds
    outer = _current.get(None)
    begun = Exchange(fence, ends if outer is None else min(ends, outer.ends))
    token = _current.set(begun)
    try:
        yield begun
    finally:
        _current.reset(token)


class _MeasuredReads(io.RawIOBase):
    """The receiving half of a socket under a deadline and a byte count."""

    def __init__(self, sock: socket.socket, allowance: Exchange) -> None:
        self._sock = sock
        # An unbuffered file of the socket's own keeps it open until we are done,
        # also when the answer says `Connection: close`.
        self._file = sock.makefile("rb", buffering=0)
        self._allowance = allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._allowance.seconds_left())
        received = self._file.readinto(buffer) or 0
        self._allowance.count(received)
        return received

    def close(self) -> None:
        self._file.close()
        super().close()


class _MeasuredSocket:
    """What `http.client` asks of a socket when it reads an answer: one file."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_MeasuredReads(self._sock, _current.get()))


class _MeasuredResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_MeasuredSocket(sock), *args, **kwargs)  # type: ignore[arg-type]  # only makefile is asked for

    def begin(self) -> None:
        super().begin()
        size = sum(len(name) + len(value) for name, value in self.headers.items())
        if size > _current.get().fence.most_header_bytes:
            raise TooMuch("headers")


class _GuardedHTTP(HTTPConnection):
    response_class = _MeasuredResponse

    def _new_conn(self) -> socket.socket:
        return _connect_to_allowed(self, super()._new_conn)


class _GuardedHTTPS(HTTPSConnection):
    response_class = _MeasuredResponse

    def _new_conn(self) -> socket.socket:
        return _connect_to_allowed(self, super()._new_conn)


def _connect_to_allowed(
    connection: HTTPConnection, connect: Callable[[], socket.socket]
) -> socket.socket:
    name, fence = connection._dns_host, _current.get().fence
    try:
        found = socket.getaddrinfo(
            name.strip("[]"), connection.port, type=socket.SOCK_STREAM
        )
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    addresses = [str(each[4][0]) for each in found]
    if not all(fence.allows_address(each) for each in addresses):
        raise ForeignOrigin("address of a private network")
    try:
        for address in addresses[:-1]:
            connection._dns_host = address
            try:
                return connect()
            except NewConnectionError:
                continue  # a name with several addresses: the next may answer
        connection._dns_host = addresses[-1]
        return connect()
    finally:
        # TLS compares the certificate with the name, not with the number.
        connection._dns_host = name


class GuardedHTTPPool(HTTPConnectionPool):
    """Plain connections; the fence lets them pass to this machine only."""

    ConnectionCls = _GuardedHTTP


class GuardedHTTPSPool(HTTPSConnectionPool):
    """Connections under TLS."""

    ConnectionCls = _GuardedHTTPS
