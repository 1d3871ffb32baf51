import pytest

from tests.unit.vault.kit import DAY, HOUR, NOW, at_once, open_form, rows, seal
from vault.database import open_vault
from vault.errors import AlreadyUsed, NonceConflict, NotFound, Tampered
from vault.outbox_seal import NONCE_CONFLICT, Stored
from vault.safety_marks import SafetyMark


def test_what_was_sealed_is_there_after_opening_anew(vault, clinic, folder, keys):
    seal(clinic, "one", safety=(SafetyMark(b"item 9"),))
    vault.close()

    reopened = open_vault(folder, keys)

    part = reopened.for_tenant("clinic")
    [row] = part.outbox.waiting("anna")
    [mark] = part.safety.open_marks("anna")
    assert (row.submission_id, row.payload, row.state) == ("one", b"answers", "sealed")
    assert (mark.submission_id, mark.body) == ("one", b"item 9")
    assert part.audit.verify().rows == 1
    reopened.close()


def test_the_same_form_with_the_same_body_gets_the_first_result(clinic):
    open_form(clinic, "n")
    first = seal(clinic, "one", nonce="n", safety=(SafetyMark(b"item 9"),))

    again = seal(
        clinic,
        "two",
        nonce="n",
        safety=(SafetyMark(b"item 9"),),
        now=NOW + 2 * HOUR,
    )

    assert first == Stored("one", NOW, repeated=False)
    assert again == Stored("one", NOW, repeated=True)
    assert len(clinic.outbox.waiting("anna")) == 1
    assert len(clinic.safety.open_marks("anna")) == 1
    assert clinic.audit.verify().rows == 1


def test_of_fifty_taps_on_submit_exactly_one_is_stored(clinic):
    open_form(clinic, "n")

    results = at_once(50, lambda number: seal(clinic, f"try {number}", nonce="n"))

    assert sum(not result.repeated for result in results) == 1
    assert len({result.submission_id for result in results}) == 1
    assert len(clinic.outbox.waiting("anna")) == 1


def test_the_same_form_with_another_body_is_refused_and_both_are_kept(clinic):
    open_form(clinic, "n")
    seal(clinic, "one", nonce="n", payload=b"first")

    for _ in range(2):
        with pytest.raises(NonceConflict) as caught:
            seal(
                clinic,
                "two",
                nonce="n",
                body_hash="other",
                payload=b"second",
                safety=(SafetyMark(b"item 9"),),
            )

    assert (caught.value.submission_id, caught.value.first) == ("two", "one")
    found = [(r.payload, r.state, r.cause) for r in clinic.outbox.waiting("anna")]
    assert found == [(b"first", "sealed", ""), (b"second", "held", NONCE_CONFLICT)]
    assert [m.submission_id for m in clinic.safety.open_marks("anna")] == ["two"]
    assert seal(clinic, "three", nonce="n").submission_id == "one"


def test_of_fifty_different_bodies_for_one_form_one_wins_and_all_are_kept(clinic):
    open_form(clinic, "n")

    results = at_once(
        50,
        lambda number: seal(
            clinic, f"try {number}", nonce="n", body_hash=f"body {number}"
        ),
    )

    assert sum(isinstance(result, Stored) for result in results) == 1
    assert sum(isinstance(result, NonceConflict) for result in results) == 49
    assert clinic.outbox.counts() == {"sealed": 1, "held": 49}


def test_a_form_of_another_owner_or_an_unknown_one_cannot_be_sealed(clinic):
    open_form(clinic, "n", owner="context-1")

    with pytest.raises(NotFound):
        seal(clinic, "one", nonce="n", owner="context-2")
    with pytest.raises(NotFound):
        seal(clinic, "one", nonce="unknown")

    assert clinic.outbox.counts() == {}
    assert clinic.audit.verify().rows == 0


def test_an_expired_form_stores_nothing(clinic):
    open_form(clinic, "n")

    with pytest.raises(NotFound):
        seal(clinic, "one", nonce="n", now=NOW + HOUR)
    with pytest.raises(NotFound):
        clinic.outbox.draft("n", owner="context-1", now=NOW + HOUR)

    assert clinic.outbox.counts() == {}


def test_what_a_form_was_opened_for_is_known_before_and_after_the_seal(clinic):
    open_form(clinic, "n")
    before = clinic.outbox.draft("n", owner="context-1", now=NOW)
    seal(clinic, "one", nonce="n")

    after = clinic.outbox.draft("n", owner="context-1", now=NOW + DAY)

    assert before == after == b"for anna"
    with pytest.raises(NotFound):
        clinic.outbox.draft("n", owner="context-2", now=NOW)


def test_a_nonce_and_a_submission_id_are_given_once(clinic):
    open_form(clinic, "n")
    seal(clinic, "one")

    with pytest.raises(AlreadyUsed, match="nonce"):
        open_form(clinic, "n")
    with pytest.raises(AlreadyUsed, match="submission id"):
        seal(clinic, "one", nonce="n")

    assert seal(clinic, "two", nonce="n").repeated is False


def test_when_the_audit_row_cannot_be_written_nothing_is_stored(clinic, folder):
    seal(clinic, "one")

    rows(folder, "UPDATE audit_heads SET number = 7")

    with pytest.raises(Tampered):
        seal(clinic, "two", safety=(SafetyMark(b"item 9"),))

    assert clinic.outbox.counts() == {"sealed": 1}
    assert clinic.safety.open_marks("anna") == ()
