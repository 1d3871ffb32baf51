"""The only judge of signed tokens: ID tokens and CDS Hooks client tokens.

joserfc verifies signatures. Everything it would let pass is checked here: expired
tokens, absurd times, doubled members, keys from the header, an algorithm that the key
does not fit. Algorithms are fixed lists of ours, never taken from metadata.

Callers answer one body for every cause; the cause is for the log.
"""

import base64
import binascii
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Protocol

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry, deserialize_compact

from ehr.errors import JsonRefused, TokenRefused
from ehr.tenants import HookCaller
from ehr.wire.public_keys import PublicKey, fits
from ehr.wire.safe_json import safe_json

ID_TOKEN_ALGORITHMS = ("RS256", "RS384", "ES256", "ES384")
LONGEST_TOKEN = 16_000  # characters
LONGEST_KID = 256
LONGEST_NAME = 255  # sub, jti
SKEW = timedelta(seconds=60)
LAST_SECOND = 253_402_300_799  # of the year 9999, the end of `datetime`

_PART = re.compile(r"[A-Za-z0-9_-]+")


class Keys(Protocol):
    """Where the public keys of one signer are found."""

    def key(self, kid: str, *, now: datetime) -> PublicKey | None:
        """The one key of this id; raises `KeysUnavailable` if none can be had."""


@dataclass(frozen=True, slots=True)
class HookClaims:
    """Who calls our CDS service; `(issuer, jti)` must be used up by the caller."""

    issuer: str
    jti: str
    expires_at: datetime
    subject: str | None
    audience: str
    tenant: str | None  # opaque, of the EHR; for the audit only


@dataclass(frozen=True, slots=True)
class IdClaims:
    """Who launched the app."""

    issuer: str
    subject: str
    fhir_user: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Opened:
    """A token taken apart and believed in nothing."""

    text: str
    header: dict[str, object]
    claims: dict[str, object]

    @property
    def algorithm(self) -> object:
        return self.header.get("alg")


def verify_hook_token(
    token: str,
    *,
    callers: Sequence[HookCaller],
    keys_of: Callable[[HookCaller], Keys],
    now: datetime,
) -> HookClaims:
    """Judge the bearer token of a CDS Hooks call.

    Args:
        token: the part after `Bearer`.
        callers: those this tenant trusts.
        keys_of: the key set of one of them.
        now: aware.

    Raises:
        TokenRefused: for any reason; the cause is not for the caller's eyes.
        KeysUnavailable: the caller's keys cannot be had now; answer 503.

    Source:
        CDS Hooks 2.0, Trusting CDS Clients; own rules CH-50 to CH-56.
    """
    opened = _open(token)
    if opened.header.get("typ") != "JWT":
        raise TokenRefused("typ")
    caller = _caller(opened, callers)
    _check_signature(opened, caller.algorithms, keys=keys_of(caller), now=now)
    claims = opened.claims
    expires_at = _check_times(claims, now=now, longest=caller.max_lifetime)
    return HookClaims(
        issuer=caller.issuer,
        jti=_name(claims, "jti"),
        expires_at=expires_at,
        subject=_name(claims, "sub") if "sub" in claims else None,
        audience=_one_audience(claims, caller.audiences),
        tenant=_name(claims, "tenant") if "tenant" in claims else None,
    )


def verify_id_token(
    token: str, *, issuer: str, client_id: str, nonce: str, keys: Keys, now: datetime
) -> IdClaims:
    """Judge the ID token of a launch.

    Args:
        token: compact form.
        issuer: the tenant's; its host may differ from the FHIR base's.
        client_id: ours there.
        nonce: of this launch, always sent and always checked.
        keys: the issuer's.
        now: aware.

    Raises:
        TokenRefused: for any reason.
        KeysUnavailable: the issuer's keys cannot be had now.

    Source:
        OpenID Connect Core 1.0, 3.1.3.7.
    """
    opened = _open(token)
    typ = opened.header.get("typ", "JWT")
    # Another kind of token of the same issuer (`at+jwt`, `logout+jwt`) proves no login.
    if not isinstance(typ, str) or typ.upper() != "JWT":
        raise TokenRefused("typ")
    claims = opened.claims
    if claims.get("iss") != issuer:
        raise TokenRefused("iss")
    _check_signature(opened, ID_TOKEN_ALGORITHMS, keys=keys, now=now)
    expires_at = _check_times(claims, now=now, longest=None)
    _check_id_audience(claims, client_id)
    if claims.get("nonce") != nonce:
        raise TokenRefused("nonce")
    return IdClaims(
        issuer=issuer,
        subject=_name(claims, "sub"),
        fhir_user=_name(claims, "fhirUser") if "fhirUser" in claims else None,
        expires_at=expires_at,
    )


def _open(token: str) -> _Opened:
    opened = _open_header(token)
    return replace(opened, claims=_json_part(token.split(".")[1]))


def _open_header(token: str) -> _Opened:
    if len(token) > LONGEST_TOKEN:
        raise TokenRefused("size")
    parts = token.split(".")
    if len(parts) != 3 or not all(_PART.fullmatch(each) for each in parts):
        raise TokenRefused("form")
    header = _json_part(parts[0])
    # `crit` names extensions we do not know, `b64` changes what was signed.
    for name in ("crit", "b64", "zip"):
        if name in header:
            raise TokenRefused(name)
    return _Opened(token, header, {})


def _json_part(part: str) -> dict[str, object]:
    try:
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        return safe_json(text, profile="request")
    except (binascii.Error, JsonRefused):
        raise TokenRefused("form") from None


def _caller(opened: _Opened, callers: Sequence[HookCaller]) -> HookCaller:
    issuer, jku = opened.claims.get("iss"), opened.header.get("jku")
    of_issuer = [each for each in callers if each.issuer == issuer]
    if not of_issuer:
        raise TokenRefused("iss")
    if "jku" not in opened.header:
        return of_issuer[0]
    # Compared with what was registered, never followed.
    for each in of_issuer:
        if each.jku is not None and each.jku == jku:
            return each
    raise TokenRefused("jku")


def _check_signature(
    opened: _Opened, algorithms: Collection[str], *, keys: Keys, now: datetime
) -> None:
    algorithm = opened.algorithm
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise TokenRefused("alg")
    kid = opened.header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID:
        raise TokenRefused("kid")
    key = keys.key(kid, now=now)
    if key is None:
        raise TokenRefused("unknown kid")
    if not fits(key, algorithm):
        raise TokenRefused("key does not fit alg")
    try:
        deserialize_compact(
            opened.text, key.key, [algorithm], registry=_registry(algorithm)
        )
    except (JoseError, ValueError):
        raise TokenRefused("signature") from None


@cache
def _registry(algorithm: str) -> JWSRegistry:
    # Header members nobody knows must be ignored (RFC 7515, 4): not strict.
    return JWSRegistry(algorithms=[algorithm], strict_check_header=False)


def _check_times(
    claims: dict[str, object], *, now: datetime, longest: timedelta | None
) -> datetime:
    expires_at, issued_at = _instant(claims, "exp"), _instant(claims, "iat")
    if expires_at + SKEW <= now:
        raise TokenRefused("expired")
    if issued_at - SKEW > now:
        raise TokenRefused("iat")
    if "nbf" in claims and _instant(claims, "nbf") - SKEW > now:
        raise TokenRefused("nbf")
    if expires_at <= issued_at:
        raise TokenRefused("exp")
    if longest is not None and expires_at - issued_at > longest:
        raise TokenRefused("lifetime")
    return expires_at


def _instant(claims: dict[str, object], name: str) -> datetime:
    value = claims.get(name)
    # Whole seconds only: text, true, 1e308 and fractions are somebody's experiment.
    if type(value) is not int or not 0 < value <= LAST_SECOND - 86_400:
        raise TokenRefused(name)
    return datetime.fromtimestamp(value, tz=UTC)


def _name(claims: dict[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME:
        raise TokenRefused(name)
    return value


def _one_audience(claims: dict[str, object], expected: Collection[str]) -> str:
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    if not isinstance(audience, str) or audience not in expected:
        raise TokenRefused("aud")
    return audience


def _check_id_audience(claims: dict[str, object], client_id: str) -> None:
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    if client_id not in several or not all(isinstance(each, str) for each in several):
        raise TokenRefused("aud")
    if len(several) > 1 and "azp" not in claims:
        raise TokenRefused("azp")
    if "azp" in claims and claims["azp"] != client_id:
        raise TokenRefused("azp")
