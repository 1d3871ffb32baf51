"""Keys of an EHR, and a pen that signs whatever it is told to.

Written on `cryptography` and `hmac`, not on the library our product verifies with:
a fault they shared would be invisible.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Pair:
    """A private key with the id under which its public half is published."""

    kid: str
    private: PrivateKey

    def jwk(self, **more: object) -> dict[str, Any]:
        numbers = self.private.public_key().public_numbers()
        if isinstance(numbers, ec.EllipticCurvePublicNumbers):
            assert isinstance(self.private, ec.EllipticCurvePrivateKey)
            size = (self.private.key_size + 7) // 8
            curve = {256: "P-256", 384: "P-384", 521: "P-521"}[self.private.key_size]
            members = {
                "kty": "EC",
                "crv": curve,
                "x": b64(numbers.x.to_bytes(size, "big")),
                "y": b64(numbers.y.to_bytes(size, "big")),
            }
        else:
            size = (self.private.key_size + 7) // 8
            members = {
                "kty": "RSA",
                "n": b64(numbers.n.to_bytes(size, "big")),
                "e": b64(numbers.e.to_bytes(3, "big")),
            }
        return {**members, "kid": self.kid, **more}

    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )


@cache
def ec_pair(kid: str, curve: str = "P-384") -> Pair:
    return Pair(kid, ec.generate_private_key(CURVES[curve]()))


@cache
def rsa_pair(kid: str, bits: int = 2048) -> Pair:
    return Pair(kid, rsa.generate_private_key(65537, bits))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(
    header: dict[str, Any] | str,
    claims: dict[str, Any] | str,
    *,
    pair: Pair | None = None,
    secret: bytes | None = None,
    sign_as: str | None = None,
) -> str:
    """Sign anything: texts are taken as they are, however broken.

    Args:
        header: its `alg` decides how to sign, unless `sign_as` does.
        claims: any.
        pair: private key; None leaves the signature empty.
        secret: for HMAC.
        sign_as: the algorithm really used.
    """
    texts = [
        each if isinstance(each, str) else json.dumps(each) for each in (header, claims)
    ]
    signed = ".".join(b64(text.encode()) for text in texts)
    algorithm = sign_as or (header["alg"] if isinstance(header, dict) else "ES384")
    signature = _signature(str(algorithm), signed.encode(), pair, secret)
    return f"{signed}.{b64(signature)}"


def _signature(
    algorithm: str, data: bytes, pair: Pair | None, secret: bytes | None
) -> bytes:
    if secret is not None:
        digest = getattr(hashlib, f"sha{algorithm[2:]}")
        return hmac.new(secret, data, digest).digest()
    if pair is None:
        return b""
    kind = HASHES[algorithm[2:]]()
    if isinstance(pair.private, ec.EllipticCurvePrivateKey):
        size = (pair.private.key_size + 7) // 8
        r, s = decode_dss_signature(pair.private.sign(data, ec.ECDSA(kind)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if algorithm.startswith("PS"):
        pss = padding.PSS(padding.MGF1(kind), kind.digest_size)
        return pair.private.sign(data, pss, kind)
    return pair.private.sign(data, padding.PKCS1v15(), kind)
