"""Every signal of every table for clinicians, raised again from what was recorded."""

import json
from typing import get_args

import pytest

from clinical.interruptions import interruption_of
from clinical.norms.pack import NormPack, hashed
from clinical.recorded.inputs import inputs_from_json, inputs_json, raised_again
from clinical.recorded.plan_record import plan_from_record, plan_record
from clinical.signals.evidence import rule_of
from clinical.signals.kinds import (
    OutsideBand,
    ReliablyWorse,
    SafetyAnswer,
    SpeakingSignal,
)
from tests.instruments import ITEM_9
from tests.norm_packs import pack
from tests.spec.cases import CASES, PACK
from tests.spec.tables import Given, given_by


def recorded(given: Given, signal, report, packs: tuple[NormPack, ...] = (PACK,)):
    return inputs_json(
        signal,
        given.episode,
        given.plan,
        since=report.since[signal],
        today=given.today,
        unread=given.unread,
        plan_reviews=given.plan_reviews,
        packs=packs,
    )


def of_kind(report, kind):
    return next(each for each in report.speaking if isinstance(each, kind))


def rebuilt(given: Given, signal, report, packs: tuple[NormPack, ...] = (PACK,)):
    """Through bytes, as the vault keeps them, with the plan as it was recorded."""
    told = json.dumps(recorded(given, signal, report, packs))
    plan = plan_from_record(plan_record(given.plan))
    instrument = plan.instrument(signal.instrument_id)
    first = interruption_of(signal, report, instrument=instrument)
    inputs = inputs_from_json(json.loads(told), plan)
    return first, raised_again(inputs, plan, cause=first.cause, packs=packs)


@pytest.mark.parametrize(("name", "given"), CASES, ids=[name for name, _ in CASES])
def test_a_signal_is_raised_again_from_its_recorded_inputs(name, given):
    report = given.report()

    for signal in report.speaking:
        first, again = rebuilt(given, signal, report)

        assert again == first, type(signal).__name__


def test_the_tables_raise_every_signal_there_is():
    raised = {type(each) for _, given in CASES for each in given.report().speaking}

    assert raised == set(get_args(SpeakingSignal))


def test_of_answers_only_the_item_of_the_safety_card_is_recorded():
    given = given_by("session | phq-9\n 1 | 2 2 1 1 1 2 1 2 1")
    report = given.report()

    told = recorded(given, of_kind(report, SafetyAnswer), report)

    assert told["answers"] == {"0": {ITEM_9: "1"}}


def test_where_the_rule_reads_scores_no_answer_is_recorded():
    given = given_by("session | phq-9\n 1 | 9\n 2 | 2 2 2 2 2 2 2 2 2")
    report = given.report()

    told = recorded(given, of_kind(report, ReliablyWorse), report)

    assert (told["answers"], told["score"]) == ({}, ["9", "18"])


def test_without_its_pack_a_band_is_not_rebuilt_with_another():
    given = next(
        each
        for _, each in CASES
        if each.norms and "S3" in map(rule_of, each.report().speaking)
    )
    report = given.report()
    signal = of_kind(report, OutsideBand)
    other = hashed(pack(version="2.0.0"))

    inputs = inputs_from_json(recorded(given, signal, report), given.plan)

    assert [each.sha256 for each in inputs.norms] == [PACK.hash]
    assert raised_again(inputs, given.plan, cause="S3|phq-9", packs=(PACK,)) is not None
    assert raised_again(inputs, given.plan, cause="S3|phq-9", packs=(other,)) is None
