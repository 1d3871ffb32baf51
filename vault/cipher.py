"""Envelopes: AES-256-GCM under a data key per tenant, wrapped by a master key.

An envelope is `key version (4 bytes) | nonce (12) | ciphertext and tag`. Tenant, kind
of row, row id and key version are bound in as associated data, so an envelope opens
in its own place only. Random nonces are safe far below 2**32 envelopes per data key;
`Vault.rotate_data_key` begins the next one.
"""

import base64
import binascii
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.errors import Tampered, WrongKey

KEY_BYTES = 32
NONCE_BYTES = 12
VERSION_BYTES = 4


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The master keys: `current` wraps, `previous` may still unwrap.

    Raises:
        WrongKey: a key that does not have 32 bytes.
    """

    current: bytes = field(repr=False)
    previous: tuple[bytes, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for key in (self.current, *self.previous):
            if len(key) != KEY_BYTES:
                raise WrongKey(f"a master key must have {KEY_BYTES} bytes")

    def by_name(self, name: str) -> bytes | None:
        """The key of that name, if we were given it."""
        for key in (self.current, *self.previous):
            if hmac.compare_digest(master_name(key), name):
                return key
        return None


def master_name(key: bytes) -> str:
    """A name that says which master key it was, and nothing about the key."""
    return sha256(b"rom-on-fhir master key\0" + key).hexdigest()[:16]


def generate_key_file(path: Path) -> None:
    """Write one new random master key, readable by its owner only.

    Raises:
        FileExistsError: there is a file already; a key is never overwritten.
        OSError: it cannot be written, and is not there.
    """
    text = base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()  # half a key looks like a key, and is never overwritten
        raise


def keys_from_file(path: Path) -> KeyRing:
    """Read a key file: one base64 key per line, the first is the current one.

    Raises:
        WrongKey: no such file, open to everybody, or not a key file.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        raise WrongKey(f"{path}: cannot be read as a key file") from None
    if mode & 0o007:
        raise WrongKey(f"{path}: everybody on this host may read it; chmod 600")
    return keys_from_text(text, source=str(path))


def keys_from_text(text: str, *, source: str) -> KeyRing:
    """The same from text, for a site that passes the key through its environment.

    Raises:
        WrongKey: names the source and the line, never the key.
    """
    keys: list[bytes] = []
    for number, line in enumerate(text.splitlines(), start=1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        try:
            key = base64.b64decode(word, validate=True)
        except binascii.Error:
            raise WrongKey(f"{source}: line {number} is not base64") from None
        # An example key, such as 32 equal bytes, would start and protect nothing.
        if len(key) != KEY_BYTES or len(set(key)) < KEY_BYTES // 4:
            raise WrongKey(f"{source}: line {number} is not a random 32-byte key")
        keys.append(key)
    if not keys:
        raise WrongKey(f"{source}: holds no key")
    return KeyRing(keys[0], tuple(keys[1:]))


def packed(*parts: str) -> bytes:
    """Parts joined so that no two different lists give the same bytes."""
    raw = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4) + part for part in raw)


def wrap(master: bytes, key: bytes, *, place: bytes) -> bytes:
    """The key under the master key, bound to its place."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(master).encrypt(nonce, key, place)


def unwrap(master: bytes, wrapped: bytes, *, place: bytes) -> bytes:
    """The way back.

    Raises:
        WrongKey: another master key, or the row was changed.
    """
    try:
        return AESGCM(master).decrypt(
            wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], place
        )
    except (InvalidTag, ValueError):
        raise WrongKey("the master key does not open this vault") from None


class TenantCipher:
    """Seals, opens and hashes for one tenant. Safe to share between threads."""

    def __init__(
        self,
        tenant: str,
        *,
        index_key: bytes,
        data_keys: dict[int, bytes],
        missing: Callable[[int], bytes | None],
    ) -> None:
        """`missing` looks for a data key that another process has begun since."""
        self.tenant = tenant
        self._index_key = index_key
        self._keys = {version: AESGCM(key) for version, key in data_keys.items()}
        self._version = max(data_keys)
        self._missing = missing

    @property
    def version(self) -> int:
        """Version of the data key that seals now."""
        return self._version

    def add(self, version: int, key: bytes) -> None:
        """Seal with this data key from now on; older ones keep opening."""
        self._keys = {**self._keys, version: AESGCM(key)}
        self._version = max(self._version, version)

    def seal(self, kind: str, row_id: str, plain: bytes) -> bytes:
        """The envelope for this place."""
        version = self._version
        nonce = secrets.token_bytes(NONCE_BYTES)
        bound = packed(self.tenant, kind, row_id, str(version))
        body = self._keys[version].encrypt(nonce, plain, bound)
        return version.to_bytes(VERSION_BYTES) + nonce + body

    def open(self, kind: str, row_id: str, envelope: bytes) -> bytes:
        """What was sealed in this place.

        Raises:
            Tampered: changed, cut, or taken from another row, kind or tenant.
        """
        version = int.from_bytes(envelope[:VERSION_BYTES])
        key = self._keys.get(version)
        if key is None:
            found = self._missing(version)
            if found is None:
                raise Tampered(kind)
            self.add(version, found)
            key = self._keys[version]
        nonce = envelope[VERSION_BYTES : VERSION_BYTES + NONCE_BYTES]
        bound = packed(self.tenant, kind, row_id, str(version))
        try:
            return key.decrypt(nonce, envelope[VERSION_BYTES + NONCE_BYTES :], bound)
        except (InvalidTag, ValueError):
            raise Tampered(kind) from None

    def digest(self, kind: str, *parts: str) -> bytes:
        """HMAC-SHA-256 of the parts; the same value differs between tenants."""
        message = packed(kind, self.tenant, *parts)
        return hmac.digest(self._index_key, message, "sha256")

    def hashed(self, kind: str, *parts: str) -> str:
        """`digest` as hex: what is stored of a code, state, nonce or browser id.

        Keyed, because a short code or a patient id could be guessed from a bare hash.
        """
        return self.digest(kind, *parts).hex()

    def blind_index(self, patient: str) -> str:
        """The patient id as a key that can be looked up but not read."""
        return self.hashed("patient", patient)
