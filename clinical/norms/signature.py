"""A named person's signature on a norm pack: Ed25519 (RFC 8032)."""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

KEY_BYTES = 32
SIGNATURE_BYTES = 64
# Bound in, so that a signature on a pack can never be one on anything else.
_PURPOSE = b"rom-on-fhir norm pack\0"


def public_key_of(seed: bytes) -> str:
    """The public key (base64) of a private key of 32 random bytes."""
    return _text(Ed25519PrivateKey.from_private_bytes(seed).public_key())


def sign(seed: bytes, digest: str) -> str:
    """The signature (base64) on a pack of this SHA-256 (hex)."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return base64.b64encode(key.sign(_PURPOSE + digest.encode("ascii"))).decode("ascii")


def is_signed(digest: str, signature: str, *, public_key: str) -> bool:
    """Whether the owner of this key has signed a pack of this SHA-256."""
    key, made = _bytes(public_key, KEY_BYTES), _bytes(signature, SIGNATURE_BYTES)
    if key is None or made is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(
            made, _PURPOSE + digest.encode("ascii")
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def is_public_key(text: str) -> bool:
    """Whether this is the base64 of 32 bytes, as `rom keys signing` prints it."""
    return _bytes(text, KEY_BYTES) is not None


def _text(key: Ed25519PublicKey) -> str:
    return base64.b64encode(key.public_bytes_raw()).decode("ascii")


def _bytes(text: str, length: int) -> bytes | None:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == length else None
