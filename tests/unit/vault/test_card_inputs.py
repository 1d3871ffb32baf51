"""What explains a card: kept once, sealed in its place, gone with the card."""

import pytest

from tests.unit.vault.kit import DAY, HOUR, MINUTE, NOW, card, rows
from vault.card_inputs import Explanation, Grounds
from vault.database import open_vault
from vault.errors import NotFound, Tampered

PLAN = Grounds("p" * 64, b"the numbers of then")
WHY = Explanation(b"17 on Monday", PLAN)


def record(part, jti, uuid, *, why=WHY, now=NOW):
    return part.cards.record_call(
        issuer="https://ehr.example",
        jti=jti,
        expires_at=NOW + 5 * MINUTE,
        cards=[card(part, uuid)],
        explanations={} if why is None else {uuid: why},
        now=now,
    )


def in_file(folder, sql):
    return rows(folder, sql, file="calls.sqlite")


def test_a_card_is_read_back_with_what_explains_it_and_the_answers_to_it(clinic):
    record(clinic, "1", "uuid-1")
    clinic.cards.feedback(
        card="uuid-1", outcome="overridden", reason="discussed", at=NOW, now=NOW
    )

    found = clinic.cards.explained("uuid-1")

    assert found.logged.row == card(clinic, "uuid-1")
    assert found.explanation == WHY
    assert [each.reason for each in found.acknowledgements] == ["discussed"]


def test_a_repeat_of_the_card_writes_no_second_explanation(clinic, folder):
    record(clinic, "1", "uuid-1")

    record(clinic, "2", "uuid-2", why=Explanation(b"another", PLAN), now=NOW + HOUR)

    found = clinic.cards.explained("uuid-1")
    assert (found.logged.times, found.explanation) == (2, WHY)
    assert in_file(folder, "SELECT count(*) FROM card_inputs") == [(1,)]


def test_what_cards_share_is_kept_once_whoever_writes(vault, clinic, folder, keys):
    record(clinic, "1", "uuid-1")
    again = open_vault(folder, keys).for_tenant("clinic")
    other = Explanation(b"18 on Tuesday", PLAN)
    again.cards.record_call(
        issuer="https://ehr.example",
        jti="2",
        expires_at=NOW + HOUR,
        cards=[card(again, "uuid-2", cause="S4|phq-9")],
        explanations={"uuid-2": other},
        now=NOW,
    )

    assert in_file(folder, "SELECT count(*) FROM card_grounds") == [(1,)]
    assert again.cards.explained("uuid-2").explanation == other


def test_no_card_of_another_tenant_is_explained(clinic, other):
    record(clinic, "1", "uuid-1")

    with pytest.raises(NotFound):
        other.cards.explained("uuid-1")


@pytest.mark.parametrize("table", ["card_inputs", "card_grounds", "cards"])
def test_one_changed_byte_is_noticed(clinic, folder, table):
    record(clinic, "1", "uuid-1")
    [(body,)] = in_file(folder, f"SELECT body FROM {table}")
    changed = body[:-1] + bytes([body[-1] ^ 1])

    in_file(folder, f"UPDATE {table} SET body = x'{changed.hex()}'")

    with pytest.raises(Tampered):
        clinic.cards.explained("uuid-1")


def test_the_explanation_of_another_card_is_not_taken_for_this_ones(clinic, folder):
    record(clinic, "1", "uuid-1")
    clinic.cards.record_call(
        issuer="https://ehr.example",
        jti="2",
        expires_at=NOW + HOUR,
        cards=[card(clinic, "uuid-2", cause="S4|phq-9")],
        explanations={"uuid-2": Explanation(b"nothing was worse", PLAN)},
        now=NOW,
    )

    in_file(
        folder,
        "UPDATE card_inputs SET body = (SELECT body FROM card_inputs"
        " WHERE card = 'uuid-2') WHERE card = 'uuid-1'",
    )

    with pytest.raises(Tampered):
        clinic.cards.explained("uuid-1")


def test_the_explanation_goes_with_its_card(vault, clinic, folder):
    record(clinic, "1", "uuid-1")

    vault.purge(NOW + 399 * DAY, DAY)
    assert clinic.cards.explained("uuid-1").explanation == WHY
    vault.purge(NOW + 400 * DAY, DAY)

    assert in_file(folder, "SELECT count(*) FROM card_inputs") == [(0,)]


def test_a_vault_from_before_explanations_is_opened_and_keeps_them_from_now_on(
    vault, clinic, folder, keys
):
    record(clinic, "1", "uuid-1", why=None)
    vault.close()
    for table in ("card_inputs", "card_grounds"):
        in_file(folder, f"DROP TABLE {table}")
    for file in ("main.sqlite", "calls.sqlite"):
        rows(folder, "PRAGMA user_version = 1", file=file)

    reopened = open_vault(folder, keys)

    clinic = reopened.for_tenant("clinic")
    record(clinic, "2", "uuid-2", now=NOW + MINUTE)  # the same card again
    assert clinic.cards.explained("uuid-1").explanation is None
    assert rows(folder, "PRAGMA user_version") == [(2,)]
    reopened.close()


def test_of_two_that_first_make_an_answered_card_the_first_explanation_holds(clinic):
    clinic.cards.answer(
        card(clinic, "uuid-1", served=False), outcome="overridden", reason="", now=NOW
    )
    record(clinic, "1", "uuid-1")

    record(clinic, "2", "uuid-1", why=Explanation(b"another", PLAN), now=NOW + HOUR)

    found = clinic.cards.explained("uuid-1")
    assert (found.logged.times, found.explanation) == (2, WHY)
