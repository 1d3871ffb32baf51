"""What an HTTP answer of a FHIR server means: stored where, or refused how."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ehr.errors import AccessExpired, EhrRefused, EhrUnreachable, JsonRefused
from ehr.outcomes import is_failure, outcome_in
from ehr.wire.safe_json import safe_json

_LOCATION = re.compile(
    r"(?P<type>[A-Z][A-Za-z]{1,60})/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?"
)
_ETAG = re.compile(r'(?:W/)?"(?P<version>[A-Za-z0-9\-.]{1,64})"')


@dataclass(frozen=True, slots=True)
class Written:
    """A write the server took.

    Attributes:
        status: 200 where it existed before, 201 where it was created.
        location: "Type/id"; None if the server named no place below its own base.
        version: as in Location or ETag; None if it named none.
        body: what it sent back, often nothing.
    """

    status: int
    location: str | None
    version: str | None
    body: bytes


def refusal(
    status: int, headers: Mapping[str, str], body: bytes
) -> EhrUnreachable | EhrRefused | AccessExpired | None:
    """The error this answer is; None for 2xx.

    Args:
        status: of the answer.
        headers: names in any case (`requests`) or in lower case.
        body: read for an OperationOutcome.
    """
    if 200 <= status < 300:
        return None
    if status == 401:
        return AccessExpired("http-401")
    # 501 is final: the server does not know the interaction.
    if status in (408, 429) or (status >= 500 and status != 501):
        return EhrUnreachable(
            f"http-{status}",
            status=status,
            retry_after=headers.get("retry-after"),
            maybe_sent=status != 429,
        )
    return EhrRefused(status, outcome_in(body))


def written(
    status: int, headers: Mapping[str, str], body: bytes, *, base: str
) -> Written:
    """A write's answer.

    Args:
        status: of the answer.
        headers: names in lower case.
        body: of the answer.
        base: the FHIR base; a Location elsewhere is no location.

    Raises:
        AccessExpired, EhrRefused, EhrUnreachable: the server did not take it; a 2xx
            with an OperationOutcome error inside is a refusal with that status.
    """
    error = refusal(status, headers, body)
    if error is not None:
        raise error
    outcome = outcome_in(body)
    if outcome is not None and is_failure(outcome):
        raise EhrRefused(status, outcome)
    place, version = place_of(headers.get("location"), base=base)
    etag = _ETAG.fullmatch(headers.get("etag", ""))
    return Written(
        status, place, version or (etag["version"] if etag is not None else None), body
    )


def written_entries(whole: Written, *, base: str, expected: int) -> tuple[Written, ...]:
    """The entries of a transaction's answer, in order.

    Raises:
        EhrRefused: an entry has another status than 2xx, or an error inside.
    """
    unlocated = tuple(Written(whole.status, None, None, b"") for _ in range(expected))
    try:
        found = safe_json(whole.body, profile="ehr")
    except JsonRefused:
        return unlocated
    entries = found.get("entry")
    if found.get("resourceType") != "Bundle" or not isinstance(entries, list):
        return unlocated
    results = tuple(_entry(each, whole.status, base=base) for each in entries)
    return results if len(results) == expected else unlocated


def place_of(text: object, *, base: str) -> tuple[str | None, str | None]:
    """ "Type/id" and version that a Location names, if it lies below our base."""
    if not isinstance(text, str):
        return None, None
    found = _LOCATION.fullmatch(text.removeprefix(f"{base.rstrip('/')}/"))
    if found is None:
        return None, None
    return f"{found['type']}/{found['id']}", found["version"]


def _entry(entry: object, status: int, *, base: str) -> Written:
    answer = entry.get("response") if isinstance(entry, dict) else None
    if not isinstance(answer, dict):
        return Written(status, None, None, b"")
    code = str(answer.get("status", ""))[:3]
    if code.isascii() and code.isdigit():
        status = int(code)
    outcome = answer.get("outcome")
    failed = isinstance(outcome, dict) and is_failure(outcome)
    if failed or not 200 <= status < 300:
        # RW-14: a transaction is all or nothing, but not every server keeps to that.
        raise EhrRefused(status, outcome if isinstance(outcome, dict) else None)
    place, version = place_of(answer.get("location"), base=base)
    return Written(status, place, version, b"")
