"""Each partner's agreement that the other may see the two of them compared.

Kept in the audit of both patients, which is append-only: who recorded it, when, how it
was given, for which partner and forms, and until when. It is withdrawn by another row.
Nothing of what either has answered stands in it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from vault.audit import AuditEntry, AuditRow
from vault.database import TenantVault

AGREED, WITHDRAWN = "couple.agreed", "couple.withdrawn"
# Never in front of the partner: whoever is afraid of somebody cannot refuse there.
How = Literal["alone-in-person", "alone-remote", "in-writing"]
HOWS: tuple[How, ...] = ("alone-in-person", "alone-remote", "in-writing")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What one partner has agreed to, towards one other.

    Attributes:
        reference: where it is recorded ("audit/12").
        partner: FHIR id of the patient who may see it.
        instrument_ids: the forms that were spoken of.
        by: who recorded it.
        until: from then on it is as if it had never been given.
    """

    reference: str
    partner: str
    instrument_ids: tuple[str, ...]
    how: How
    by: str
    at: datetime
    until: datetime


def record_agreement(
    vault: TenantVault,
    patient: str,
    *,
    partner: str,
    instrument_ids: Sequence[str],
    how: How,
    by: str,
    now: datetime,
    until: datetime,
) -> None:
    """Keep, in both patients' audit at once, what this patient has agreed to."""
    told = {
        "of": patient,
        "with": partner,
        "instruments": list(instrument_ids),
        "how": how,
        "until": until.isoformat(),
    }
    _keep(vault, AGREED, told, by=by, now=now)


def withdraw_agreements(
    vault: TenantVault, patient: str, *, by: str, now: datetime
) -> None:
    """End everything that this patient has agreed to, in the audit of both."""
    for each in agreements_of(vault, patient, now=now):
        told = {"of": patient, "with": each.partner}
        _keep(vault, WITHDRAWN, told, by=by, now=now)


def agreements_of(
    vault: TenantVault, patient: str, now: datetime
) -> tuple[Agreement, ...]:
    """What this patient has agreed to and neither withdrawn nor outlived.

    Raises:
        vault.errors.Tampered: the audit is not what was written.
    """
    last: dict[str, Agreement] = {}
    for entry in vault.audit.of_patient(patient, kinds=(AGREED, WITHDRAWN)):
        told = json.loads(entry.row.details)
        if told["of"] != patient:
            continue  # what the partner has agreed to is the partner's
        last.pop(told["with"], None)
        if entry.row.kind == AGREED:
            last[told["with"]] = _agreement(entry, told)
    return tuple(each for each in last.values() if now < each.until)


def _keep(
    vault: TenantVault, kind: str, told: dict[str, Any], *, by: str, now: datetime
) -> None:
    details = json.dumps(told).encode()
    rows = [AuditRow(kind, by, told[each], details) for each in ("of", "with")]
    vault.audit.append_all(rows, now=now)


def _agreement(entry: AuditEntry, told: dict[str, Any]) -> Agreement:
    return Agreement(
        reference=f"audit/{entry.number}",
        partner=told["with"],
        instrument_ids=tuple(told["instruments"]),
        how=next(each for each in HOWS if each == told["how"]),
        by=entry.row.actor,
        at=entry.at,
        until=datetime.fromisoformat(told["until"]),
    )
