"""The change since the start on the clinician's page, by the method of the plan."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from clinical.change_methods import ChangeMethod, EdwardsNunnally, JacobsonTruax
from clinical.measurement import episode_from
from clinical.plan import MeasurementPlan
from clinical.signals.read import read_signals
from smart_app.change_words import changes_since_start
from tests.installation import STAFF
from tests.instruments import PHQ9, on_day, plan_with, scored, weekly
from tests.spec.tables import SAMPLE
from tests.unit.smart_app.conftest import Clinic

JT, EN = JacobsonTruax(), EdwardsNunnally(SAMPLE)


@pytest.fixture(autouse=True)
def words(clinic: Clinic) -> Iterator[None]:
    with clinic.app.test_request_context("/", base_url=STAFF):
        yield


def said(plan: MeasurementPlan, *scores: int) -> list[str]:
    episode = weekly(PHQ9, scores)
    today = on_day(1 + 7 * len(scores)).date()
    return list(
        changes_since_start(read_signals(episode, plan, today=today, unread=0), plan)
    )


def by(method: ChangeMethod) -> MeasurementPlan:
    return plan_with(PHQ9, change_methods={"phq-9": method})


@pytest.mark.parametrize(
    ("method", "scores", "told"),
    [
        (JT, (17, 8), "better by 9; recovered, that is reliably better and past the"),
        (JT, (25, 12), "better by 13; reliably better (Jacobson and Truax)."),
        (JT, (15, 11), "better by 4; no reliable change (Jacobson and Truax)."),
        (EN, (15, 11), "better by 4; reliably better (Edwards and Nunnally)."),
        (JT, (12, 12), "the same score; no reliable change (Jacobson and Truax)."),
        (JT, (12, 19), "worse by 7; reliably worse (Jacobson and Truax)."),
    ],
)
def test_how_much_how_sure_and_by_whose_method(
    method: ChangeMethod, scores: tuple[int, ...], told: str
) -> None:
    [found] = said(by(method), *scores)

    assert found.startswith(f"PHQ-9 since the start: {told}")


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: replace(plan, decision_support=False),
        lambda plan: replace(plan, change_methods={}),
        lambda plan: replace(
            plan, outcome=(replace(PHQ9, reliable_change=None),), alliance=()
        ),
        lambda plan: replace(plan, outcome=(replace(PHQ9, cutoff=None),)),
    ],
    ids=["recording only", "no method", "no reliable change", "no cut-off"],
)
def test_without_its_numbers_nothing_is_classed(
    change: Callable[[MeasurementPlan], MeasurementPlan],
) -> None:
    assert said(change(by(JT)), 17, 8) == []


def test_a_carers_report_is_classed_by_itself() -> None:
    plan = by(JT)
    answers = [
        scored(PHQ9, value, day=day, respondent=who)
        for day, who, value in (
            *((1, "self", 17), (8, "self", 8)),
            *((1, "carer", 17), (8, "carer", 17)),
        )
    ]
    report = read_signals(episode_from(answers), plan, today=on_day(8).date(), unread=0)

    found = list(changes_since_start(report, plan))

    assert [each.partition(";")[0] for each in found] == [
        "PHQ-9 since the start: better by 9",
        "PHQ-9 (carer) since the start: the same score",
    ]
