"""The plan as it was, exactly, or not at all."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from clinical.change_methods import ChangeSample, EdwardsNunnally
from clinical.plan import demo_plan
from clinical.recorded.numbers import changed_numbers, numbers_of
from clinical.recorded.plan_record import (
    NotThisPlan,
    PlanRecord,
    plan_from_record,
    plan_record,
)
from clinical.signals.kinds import AllianceDrop, NoReliableGain
from questionnaires.instrument import Source, Spread
from tests.curves import D
from tests.instruments import LIBRARY, PHQ9, plan_with
from tests.signal_examples import examples

PLAN = demo_plan(LIBRARY)
S4 = next(examples(NoReliableGain, PHQ9))
R3 = next(examples(AllianceDrop, LIBRARY.instrument("session-alliance")))


def test_every_instrument_of_the_library_is_recorded_exactly():
    plan = plan_with(*LIBRARY.instruments.values())

    assert plan_from_record(plan_record(plan)) == plan


def test_a_plan_by_the_other_method_is_recorded_exactly():
    sample = ChangeSample(
        D("14.5"), D(5), reliability=D("0.84"), z=D("1.96"), operator=">"
    )
    plan = replace(PLAN, change_methods={"phq-9": EdwardsNunnally(sample)})

    assert plan_from_record(plan_record(plan)) == plan


def test_one_other_character_is_not_the_plan():
    record = plan_record(PLAN)
    changed = record.content.replace(b'"no_gain_sessions":4', b'"no_gain_sessions":5')
    assert changed != record.content

    with pytest.raises(NotThisPlan, match="SHA-256"):
        plan_from_record(PlanRecord(record.digest, changed))


def test_a_plan_with_a_number_that_this_program_does_not_know_is_refused_by_place():
    told = json.loads(plan_record(PLAN).content)
    told["rules"]["future_number"] = 1
    content = json.dumps(told).encode()

    with pytest.raises(NotThisPlan, match=r"\$\.rules"):
        plan_from_record(PlanRecord(sha256(content).hexdigest(), content))


def test_the_numbers_that_decided_are_told_with_their_sources():
    found = {each.name: each for each in numbers_of(S4, PLAN)}

    assert list(found) == [
        "rules.no_gain_sessions",
        "phq-9.reliable_change",
        "phq-9.cutoff",
    ]
    assert found["rules.no_gain_sessions"].value == "4"
    assert "Saunders 2019" in found["rules.no_gain_sessions"].source.text
    assert found["phq-9.reliable_change"].source == PHQ9.reliable_change.source


def test_a_sites_own_spread_is_among_the_numbers_of_a_drop():
    form = LIBRARY.instrument("session-alliance")
    spread = Spread(D("2.5"), "invented", Source("invented", "own"))
    plan = replace(PLAN, sample_sds={form.id: spread})

    found = {each.name: each for each in numbers_of(R3, plan)}

    assert found["sample_sds.session-alliance"].value == "2.5"
    assert "sample_sds.session-alliance" not in {
        each.name for each in numbers_of(R3, PLAN)
    }
    assert plan_from_record(plan_record(plan)) == plan


def test_a_number_that_is_another_one_today_is_named():
    today = replace(
        PLAN, rules=replace(PLAN.rules, no_gain_sessions=6, flat_readings=9)
    )

    [changed] = changed_numbers(S4, PLAN, today)

    assert (changed.name, changed.then, changed.now) == (
        "rules.no_gain_sessions",
        "4",
        "6",
    )
    assert changed_numbers(S4, PLAN, PLAN) == ()
