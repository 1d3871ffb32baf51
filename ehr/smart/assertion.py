"""The signed text by which we prove to a token endpoint who we are.

Built by us, freshly each time: a builder that keeps its claims would reuse `jti`, and
the usual default of one hour is more than the five minutes SMART allows.
"""

import secrets
from datetime import datetime, timedelta

from joserfc import jwt

from ehr.errors import MetadataRefused
from ehr.smart.client_keys import ClientKey, client_keys
from ehr.tenants import Tenant

LIFE = timedelta(seconds=240)  # SMART allows 300; the rest is for their clock
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def client_assertion(
    tenant: Tenant, *, audience: str, offered: tuple[str, ...], now: datetime
) -> str:
    """A compact JWT for `client_assertion`.

    Args:
        tenant: whose key signs.
        audience: the token URL posted to, or the issuer where the tenant says so.
        offered: algorithms the EHR says it takes; empty if it does not say.
        now: aware.

    Raises:
        MetadataRefused: no key of ours suits what the EHR takes.
        TenantFileError: our key set cannot be used.

    Source:
        SMART App Launch 2.2.0, client-confidential-asymmetric.
    """
    key = signing_key(tenant, offered=offered)
    issued_at = int(now.timestamp())
    header = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT"}
    claims = {
        "iss": tenant.client_id,
        "sub": tenant.client_id,
        "aud": audience,
        "jti": secrets.token_urlsafe(24),
        "iat": issued_at,
        "exp": issued_at + int(LIFE.total_seconds()),
    }
    return jwt.encode(header, claims, key.key, algorithms=[key.algorithm])


def signing_key(tenant: Tenant, *, offered: tuple[str, ...]) -> ClientKey:
    """Our first key at this tenant whose algorithm the EHR takes.

    Raises:
        MetadataRefused: there is none.
    """
    # What the EHR says now counts more than what the site wrote down once.
    wanted = offered or (tenant.signing_algorithm or "ES384", "RS384")
    if not offered and tenant.signing_algorithm is not None:
        wanted = (tenant.signing_algorithm,)
    for key in client_keys(tenant):
        if key.algorithm in wanted:
            return key
    raise MetadataRefused("no signing algorithm in common")
