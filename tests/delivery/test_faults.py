"""Many forms, many faults: nothing lost, nothing doubled, nothing misfiled."""

import pytest

from ehr.delivery.ladder import Probed
from tests.delivery.conftest import Scene, SceneMaker
from tests.fault_proxy.faults import KINDS, NoFaults, RandomFaults, Script
from tests.fault_proxy.ledger_ehr import OFFERS
from tests.fault_proxy.naive import send_blindly

CLASSES = [
    ("E1", Probed()),
    ("E2", Probed(unique_identifiers=True)),
    ("E3", Probed()),
    ("E4", Probed()),
]
FORMS = 30


def deliver_with_staff(here: Scene) -> None:
    """Deliver under faults; then the EHR is well and staff lets held rows go on."""
    here.deliver()
    here.proxy.plan = NoFaults()
    here.clinic.let_held_go_on()
    here.deliver()


@pytest.mark.parametrize(("delivery_class", "probed"), CLASSES)
@pytest.mark.req("RW-02", "RW-03", "RW-04", "RW-05")
@pytest.mark.hazard("H10")
@pytest.mark.hazard("H11")
@pytest.mark.hazard("H01")
def test_random_faults_lose_double_and_misfile_nothing(
    scene: SceneMaker, delivery_class: str, probed: Probed
) -> None:
    plan = RandomFaults(seed=20_260_302, rate=0.25)
    here = scene(OFFERS[delivery_class], plan, probed=probed)
    here.clinic.seal_many(FORMS, patients=12)

    deliver_with_staff(here)

    verdict = here.clinic.verdict(here.ledger)
    assert sum(plan.made.values()) > FORMS / 2
    assert (verdict.lost, verdict.doubled, verdict.misfiled) == ((), (), ())
    assert here.clinic.part.outbox.counts() == {"verified": FORMS}


@pytest.mark.parametrize(("delivery_class", "probed"), CLASSES)
@pytest.mark.req("RW-04", "RW-07")
@pytest.mark.hazard("H12")
def test_every_kind_of_fault_on_the_first_write_and_after_is_survived(
    scene: SceneMaker, delivery_class: str, probed: Probed
) -> None:
    here = scene(OFFERS[delivery_class], probed=probed)
    fault_of: dict[str, str] = {}
    for fault in KINDS:
        here.proxy.plan = Script([fault, None, fault])
        fault_of[here.one_form(patient=f"p-{len(fault_of)}")] = fault
        deliver_with_staff(here)

    verdict = here.clinic.verdict(here.ledger)

    assert [fault_of[each] for each in verdict.lost] == []
    assert [fault_of[each] for each in verdict.doubled] == []
    assert [fault_of[each] for each in verdict.misfiled] == []
    assert here.clinic.part.outbox.counts() == {"verified": len(KINDS)}


@pytest.mark.parametrize("delivery_class", ["E1", "E4"])
def test_control_sending_again_without_looking_doubles(
    scene: SceneMaker, delivery_class: str
) -> None:
    here = scene(OFFERS[delivery_class], RandomFaults(seed=20_260_302, rate=0.25))
    here.clinic.seal_many(FORMS)

    send_blindly(here.clinic, again=True)

    assert here.clinic.verdict(here.ledger).doubled


def test_control_not_sending_again_loses(scene: SceneMaker) -> None:
    here = scene(OFFERS["E2"], RandomFaults(seed=20_260_302, rate=0.25))
    here.clinic.seal_many(FORMS)

    send_blindly(here.clinic, again=False)

    assert here.clinic.verdict(here.ledger).lost
