"""Who may ask for cards: a signed token of a caller that this tenant registered."""

from collections.abc import Iterable
from datetime import datetime

from ehr.errors import TokenRefused
from ehr.tenants import HookCaller, Tenant
from ehr.wire.jwks import KeyCaches
from ehr.wire.verify_jwt import HookClaims, Keys, verify_hook_token

SCHEME = "bearer"


class CallerTrust:
    """The key sets of all registered callers, kept for the life of the process."""

    def __init__(self, tenants: Iterable[Tenant], keys: KeyCaches) -> None:
        self._keys: dict[tuple[str, HookCaller], Keys] = {
            (tenant.id, caller): keys.of_caller(caller, tenant)
            for tenant in tenants
            for caller in tenant.hook_callers
        }

    def claims(
        self, authorization: str, tenant: Tenant, *, now: datetime
    ) -> HookClaims:
        """Who calls, once the token in this header is believed.

        The token is not used up yet: `vault.cards.record_call` does that together
        with the cards, in one transaction before the answer.

        Raises:
            TokenRefused: no token, or one that is not believed; one 401 for all.
            KeysUnavailable: the caller's keys cannot be had now: 503.
        """
        # The scheme's name is not case-sensitive (RFC 9110, 11.1).
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != SCHEME:
            raise TokenRefused("no bearer token")
        return verify_hook_token(
            token,
            callers=tenant.hook_callers,
            keys_of=lambda caller: self._keys[tenant.id, caller],
            now=now,
        )
