"""Proof Key for Code Exchange: a fresh verifier, and S256 of it (RFC 7636)."""

import base64
import hashlib
import secrets


def new_verifier() -> str:
    """64 characters, 384 bits; one per launch."""
    return secrets.token_urlsafe(48)


def challenge(verifier: str) -> str:
    """`code_challenge` for method S256 (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
