"""Which patients stood together as a group, and whose answers were in which mean.

Kept in the patients' audit, which is append-only. No score stands in it.

group.chosen   in each member's: the members, who know and agree, as the clinician chose
group.shown    in the member's who was looked at together with the group
group.mean     in each one's whose answer is in a mean that is shown for the first time:
               a mean of that day is made of the same people from then on
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from ehr.smart.context import ABSOLUTE
from vault.audit import AuditRow
from vault.database import TenantVault

CHOSEN, SHOWN, MEAN = "group.chosen", "group.shown", "group.mean"

# Form -> day -> whose answers a mean of that day was made of; several if disjoint.
ShownMeans = Mapping[str, Mapping[date, Collection[frozenset[str]]]]
# Form -> day -> whose answers the mean on the page is made of.
MadeOf = Mapping[str, Mapping[date, frozenset[str]]]


def record_choice(
    vault: TenantVault, members: Collection[str], *, by: str, now: datetime
) -> None:
    """These know and agree; one alone takes back what was chosen for that one."""
    details = json.dumps({"members": sorted(members)}).encode()
    vault.audit.append_all(
        [AuditRow(CHOSEN, by, each, details) for each in sorted(members)], now=now
    )


def choice_of(
    vault: TenantVault, patient: str, *, by: str, now: datetime
) -> tuple[str, ...]:
    """The group that this user has put this patient into, the patient included.

    It stands for as long as a launch can live, and while it is the last choice of each
    of its members; () if none does.

    Raises:
        vault.errors.Tampered: the audit is not what was written.
    """
    members = _last_choice(vault, patient, by=by, now=now)
    if len(members) < 2 or any(
        _last_choice(vault, each, by=by, now=now) != members for each in members
    ):
        return ()
    return members


def shown_means(vault: TenantVault, members: Sequence[str]) -> ShownMeans:
    """Every mean that one of these was in, whoever else was.

    Raises:
        vault.errors.Tampered: the audit is not what was written.
    """
    found: dict[str, dict[date, set[frozenset[str]]]] = {}
    for member in members:
        for entry in vault.audit.of_patient(member, kinds=(MEAN,)):
            for form, days in json.loads(entry.row.details).items():
                for on, people in days.items():
                    of_day = found.setdefault(form, {})
                    day = date.fromisoformat(on)
                    of_day.setdefault(day, set()).add(frozenset(people))
    return found


def record_shown(
    vault: TenantVault,
    patient: str,
    *,
    members: Sequence[str],
    new: MadeOf,
    by: str,
    now: datetime,
) -> None:
    """This patient's page was shown with the group.

    Args:
        new: the means on it that had not been shown before.
    """
    told = json.dumps({"with": sorted(members)}).encode()
    rows = [AuditRow(SHOWN, by, patient, told)]
    for member in sorted(members):
        means = {
            form: {
                on.isoformat(): sorted(people)
                for on, people in days.items()
                if member in people
            }
            for form, days in new.items()
        }
        if any(means.values()):
            rows.append(AuditRow(MEAN, by, member, json.dumps(means).encode()))
    vault.audit.append_all(rows, now=now)


def _last_choice(
    vault: TenantVault, patient: str, *, by: str, now: datetime
) -> tuple[str, ...]:
    entries = [
        each
        for each in vault.audit.of_patient(patient, kinds=(CHOSEN,))
        if each.row.actor == by and now < each.at + ABSOLUTE
    ]
    return tuple(json.loads(entries[-1].row.details)["members"]) if entries else ()
