"""The only way out: a session that reaches its own EHR and nothing else.

`fhirclient` and Authlib sign whatever URL they are given, also an absolute one from a
Bundle's `next` link. So the session itself is pinned. All rules are applied in `send`,
on the prepared request, whoever calls.

There is no retry here: only the outbox knows whether a repeat is harmless.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    SSLError,
)

from ehr.errors import EhrUnreachable, Redirected, TooMuch
from ehr.fence import Fence
from ehr.wire.connection import GuardedHTTPPool, GuardedHTTPSPool, exchange

PIECE = 65_536  # bytes decoded at a time: what a gzip bomb can cost above the cap

LARGEST_REFUSAL = 1_000_000  # bytes of an answer that is not the file asked for


@dataclass(frozen=True, slots=True)
class Answer:
    """One complete HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _GuardedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": GuardedHTTPPool,
            "https": GuardedHTTPSPool,
        }


class Guard(requests.Session):
    """Rules for any session: `class GuardedOAuth2(Guard, OAuth2Session)`.

    Args:
        fence: what this session may reach; keyword only.
    """

    def __init__(self, *args: Any, fence: Fence, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fence = fence
        # Proxies and .netrc of the environment would carry tokens elsewhere.
        self.trust_env = False
        self.headers["Accept-Encoding"] = "gzip, deflate"
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self.mount(scheme, _GuardedAdapter(max_retries=0))

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> Any:
        """Send a prepared request under the fence; the body is read before return.

        Raises:
            ForeignOrigin: the URL leaves the fence; nothing was sent.
            Redirected: any 3xx.
            TooMuch: headers or decoded body above the cap.
            EhrUnreachable: no connection, a broken one, or too slow.
        """
        with self._answered(request, kwargs) as response:
            body = b"".join(self._pieces(response, self._fence.most_bytes))
            # The two fields `Response.content` looks at before it would stream.
            vars(response)["_content"] = body
            vars(response)["_content_consumed"] = True
        return response

    @contextmanager
    def _answered(
        self, request: requests.PreparedRequest, kwargs: dict[str, Any]
    ) -> Iterator[requests.Response]:
        """The answer's head; its body can be read inside, under the same deadline."""
        fence = self._fence
        fence.check(str(request.url))
        kwargs |= {
            "stream": True,
            "allow_redirects": False,
            "verify": fence.ca_file or True,
            "proxies": {},
        }
        with exchange(fence) as allowance:
            left = allowance.seconds_left()
            kwargs["timeout"] = (min(fence.connect_seconds, left), left)
            try:
                response = super().send(request, **kwargs)
            except requests.RequestException as error:
                raise _unreachable(error) from None
            try:
                yield response
            finally:
                response.close()

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: `requests` would read a redirect's body, without any cap."""

    def exchange(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | list[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One request, one complete answer of whatever status but 3xx.

        Raises:
            ForeignOrigin, Redirected, TooMuch, EhrUnreachable: as `send`.
        """
        prepared = self._prepared(
            requests.Request(
                method, url, params=params, headers=headers, data=body or b""
            )
        )
        response: requests.Response = self.send(prepared)
        return Answer(response.status_code, _names(response), response.content)

    def download(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        opened: Callable[[Answer], Callable[[bytes], object]],
    ) -> Answer:
        """One GET whose content goes piece by piece to where the caller says.

        Args:
            opened: given status and headers of a 200 or 206, before any content;
                returns what takes the pieces, decoded.

        Returns:
            The answer; without body where `opened` was called.

        Raises:
            ForeignOrigin, Redirected, TooMuch, EhrUnreachable: as `send`; what came
                before is with the caller.
        """
        prepared = self._prepared(requests.Request("GET", url, headers=headers))
        with self._answered(prepared, {}) as response:
            head = Answer(response.status_code, _names(response), b"")
            if head.status not in (200, 206):
                pieces = self._pieces(response, LARGEST_REFUSAL)
                return replace(head, body=b"".join(pieces))
            pieces = self._pieces(response, self._fence.most_bytes)
            take = opened(head)
            for piece in pieces:
                take(piece)
            return head

    def _prepared(self, request: requests.Request) -> requests.PreparedRequest:
        try:
            return self.prepare_request(request)
        except (requests.RequestException, ValueError):
            # `from None`: the message of the library quotes the address.
            raise EhrUnreachable("unusable address", maybe_sent=False) from None

    def _pieces(self, response: requests.Response, most: int) -> Iterator[bytes]:
        if 300 <= response.status_code < 400:
            raise Redirected(f"http-{response.status_code}")
        size = 0
        try:
            for piece in response.raw.stream(PIECE, decode_content=True):
                size += len(piece)
                if size > most:
                    raise TooMuch("body")
                yield piece
        except (HTTPError, OSError):
            raise EhrUnreachable("broken answer") from None


class GuardedSession(Guard):
    """For reading, writing and keys; also `fhirclient`'s `server.session`."""


def _names(response: requests.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _unreachable(error: requests.RequestException) -> EhrUnreachable:
    """Our word for a failure of the library, without its text (it quotes URLs)."""
    reason: object = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    # The order counts: to urllib3 a refused connection is a kind of time-out.
    match reason:
        case NewConnectionError():
            return EhrUnreachable("no connection", maybe_sent=False)
        case ConnectTimeoutError():
            return EhrUnreachable("connect time-out", maybe_sent=False)
        case SSLError():
            return EhrUnreachable("no trusted certificate", maybe_sent=False)
    if isinstance(error, requests.Timeout):
        return EhrUnreachable("time-out")
    return EhrUnreachable("broken connection")
