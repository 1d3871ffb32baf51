"""Tokens of our own service (SMART Backend Services): one for all callers, renewed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ehr.errors import AccessExpired, TokenAnswerRefused
from ehr.smart.discovery import Endpoints
from ehr.smart.scopes import as_version_1
from ehr.smart.tokens import TokenEndpoint
from ehr.tenants import Tenant

MARGIN = timedelta(seconds=30)  # a token is not used in its last moments
REFUSED_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class BackendToken:
    """A token that is good for a while.

    Attributes:
        granted: its scopes, as the EHR says; as asked where it says nothing.
    """

    access_token: str = field(repr=False)
    good_until: datetime
    granted: str


class BackendTokens:
    """The tokens of one purpose, at one tenant.

    Args:
        tenant: whose; registered with `private_key_jwt`.
        scope: what is asked for.
        endpoints: of its authorization server, as discovered and pinned.
    """

    def __init__(
        self,
        tenant: Tenant,
        scope: str,
        *,
        endpoints: Callable[[datetime], Endpoints],
    ) -> None:
        self._tenant = tenant
        self._scope = scope
        self._endpoints = endpoints
        self._lock = threading.Lock()
        self._held: BackendToken | None = None
        self._refused_until: datetime | None = None

    def token(self, now: datetime) -> str:
        """The token itself; raises as `current`."""
        return self.current(now).access_token

    def current(self, now: datetime) -> BackendToken:
        """A token that is good now.

        Raises:
            AccessExpired: the EHR refuses our service; a person must look. It is not
                asked again for a minute.
            EhrUnreachable, UnsafeAnswer, LaunchRefused: no answer now, or metadata
                that cannot be trusted.
        """
        with self._lock:
            held = self._held
            if held is not None and now < held.good_until:
                return held
            if self._refused_until is not None and now < self._refused_until:
                raise AccessExpired("backend refused")
            endpoints = self._endpoints(now)
            endpoint = TokenEndpoint(self._tenant, endpoints, now=now)
            old = endpoints.asks_for_version_1
            scope = as_version_1(self._scope) if old else self._scope
            try:
                answer = endpoint.client_credentials(scope)
            except TokenAnswerRefused as error:
                self._refused_until = now + REFUSED_FOR
                raise AccessExpired(f"backend: {error.cause}") from None
            life = timedelta(seconds=answer.expires_in)
            margin = min(MARGIN, life / 3)
            self._held = BackendToken(
                access_token=answer.access_token,
                good_until=now + life - margin,
                granted=scope if answer.scope is None else answer.scope,
            )
            return self._held

    def forget(self, access_token: str) -> None:
        """A 401 said this token is no good; the next caller asks for another one."""
        with self._lock:
            held = self._held
            if held is not None and held.access_token == access_token:
                self._held = None
