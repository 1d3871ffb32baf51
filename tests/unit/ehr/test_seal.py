""" "Saved" means: on our disk, safety marks raised, audit written, once."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from clinical.safety import SafetyAnswer, SafetyBlank
from ehr.delivery.marks import bytes_from_finding, finding_from_bytes
from ehr.delivery.seal import Sealed, seal, sealed_submission
from fhir_mapping.submission import Submission
from questionnaires.answers import answers_from_offered
from tests.fault_proxy.clinic import Clinic
from vault.errors import NonceConflict, NotFound

SAFETY_ITEM = "/44260-8"


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    found = Clinic(tmp_path, "http://127.0.0.1:1/fhir")
    yield found
    found.close()


def answered(clinic: Clinic, points: int | None) -> Submission:
    """A PHQ-9 whose safety item was answered so; None leaves it blank."""
    instrument = clinic.library.instrument("phq-9")
    given: dict[str, object] = {
        item.link_id: 0 for item in instrument.items if item.link_id != SAFETY_ITEM
    }
    if points is not None:
        given[SAFETY_ITEM] = points
    answers = answers_from_offered(instrument, given, language="en")
    return replace(clinic.answer("phq-9", patient="p-1"), answers=answers)


def marks_of(clinic: Clinic) -> list[SafetyAnswer | SafetyBlank]:
    return [finding_from_bytes(each.body) for each in clinic.part.safety.marks("p-1")]


@pytest.mark.hazard("H04")
@pytest.mark.parametrize("points", [1, 2, 3])
def test_a_safety_answer_is_found_and_marked_with_the_seal(
    clinic: Clinic, points: int
) -> None:
    form = answered(clinic, points)

    sealed = clinic.seal(form, context_id=clinic.launch("p-1"))

    (finding,) = sealed.findings
    assert isinstance(finding, SafetyAnswer)
    assert finding.points == Decimal(points)
    assert finding.source == f"outbox/{form.id}"
    assert marks_of(clinic) == [finding]


def test_a_safety_item_left_blank_is_marked_and_never_zero(clinic: Clinic) -> None:
    sealed = clinic.seal(answered(clinic, None), context_id=clinic.launch("p-1"))

    (finding,) = sealed.findings
    assert isinstance(finding, SafetyBlank)
    assert marks_of(clinic) == [finding]


def test_without_a_safety_answer_nothing_is_marked(clinic: Clinic) -> None:
    sealed = clinic.seal(answered(clinic, 0), context_id=clinic.launch("p-1"))

    assert sealed.findings == ()
    assert marks_of(clinic) == []


def sealed_twice(clinic: Clinic, first: Submission, second: Submission) -> Sealed:
    context = clinic.launch("p-1")
    clinic.seal(first, context_id=context)
    return seal(
        clinic.part,
        second,
        nonce=f"nonce-{first.id}",
        owner=context,
        body_hash=str(second.id),
        library=clinic.library,
        context_id=context,
        now=clinic.clock.now,
    )


@pytest.mark.hazard("H11")
def test_a_double_tap_is_one_submission(clinic: Clinic) -> None:
    form = answered(clinic, 2)

    again = sealed_twice(clinic, form, form)

    assert again.submission_id == str(form.id)
    assert clinic.part.outbox.counts() == {"sealed": 1}
    assert len(marks_of(clinic)) == 1


def test_the_same_form_with_other_answers_keeps_both_for_staff(
    clinic: Clinic,
) -> None:
    with pytest.raises(NonceConflict):
        sealed_twice(clinic, answered(clinic, 0), answered(clinic, 3))

    assert clinic.part.outbox.counts() == {"sealed": 1, "held": 1}
    assert len(marks_of(clinic)) == 1


def test_a_form_that_was_never_opened_stores_nothing(clinic: Clinic) -> None:
    with pytest.raises(NotFound):
        seal(
            clinic.part,
            answered(clinic, 3),
            nonce="made-up",
            owner="somebody",
            body_hash="x",
            library=clinic.library,
            context_id="none",
            now=clinic.clock.now,
        )

    assert clinic.part.outbox.counts() == {}
    assert marks_of(clinic) == []


def test_what_is_sealed_comes_back_as_it_was(clinic: Clinic) -> None:
    form = answered(clinic, 1)
    context = clinic.launch("p-1", user="23")
    clinic.seal(form, context_id=context)

    (row,) = clinic.part.outbox.waiting("p-1")
    sealed = sealed_submission(row.payload, clinic.library)

    assert sealed.submission == form
    assert sealed.context_id == context
    assert sealed.user.endswith("|23")


def test_the_audit_tells_of_the_seal_without_an_answer(clinic: Clinic) -> None:
    form = answered(clinic, 3)
    clinic.seal(form, context_id=clinic.launch("p-1"))

    (entry,) = clinic.part.audit.entries()

    assert entry.row.kind == "submission.sealed"
    assert json.loads(entry.row.details) == {
        "submission": str(form.id),
        "instrument": "phq-9",
        "mode": "kiosk",
        "safety_marks": 1,
    }


def test_sealing_tells_the_worker(clinic: Clinic) -> None:
    woken: list[str] = []
    form = answered(clinic, 0)
    clinic.part.outbox.issue_nonce(
        "n",
        owner="o",
        body=b"",
        now=clinic.clock.now,
        expires_at=clinic.clock.now.replace(hour=23),
    )

    seal(
        clinic.part,
        form,
        nonce="n",
        owner="o",
        body_hash="h",
        library=clinic.library,
        context_id="none",
        now=clinic.clock.now,
        wake=lambda: woken.append("now"),
    )

    assert woken == ["now"]


def test_only_the_seal_makes_a_sealed() -> None:
    root = Path(__file__).parents[3]
    rooms = ("ehr", "smart_app", "cds_hooks", "server", "vault")
    makers = [
        file.relative_to(root).as_posix()
        for room in rooms
        for file in (root / room).rglob("*.py")
        if " Sealed(" in file.read_text("utf-8")
    ]

    assert makers == ["ehr/delivery/seal.py"]


@pytest.mark.parametrize(
    "finding",
    [
        SafetyAnswer("phq-9", "x", Decimal("2.50"), "full", None, "2026-03-02", "s"),
        SafetyBlank("phq-9", "x", "2026-03-02", "s"),
    ],
)
def test_a_mark_keeps_the_finding(finding: SafetyAnswer | SafetyBlank) -> None:
    assert finding_from_bytes(bytes_from_finding(finding)) == finding
