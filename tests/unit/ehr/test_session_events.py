"""What was noted about sessions is kept in the audit, and read without who noted it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clinical.across_episodes.sessions import SessionEvent
from ehr.session_events import events_of, note_event
from vault.audit import Intact
from vault.cipher import generate_key_file, keys_from_file
from vault.database import TenantVault, open_vault

NOW = datetime(2026, 3, 2, 10, 12, tzinfo=UTC)
TOGETHER = SessionEvent("looked-together", NOW, "e1")
REFUSED = SessionEvent("refused", NOW, "2026-03-02", "rather-talk")


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[TenantVault]:
    generate_key_file(tmp_path / "master.key")
    found = open_vault(tmp_path / "data", keys_from_file(tmp_path / "master.key"))
    yield found.for_tenant("clinic")
    found.close()


def test_what_was_noted_comes_back_in_order_and_names_no_clinician(
    vault: TenantVault,
) -> None:
    for event in (TOGETHER, REFUSED):
        note_event(vault, "p1", event, by="Practitioner/7", now=NOW)

    found = events_of(vault, "p1")

    assert found == (TOGETHER, REFUSED)
    assert "Practitioner" not in repr(found)


def test_events_of_another_patient_and_other_audit_rows_are_not_among_them(
    vault: TenantVault,
) -> None:
    note_event(vault, "p2", TOGETHER, by="Practitioner/7", now=NOW)
    vault.audit.append("chart.read", "x", patient="p1", details=b"{}", now=NOW)

    assert events_of(vault, "p1") == ()


def test_the_chain_of_the_audit_holds_and_says_who_noted_it(vault: TenantVault) -> None:
    note_event(vault, "p1", TOGETHER, by="Practitioner/7", now=NOW)

    [entry] = vault.audit.entries()

    assert (entry.row.kind, entry.row.actor) == (
        "session.looked-together",
        "Practitioner/7",
    )
    assert isinstance(vault.audit.verify(), Intact)
