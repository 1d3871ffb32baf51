"""Requests of an export: in the tenant's fence, repeated while the EHR says "later".

All of them may be repeated: they read, or begin and end a job of our own. An answer to
a kick-off that is lost may leave a job nobody asks for; the EHR removes it in time.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from ehr.answers import refusal
from ehr.bulk.errors import ExportFailed
from ehr.delivery.retry import backoff, retry_after
from ehr.errors import (
    AccessExpired,
    EhrUnreachable,
    ForeignOrigin,
    Redirected,
    TooMuch,
)
from ehr.fence import Fence
from ehr.tenants import Tenant
from ehr.wire.egress import Answer, GuardedSession

MOST_TRIES: Final = 8  # in a row, without any usable answer between
FILE_SECONDS: Final = 4 * 3_600.0  # for one file; what is here by then stays
FILE_SILENCE: Final = 60.0  # seconds without a byte
LARGEST_FILE: Final = 200_000_000_000  # bytes, decoded

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Time, chance and the person who waits; given, so that tests need not wait."""

    clock: Callable[[], datetime]
    told: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class Tokens(Protocol):
    """Tokens of our own service, as `ehr.smart.backend` keeps them."""

    def token(self, now: datetime) -> str:
        """One that is good now."""

    def forget(self, access_token: str) -> None:
        """This one was refused."""


class Door:
    """One tenant, with our service's token where it is needed and allowed."""

    def __init__(self, tenant: Tenant, tokens: Tokens, around: Surroundings) -> None:
        self._tenant = tenant
        self._tokens = tokens
        self._around = around
        fence = tenant.fence_around(tenant.issuer, *tenant.bulk_bases)
        self._session = GuardedSession(fence=fence)
        self._files = GuardedSession(fence=_for_files(fence))

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: list[tuple[str, str]] | None = None,
        body: bytes | None = None,
        final: frozenset[int] = frozenset(),
    ) -> Answer:
        """One answer that is neither "later" nor a refusal.

        Args:
            final: statuses that the caller understands, returned as they are.

        Raises:
            EhrRefused: a refusal.
            EhrUnreachable: "later" too often.
            AccessExpired: no token, also not a fresh one.
            ExportFailed: the address lies outside what the tenant allows, leads on
                to another one, or gives more than any answer may.
        """

        def once(token: str) -> Answer:
            answer = self._session.exchange(
                method,
                url,
                headers={**headers, "Authorization": f"Bearer {token}"},
                params=params,
                body=body,
            )
            return _checked(answer, final)

        return self._with_patience(lambda: self._with_token(once))

    def fetch(
        self,
        url: str,
        *,
        headers: Callable[[], Mapping[str, str]],
        opened: Callable[[Answer], Callable[[bytes], object]],
        token_needed: bool,
        final: frozenset[int],
    ) -> Answer:
        """A file, piece by piece; asked again for what is left while that helps.

        Args:
            headers: asked for anew before each try: how much is here by then.
            opened: as `Guard.download`.

        Raises:
            As `ask`.
        """

        def once(token: str | None) -> Answer:
            allowed = dict(headers())
            if token is not None:
                allowed["Authorization"] = f"Bearer {token}"
            answer = self._files.download(url, headers=allowed, opened=opened)
            return _checked(answer, final)

        if token_needed:
            return self._with_patience(lambda: self._with_token(once))
        return self._with_patience(lambda: once(None))

    def pause(self, asked: str | None, turn: int) -> None:
        """Waits as long as the EHR asks, else longer from turn to turn.

        Args:
            asked: a Retry-After header, or None.
            turn: 0, 1, 2 ...
        """
        wait = retry_after(asked, now=self._around.clock())
        if wait is None:
            wait = backoff(turn, self._around.chance)
        self._around.sleep(max(wait, timedelta(seconds=1)).total_seconds())

    def told(self, text: str) -> None:
        """Says something to whoever waits."""
        self._around.told(text)

    def _with_token(self, once: Callable[[str], _T]) -> _T:
        token = self._tokens.token(self._around.clock())
        try:
            return once(token)
        except AccessExpired as error:
            if error.cause != "http-401":
                raise
        self._tokens.forget(token)
        return once(self._tokens.token(self._around.clock()))

    def _with_patience(self, once: Callable[[], _T]) -> _T:
        for turn in range(MOST_TRIES):
            try:
                return once()
            except EhrUnreachable as error:
                if turn == MOST_TRIES - 1:
                    raise
                self.told(f"the EHR says later ({error.cause}); trying again")
                self.pause(error.retry_after, turn)
            except ForeignOrigin:
                raise ExportFailed(
                    "the EHR names an address outside this tenant; if that is right,"
                    " add its base to bulk_bases in tenants.toml"
                ) from None
            except Redirected:
                raise ExportFailed(
                    "the EHR sends us on to another address, which we never follow;"
                    " ask its operator for the final address of the files"
                ) from None
            except TooMuch:
                raise ExportFailed(
                    "an answer of the EHR is larger than any we take; ask for fewer"
                    " types, or for a later _since"
                ) from None
        raise AssertionError("the last turn returns or raises")


def _checked(answer: Answer, final: frozenset[int]) -> Answer:
    if answer.status not in final:
        error = refusal(answer.status, answer.headers, answer.body)
        if error is not None:
            raise error
    return answer


def _for_files(fence: Fence) -> Fence:
    return replace(
        fence,
        read_seconds=FILE_SILENCE,
        total_seconds=FILE_SECONDS,
        most_bytes=LARGEST_FILE,
    )
