"""What a server says went wrong: severities and codes, never its free text.

`diagnostics` and `details.text` may quote the patient's data, so they stay behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SEVERE = frozenset({"fatal", "error"})


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of an OperationOutcome.

    Attributes:
        severity: fatal, error, warning, information; "error" if it does not say.
        code: of the FHIR value set issue-type ("not-found"), "" if it does not say.
        codings: (system, code) of the details; vendors put their numbers here.
        places: FHIRPath of what it is about.
    """

    severity: str
    code: str
    codings: tuple[tuple[str, str], ...]
    places: tuple[str, ...]

    @property
    def is_failure(self) -> bool:
        """Whether something was not done, also where the HTTP status says 200."""
        return self.severity in SEVERE


def issues_from_outcome(resource: Mapping[str, object]) -> tuple[Issue, ...]:
    """The issues of an OperationOutcome; none for any other resource.

    Malformed parts are left out: an outcome is often all there is to go by.
    """
    if resource.get("resourceType") != "OperationOutcome":
        return ()
    return tuple(
        _issue(each) for each in _list(resource.get("issue")) if isinstance(each, dict)
    )


def _issue(issue: Mapping[str, object]) -> Issue:
    details = issue.get("details")
    coding = details.get("coding") if isinstance(details, dict) else None
    codings = [
        (_text(each.get("system")), _text(each.get("code")))
        for each in _list(coding)
        if isinstance(each, dict) and _text(each.get("code"))
    ]
    places = [_text(each) for each in _list(issue.get("expression"))]
    return Issue(
        severity=_text(issue.get("severity")) or "error",
        code=_text(issue.get("code")),
        codings=tuple(codings),
        places=tuple(each for each in places if each),
    )


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""
