"""The replay guard: a token (`iss`, `jti`) is good once, for all workers."""

import sqlite3
from hashlib import sha256

from sqlalchemy import insert
from sqlalchemy.dialects import sqlite

from vault.cipher import packed
from vault.errors import AlreadyUsed
from vault.tables import seen_tokens

# Compiled once: this statement runs on every call from an EHR.
INSERT = str(insert(seen_tokens).compile(dialect=sqlite.dialect(paramstyle="qmark")))


def use_token(
    driver: sqlite3.Connection,
    tenant: str,
    *,
    issuer: str,
    jti: str,
    expires_at: int,
) -> None:
    """Note the token as seen, inside the caller's transaction.

    Args:
        expires_at: microseconds since 1970; from then on its age refuses it.

    Raises:
        AlreadyUsed: it was seen before.
    """
    token_hash = sha256(packed(tenant, issuer, jti)).digest()
    try:
        driver.execute(INSERT, (tenant, token_hash, expires_at))
    except sqlite3.IntegrityError:
        raise AlreadyUsed("token") from None
