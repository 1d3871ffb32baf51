"""What an EHR's answer to a write means for the next step; the one retry there is.

Pure: an answer in, a step out; chance is passed in. Table: security guide, 8.3. After a
write whose outcome is unknown nothing is sent again before a search has been made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal, assert_never

from ehr.delivery.ladder import DeliveryClass

FIRST_DELAY = timedelta(seconds=2)
LONGEST_DELAY = timedelta(minutes=15)
LONGEST_RETRY_AFTER = timedelta(hours=1)

Cause = Literal[
    "unreachable",
    "busy",
    "login_needed",
    "refused",
    "policy",
    "patient_gone",
    "not_offered",
    "error_inside",
    "conflict",
    "unknown_outcome",
    "duplicates",
    "differs",
    "not_valid",
    "not_storable",
]
CodeClass = Literal["look_up", "later", "policy", "site_configuration", "patient_gone"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """2xx without an error inside; `location` as far as the EHR named one."""

    location: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that says no, or not now.

    Attributes:
        status: HTTP status; a 2xx here carried an OperationOutcome error.
        codes: what the dialect makes of the EHR's own error codes.
        retry_after: the header as sent; nonsense is ignored.
    """

    status: int
    codes: frozenset[CodeClass] = frozenset()
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte reached the EHR: it cannot have acted."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Bytes left and no usable answer came: it may have acted."""


@dataclass(frozen=True, slots=True)
class NoAccess:
    """No token to send with, or one the EHR no longer takes (401)."""


Answer = Accepted | Refused | NotSent | NoAnswer | NoAccess


@dataclass(frozen=True, slots=True)
class Done:
    """The EHR has it: read it back."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """The answer does not say where it is: search by identifier, now."""


@dataclass(frozen=True, slots=True)
class Later:
    """It was certainly not stored; the same write after `delay`."""

    delay: timedelta
    cause: Cause


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been stored; after `delay` look before anything else."""

    delay: timedelta
    cause: Cause


@dataclass(frozen=True, slots=True)
class RenewAccess:
    """A fresh token may help, once."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Only a person can decide."""

    cause: Cause


Step = Done | LookUp | Later | Unknown | RenewAccess | Hold


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a step depends on besides the answer.

    Attributes:
        delivery_class: how safely a write repeats.
        attempts: how often this submission was tried before, 0 or more.
        grace: longest time the EHR may still work on a request we gave up.
        renewed: whether the token was renewed in this attempt already.
        now: for a Retry-After that is a date.
        chance: a number in [0, 1), drawn anew at each call.
    """

    delivery_class: DeliveryClass
    attempts: int
    grace: timedelta
    renewed: bool
    now: datetime
    chance: Callable[[], float]


def next_step(answer: Answer, at: Circumstances) -> Step:
    """The step that this answer calls for."""
    match answer:
        case Accepted(location=None):
            return LookUp()
        case Accepted():
            return Done()
        case NotSent():
            return Later(backoff(at.attempts, at.chance), "unreachable")
        case NoAnswer():
            return _unknown(at, least=timedelta(0))
        case NoAccess():
            return _no_access(at)
        case Refused():
            return _after_refusal(answer, at)
        case _:
            assert_never(answer)


def backoff(attempts: int, chance: Callable[[], float]) -> timedelta:
    """Exponential with full jitter, between 2 seconds and 15 minutes.

    Never below the first delay: a draw of zero would make the jitter a busy loop.
    """
    doubled: timedelta = FIRST_DELAY * int(2 ** min(attempts, 20))
    ceiling = min(doubled, LONGEST_DELAY)
    return max(FIRST_DELAY, ceiling * chance())


def retry_after(header: str | None, *, now: datetime) -> timedelta | None:
    """How long the EHR asks us to wait, at most an hour; None if it says nothing.

    Seconds or an HTTP date (RFC 9110, 10.2.3); anything else is nothing.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        # Long digit strings would be slow to parse and mean the cap anyway.
        seconds = int(text) if len(text) <= 9 else LONGEST_RETRY_AFTER.total_seconds()
        return min(timedelta(seconds=seconds), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta(0)), LONGEST_RETRY_AFTER)


def _no_access(at: Circumstances) -> Step:
    return Hold("login_needed") if at.renewed else RenewAccess()


def _after_refusal(refusal: Refused, at: Circumstances) -> Step:
    if "look_up" in refusal.codes:
        return LookUp()
    if "policy" in refusal.codes:
        return Hold("policy")
    if "patient_gone" in refusal.codes:
        return Hold("patient_gone")
    if "site_configuration" in refusal.codes:
        return Hold("refused")
    asked = retry_after(refusal.retry_after, now=at.now)
    if "later" in refusal.codes:
        # The EHR says "not now" in its own words, but not whether it has acted.
        return _unknown(at, least=asked or timedelta(0))
    match refusal.status:
        case 401:
            return _no_access(at)
        case 403:
            return Hold("policy")
        case 404 | 410:
            return Hold("patient_gone")
        case 405 | 501:
            return Hold("not_offered")
        case 409 | 412:
            return LookUp()
        case 429:
            # 429 is answered before the work is begun (RFC 6585, 4), so this may be
            # repeated in every class.
            delay = asked if asked is not None else backoff(at.attempts, at.chance)
            return Later(max(delay, FIRST_DELAY), "busy")
        case status if status == 408 or status >= 500:
            return _unknown(at, least=asked or timedelta(0))
        case status if 200 <= status < 300:
            return Hold("error_inside")
        case _:
            return Hold("refused")


def _unknown(at: Circumstances, *, least: timedelta) -> Step:
    """No second write before the EHR can no longer be working on the first."""
    if at.delivery_class == "E5":
        return Hold("unknown_outcome")
    # E1 writes to an id of ours: a write still under way stores the same thing there.
    grace = timedelta(0) if at.delivery_class == "E1" else at.grace
    wait = max(grace, least, backoff(at.attempts, at.chance))
    return Unknown(wait, "unknown_outcome")
