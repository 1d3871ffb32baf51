"""Every signal of every table for clinicians, raised again from what was recorded."""

import importlib
import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from clinical.interruptions import interruption_of
from clinical.norms.pack import NormPack, hashed
from clinical.recorded.inputs import inputs_from_json, inputs_json, raised_again
from clinical.recorded.plan_record import plan_from_record, plan_record
from clinical.signals.band import NormKey
from clinical.signals.evidence import rule_of
from clinical.signals.kinds import (
    OutsideBand,
    ReliablyWorse,
    SafetyAnswer,
    SpeakingSignal,
)
from tests.instruments import ITEM_9, PHQ9
from tests.norm_packs import pack
from tests.spec import tables
from tests.spec.tables import Given, given_by

PACK = hashed(pack())
SPEC = Path(tables.__file__).parent


def _given() -> Iterator[tuple[str, Given]]:
    """What each table of `tests/spec` gives, by the name of its test."""
    for file in sorted(SPEC.glob("test_*.py")):
        module = importlib.import_module(f"tests.spec.{file.stem}")
        for name, test in vars(module).items():
            if not name.startswith("test_"):
                continue
            if list(inspect.signature(test).parameters) != ["signal_spec"]:
                continue
            calls: list[Given] = []

            def keep(table: str, *, calls: list[Given] = calls, **more: object) -> None:
                known = ("today", "unread", "beside")
                found = given_by(table, **{n: more[n] for n in known if n in more})  # type: ignore[arg-type]
                calls.append(found)

            test(signal_spec=keep)
            for found in calls:
                yield f"{file.stem}::{name}", found


def _with_pack(given: Given) -> Given:
    """The invented norm of the tables as a pack, where the table has it."""
    key = NormKey("phq-9", PHQ9.version, "en", "self")
    return replace(given, norms={key: PACK.curve} if key in given.norms else {})


CASES = list(_given())


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
    given = _with_pack(given)
    report = given.report()

    for signal in report.speaking:
        first, again = rebuilt(given, signal, report)

        assert again == first, type(signal).__name__


def test_the_tables_raise_every_signal_there_is():
    raised = {
        type(each) for _, given in CASES for each in _with_pack(given).report().speaking
    }

    assert raised == set(get_args(SpeakingSignal))


def test_of_answers_only_the_item_of_the_safety_card_is_recorded():
    given = given_by("session | phq-9\n 1 | 2 2 1 1 1 2 1 2 1")
    report = given.report()

    told = recorded(given, of_kind(report, SafetyAnswer), report)

    assert [row[4] for row in told["sittings"]] == [{ITEM_9: "1"}]


def test_where_the_rule_reads_scores_no_answer_is_recorded():
    given = given_by("session | phq-9\n 1 | 9\n 2 | 2 2 2 2 2 2 2 2 2")
    report = given.report()

    told = recorded(given, of_kind(report, ReliablyWorse), report)

    assert [len(row) for row in told["sittings"]] == [4, 4]


def test_without_its_pack_a_band_is_not_rebuilt_with_another():
    given = next(
        _with_pack(each)
        for _, each in CASES
        if each.norms and "S3" in map(rule_of, _with_pack(each).report().speaking)
    )
    report = given.report()
    signal = of_kind(report, OutsideBand)
    other = hashed(pack(version="2.0.0"))

    inputs = inputs_from_json(recorded(given, signal, report), given.plan)

    assert [each.sha256 for each in inputs.norms] == [PACK.hash]
    assert raised_again(inputs, given.plan, cause="S3|phq-9", packs=(PACK,)) is not None
    assert raised_again(inputs, given.plan, cause="S3|phq-9", packs=(other,)) is None
