"""What can go wrong in the sandbox EHR.

Exception
├── FhirRefusal            answered with its status and an OperationOutcome
├── OAuthRefusal           answered as RFC 6749 says: JSON, or a redirect with `error`
└── SandboxConfigError     no start; names the setting
"""

from collections.abc import Sequence
from typing import Any


class FhirRefusal(Exception):
    """A FHIR interaction that is refused, as issues of one OperationOutcome."""

    def __init__(
        self,
        status: int,
        code: str,
        diagnostics: str,
        *,
        expression: str | None = None,
        challenge: str | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {diagnostics}")
        self.status = status
        self.issues: list[dict[str, Any]] = [
            issue("error", code, diagnostics, expression=expression)
        ]
        self.challenge = challenge

    @classmethod
    def of_issues(cls, status: int, issues: Sequence[dict[str, Any]]) -> "FhirRefusal":
        """One refusal that names every fault found at once."""
        refusal = cls(status, "invalid", "see the issues")
        refusal.issues = list(issues)
        return refusal


class OAuthRefusal(Exception):
    """A refusal of the authorization server, with the code of RFC 6749."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


class SandboxConfigError(Exception):
    """The sandbox cannot start as configured."""


def issue(
    severity: str, code: str, diagnostics: str, *, expression: str | None = None
) -> dict[str, Any]:
    """One issue of an OperationOutcome; `code` is an R4 issue-type."""
    found: dict[str, Any] = {
        "severity": severity,
        "code": code,
        "diagnostics": diagnostics,
    }
    if expression:
        found["expression"] = [expression]
    return found


def operation_outcome(issues: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The OperationOutcome that carries these issues."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}
