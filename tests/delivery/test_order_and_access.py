"""Whose token delivers, in which order, and how a queue drains."""

from datetime import timedelta

import pytest

from ehr.delivery.ladder import Probed
from tests.delivery.conftest import SceneMaker
from tests.fault_proxy.clinic import run_in_thread
from tests.fault_proxy.faults import NoFaults, Script
from tests.fault_proxy.ledger_ehr import OFFERS

UNIQUE = Probed(unique_identifiers=True)
SOON = timedelta(minutes=5)


@pytest.mark.req("RW-09")
def test_after_the_token_has_expired_it_waits_for_the_same_persons_next_launch(
    scene: SceneMaker,
) -> None:
    here = scene(OFFERS["E2"], probed=UNIQUE)
    clinic = here.clinic
    context = clinic.launch("p-1", lasts=SOON)
    clinic.seal(clinic.answer("phq-9", patient="p-1"), context_id=context)
    clinic.clock.pass_(SOON)

    first = here.worker.run_once(clinic.clock.now)
    (waiting,) = clinic.part.outbox.waiting("p-1")
    clinic.launch("p-1")
    here.deliver()

    assert (first, waiting.cause) == ("later", "login_needed")
    assert clinic.verdict(here.ledger).clean


@pytest.mark.req("RW-09")
@pytest.mark.parametrize(("patient", "user"), [("p-1", "18"), ("p-2", "17")])
def test_no_other_persons_or_patients_launch_delivers_it(
    scene: SceneMaker, patient: str, user: str
) -> None:
    here = scene(OFFERS["E2"], probed=UNIQUE)
    clinic = here.clinic
    context = clinic.launch("p-1", lasts=SOON)
    clinic.seal(clinic.answer("phq-9", patient="p-1"), context_id=context)
    clinic.clock.pass_(SOON)
    clinic.launch(patient, user=user)

    clinic.drain(here.worker, lasts=timedelta(minutes=10))

    assert here.ledger.requests == []
    assert clinic.part.outbox.counts() == {"sealed": 1}


def test_a_token_the_ehr_no_longer_takes_waits_for_a_launch(
    scene: SceneMaker,
) -> None:
    here = scene(OFFERS["E2"], Script(["401"]), probed=UNIQUE)
    here.one_form()

    step = here.worker.run_once(here.clinic.clock.now)
    (waiting,) = here.clinic.part.outbox.waiting("p-1")

    assert (step, waiting.state, waiting.cause) == ("later", "sealed", "login_needed")


@pytest.mark.req("RW-08")
def test_a_patients_forms_arrive_in_the_order_of_sealing(scene: SceneMaker) -> None:
    here = scene(OFFERS["E4"], Script(["429_seconds", None, "500", None, "503"]))
    here.clinic.seal_many(12, patients=3)

    here.deliver()

    for patient in ("p-0", "p-1", "p-2"):
        arrived = [
            each["authored"]
            for each in here.ledger.valid("QuestionnaireResponse")
            if each["subject"]["reference"] == f"Patient/{patient}"
        ]
        assert arrived == sorted(arrived)
    assert here.clinic.verdict(here.ledger).clean


@pytest.mark.req("RW-08")
def test_two_workers_never_carry_one_patients_forms_at_once(
    scene: SceneMaker,
) -> None:
    here = scene(OFFERS["E4"])
    here.clinic.seal_many(12, patients=2)
    workers = [here.clinic.worker(name=f"worker-{each}") for each in range(2)]

    ends = [run_in_thread(each, here.clinic.clock) for each in workers]
    while here.clinic.open_rows():
        here.clinic.clock.pass_(timedelta(milliseconds=1))
    for end in ends:
        end()

    assert here.clinic.verdict(here.ledger).clean
    assert here.clinic.part.outbox.counts() == {"verified": 12}


def test_a_queue_that_grew_while_the_ehr_was_away_drains_within_two_minutes(
    scene: SceneMaker,
) -> None:
    here = scene(OFFERS["E2"], probed=UNIQUE)
    away = here.clinic.worker(probed=UNIQUE)
    here.clinic.seal_many(30, patients=30)
    here.proxy.close()
    here.clinic.drain(away, lasts=timedelta(minutes=30))
    tried = here.clinic.steps.get("later", 0)

    back = here.proxy.again()
    begun = here.clinic.clock.now
    with back:
        here.clinic.drain(away)

    assert tried < 100  # the tenant rests, not each row alone
    assert here.clinic.clock.now - begun <= timedelta(minutes=2)
    assert here.clinic.verdict(here.ledger).clean


def test_sealing_wakes_the_worker(scene: SceneMaker) -> None:
    here = scene(OFFERS["E2"], NoFaults(), probed=UNIQUE)
    end = run_in_thread(here.worker, here.clinic.clock)
    here.one_form()

    here.worker.wake()
    while here.clinic.open_rows():
        pass
    end()

    assert here.clinic.verdict(here.ledger).clean
