import pytest

from tests.unit.vault.kit import HOUR, MINUTE, NOW, at_once
from vault.errors import AlreadyUsed, NotFound
from vault.handoffs import Handoff


def offer(part, code="4711", *, patient="anna", now=NOW):
    return part.handoffs.offer(
        code,
        context_id="context",
        patient=patient,
        body=f"form for {patient}".encode(),
        now=now,
        expires_at=now + 10 * MINUTE,
    )


def test_a_code_opens_its_form_once(clinic):
    handoff_id = offer(clinic)

    handoff = clinic.handoffs.redeem("4711", browser="tablet", now=NOW)

    assert handoff == Handoff(
        handoff_id, "context", clinic.patient_index("anna"), b"form for anna"
    )
    with pytest.raises(AlreadyUsed):
        clinic.handoffs.redeem("4711", browser="tablet", now=NOW)


def test_of_fifty_tablets_with_one_code_exactly_one_wins(clinic):
    offer(clinic)

    results = at_once(
        50,
        lambda number: clinic.handoffs.redeem(
            "4711", browser=f"tablet {number}", now=NOW
        ),
    )

    assert sum(isinstance(result, Handoff) for result in results) == 1
    assert sum(isinstance(result, AlreadyUsed) for result in results) == 49


def test_a_wrong_or_expired_code_is_not_found(clinic):
    offer(clinic)

    with pytest.raises(NotFound):
        clinic.handoffs.redeem("4712", browser="tablet", now=NOW)
    with pytest.raises(NotFound):
        clinic.handoffs.redeem("4711", browser="tablet", now=NOW + 10 * MINUTE)


def test_a_code_on_offer_is_not_given_to_a_second_patient(clinic):
    offer(clinic)

    with pytest.raises(AlreadyUsed):
        offer(clinic, patient="bert")

    assert clinic.handoffs.redeem("4711", browser="t", now=NOW).body == (
        b"form for anna"
    )


@pytest.mark.parametrize("used", [True, False], ids=["used", "expired"])
def test_a_code_that_is_over_may_come_round_again(clinic, used):
    offer(clinic)
    if used:
        clinic.handoffs.redeem("4711", browser="tablet", now=NOW)

    offer(clinic, patient="bert", now=NOW + HOUR)

    redeemed = clinic.handoffs.redeem("4711", browser="tablet", now=NOW + HOUR)
    assert redeemed.body == b"form for bert"


def test_a_redeemed_form_stays_with_its_tablet_while_it_is_used(clinic):
    handoff_id = offer(clinic)
    clinic.handoffs.redeem("4711", browser="tablet", now=NOW)

    for minutes in (2, 4, 6):
        found = clinic.handoffs.open_handoff(
            handoff_id, browser="tablet", now=NOW + minutes * MINUTE
        )
        assert found.body == b"form for anna"

    with pytest.raises(NotFound):
        clinic.handoffs.open_handoff(
            handoff_id, browser="other tablet", now=NOW + 6 * MINUTE
        )
    with pytest.raises(NotFound):
        clinic.handoffs.open_handoff(handoff_id, browser="tablet", now=NOW + 9 * MINUTE)


def test_a_form_nobody_redeemed_opens_for_nobody(clinic):
    handoff_id = offer(clinic)

    with pytest.raises(NotFound):
        clinic.handoffs.open_handoff(handoff_id, browser="tablet", now=NOW)


def test_a_finished_form_does_not_open_again(clinic):
    handoff_id = offer(clinic)
    clinic.handoffs.redeem("4711", browser="tablet", now=NOW)

    clinic.handoffs.finish(handoff_id)

    with pytest.raises(NotFound):
        clinic.handoffs.open_handoff(handoff_id, browser="tablet", now=NOW)


def test_a_code_taken_back_before_use_opens_nothing(clinic):
    handoff_id = offer(clinic)

    clinic.handoffs.finish(handoff_id)

    with pytest.raises(NotFound):
        clinic.handoffs.redeem("4711", browser="tablet", now=NOW)
