"""Tokens that are still good when they are needed.

A refresh token may be good for one use only. So one caller refreshes, in all threads
and processes: it holds the vault's refresh lease, stores the new token before anybody
uses it, and the others read it from there.
"""

import time
from datetime import datetime, timedelta

from ehr.errors import AccessExpired, EhrUnreachable, TokenAnswerRefused
from ehr.smart.backend import MARGIN, BackendTokens
from ehr.smart.context import LaunchContext, context_from_bytes
from ehr.smart.discovery import Endpoints, discover
from ehr.smart.tokens import TokenEndpoint
from ehr.tenants import Tenant
from vault.database import TenantVault
from vault.errors import LeaseLost
from vault.launches import StoredContext

REFRESH_TAKES = timedelta(seconds=15)  # longest exchange, with its deadline of 10 s
LOOK_AGAIN = 0.05  # seconds
ENDPOINTS_KEPT = timedelta(hours=1)


class AccessTokens:
    """Access tokens of one tenant: of launches, and of our own service.

    Args:
        tenant: whose.
        vault: of the same tenant.
    """

    def __init__(self, tenant: Tenant, vault: TenantVault) -> None:
        self._tenant = tenant
        self._vault = vault
        self._backend = BackendTokens(
            tenant, tenant.scopes.backend, endpoints=self._discovered
        )
        self._endpoints: tuple[Endpoints, datetime] | None = None

    def token(self, context_id: str, now: datetime) -> str:
        """An access token of this launch that is good for a while yet.

        Raises:
            AccessExpired: the launch is over, or its token and no refresh token helps.
            EhrUnreachable, UnsafeAnswer: refreshing did not work now.
        """
        stored = self._stored(context_id)
        context = context_from_bytes(stored.body)
        if now + MARGIN < context.expires_at:
            return context.access_token
        if context.refresh_token is None:
            raise AccessExpired
        return self._renewed(context_id, stored, now=now)

    def give_up(self, context_id: str, now: datetime) -> None:
        """End a launch: its token goes back to the EHR, its row is deleted.

        The row goes first; an EHR that cannot be reached keeps nobody logged in.

        Raises:
            EhrUnreachable, UnsafeAnswer: the EHR was not told; the row is gone.
        """
        stored = self._vault.launches.for_delivery(context_id)
        self._vault.launches.close(context_id)
        if stored is None:
            return
        refresh_token = context_from_bytes(stored.body).refresh_token
        if refresh_token is not None:
            endpoint = TokenEndpoint(self._tenant, self._discovered(now), now=now)
            endpoint.revoke(refresh_token)

    def backend_token(self, now: datetime) -> str:
        """A token for our own service (SMART Backend Services), one for all callers.

        Raises:
            AccessExpired: the EHR refuses our service; a person must look. It is not
                asked again for a minute.
            EhrUnreachable, UnsafeAnswer: no answer now.
        """
        if self._tenant.delivery != "backend":
            raise AccessExpired("no backend service registered")
        return self._backend.token(now)

    def forget_backend_token(self, access_token: str) -> None:
        """A 401 said this token is no good; the next caller asks for another one."""
        self._backend.forget(access_token)

    def _renewed(self, context_id: str, stored: StoredContext, *, now: datetime) -> str:
        begun = time.monotonic()
        while True:
            moment = now + timedelta(seconds=time.monotonic() - begun)
            until = moment + REFRESH_TAKES
            if self._vault.launches.refresh_lease(context_id, now=moment, until=until):
                return self._refresh_under_lease(context_id, now=moment, until=until)
            if moment - now > REFRESH_TAKES:
                raise EhrUnreachable("another refresh takes too long")
            time.sleep(LOOK_AGAIN)
            latest = self._stored(context_id)
            if latest.version != stored.version:
                return context_from_bytes(latest.body).access_token

    def _refresh_under_lease(
        self, context_id: str, *, now: datetime, until: datetime
    ) -> str:
        # Read again: the one before us may have finished between look and lease.
        stored = self._stored(context_id)
        context = context_from_bytes(stored.body)
        if now + MARGIN < context.expires_at or context.refresh_token is None:
            self._give_back(context_id, until)
            return context.access_token
        try:
            renewed = self._refreshed(context, context.refresh_token, now=now)
        except TokenAnswerRefused as error:
            if error.cause == "invalid_grant":
                # Withdrawn, or used twice (by whom?): this launch must not go on.
                self._vault.launches.close(context_id)
            else:
                self._give_back(context_id, until)
            raise AccessExpired(f"refresh: {error.cause}") from None
        except BaseException:
            self._give_back(context_id, until)
            raise
        try:
            self._vault.launches.replace_body(
                context_id, body=renewed.to_bytes(), expected_version=stored.version
            )
        except LeaseLost:
            raise AccessExpired("launch closed meanwhile") from None
        return renewed.access_token

    def _refreshed(
        self, context: LaunchContext, refresh_token: str, *, now: datetime
    ) -> LaunchContext:
        endpoint = TokenEndpoint(self._tenant, self._discovered(now), now=now)
        return context.renewed(endpoint.refresh(refresh_token), now=now)

    def _give_back(self, context_id: str, until: datetime) -> None:
        # A lease that ended in the past is open to the next caller at once.
        past = until - 2 * REFRESH_TAKES
        self._vault.launches.refresh_lease(context_id, now=until, until=past)

    def _discovered(self, now: datetime) -> Endpoints:
        held = self._endpoints
        if held is None or now >= held[1]:
            held = (discover(self._tenant), now + ENDPOINTS_KEPT)
            self._endpoints = held
        return held[0]

    def _stored(self, context_id: str) -> StoredContext:
        stored = self._vault.launches.for_delivery(context_id)
        if stored is None:
            raise AccessExpired("launch closed")
        return stored
