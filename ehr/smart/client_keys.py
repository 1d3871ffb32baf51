"""Our own keys at each EHR: private ones to sign with, public ones to show.

One set per tenant, so that a signature made for one EHR says nothing to another.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from ehr.errors import JsonRefused, TenantFileError
from ehr.tenants import SigningAlgorithm, Tenant
from ehr.wire.safe_json import safe_json

PUBLIC_MEMBERS = {"EC": ("crv", "x", "y"), "RSA": ("n", "e")}
WEAKEST_RSA = 2048  # bits
NEW_RSA = 3072


@dataclass(frozen=True, slots=True)
class ClientKey:
    """One key pair of ours at one tenant."""

    kid: str
    algorithm: SigningAlgorithm
    key: ECKey | RSAKey = field(repr=False)


def client_keys(tenant: Tenant) -> tuple[ClientKey, ...]:
    """Our key pairs at this tenant, in the order of its key set.

    Raises:
        TenantFileError: the set is unreadable, weak, not private, or repeats an id.
    """
    if tenant.private_keys is None:
        return ()
    try:
        found = safe_json(tenant.private_keys.encode(), profile="request").get("keys")
    except JsonRefused:
        found = None
    if not isinstance(found, list) or not found:
        raise _unusable(tenant, "is no JWK set")
    keys = tuple(_client_key(each, tenant) for each in found)
    if len({each.kid for each in keys}) != len(keys):
        raise _unusable(tenant, "repeats a kid")
    return keys


def public_jwks(tenant: Tenant) -> dict[str, object]:
    """What the EHR may know: public members only, the next key beside the current.

    Raises:
        TenantFileError: as `client_keys`.
    """
    return {"keys": [_public_jwk(each) for each in client_keys(tenant)]}


def generate_client_key(kid: str, algorithm: SigningAlgorithm = "ES384") -> str:
    """A new private JWK as JSON text; wrap it as `{"keys": [...]}` for a tenant."""
    key: ECKey | RSAKey
    if algorithm == "ES384":
        key = ECKey.generate_key("P-384", auto_kid=False)
    else:
        key = RSAKey.generate_key(NEW_RSA, auto_kid=False)
    return json.dumps({**key.as_dict(private=True), "kid": kid, "alg": algorithm})


def _public_jwk(key: ClientKey) -> dict[str, object]:
    members: dict[str, Any] = dict(key.key.as_dict(private=False))
    shown = {name: members[name] for name in PUBLIC_MEMBERS[members["kty"]]}
    return {
        "kty": members["kty"],
        "kid": key.kid,
        "use": "sig",
        "alg": key.algorithm,
        **shown,
    }


def _client_key(jwk: object, tenant: Tenant) -> ClientKey:
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str):
        raise _unusable(tenant, "holds a key without kid")
    kid = str(jwk["kid"])
    try:
        match jwk.get("kty"):
            case "EC":
                curve = ECKey.import_key(jwk)
                if curve.is_private and curve.curve_name == "P-384":
                    return ClientKey(kid, "ES384", curve)
            case "RSA":
                key = RSAKey.import_key(jwk)
                private = key.private_key
                if private is not None and private.key_size >= WEAKEST_RSA:
                    return ClientKey(kid, "RS384", key)
    # The message of the library may quote the key.
    except (JoseError, ValueError, TypeError, KeyError):
        raise _unusable(tenant, "holds an unreadable key") from None
    raise _unusable(tenant, "holds a key that is neither private P-384 nor RSA 2048+")


def _unusable(tenant: Tenant, problem: str) -> TenantFileError:
    return TenantFileError("key set", f"tenant.{tenant.id}.key_env", problem=problem)
