"""Launches, codes and tokens: each lives for a while, most are used once."""

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sandbox_ehr.authorization.scopes import Scope, scope_from
from sandbox_ehr.errors import OAuthRefusal

T = TypeVar("T")

LAUNCH_LIFE = timedelta(minutes=5)
CODE_LIFE = timedelta(seconds=60)
PENDING_LIFE = timedelta(minutes=10)
REFRESH_LIFE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Launch:
    """What the EHR knows when it opens an app: who, about whom, in which visit."""

    user: str  # "Practitioner/…"
    patient: str | None = None
    encounter: str | None = None
    app_context: str | None = None
    intent: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token stands for."""

    client_id: str
    words: tuple[str, ...]
    launch: Launch | None  # None: a backend service
    family: str
    standalone: bool = False

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The resource scopes among the words."""
        return tuple(scope for word in self.words if (scope := scope_from(word)))

    @property
    def patient(self) -> str | None:
        """The patient in context."""
        return self.launch.patient if self.launch else None


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code's meaning."""

    grant: Grant
    redirect_uri: str
    challenge: str
    nonce: str | None


@dataclass(slots=True)
class _Kept(Generic[T]):
    value: T
    expires: datetime
    used: bool = False


@dataclass(slots=True)
class _Shelf(Generic[T]):
    """Secrets by their hash: what lies here cannot be replayed from a dump."""

    kept: dict[str, _Kept[T]] = field(default_factory=dict)

    def put(self, value: T, *, expires: datetime) -> str:
        secret = secrets.token_urlsafe(32)
        self.kept[_hashed(secret)] = _Kept(value, expires)
        return secret

    def find(self, secret: str) -> _Kept[T] | None:
        return self.kept.get(_hashed(secret))

    def tidy(self, now: datetime) -> None:
        for key in [key for key, kept in self.kept.items() if kept.expires < now]:
            del self.kept[key]


class Grants:
    """Everything the authorization server remembers; one lock around it."""

    def __init__(
        self, *, clock: Callable[[], datetime], access_life: timedelta
    ) -> None:
        self._clock = clock
        self.access_life = access_life
        self._lock = threading.Lock()
        self._launches: _Shelf[Launch] = _Shelf()
        self._codes: _Shelf[Code] = _Shelf()
        self._access: _Shelf[Grant] = _Shelf()
        self._refresh: _Shelf[Grant] = _Shelf()
        self._revoked: set[str] = set()
        self._seen: dict[tuple[str, str], datetime] = {}

    def new_launch(self, launch: Launch) -> str:
        """An opaque launch id, good for one authorization."""
        with self._lock:
            self._launches.tidy(self._clock())
            return self._launches.put(launch, expires=self._clock() + LAUNCH_LIFE)

    def take_launch(self, secret: str) -> Launch:
        """The launch behind an id, once.

        Raises:
            OAuthRefusal: unknown, used or too old.
        """
        with self._lock:
            return self._once(self._launches, secret, error="invalid_request").value

    def new_code(self, code: Code) -> str:
        """An authorization code."""
        with self._lock:
            self._codes.tidy(self._clock() - timedelta(hours=1))
            return self._codes.put(code, expires=self._clock() + CODE_LIFE)

    def take_code(self, secret: str) -> Code:
        """The code's meaning, once; a second use revokes what the first one gave.

        Raises:
            OAuthRefusal: unknown, used or too old.
        """
        with self._lock:
            kept = self._codes.find(secret)
            if kept is not None and kept.used:
                self._revoked.add(kept.value.grant.family)
            return self._once(self._codes, secret, error="invalid_grant").value

    def new_access(self, grant: Grant) -> str:
        """An access token."""
        with self._lock:
            self._access.tidy(self._clock() - timedelta(hours=1))
            return self._access.put(grant, expires=self._clock() + self.access_life)

    def new_refresh(self, grant: Grant) -> str:
        """A refresh token, good for one use."""
        with self._lock:
            return self._refresh.put(grant, expires=self._clock() + REFRESH_LIFE)

    def take_refresh(self, secret: str, *, client_id: str) -> Grant:
        """The grant of a refresh token; one used twice ends its whole family.

        Raises:
            OAuthRefusal: unknown, used, too old, revoked or another client's.
        """
        with self._lock:
            kept = self._refresh.find(secret)
            if kept is None or kept.value.client_id != client_id:
                raise OAuthRefusal("invalid_grant", "no such refresh token")
            if kept.used:
                self._revoked.add(kept.value.family)
            if kept.value.family in self._revoked:
                raise OAuthRefusal("invalid_grant", "the refresh token was revoked")
            return self._once(self._refresh, secret, error="invalid_grant").value

    def access(self, secret: str) -> Grant | None:
        """What a live access token stands for."""
        with self._lock:
            kept = self._access.find(secret)
            if (
                kept is None
                or kept.expires <= self._clock()
                or kept.value.family in self._revoked
            ):
                return None
            return kept.value

    def revoke(self, secret: str, *, client_id: str) -> None:
        """End the family of an access or refresh token of this client."""
        with self._lock:
            for shelf in (self._access, self._refresh):
                kept = shelf.find(secret)
                if kept is not None and kept.value.client_id == client_id:
                    self._revoked.add(kept.value.family)

    def first_use(self, client_id: str, jti: str, *, expires: datetime) -> bool:
        """Whether this client shows this `jti` for the first time."""
        with self._lock:
            now = self._clock()
            for old in [key for key, until in self._seen.items() if until < now]:
                del self._seen[old]
            if (client_id, jti) in self._seen:
                return False
            self._seen[client_id, jti] = expires
            return True

    def forget_all(self) -> None:
        """As after a restart: nothing that was given is good any more."""
        with self._lock:
            for shelf in (self._launches, self._codes, self._access, self._refresh):
                shelf.kept.clear()

    def _once(self, shelf: _Shelf[T], secret: str, *, error: str) -> _Kept[T]:
        kept = shelf.find(secret)
        if kept is None or kept.used or kept.expires <= self._clock():
            raise OAuthRefusal(error, "unknown, used or expired")
        kept.used = True
        return replace(kept)


def new_family() -> str:
    """A name for all tokens that come from one authorization."""
    return secrets.token_urlsafe(12)


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
