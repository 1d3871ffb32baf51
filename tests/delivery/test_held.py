"""What only a person may decide is held, said so, and never sent again by itself."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ehr.delivery.ladder import Probed
from tests.delivery.conftest import SceneMaker
from tests.fault_proxy.faults import NoFaults, Script
from tests.fault_proxy.ledger_ehr import OFFERS, Offer

UNIQUE = Probed(unique_identifiers=True)


@pytest.mark.parametrize(
    "fault", ["commit_reset", "commit_500", "commit_hang", "500", "commit_redirect"]
)
@pytest.mark.req("RW-04")
def test_where_nothing_can_be_searched_an_unknown_write_is_never_repeated(
    scene: SceneMaker, fault: str
) -> None:
    here = scene(OFFERS["E5"], Script([fault]))
    submission = here.one_form()

    here.deliver()
    here.clinic.clock.pass_(timedelta(days=3))
    here.deliver()

    writes = [each for each in here.ledger.requests if each[0] == "POST"]
    assert len(writes) == (0 if fault == "500" else 1)
    assert here.clinic.held() == {submission: "unknown_outcome"}


def test_letting_it_go_on_does_not_repeat_it_either(scene: SceneMaker) -> None:
    here = scene(OFFERS["E5"], Script(["commit_reset"]))
    submission = here.one_form()
    here.deliver()

    here.clinic.let_held_go_on()
    here.deliver()

    writes = [each for each in here.ledger.requests if each[0] == "POST"]
    assert len(writes) == 1
    assert here.clinic.held() == {submission: "unknown_outcome"}


def test_a_person_who_has_looked_may_send_it_again(scene: SceneMaker) -> None:
    here = scene(OFFERS["E5"], Script(["reset_before_body"]))
    submission = here.one_form()
    here.deliver()

    here.clinic.part.outbox.retry(
        submission, by="staff", now=here.clinic.clock.now, absent=True
    )
    here.deliver()

    assert here.clinic.verdict(here.ledger).clean
    assert here.clinic.part.outbox.counts() == {"verified": 1}


@pytest.mark.parametrize("delivery_class", ["E1", "E2", "E3", "E4", "E5"])
@pytest.mark.req("RW-07")
def test_an_error_inside_a_200_is_a_failure(
    scene: SceneMaker, delivery_class: str
) -> None:
    here = scene(
        OFFERS[delivery_class], Script(["commit_outcome_error"]), probed=UNIQUE
    )
    submission = here.one_form()

    here.deliver()

    assert here.clinic.held() == {submission: "error_inside"}


def other_patient(stored: dict[str, Any]) -> dict[str, Any]:
    return stored | {"subject": {"reference": "Patient/somebody-else"}}


def other_answer(stored: dict[str, Any]) -> dict[str, Any]:
    if stored["resourceType"] != "QuestionnaireResponse":
        return stored
    items = [dict(each) for each in stored["item"]]
    answered = next(each for each in items if each.get("answer"))
    answered["answer"] = [{"valueCoding": {"system": "http://loinc.org", "code": "x"}}]
    return stored | {"item": items}


def other_value(stored: dict[str, Any]) -> dict[str, Any]:
    if "valueQuantity" not in stored:
        return stored
    value = stored["valueQuantity"]
    return stored | {"valueQuantity": value | {"value": value["value"] + Decimal(1)}}


@pytest.mark.parametrize("delivery_class", ["E1", "E2", "E3", "E4"])
@pytest.mark.parametrize("spoil", [other_patient, other_answer, other_value])
@pytest.mark.req("RW-10")
def test_a_copy_that_says_something_else_is_never_taken_for_ours(
    scene: SceneMaker, spoil: Any, delivery_class: str
) -> None:
    here = scene(OFFERS[delivery_class], probed=UNIQUE)
    here.ledger.spoil = spoil
    submission = here.one_form()

    here.deliver()

    assert here.clinic.held() == {submission: "differs"}


@pytest.mark.req("RW-06")
def test_a_persons_amendment_is_not_overwritten(scene: SceneMaker) -> None:
    here = scene(OFFERS["E1"], Script(["commit_reset"]))
    submission = here.one_form()
    here.worker.run_once(here.clinic.clock.now)
    (stored,) = here.ledger.valid("QuestionnaireResponse")
    here.ledger.add(other_answer(stored), resource_id=stored["id"])

    here.deliver()

    (now,) = here.ledger.valid("QuestionnaireResponse")
    assert now["meta"]["versionId"] == "2"
    assert here.clinic.held() == {submission: "differs"}


def test_an_ehr_that_stores_no_responses_holds_them_until_it_does(
    scene: SceneMaker,
) -> None:
    here = scene(Offer(creates=("Observation",)))
    submission = here.one_form()
    here.deliver()
    held = here.clinic.held()

    here.ledger.offer = OFFERS["E4"]
    here.clinic.clock.pass_(timedelta(hours=2))
    here.one_form(patient="p-2")
    here.deliver()

    assert held == {submission: "not_storable"}
    assert here.clinic.held() == {}
    assert here.clinic.verdict(here.ledger).clean


def test_scores_are_left_out_where_only_responses_are_stored(
    scene: SceneMaker,
) -> None:
    here = scene(Offer(creates=("QuestionnaireResponse",)))
    here.one_form()

    here.deliver()

    assert here.clinic.part.outbox.counts() == {"verified": 1}
    assert here.clinic.verdict(here.ledger, scores=False).clean
    assert here.ledger.valid("Observation") == []


@pytest.mark.req("RW-07")
def test_a_refused_resource_is_held_at_once(scene: SceneMaker) -> None:
    here = scene(OFFERS["E4"])
    submission = here.one_form()
    here.worker.run_once(here.clinic.clock.now)
    again = here.one_form(patient="p-2")
    here.proxy.plan = Script(["409", "commit_409"])

    here.deliver()
    here.proxy.plan = NoFaults()

    assert submission not in here.clinic.held()
    assert again not in here.clinic.held()
    assert here.clinic.verdict(here.ledger).clean
