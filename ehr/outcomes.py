"""What an OperationOutcome says: whether it is a failure, and in which codes.

Texts in it may quote the patient's data; only codes and places are taken out.
"""

from collections.abc import Iterator, Mapping

from ehr.errors import JsonRefused
from ehr.wire.safe_json import safe_json

Json = Mapping[str, object]


def outcome_in(body: bytes) -> Json | None:
    """The OperationOutcome that this body is, or None if it is something else."""
    if b"OperationOutcome" not in body:
        return None
    try:
        found = safe_json(body, profile="ehr")
    except JsonRefused:
        return None
    return found if found.get("resourceType") == "OperationOutcome" else None


def is_failure(outcome: Json) -> bool:
    """Whether any issue is an error or fatal; warnings and notes are not."""
    return any(
        issue.get("severity") in ("error", "fatal") for issue in _issues(outcome)
    )


def error_codes(outcome: Json) -> frozenset[str]:
    """The EHR's own numbers and FHIR's issue types of everything it complains of."""
    codes: set[str] = set()
    for issue in _issues(outcome):
        codes.update(_texts(issue, "code"))
        details = issue.get("details")
        if isinstance(details, dict):
            for coding in _members(details, "coding"):
                codes.update(_texts(coding, "code"))
    return frozenset(codes)


def _issues(outcome: Json) -> Iterator[Json]:
    yield from _members(outcome, "issue")


def _members(parent: Json, key: str) -> Iterator[Json]:
    found = parent.get(key)
    if isinstance(found, list):
        for each in found:
            if isinstance(each, dict):
                yield each


def _texts(parent: Json, key: str) -> Iterator[str]:
    found = parent.get(key)
    if isinstance(found, str):
        yield found
