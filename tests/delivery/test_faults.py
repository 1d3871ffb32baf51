"""Many forms, many faults: nothing lost, nothing doubled, nothing misfiled."""

import pytest

from ehr.delivery.ladder import Probed
from tests.delivery.conftest import Scene, SceneMaker
from tests.fault_proxy.faults import KINDS, NoFaults, RandomFaults
from tests.fault_proxy.ledger_ehr import OFFERS

UNIQUE = Probed(unique_identifiers=True)
NOT_PROBED = Probed()


def deliver_with_staff(here: Scene) -> int:
    """Deliver under faults; then the EHR is well again and staff lets held rows go on.

    Returns:
        How many were held for a person.
    """
    here.deliver()
    here.proxy.plan = NoFaults()
    held = 0
    for _ in range(3):
        held += here.clinic.let_held_go_on()
        here.deliver()
    return held


@pytest.mark.parametrize(
    ("delivery_class", "probed"),
    [("E1", NOT_PROBED), ("E2", UNIQUE), ("E3", NOT_PROBED), ("E4", NOT_PROBED)],
)
@pytest.mark.req("RW-02", "RW-03", "RW-04", "RW-05")
def test_faults_lose_nothing_double_nothing_misfile_nothing(
    scene: SceneMaker, delivery_class: str, probed: Probed
) -> None:
    plan = RandomFaults(seed=20_260_302, rate=0.25)
    here = scene(OFFERS[delivery_class], plan, probed=probed)
    here.clinic.seal_many(60, patients=12)

    deliver_with_staff(here)

    verdict = here.clinic.verdict(here.ledger)
    assert sum(plan.made.values()) > 60
    assert (verdict.lost, verdict.doubled, verdict.misfiled) == ((), (), ())
    assert here.clinic.part.outbox.counts() == {"verified": 60}


@pytest.mark.parametrize("delivery_class", ["E1", "E2", "E3", "E4"])
@pytest.mark.parametrize("fault", KINDS)
def test_each_fault_on_the_first_writes_is_survived(
    scene: SceneMaker, fault: str, delivery_class: str
) -> None:
    from tests.fault_proxy.faults import Script

    here = scene(
        OFFERS[delivery_class],
        Script([fault, None, fault]),
        probed=UNIQUE if delivery_class == "E2" else NOT_PROBED,
    )
    here.one_form()

    deliver_with_staff(here)

    assert here.clinic.verdict(here.ledger).clean
    assert here.clinic.part.outbox.counts() == {"verified": 1}
