"""What somebody answered to a signal: on its card in the EHR, or on the app's page.

Both are one kind of answer, in the card log, so that all who read it fall silent alike.
A card's feedback names nobody; of an answer on the page the audit says who gave it, and
who took it back.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

from clinical.interruptions import Acknowledgement, SetAsideReason
from vault.card_log import CardAcknowledgement, CardHistory, CardRow
from vault.database import TenantVault

ANSWERED = "card.answered"
TAKEN_BACK = "card.answer-taken-back"


def acknowledged_in(history: CardHistory) -> list[Acknowledgement]:
    """Every answer to a card, whichever it was: somebody has seen it."""
    return [
        Acknowledgement(cause=each.cause, level=Decimal(each.level), on=each.at)
        for each in history.acknowledgements
    ]


def set_aside(
    vault: TenantVault,
    patient: str,
    *,
    cause: str,
    data_hash: str,
    level: str,
    occasion: str,
    reason: SetAsideReason | None,
    by: str,
    now: datetime,
) -> None:
    """Answer the signal's card as the EHR's feedback would; the same twice is once.

    Args:
        vault: of the patient's tenant.
        patient: FHIR id.
        cause, data_hash, level: of the interruption that was seen.
        occasion: names the card where none was shown on these data.
        reason: None if nobody said one.
        by: who has seen it, for the audit; kept before anything falls silent.
        now: server clock.
    """
    history = vault.cards.known(patient)
    shown = [
        each.row
        for each in history.rows
        if (each.row.cause, each.row.data_hash) == (cause, data_hash)
    ]
    if {each.uuid for each in shown} & {each.card for each in history.acknowledgements}:
        return
    new = CardRow(
        uuid=str(uuid4()),
        patient_index=vault.patient_index(patient),
        cause=cause,
        data_hash=data_hash,
        encounter=occasion,
        rule=cause.partition("|")[0],
        level=level,
        served=False,
    )
    told = {"cause": cause, "level": level, "reason": reason}
    _audit(vault, ANSWERED, patient, told, by=by, now=now)
    vault.cards.answer(
        shown[-1] if shown else new, outcome="overridden", reason=reason or "", now=now
    )


def take_back(
    vault: TenantVault,
    patient: str,
    *,
    cause: str,
    at: datetime,
    by: str,
    now: datetime,
) -> None:
    """Forget the answer that was given on the page at that moment; the card returns."""
    for each in vault.cards.acknowledgements(patient):
        if (each.cause, each.at) == (cause, at) and who_answered(vault, patient, each):
            told = {"cause": cause, "answered": at.isoformat()}
            _audit(vault, TAKEN_BACK, patient, told, by=by, now=now)
            vault.cards.take_back(each)


def who_answered(vault: TenantVault, patient: str, answer: CardAcknowledgement) -> str:
    """Who gave it on the page; empty if it came through the EHR, which names nobody."""
    for entry in vault.audit.of_patient(patient, kinds=[ANSWERED]):
        told = json.loads(entry.row.details)
        if (told["cause"], entry.at) == (answer.cause, answer.at):
            return entry.row.actor
    return ""


def _audit(
    vault: TenantVault,
    kind: str,
    patient: str,
    told: Mapping[str, str | None],
    *,
    by: str,
    now: datetime,
) -> None:
    vault.audit.append(
        kind, by, patient=patient, details=json.dumps(told).encode(), now=now
    )
