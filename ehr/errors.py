"""What can go wrong between us and an EHR; the faces turn each into an answer.

```
Exception
├── TenantFileError(file, place, problem)   no start
├── UnknownIssuer                           400, before any packet leaves
├── EhrUnreachable(cause)                   temporary: 503 "try again"; hook 412; retry
├── EhrRefused(status, operation_outcome)   final: 502; hook 412; delivery holds
├── AccessExpired                           launch again; hook 412; delivery waits
├── NotStorable(resource_type)              delivery takes the next rung
├── UnsafeAnswer(cause)                     "incomplete data", a line in the doctor
│   ├── ForeignOrigin                           the address is not one we pinned
│   ├── Redirected                              an answer that sends us elsewhere
│   └── TooMuch                                 more bytes than one answer may have
├── JsonRefused(place)                      400; from the EHR: unread
├── TokenRefused(cause)                     401, one body; the cause in the log
├── KeysUnavailable(cause)                  503: no key set at hand, nothing was judged
└── LaunchRefused(cause)                    400 page, launch again from the chart
    ├── StateRefused                            state missing, wrong, used, expired
    ├── WrongAuthorizationServer                `iss` of the answer is not this EHR's
    ├── AuthorizationDenied                     the EHR answered with an error
    ├── EndpointsMoved                          metadata leaves the pinned origins
    ├── MetadataRefused                         metadata we cannot work with safely
    ├── TokenAnswerRefused                      the token answer is unusable
    └── PatientRefused                          no, other, inactive or merged patient
```

No message holds patient data: it says where and why, never what was there. Failures
of the HTTP library are translated at its door (`ehr/wire/egress.py`).
"""

from __future__ import annotations

from collections.abc import Mapping


class TenantFileError(Exception):
    """The file of tenants cannot be used; nothing starts.

    Args:
        file: name of the file.
        place: dotted place inside it.
        problem: what is wrong there and what would be right.
    """

    def __init__(self, file: str, place: str, *, problem: str) -> None:
        super().__init__(f"{file}: {place} {problem}")
        self.file = file
        self.place = place
        self.problem = problem


class UnknownIssuer(Exception):
    """Nobody registered this `iss`; no packet has left."""

    def __init__(self) -> None:
        super().__init__("this issuer is not a registered EHR (tenants.toml, issuer)")


class EhrUnreachable(Exception):
    """No answer, or one that says "later"; the same request may succeed soon.

    Args:
        cause: short word for the log: `timeout`, `connection`, `http-503` ...
        status: HTTP status if there was one.
        retry_after: the header as sent, if any (seconds or a date; unchecked).
        maybe_sent: whether bytes of the request may have reached the EHR, so that a
            write may have happened.
    """

    def __init__(
        self,
        cause: str,
        *,
        status: int | None = None,
        retry_after: str | None = None,
        maybe_sent: bool = True,
    ) -> None:
        super().__init__(f"the EHR cannot be reached now: {cause}")
        self.cause = cause
        self.status = status
        self.retry_after = retry_after
        self.maybe_sent = maybe_sent


class EhrRefused(Exception):
    """The EHR said no and would say it again.

    Args:
        status: HTTP status (a 2xx whose body is an error outcome keeps its 2xx).
        operation_outcome: the issues' codes and places as the EHR sent them, parsed;
            kept off the message, for it may quote the patient's data.
    """

    def __init__(
        self, status: int, operation_outcome: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(f"the EHR refused the request with HTTP {status}")
        self.status = status
        self.operation_outcome = operation_outcome


class AccessExpired(Exception):
    """The right to read or write is over; only a new launch or login renews it."""

    def __init__(self, cause: str = "expired") -> None:
        super().__init__(f"access to the EHR is over ({cause}); launch again")
        self.cause = cause


class NotStorable(Exception):
    """This EHR does not store this kind of resource."""

    def __init__(self, resource_type: str) -> None:
        super().__init__(f"this EHR stores no {resource_type} from us")
        self.resource_type = resource_type


class UnsafeAnswer(Exception):
    """The EHR, or what it pointed to, behaved as no EHR should.

    Not an `OSError`: the HTTP library would take that for a broken connection.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class ForeignOrigin(UnsafeAnswer):
    """The address is not under an origin and path that this tenant registered."""


class Redirected(UnsafeAnswer):
    """An answer of the 3xx kind; we follow none."""


class TooMuch(UnsafeAnswer):
    """More bytes of headers or body than one answer may have."""


class JsonRefused(Exception):
    """A body that is not the JSON we accept.

    Args:
        place: where or why: `depth`, `utf-8`, `$.context.patientId` ... never content.
    """

    def __init__(self, place: str) -> None:
        super().__init__(f"JSON refused at {place}")
        self.place = place


class TokenRefused(Exception):
    """A signed token that proves nothing to us.

    Args:
        cause: for the log and the doctor; callers get one body for every cause.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(f"token refused: {cause}")
        self.cause = cause


class KeysUnavailable(Exception):
    """No key set could be had, so no token could be judged, good or bad."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"no signing keys at hand: {cause}")
        self.cause = cause


class LaunchRefused(Exception):
    """A launch that must not be completed; start again from the chart.

    Args:
        cause: for the log; a short word, never a value from the request.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(f"launch refused: {cause}")
        self.cause = cause


class StateRefused(LaunchRefused):
    """`state` missing, unknown, used, expired, or from another browser or tenant."""


class WrongAuthorizationServer(LaunchRefused):
    """The answer's `iss` (RFC 9207) is missing, doubled or not this EHR's."""


class AuthorizationDenied(LaunchRefused):
    """The authorization server answered with an error instead of a code."""


class EndpointsMoved(LaunchRefused):
    """Discovery names endpoints outside the origins pinned for this tenant."""


class MetadataRefused(LaunchRefused):
    """Discovery offers no S256, no key method of ours, or is not readable."""


class TokenAnswerRefused(LaunchRefused):
    """The token endpoint's answer is refused, malformed or lacks what we need."""


class PatientRefused(LaunchRefused):
    """No patient in the answer, another one read back, inactive or merged."""
