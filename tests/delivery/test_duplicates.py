"""Where a server lets two copies in, one stays and the other is marked, not deleted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.delivery.conftest import Scene, SceneMaker
from tests.fault_proxy.clinic import SCOPES
from tests.fault_proxy.faults import Script
from tests.fault_proxy.ledger_ehr import OFFERS, Offer

RACING = OFFERS["E3"]
NO_UPDATE_SCOPES = SCOPES.replace("crus", "crs")


def after_a_late_double(here: Scene) -> str:
    """The first write arrives only after we have looked and sent again."""
    submission = here.one_form()
    here.worker.run_once(here.clinic.clock.now)
    here.clinic.clock.pass_(timedelta(seconds=61))
    here.worker.run_once(here.clinic.clock.now)
    assert here.proxy.settle() == 1
    here.deliver()
    return submission


def copies(here: Scene) -> list[dict[str, Any]]:
    found = here.ledger.stored["QuestionnaireResponse"].values()
    return [each.resource for each in found]


def test_a_double_that_arrives_late_is_marked_as_entered_in_error(
    scene: SceneMaker,
) -> None:
    here = scene(RACING, Script(["late_commit"]))

    after_a_late_double(here)

    assert [each["status"] for each in copies(here)] == [
        "completed",
        "entered-in-error",
    ]
    assert here.clinic.verdict(here.ledger).clean
    assert here.clinic.part.outbox.counts() == {"verified": 1}


def test_the_double_is_repaired_within_a_quarter_of_an_hour(
    scene: SceneMaker,
) -> None:
    here = scene(RACING, Script(["late_commit"]))
    begun = here.clinic.clock.now

    after_a_late_double(here)

    assert here.clinic.clock.now - begun <= timedelta(minutes=15)


@pytest.mark.parametrize(
    ("offer", "scopes"),
    [
        (RACING, NO_UPDATE_SCOPES),
        (replace(RACING, updates=False), SCOPES),
    ],
)
def test_where_we_may_not_mark_it_a_person_is_told(
    scene: SceneMaker, offer: Offer, scopes: str
) -> None:
    here = scene(offer, Script(["late_commit"]), scopes=scopes)

    submission = after_a_late_double(here)

    assert here.clinic.held() == {submission: "duplicates"}
    assert len(here.ledger.valid("QuestionnaireResponse")) == 2


def test_a_copy_that_a_person_changed_is_left_to_a_person(scene: SceneMaker) -> None:
    here = scene(RACING, Script(["late_commit"]))
    submission = here.one_form()
    here.worker.run_once(here.clinic.clock.now)
    here.clinic.clock.pass_(timedelta(seconds=61))
    here.worker.run_once(here.clinic.clock.now)
    here.proxy.settle()
    late = copies(here)[-1]
    here.ledger.add(late | {"status": "amended"}, resource_id=late["id"])

    here.deliver()

    assert here.clinic.held() == {submission: "duplicates"}
    assert [each["status"] for each in copies(here)] == ["completed", "amended"]
