"""The file of a key that signs norm packs: a person's own, read by its owner only."""

import base64
import binascii
import os
import secrets
from pathlib import Path

from clinical.norms.signature import KEY_BYTES

# Tells it apart from the vault's master key, which must never be used for this.
_MARK = "rom-norm-signing-key:"


class SigningKeyUnusable(Exception):
    """No such key, or one that others may read; never says what is in the file."""


def generate_signing_key(path: Path) -> bytes:
    """Writes one new key; returns it.

    Raises:
        FileExistsError: there is a file already; a key is never overwritten.
        OSError: it cannot be written, and is not there.
    """
    seed = secrets.token_bytes(KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{_MARK}{base64.b64encode(seed).decode('ascii')}\n")
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()
        raise
    return seed


def seed_from_file(path: Path) -> bytes:
    """The key in this file.

    Raises:
        SigningKeyUnusable: not such a file, or others may read it.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise SigningKeyUnusable(f"{path}: cannot be read as a key file") from None
    if mode & 0o077:
        raise SigningKeyUnusable(f"{path}: others may read it; chmod 600 {path}")
    if not text.startswith(_MARK):
        raise SigningKeyUnusable(
            f"{path}: is no key of rom keys signing; make one for each person who signs"
        )
    try:
        seed = base64.b64decode(text.removeprefix(_MARK), validate=True)
    except binascii.Error:
        seed = b""
    if len(seed) != KEY_BYTES:
        raise SigningKeyUnusable(f"{path}: is damaged")
    return seed
