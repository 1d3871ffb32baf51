"""The promise "Saved": answers on our disk, safety marks raised, in one transaction."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from clinical.safety import SafetyAnswer, SafetyBlank, safety_findings
from ehr.delivery.marks import bytes_from_finding
from ehr.smart.context import LaunchContext, context_from_bytes
from fhir_mapping.submission import (
    Submission,
    submission_from_json,
    submission_to_json,
)
from questionnaires.library import Library
from vault.audit import AuditRow
from vault.database import TenantVault
from vault.safety_marks import SafetyMark

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Sealed:
    """Committed and fsynced; only this may be shown as "Saved". Only `seal` makes one.

    Attributes:
        submission_id: of the first submission, if this one repeats it.
        findings: what a person must see now, from the raw answers.
    """

    submission_id: str
    sealed_at: datetime
    findings: tuple[SafetyAnswer | SafetyBlank, ...]


@dataclass(frozen=True, slots=True)
class SealedSubmission:
    """What the outbox keeps: the submission, and whose right it came by.

    Attributes:
        context_id: the launch.
        user: issuer and subject of the person who launched; "" if the launch was gone
            when it was sealed. Only this person's next launch may deliver it.
    """

    submission: Submission
    context_id: str
    user: str


def seal(
    vault: TenantVault,
    submission: Submission,
    *,
    nonce: str,
    owner: str,
    body_hash: str,
    library: Library,
    context_id: str,
    now: datetime,
    wake: Callable[[], None] = lambda: None,
) -> Sealed:
    """Store a submission for good; "Saved" may be said once this has returned.

    Safety is judged here from the raw answers, before any score and without the EHR.

    Args:
        vault: of the submission's tenant.
        submission: what was answered, for whom, by whom.
        nonce: of the form; used up by this.
        owner: launch context or handoff that the form was issued to.
        body_hash: of what the browser posted; the same again gives the same result.
        library: the instruments of this installation.
        context_id: the launch whose right delivers, and no other person's.
        now: server clock.
        wake: tells the worker that something is due.

    Raises:
        NonceConflict: the form was sealed with other answers; both are kept.
        NotFound: no such open form for this owner; nothing is stored.
        VaultUnavailable: nothing is stored; never say "Saved".
    """
    answers = submission.answers
    findings = safety_findings(
        library.instrument(answers.instrument_id),
        answers,
        authored_on=submission.authored.date().isoformat(),
        source=f"outbox/{submission.id}",
    )
    told = {
        "submission": str(submission.id),
        "instrument": answers.instrument_id,
        "mode": submission.mode,
        "safety_marks": len(findings),
    }
    stored = vault.outbox.seal(
        nonce=nonce,
        owner=owner,
        submission_id=str(submission.id),
        body_hash=body_hash,
        patient=submission.patient,
        payload=payload_from(
            SealedSubmission(submission, context_id, _user_of(vault, context_id))
        ),
        safety=[SafetyMark(bytes_from_finding(each)) for each in findings],
        audit=AuditRow(
            kind="submission.sealed",
            actor=submission.author,
            patient=submission.patient,
            details=json.dumps(told).encode(),
        ),
        now=now,
    )
    wake()
    return Sealed(stored.submission_id, stored.sealed_at, findings)


def payload_from(sealed: SealedSubmission) -> bytes:
    """What is encrypted into the outbox row."""
    kept = {
        "format": FORMAT,
        "context": sealed.context_id,
        "user": sealed.user,
        "submission": submission_to_json(sealed.submission),
    }
    return json.dumps(kept).encode()


def sealed_submission(payload: bytes, library: Library) -> SealedSubmission:
    """The way back.

    Raises:
        ValueError: not what `payload_from` wrote.
        UnknownInstrument, AnswerNotOffered: the library no longer holds the version
            that was answered.
    """
    kept = json.loads(payload)
    if kept.get("format") != FORMAT:
        raise ValueError("format")
    return SealedSubmission(
        submission=submission_from_json(library, kept["submission"]),
        context_id=kept["context"],
        user=kept["user"],
    )


def user_key(context: LaunchContext) -> str:
    """Issuer and subject of the person who launched; never a name."""
    return f"{context.user.issuer}|{context.user.subject}"


def _user_of(vault: TenantVault, context_id: str) -> str:
    stored = vault.launches.for_delivery(context_id)
    return "" if stored is None else user_key(context_from_bytes(stored.body))
