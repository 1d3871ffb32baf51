import pytest

from tests.unit.vault.kit import NOW, at_once, rows, seal
from vault.audit import (
    Audit,
    AuditEntry,
    AuditRow,
    Broken,
    Intact,
    append_audit,
)
from vault.errors import Tampered


@pytest.fixture
def five(clinic) -> Audit:
    for number in range(5):
        clinic.audit.append(
            "chart.read",
            f"Practitioner/{number}",
            patient="anna",
            details=b"details",
            now=NOW,
        )
    return clinic.audit


def test_an_untouched_chain_holds(five):
    verdict = five.verify()

    assert isinstance(verdict, Intact)
    assert verdict.rows == 5


def test_an_empty_chain_holds(clinic):
    assert clinic.audit.verify() == Intact(0, "")


def test_the_events_come_back_in_order(five):
    entries = list(five.entries(after=3))

    assert entries == [
        AuditEntry(
            number,
            NOW,
            AuditRow("chart.read", f"Practitioner/{number - 1}", "anna", b"details"),
        )
        for number in (4, 5)
    ]


@pytest.mark.parametrize(
    ("edit", "number"),
    [
        ("UPDATE audit SET kind = 'chart.none' WHERE number = 3", 3),
        ("UPDATE audit SET at = at + 1 WHERE number = 2", 2),
        ("UPDATE audit SET patient_index = 'x' WHERE number = 1", 1),
        ("UPDATE audit SET body = zeroblob(60) WHERE number = 4", 4),
        ("UPDATE audit SET link = 'x' WHERE number = 5", 5),
        ("DELETE FROM audit WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number = 5", 5),
        ("DELETE FROM audit", 1),
        ("UPDATE audit SET number = 9 WHERE number = 5", 5),
        ("DELETE FROM audit_heads", 1),
        ("UPDATE audit_heads SET proof = 'x'", 6),
    ],
)
def test_an_edited_lost_or_cut_row_breaks_the_chain_there(five, folder, edit, number):
    rows(folder, edit)

    assert five.verify() == Broken(number)


def test_cutting_the_end_and_mending_the_head_is_noticed(five, folder):
    rows(folder, "DELETE FROM audit WHERE number = 5")
    rows(
        folder,
        "UPDATE audit_heads SET number = 4,"
        " link = (SELECT link FROM audit WHERE number = 4)",
    )

    assert isinstance(five.verify(), Broken)
    with pytest.raises(Tampered):
        five.append("chart.read", "x", patient=None, details=b"", now=NOW)


def test_several_events_are_kept_all_or_none(five, clinic):
    rows = [AuditRow("couple.agreed", "x", name, b"") for name in ("anna", "bela")]

    five.append_all(rows, now=NOW)
    with pytest.raises(AttributeError):
        five.append_all([rows[0], None], now=NOW)

    for name in ("anna", "bela"):
        assert len(five.of_patient(name, kinds=("couple.agreed",))) == 1
    assert isinstance(five.verify(), Intact)


def test_threads_that_append_at_once_make_one_chain(clinic):
    at_once(
        20,
        lambda number: clinic.audit.append(
            "chart.read", f"p{number}", patient=None, details=b"", now=NOW
        ),
    )

    assert clinic.audit.verify().rows == 20
    assert {entry.row.actor for entry in clinic.audit.entries()} == {
        f"p{number}" for number in range(20)
    }


def test_each_tenant_has_its_own_chain(clinic, other, folder):
    seal(clinic, "one")
    seal(other, "one")
    rows(folder, "UPDATE audit SET kind = 'x' WHERE tenant = 'other'")

    assert clinic.audit.verify().rows == 1
    assert other.audit.verify() == Broken(1)


def test_a_long_chain_is_walked_to_its_end(vault, clinic, folder):
    with vault._main.write() as connection:
        for _ in range(1203):
            append_audit(
                connection,
                clinic.cipher,
                row=AuditRow("chart.read", "x", None, b""),
                now=NOW,
            )

    assert clinic.audit.verify().rows == 1203
    assert len(list(clinic.audit.entries())) == 1203
    rows(folder, "UPDATE audit SET kind = 'x' WHERE number = 1100")
    assert clinic.audit.verify() == Broken(1100)
