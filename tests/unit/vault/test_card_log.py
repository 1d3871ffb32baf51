from dataclasses import replace

import pytest

from tests.unit.vault.kit import DAY, HOUR, MINUTE, NOW, at_once, card, rows
from vault.card_log import CardAcknowledgement
from vault.database import open_vault
from vault.errors import AlreadyUsed, VaultUnavailable


def record(part, jti, *cards, issuer="https://ehr.example", now=NOW):
    return part.cards.record_call(
        issuer=issuer, jti=jti, expires_at=NOW + 5 * MINUTE, cards=cards, now=now
    )


def test_a_token_is_good_once_also_after_a_restart(vault, clinic, folder, keys):
    record(clinic, "1")
    with pytest.raises(AlreadyUsed):
        record(clinic, "1")
    vault.close()

    reopened = open_vault(folder, keys)

    with pytest.raises(AlreadyUsed):
        record(reopened.for_tenant("clinic"), "1")
    reopened.close()


def test_of_fifty_calls_with_one_token_exactly_one_wins(clinic):
    results = at_once(50, lambda _: record(clinic, "1"))

    assert results.count(()) == 1
    assert sum(isinstance(result, AlreadyUsed) for result in results) == 49


def test_the_same_jti_of_another_issuer_or_tenant_is_another_token(clinic, other):
    record(clinic, "1")
    record(clinic, "1", issuer="https://other.example")
    record(other, "1")


def test_a_replayed_call_logs_no_card(clinic):
    record(clinic, "1")

    with pytest.raises(AlreadyUsed):
        record(clinic, "1", card(clinic, "uuid-1"))

    assert clinic.cards.known("anna").rows == ()


def test_a_call_whose_card_cannot_be_logged_does_not_use_its_token_up(clinic, folder):
    rows(folder, "DROP TABLE card_feedback", file="calls.sqlite")
    rows(folder, "ALTER TABLE cards RENAME TO gone", file="calls.sqlite")

    with pytest.raises(VaultUnavailable):
        record(clinic, "1", card(clinic, "uuid-1"))

    assert record(clinic, "1") == ()


def test_a_card_is_read_back_as_it_was_logged(clinic):
    logged = card(clinic, "uuid-1")

    assert record(clinic, "1", logged) == ("uuid-1",)

    [found] = clinic.cards.known("anna").rows
    assert found.row == logged
    assert (found.times, found.first_at, found.last_at) == (1, NOW, NOW)
    assert clinic.cards.known("bert").rows == ()


def test_the_same_card_keeps_its_uuid_and_is_counted(clinic):
    record(clinic, "1", card(clinic, "uuid-1", served=False))

    again = record(clinic, "2", card(clinic, "uuid-2"), now=NOW + HOUR)

    assert again == ("uuid-1",)
    history = clinic.cards.known("anna")
    [found] = history.rows
    assert (found.times, found.last_at, found.row.served) == (2, NOW + HOUR, True)
    assert (
        history.uuid_of(cause="S2|phq-9", data_hash="a" * 64, encounter="visit-7")
        == "uuid-1"
    )
    assert history.uuid_of(cause="S2|phq-9", data_hash="new", encounter="") is None


@pytest.mark.parametrize(
    "change",
    [{"cause": "S3|phq-9"}, {"data_hash": "b" * 64}, {"encounter": "visit-8"}],
    ids=["cause", "data", "encounter"],
)
def test_another_cause_new_data_or_the_next_visit_is_another_card(clinic, change):
    first = card(clinic, "uuid-1")
    record(clinic, "1", first)

    assert record(clinic, "2", replace(first, uuid="uuid-2", **change)) == ("uuid-2",)


def test_feedback_is_noted_once_however_often_it_is_reported(clinic):
    record(clinic, "1", card(clinic, "uuid-1"))

    for _ in range(3):
        assert clinic.cards.feedback(
            card="uuid-1", outcome="overridden", reason="discussed", at=NOW, now=NOW
        )

    assert clinic.cards.acknowledgements("anna") == (
        CardAcknowledgement(
            card="uuid-1",
            cause="S2|phq-9",
            level="-6",
            outcome="overridden",
            reason="discussed",
            at=NOW,
        ),
    )


def test_answers_are_told_in_the_order_of_their_time(clinic):
    record(clinic, "1", card(clinic, "uuid-1"))
    for hours, outcome in ((2, "accepted"), (1, "overridden")):
        clinic.cards.feedback(
            card="uuid-1", outcome=outcome, reason=None, at=NOW + hours * HOUR, now=NOW
        )

    found = clinic.cards.acknowledgements("anna")

    assert [each.outcome for each in found] == ["overridden", "accepted"]


def test_feedback_on_a_card_nobody_knows_is_told_apart_and_not_kept(clinic, folder):
    assert not clinic.cards.feedback(
        card="unknown", outcome="accepted", reason=None, at=NOW, now=NOW
    )

    assert rows(folder, "SELECT * FROM card_feedback", file="calls.sqlite") == []


def test_a_token_is_forgotten_only_when_its_age_refuses_it(vault, clinic):
    record(clinic, "1")

    vault.purge(NOW + 4 * MINUTE, DAY)

    with pytest.raises(AlreadyUsed):
        record(clinic, "1")
    vault.purge(NOW + 5 * MINUTE, DAY)
    assert record(clinic, "1") == ()


def test_of_twenty_answers_at_once_one_is_kept_and_no_card_is_counted(clinic):
    def answer(number):
        return clinic.cards.answer(
            card(clinic, f"uuid-{number}", served=False),
            outcome="overridden",
            reason="discussed",
            now=NOW + number * MINUTE,
        )

    assert at_once(20, answer).count(True) == 1

    history = clinic.cards.known("anna")
    [logged] = history.rows
    assert (logged.times, logged.row.served, history.made) == (0, False, frozenset())
    assert len(history.acknowledgements) == 1


def test_an_answer_belongs_to_the_card_that_was_shown(clinic):
    record(clinic, "1", card(clinic, "uuid-1"))

    clinic.cards.answer(
        card(clinic, "uuid-2"), outcome="overridden", reason="", now=NOW + HOUR
    )

    history = clinic.cards.known("anna")
    [logged] = history.rows
    assert (logged.times, logged.last_at) == (1, NOW)
    assert [each.card for each in history.acknowledgements] == ["uuid-1"]


def test_an_answer_that_is_taken_back_leaves_the_others(clinic):
    record(clinic, "1", card(clinic, "uuid-1"))
    for hours in (1, 2):
        clinic.cards.feedback(
            card="uuid-1",
            outcome="overridden",
            reason=None,
            at=NOW + hours * HOUR,
            now=NOW,
        )
    first, second = clinic.cards.acknowledgements("anna")

    clinic.cards.take_back(second)

    assert clinic.cards.acknowledgements("anna") == (first,)
