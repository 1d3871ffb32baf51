"""Nothing goes wrong: each class delivers each form once, and sees it there."""

import json

import pytest

from ehr.delivery.ladder import Probed
from tests.delivery.conftest import SceneMaker
from tests.fault_proxy.faults import Script
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


@pytest.mark.req("RW-10")
def test_the_audit_says_where_each_resource_stands(scene: SceneMaker) -> None:
    here = scene(OFFERS["E2"], probed=UNIQUE)
    submission = here.one_form()

    here.deliver()

    *_, entry = here.clinic.part.audit.entries()
    told = json.loads(entry.row.details)
    assert (entry.row.kind, told["submission"]) == ("submission.verified", submission)
    assert told["places"][submission].startswith("QuestionnaireResponse/")
    assert len(told["places"]) == 2


@pytest.mark.req("RW-10")
def test_the_audit_says_why_a_submission_is_held(scene: SceneMaker) -> None:
    here = scene(OFFERS["E5"], Script(["commit_reset"]))
    submission = here.one_form()

    here.deliver()

    *_, entry = here.clinic.part.audit.entries()
    told = json.loads(entry.row.details)
    assert entry.row.kind == "submission.held"
    assert (told["submission"], told["cause"]) == (submission, "unknown_outcome")
