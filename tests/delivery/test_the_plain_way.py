"""Nothing goes wrong: each class delivers each form once, and sees it there."""

import pytest

from ehr.delivery.ladder import Probed
from tests.delivery.conftest import SceneMaker
from tests.fault_proxy.ledger_ehr import OFFERS

UNIQUE = Probed(unique_identifiers=True)


@pytest.mark.parametrize("delivery_class", ["E1", "E2", "E3", "E4", "E5"])
def test_each_class_delivers_each_form_once(
    scene: SceneMaker, delivery_class: str
) -> None:
    here = scene(OFFERS[delivery_class], probed=UNIQUE)
    here.clinic.seal_many(8)

    here.deliver()

    assert here.clinic.held() == {}
    assert here.clinic.part.outbox.counts() == {"verified": 8}
    assert here.clinic.verdict(here.ledger).clean
