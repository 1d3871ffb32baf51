import secrets
import stat
from dataclasses import replace

import pytest

from tests.unit.vault.kit import HOUR, NOW, card, rows, seal
from vault.card_inputs import Explanation, Grounds
from vault.cipher import (
    KeyRing,
    TenantCipher,
    generate_key_file,
    keys_from_file,
    keys_from_text,
    packed,
)
from vault.database import open_vault
from vault.errors import Tampered, WrongKey


def test_what_was_sealed_in_a_place_opens_in_that_place(clinic):
    envelope = clinic.cipher.seal("payload", "row-1", b"answers")

    assert clinic.cipher.open("payload", "row-1", envelope) == b"answers"


@pytest.mark.parametrize(
    ("kind", "row_id"), [("payload", "row-2"), ("progress", "row-1")]
)
def test_an_envelope_from_another_row_or_kind_is_refused(clinic, kind, row_id):
    envelope = clinic.cipher.seal("payload", "row-1", b"answers")

    with pytest.raises(Tampered):
        clinic.cipher.open(kind, row_id, envelope)


def test_an_envelope_from_another_tenant_is_refused(clinic, other):
    envelope = clinic.cipher.seal("payload", "row-1", b"answers")

    with pytest.raises(Tampered):
        other.cipher.open("payload", "row-1", envelope)


def test_even_tenants_with_equal_keys_cannot_open_each_others_envelopes():
    key = secrets.token_bytes(32)
    one, two = (
        TenantCipher(name, index_key=key, data_keys={1: key}, missing=lambda _: None)
        for name in ("one", "two")
    )
    envelope = one.seal("payload", "row-1", b"answers")

    with pytest.raises(Tampered):
        two.open("payload", "row-1", envelope)
    assert one.blind_index("anna") != two.blind_index("anna")


def test_any_changed_or_missing_byte_is_refused(clinic):
    envelope = clinic.cipher.seal("payload", "row-1", b"answers")

    for place in range(len(envelope)):
        changed = bytearray(envelope)
        changed[place] ^= 1
        with pytest.raises(Tampered):
            clinic.cipher.open("payload", "row-1", bytes(changed))
        with pytest.raises(Tampered):
            clinic.cipher.open("payload", "row-1", envelope[:place])


def test_the_same_answers_sealed_twice_look_different(clinic):
    sealed = {clinic.cipher.seal("payload", "row-1", b"answers") for _ in range(100)}

    assert len(sealed) == 100


def test_a_payload_moved_to_another_patients_row_is_refused(clinic, folder):
    seal(clinic, "anna's", patient="anna")
    seal(clinic, "bert's", patient="bert")
    rows(
        folder,
        "UPDATE outbox SET payload = (SELECT payload FROM outbox WHERE"
        " submission_id = 'anna''s') WHERE submission_id = 'bert''s'",
    )

    assert len(clinic.outbox.waiting("anna")) == 1
    with pytest.raises(Tampered):
        clinic.outbox.waiting("bert")


def test_a_row_moved_to_another_tenant_is_refused(clinic, other, folder):
    seal(clinic, "one")
    rows(
        folder,
        "UPDATE outbox SET tenant = 'other',"
        f" patient_index = '{other.patient_index('anna')}'",
    )

    with pytest.raises(Tampered):
        other.outbox.waiting("anna")


def test_packing_tells_lists_apart_that_join_alike():
    assert packed("ab", "c") != packed("a", "bc") != packed("abc")


def test_a_wrong_master_key_does_not_start_and_changes_nothing(vault, folder, keys):
    vault.for_tenant("clinic")
    vault.close()
    before = rows(folder, "SELECT * FROM tenant_keys ORDER BY tenant, purpose")

    with pytest.raises(WrongKey):
        open_vault(folder, KeyRing(secrets.token_bytes(32)))

    after = rows(folder, "SELECT * FROM tenant_keys ORDER BY tenant, purpose")
    assert after == before
    open_vault(folder, keys).close()


def test_an_empty_vault_already_knows_its_master_key(vault, folder):
    vault.close()

    with pytest.raises(WrongKey):
        open_vault(folder, KeyRing(secrets.token_bytes(32)))


def test_a_key_row_that_was_changed_does_not_start(vault, folder, keys):
    vault.for_tenant("clinic")
    vault.for_tenant("other")
    vault.close()
    rows(
        folder,
        "UPDATE tenant_keys SET wrapped = (SELECT wrapped FROM tenant_keys WHERE"
        " tenant = 'clinic' AND purpose = 'data')"
        " WHERE tenant = 'other' AND purpose = 'data'",
    )

    with pytest.raises(WrongKey):
        open_vault(folder, keys)


def test_a_vault_that_lost_its_keys_does_not_make_new_ones(vault, folder, keys):
    vault.close()
    rows(folder, "DELETE FROM tenant_keys")

    with pytest.raises(WrongKey, match="backup"):
        open_vault(folder, keys)


def test_a_tenant_that_lost_its_keys_gets_no_new_ones(vault, clinic, folder, keys):
    seal(clinic, "one")
    vault.close()
    rows(folder, "DELETE FROM tenant_keys WHERE tenant = 'clinic'")
    reopened = open_vault(folder, keys)

    with pytest.raises(WrongKey, match="backup"):
        reopened.for_tenant("clinic")
    reopened.close()


def test_after_rewrapping_the_new_master_key_alone_reads_every_row(
    vault, clinic, folder, keys
):
    seal(clinic, "one", payload=b"before the change")
    vault.close()
    new = secrets.token_bytes(32)

    both = open_vault(folder, KeyRing(new, (keys.current,)))
    assert both.rewrap() == 3
    assert both.rewrap() == 0
    both.close()

    alone = open_vault(folder, KeyRing(new))
    waiting = alone.for_tenant("clinic").outbox.waiting("anna")
    assert [row.payload for row in waiting] == [b"before the change"]
    alone.close()
    with pytest.raises(WrongKey):
        open_vault(folder, keys)


def test_rows_under_an_older_data_key_stay_readable(vault, clinic, folder, keys):
    second = open_vault(folder, keys)
    seal(second.for_tenant("clinic"), "one", payload=b"old key")

    assert vault.rotate_data_key("clinic") == 2
    seal(clinic, "two", payload=b"new key")

    found = [row.payload for row in clinic.outbox.waiting("anna")]
    elsewhere = second.for_tenant("clinic").outbox.waiting("anna")
    versions = rows(folder, "SELECT hex(substr(payload, 1, 4)) FROM outbox")
    second.close()
    assert found == [b"old key", b"new key"]
    assert [row.payload for row in elsewhere] == found
    assert sorted(versions) == [("00000001",), ("00000002",)]


def test_a_key_file_is_random_and_for_its_owner_only(tmp_path):
    generate_key_file(tmp_path / "one.key")
    generate_key_file(tmp_path / "two.key")

    assert stat.S_IMODE((tmp_path / "one.key").stat().st_mode) == 0o600
    one, two = (keys_from_file(tmp_path / f"{name}.key") for name in ("one", "two"))
    assert one.current != two.current
    with pytest.raises(FileExistsError):
        generate_key_file(tmp_path / "one.key")


def test_a_key_file_names_the_current_key_first(tmp_path):
    generate_key_file(tmp_path / "new.key")
    generate_key_file(tmp_path / "old.key")
    new, old = (tmp_path / name for name in ("new.key", "old.key"))

    ring = keys_from_text(
        f"# since May\n{new.read_text()}\n{old.read_text()}", source="test"
    )

    assert ring.current == keys_from_file(new).current
    assert ring.previous == (keys_from_file(old).current,)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no key"),
        ("not base64!", "line 1 is not base64"),
        ("c2hvcnQ=", "not a random 32-byte key"),
        ("A" * 43 + "=", "not a random 32-byte key"),
    ],
    ids=["empty", "no base64", "too short", "all zero"],
)
def test_what_is_no_random_key_does_not_start(text, reason):
    with pytest.raises(WrongKey, match=reason):
        keys_from_text(text, source="key file")


def test_a_key_file_that_everybody_may_read_does_not_start(tmp_path):
    path = tmp_path / "open.key"
    generate_key_file(path)
    path.chmod(0o644)

    with pytest.raises(WrongKey, match="chmod 600"):
        keys_from_file(path)
    with pytest.raises(WrongKey, match="cannot be read"):
        keys_from_file(tmp_path / "absent.key")


def test_a_key_never_shows_in_a_representation_or_message():
    ring = KeyRing(b"s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr")

    assert "s3cr3t" not in repr(ring)
    with pytest.raises(WrongKey) as caught:
        KeyRing(b"s3cr3t")
    assert "s3cr3t" not in str(caught.value)


def test_no_planted_word_is_found_in_any_file_of_the_vault(vault, clinic, folder):
    words = [f"canary-{number:02}-planted" for number in range(24)]
    w = iter(words)
    state, code, nonce, browser, patient = (next(w) for _ in range(5))
    clinic.launches.begin(
        state,
        browser=browser,
        body=next(w).encode(),
        now=NOW,
        expires_at=NOW + HOUR,
    )
    clinic.launches.open_context(
        "context-1",
        browser=browser,
        patient=patient,
        body=next(w).encode(),
        now=NOW,
        idle=HOUR,
        absolute=HOUR,
    )
    clinic.launches.replace_body("context-1", body=next(w).encode(), expected_version=1)
    clinic.handoffs.offer(
        code,
        context_id="context-1",
        patient=patient,
        body=next(w).encode(),
        now=NOW,
        expires_at=NOW + HOUR,
    )
    clinic.handoffs.redeem(code, browser=browser, now=NOW)
    clinic.outbox.issue_nonce(
        nonce,
        owner="context-1",
        body=next(w).encode(),
        now=NOW,
        expires_at=NOW + HOUR,
    )
    seal(
        clinic,
        "one",
        nonce=nonce,
        patient=patient,
        body_hash=next(w),
        payload=next(w).encode(),
    )
    leased = clinic.outbox.lease(worker="w", now=NOW, until=NOW + HOUR)
    clinic.outbox.sending(leased, NOW)
    clinic.outbox.accepted(leased, progress=next(w).encode(), now=NOW)
    clinic.outbox.hold(leased, cause=next(w), now=NOW)
    clinic.outbox.dismiss("one", by=next(w), reason=next(w), now=NOW)
    clinic.audit.append(
        "chart.read", next(w), patient=patient, details=next(w).encode(), now=NOW
    )
    planted = replace(card(clinic, "uuid-1"), cause=next(w), rule=next(w))
    kept = Explanation(next(w).encode(), Grounds("0" * 64, next(w).encode()))
    clinic.cards.record_call(
        issuer="ehr",
        jti=next(w),
        expires_at=NOW + HOUR,
        cards=[planted],
        explanations={"uuid-1": kept},
        now=NOW,
    )
    clinic.cards.feedback(
        card="uuid-1", outcome="overridden", reason=next(w), at=NOW, now=NOW
    )
    unused = list(w)

    hits = [
        (path.name, word)
        for path in folder.iterdir()
        for word in words
        if word.encode() in path.read_bytes()
        or word.encode().hex().encode() in path.read_bytes()
    ]

    assert unused == []
    assert hits == []
    assert sum(path.stat().st_size for path in folder.glob("*-wal")) > 0
    assert any(b"context-1" in path.read_bytes() for path in folder.iterdir())
