"""Signers' key sets, kept for a while and asked for rarely.

Anybody can send a token with an unknown key id. So an unknown id leads to at most one
download a minute, one thread downloads, and the others wait for its result.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ehr.errors import EhrUnreachable, JsonRefused, KeysUnavailable, UnsafeAnswer
from ehr.fence import Fence
from ehr.tenants import HookCaller, Tenant
from ehr.wire.egress import Answer, GuardedSession
from ehr.wire.public_keys import PublicKey, public_keys

BETWEEN_DOWNLOADS = timedelta(seconds=60)
USUAL_AGE = timedelta(minutes=5)  # without Cache-Control
OLDEST = timedelta(hours=1)
LARGEST_SET = 64_000  # bytes
SLOWEST = 3.0  # seconds

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=(\d{1,9})(?:[,\s]|$)")


@dataclass(frozen=True, slots=True)
class _KeySet:
    keys: dict[str, PublicKey]
    good_until: datetime


class KeyCache:
    """The keys of one signer.

    Args:
        download: gives the signer's current key set; called by one thread at a time.
    """

    def __init__(self, download: Callable[[], Answer]) -> None:
        self._download = download
        self._one_at_a_time = threading.Lock()
        self._set: _KeySet | None = None
        self._asked_at: datetime | None = None

    def key(self, kid: str, *, now: datetime) -> PublicKey | None:
        """The key of this id, or None if the signer has no such key (now).

        Raises:
            KeysUnavailable: no set at hand that is still good, and none to be had.
        """
        found = self._fresh(now)
        if found is not None and kid in found.keys:
            return found.keys[kid]
        with self._one_at_a_time:
            # Another thread may have fetched while this one waited.
            found = self._fresh(now)
            if found is not None and kid in found.keys:
                return found.keys[kid]
            if self._may_ask(now):
                self._asked_at = now
                self._refresh(now)
                found = self._fresh(now)
        if found is None:
            raise KeysUnavailable("asked less than a minute ago")
        return found.keys.get(kid)

    def _fresh(self, now: datetime) -> _KeySet | None:
        held = self._set
        return held if held is not None and now < held.good_until else None

    def _may_ask(self, now: datetime) -> bool:
        return self._asked_at is None or now - self._asked_at >= BETWEEN_DOWNLOADS

    def _refresh(self, now: datetime) -> None:
        try:
            answer = self._download()
            if answer.status != 200:
                raise KeysUnavailable(f"http-{answer.status}")
            keys = public_keys(answer.body)
        except (EhrUnreachable, UnsafeAnswer, JsonRefused, KeysUnavailable) as error:
            # The last good set stays in use for its own time.
            if self._fresh(now) is None:
                raise KeysUnavailable(str(error)) from None
            return
        self._set = _KeySet(keys, now + _age(answer))


def keys_at(url: str, *, fence: Fence) -> KeyCache:
    """The key set at one address.

    Args:
        url: as registered or pinned; nothing else can be reached.
        fence: the tenant's rules for private addresses, certificates and `dev`; its
            bases, sizes and times are replaced by those for key sets.
    """
    narrow = Fence(
        bases=(url,),
        dev=fence.dev,
        private_addresses=fence.private_addresses,
        ca_file=fence.ca_file,
        total_seconds=SLOWEST,
        most_bytes=LARGEST_SET,
    )

    def download() -> Answer:
        with GuardedSession(fence=narrow) as session:
            return session.exchange("GET", url, headers={"Accept": "application/json"})

    return KeyCache(download)


def keys_in(file: Path) -> KeyCache:
    """The key set in a file that the site put there; read again when its time is up."""

    def read() -> Answer:
        try:
            return Answer(200, {}, file.read_bytes())
        except OSError:
            raise KeysUnavailable("key file cannot be read") from None

    return KeyCache(read)


class KeyCaches:
    """The key sets of all signers; one object for the whole program.

    Args:
        folder: where relative `jwks_file` names of tenants count from.
    """

    def __init__(self, folder: Path = Path()) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._caches: dict[tuple[str, str], KeyCache] = {}

    def at(self, url: str, tenant: Tenant) -> KeyCache:
        """The key set at a URL, as this tenant may reach it."""
        fence = tenant.fence_around(url)
        return self._kept((tenant.id, url), lambda: keys_at(url, fence=fence))

    def of_caller(self, caller: HookCaller, tenant: Tenant) -> KeyCache:
        """The key set of one caller of our CDS service."""
        if caller.jwks_file is not None:
            file = self._folder / caller.jwks_file
            return self._kept((tenant.id, str(file)), lambda: keys_in(file))
        url = caller.jwks_uri or caller.jku
        assert url is not None  # the file of tenants is refused otherwise
        return self.at(url, tenant)

    def _kept(self, place: tuple[str, str], make: Callable[[], KeyCache]) -> KeyCache:
        with self._lock:
            if place not in self._caches:
                self._caches[place] = make()
            return self._caches[place]


def _age(answer: Answer) -> timedelta:
    found = _MAX_AGE.search(answer.headers.get("cache-control", "").lower())
    if found is None:
        return USUAL_AGE
    seconds = timedelta(seconds=int(found[1]))
    return min(max(seconds, BETWEEN_DOWNLOADS), OLDEST)
