"""The plan with one other value, checked as the plan itself is."""

from dataclasses import replace
from decimal import Decimal

import pytest

from clinical.errors import PlanFileError
from clinical.plan import DEMO_PLAN, MeasurementPlan, demo_plan
from clinical.plan_changed import changed_plan, each_threshold
from tests.instruments import LIBRARY

TEXT = DEMO_PLAN.read_text(encoding="utf-8")
PLAN = demo_plan(LIBRARY)


def changed(change: str) -> MeasurementPlan:
    return changed_plan(TEXT, change, LIBRARY, file="plan.toml")


def test_a_number_of_the_rules_is_changed_and_nothing_else():
    found = changed("rules.no_gain_sessions = 6")

    assert found == replace(PLAN, rules=replace(PLAN.rules, no_gain_sessions=6))


def test_a_part_stays_exact():
    assert changed("rules.plateau_part=0.3").rules.plateau_part == Decimal("0.3")


@pytest.mark.parametrize("said", ["until_acknowledged", '"until_acknowledged"'])
def test_a_word_may_stand_without_quotes(said: str):
    assert changed(f"repeat={said}").repeat == "until_acknowledged"


def test_a_flag_is_a_flag():
    assert changed("control_chart=true").control_chart


def test_a_reliable_change_is_that_of_the_instrument():
    found = changed("reliable_change.phq-9=8")

    [phq9, gad7] = found.outcome
    assert phq9.reliable_change is not None
    assert phq9.reliable_change.value == 8
    assert gad7 == PLAN.outcome[1]
    assert changed("reliable_change.phq-9=6") == PLAN


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("repeat", "no KEY=VALUE"),
        ("=3", "no KEY=VALUE"),
        ("rules..x=3", "no KEY=VALUE"),
        ("rules.x=3", "rules.x: does not stand"),
        ("site.x.y=3", "site.x.y: does not stand"),
        ("repeat=daily", "repeat"),
        ("rules.no_gain_sessions=[", "rules.no_gain_sessions"),
        ("rules.noisy_swings=10", "must be fewer"),
        ("reliable_change=8", "no outcome of this plan"),
        ("reliable_change.session-alliance=8", "no outcome of this plan"),
        ("reliable_change.phq-9=0", "above zero"),
        ("reliable_change.phq-9=NaN", "above zero"),
        ("reliable_change.phq-9=much", "above zero"),
    ],
)
def test_what_the_plan_may_not_have_is_refused_by_name(change: str, problem: str):
    with pytest.raises(PlanFileError, match=problem.replace(".", r"\.")):
        changed(change)


def test_every_number_that_a_card_rests_on_is_tried_both_ways():
    tried = list(each_threshold(PLAN))

    assert {"rules.no_gain_sessions=3", "rules.no_gain_sessions=5"} < set(tried)
    assert {"rules.watch_sd=0.5", "rules.watch_sd=1.5"} < set(tried)
    assert {"rules.gap_days=35", "rules.gap_days=49"} < set(tried)
    assert {"reliable_change.gad-7=3", "reliable_change.gad-7=5"} < set(tried)
    assert not any("pair_" in each or "group_" in each for each in tried)


def test_without_a_reliable_change_there_is_none_to_try():
    bare = replace(PLAN.outcome[0], reliable_change=None)

    tried = list(each_threshold(replace(PLAN, outcome=(bare,))))

    assert not any(each.startswith("reliable_change") for each in tried)
    with pytest.raises(PlanFileError):
        changed("reliable_change.session-outcome=3")
