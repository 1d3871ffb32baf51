"""Talking to the token endpoint: code for token, refresh, client credentials.

Authlib builds the requests, the guard of `ehr.wire` sends them, and the answer is read
by our strict JSON reader before Authlib sees it.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote_plus, urlencode

from authlib.integrations.requests_client import OAuth2Session

from ehr.errors import EhrUnreachable, JsonRefused, TokenAnswerRefused
from ehr.smart.assertion import ASSERTION_TYPE, client_assertion
from ehr.smart.discovery import LATER, Endpoints
from ehr.tenants import Tenant
from ehr.wire.egress import Guard
from ehr.wire.safe_json import safe_json

ASSUMED_LIFE = 60  # seconds, where the EHR does not say; a 401 decides
LONGEST_LIFE = 86_400
LONGEST_TOKEN = 32_000  # characters

_VISIBLE = re.compile(r"[!-~]+")
_ERROR = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A successful answer of the token endpoint, checked.

    Args:
        access_token: for the `Authorization` header only.
        expires_in: seconds.
        scope: as granted; None means as asked (RFC 6749, 5.1).
        members: everything as received, for the launch context.
    """

    access_token: str = field(repr=False)
    expires_in: int
    scope: str | None
    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)
    members: Mapping[str, object] = field(repr=False)


class _HttpAnswer(Protocol):
    status_code: int
    content: bytes


class _GuardedOAuth2(Guard, OAuth2Session):
    """Authlib's session, which would sign any URL, inside the tenant's fence."""


class TokenEndpoint:
    """The token endpoint of one EHR, for one request at a time.

    Args:
        tenant: who we are there.
        endpoints: as discovered and pinned.
        now: for the client assertion; aware.
    """

    def __init__(self, tenant: Tenant, endpoints: Endpoints, *, now: datetime) -> None:
        self._tenant = tenant
        self._endpoints = endpoints
        self._now = now

    def exchange_code(self, code: str, *, verifier: str) -> TokenAnswer:
        """Trade the authorization code for a token (RFC 6749, 4.1.3).

        Raises:
            TokenAnswerRefused: the answer is a refusal, or unusable.
            EhrUnreachable, UnsafeAnswer: no answer, or none we accept.
        """
        return self._ask(
            lambda session: session.fetch_token(
                self._endpoints.token,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                redirect_uri=self._tenant.redirect_uri,
            )
        )

    def refresh(self, refresh_token: str) -> TokenAnswer:
        """Trade a refresh token for a new access token (RFC 6749, 6).

        Raises:
            TokenAnswerRefused, EhrUnreachable, UnsafeAnswer: as above.
        """
        return self._ask(
            lambda session: session.refresh_token(
                self._endpoints.token, refresh_token=refresh_token
            )
        )

    def client_credentials(self, scope: str) -> TokenAnswer:
        """A token for our own service (SMART Backend Services).

        Raises:
            TokenAnswerRefused, EhrUnreachable, UnsafeAnswer: as above.
        """
        return self._ask(
            lambda session: session.fetch_token(
                self._endpoints.token, grant_type="client_credentials", scope=scope
            )
        )

    def revoke(self, refresh_token: str) -> bool:
        """Give a refresh token back (RFC 7009).

        Returns:
            Whether the EHR took it; False as well where it offers no such endpoint.

        Raises:
            EhrUnreachable, UnsafeAnswer: no answer, or none we accept.
        """
        url = self._endpoints.revocation
        if url is None:
            return False
        with self._session(url) as session:
            answer = session.revoke_token(
                url,
                token=refresh_token,
                token_type_hint="refresh_token",  # noqa: S106  # a kind, no secret
                auth=session.client_auth(self._client_auth()),
            )
        return bool(answer.status_code == 200)

    def _ask(self, request: Callable[[Any], object]) -> TokenAnswer:
        answers: list[TokenAnswer] = []

        def read(answer: _HttpAnswer) -> _HttpAnswer:
            answers.append(token_answer(answer.status_code, answer.content))
            return answer

        with self._session(self._endpoints.token) as session:
            for moment in ("access_token_response", "refresh_token_response"):
                session.register_compliance_hook(moment, read)
            request(session)
        return answers[0]

    def _session(self, url: str) -> Any:
        return _GuardedOAuth2(
            client_id=self._tenant.client_id,
            client_secret=self._tenant.secret,
            token_endpoint_auth_method=self._client_auth(),
            fence=self._tenant.fence_around(url),
        )

    def _client_auth(self) -> Any:
        match self._tenant.auth:
            case "private_key_jwt":
                return self._sign
            case "client_secret_basic":
                return self._basic
            case "none":
                return "none"

    def _basic(
        self, client: Any, _method: str, uri: str, headers: Any, body: str
    ) -> tuple[str, Any, str]:
        # Each part form-urlencoded first (RFC 6749, 2.3.1): a colon or an umlaut in a
        # secret would otherwise reach the server as something else.
        parts = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
        encoded = base64.b64encode(parts.encode("ascii")).decode("ascii")
        headers["Authorization"] = f"Basic {encoded}"
        return self._with_client_id(uri, headers, body, {})

    def _sign(
        self, _client: Any, _method: str, uri: str, headers: Any, body: str
    ) -> tuple[str, Any, str]:
        tenant, endpoints = self._tenant, self._endpoints
        to_issuer = tenant.assertion_audience == "issuer"
        assertion = client_assertion(
            tenant,
            audience=tenant.id_token_issuer if to_issuer else endpoints.token,
            offered=endpoints.signing_algorithms,
            now=self._now,
        )
        return self._with_client_id(
            uri,
            headers,
            body,
            {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion},
        )

    def _with_client_id(
        self, uri: str, headers: Any, body: str, more: dict[str, str]
    ) -> tuple[str, Any, str]:
        if self._tenant.send_client_id:
            more = {**more, "client_id": self._tenant.client_id}
        text = f"{body}&{urlencode(more)}" if more else body
        headers["Content-Length"] = str(len(text))
        return uri, headers, text


def token_answer(status: int, body: bytes) -> TokenAnswer:
    """Read a token endpoint's answer.

    Raises:
        EhrUnreachable: 5xx, 408, 429.
        TokenAnswerRefused: an OAuth error (its code as cause), or not usable.
    """
    if status >= 500 or status in LATER:
        raise EhrUnreachable(f"http-{status}", status=status)
    try:
        found = safe_json(body, profile="ehr")
    except JsonRefused:
        raise TokenAnswerRefused(f"http-{status}, not readable") from None
    if status != 200 or "error" in found:
        error = found.get("error")
        known = isinstance(error, str) and _ERROR.fullmatch(error)
        raise TokenAnswerRefused(str(error) if known else f"http-{status}")
    token_type = found.get("token_type")
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        raise TokenAnswerRefused("token_type")
    access_token = _token(found, "access_token")
    if access_token is None:
        raise TokenAnswerRefused("access_token")
    scope = found.get("scope")
    if not isinstance(scope, str | None):
        raise TokenAnswerRefused("scope")
    return TokenAnswer(
        access_token=access_token,
        expires_in=_seconds(found.get("expires_in")),
        scope=scope,
        refresh_token=_token(found, "refresh_token"),
        id_token=_token(found, "id_token"),
        members=found,
    )


def _token(found: Mapping[str, object], name: str) -> str | None:
    value = found.get(name)
    if value is None:
        return None
    # Anything else could break out of the header it will stand in.
    if (
        not isinstance(value, str)
        or len(value) > LONGEST_TOKEN
        or not _VISIBLE.fullmatch(value)
    ):
        raise TokenAnswerRefused(name)
    return value


def _seconds(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        value = int(value)  # seen in the wild: a number as text
    if type(value) is not int or value <= 0:
        return ASSUMED_LIFE
    return min(value, LONGEST_LIFE)
