"""Public keys as we accept them: which kinds, how strong, for which algorithm."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from ehr.errors import JsonRefused
from ehr.wire.safe_json import safe_json

MOST_KEYS = 20
LONGEST_KID = 256
WEAKEST_RSA, STRONGEST_RSA = 2048, 8192  # bits; above, checking is a cost attack
LONGEST_EXPONENT = 8  # characters of base64
CURVE_OF = {"ES256": "P-256", "ES384": "P-384"}
RSA_ALGORITHMS = ("RS256", "RS384", "PS384")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key of a signer, ready for use."""

    kid: str
    kty: str
    curve: str | None
    algorithm: str | None  # the only one it may be used with, if the signer says so
    key: ECKey | RSAKey = field(repr=False)


def fits(key: PublicKey, algorithm: str) -> bool:
    """Whether type, curve and declared use of a key match a token's algorithm.

    This is what stops an RSA key from being used as an HMAC secret, whatever the
    header says.
    """
    if key.algorithm is not None and key.algorithm != algorithm:
        return False
    if algorithm in CURVE_OF:
        return key.kty == "EC" and key.curve == CURVE_OF[algorithm]
    return algorithm in RSA_ALGORITHMS and key.kty == "RSA"


def public_keys(body: bytes) -> dict[str, PublicKey]:
    """A JWK set as keys by their id.

    Keys we cannot use are left out. An id that occurs twice is left out wholly: which
    of the two signed is not ours to guess.

    Raises:
        JsonRefused: not a key set, or one with more keys than anybody needs.
    """
    found = safe_json(body, profile="ehr").get("keys")
    if not isinstance(found, list):
        raise JsonRefused("$.keys")
    if len(found) > MOST_KEYS:
        raise JsonRefused("$.keys: too many")
    kids = [each.get("kid") for each in found if isinstance(each, dict)]
    usable = [_public_key(each) for each in found if isinstance(each, dict)]
    return {
        key.kid: key for key in usable if key is not None and kids.count(key.kid) == 1
    }


def _public_key(jwk: Mapping[str, object]) -> PublicKey | None:
    kid, kty = jwk.get("kid"), jwk.get("kty")
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID:
        return None
    if jwk.get("use", "sig") != "sig" or "d" in jwk:
        return None  # a private key that was published belongs to everybody
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    key = _rsa_key(jwk) if kty == "RSA" else _ec_key(jwk) if kty == "EC" else None
    if key is None:
        return None
    algorithm = jwk.get("alg")
    if not isinstance(algorithm, str | None):
        return None
    curve = key.curve_name if isinstance(key, ECKey) else None
    return PublicKey(kid, str(kty), curve, algorithm, key)


def _rsa_key(jwk: Mapping[str, object]) -> RSAKey | None:
    n, e = jwk.get("n"), jwk.get("e")
    if not isinstance(n, str) or not isinstance(e, str) or len(e) > LONGEST_EXPONENT:
        return None
    # Measured before any arithmetic, and before the library sees a weak key.
    if not WEAKEST_RSA <= _bits(n) <= STRONGEST_RSA:
        return None
    try:
        return RSAKey.import_key({"kty": "RSA", "n": n, "e": e})
    except (JoseError, ValueError, TypeError):
        return None


def _bits(number: str) -> int:
    if len(number) * 6 > STRONGEST_RSA + 64:
        return 0
    try:
        text = base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))
    except ValueError:
        return 0
    return int.from_bytes(text, "big").bit_length()


def _ec_key(jwk: Mapping[str, object]) -> ECKey | None:
    crv, x, y = jwk.get("crv"), jwk.get("x"), jwk.get("y")
    if not isinstance(crv, str) or not isinstance(x, str) or not isinstance(y, str):
        return None
    if crv not in CURVE_OF.values():
        return None
    try:
        # Importing checks that the point lies on the curve.
        return ECKey.import_key({"kty": "EC", "crv": crv, "x": x, "y": y})
    except (JoseError, ValueError, TypeError):
        return None
