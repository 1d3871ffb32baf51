"""Each card that a table for clinicians can give, made again byte for byte."""

from dataclasses import replace
from uuid import uuid4

import pytest

from cds_hooks.card_record import record_bytes, record_from_bytes
from cds_hooks.cards import CardPlace, card
from cds_hooks.rebuilt import changed_since, rebuilt_card, today_says
from clinical.interruptions import Interruption, interruption_of
from clinical.opening import Opening
from clinical.recorded.numbers import Changed
from clinical.recorded.plan_record import plan_from_record, plan_record
from clinical.signals.evidence import rule_of
from server.languages import TRANSLATIONS, read_catalogues, words_without_request
from tests.spec.cases import CASES, PACK
from tests.spec.tables import Given
from vault.card_log import CardRow

CATALOGUES = read_catalogues(TRANSLATIONS)
PLACE = CardPlace(
    "https://rom.example/launch/north",
    "https://rom.example/signals",
    unread=2,
    partial=True,
    waiting=1,
    foreign=frozenset({"phq-9"}),
    other_age=frozenset({"phq-9"}),
)


def cards_in(given: Given) -> list[tuple[Interruption, CardRow, bytes, dict]]:
    """Each speaking signal as a card, whether or not it may interrupt."""
    report, made = given.report(), []
    for signal in report.speaking:
        instrument = given.plan.instrument(signal.instrument_id)
        shown = interruption_of(signal, report, instrument=instrument)
        uuid = str(uuid4())
        said = card(shown, instrument, uuid=uuid, plan=given.plan, place=PLACE)
        row = CardRow(
            uuid=uuid,
            patient_index="",
            cause=shown.cause,
            data_hash=shown.data_hash,
            encounter="e1",
            rule=rule_of(signal),
            level=str(shown.level),
            served=True,
        )
        opening = Opening(
            given.episode,
            today=given.today,
            unread=given.unread,
            plan_reviews=given.plan_reviews,
        )
        kept = record_bytes(
            shown,
            said,
            opening,
            patient="p1",
            plan=given.plan,
            packs=(PACK,),
            since=report.since[signal],
            place=PLACE,
            program="1.2.3",
            heading=None,
        )
        made.append((shown, row, kept, said))
    return made


def again(given: Given, row: CardRow, kept: bytes, *, packs=(PACK,)):
    record = record_from_bytes(kept)
    plan = plan_from_record(plan_record(given.plan))
    with words_without_request(CATALOGUES, record.language):
        return rebuilt_card(
            row, record, inputs=record.inputs(plan), plan=plan, packs=packs
        )


@pytest.mark.parametrize("language", ["en", "de-CH"])
@pytest.mark.parametrize(("name", "given"), CASES, ids=[name for name, _ in CASES])
def test_a_card_is_made_again_byte_for_byte(name, given, language):
    with words_without_request(CATALOGUES, language):
        made = cards_in(given)

    for _, row, kept, said in made:
        found = again(given, row, kept)

        assert found.differences == ()
        assert record_from_bytes(kept).language == language
        assert record_from_bytes(kept).said["summary"] == said["summary"]


def one_of(rule: str):
    """The first card of this rule."""
    with words_without_request(CATALOGUES, "en"):
        return next(
            (given, shown, row, kept)
            for _, given in CASES
            for shown, row, kept, _ in cards_in(given)
            if row.rule == rule
        )


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"data_hash": "0" * 64}, "data_hash"),
        ({"level": "-99"}, "level"),
        ({"cause": "S8|phq-9"}, "cause"),
    ],
)
def test_a_card_that_was_logged_as_something_else_differs(change, what):
    given, _, row, kept = one_of("S2")

    found = again(given, replace(row, **change), kept)

    assert [each.name for each in found.differences] == [what]


def test_another_word_on_the_card_is_told():
    given, _, row, kept = one_of("S2")

    found = again(given, row, kept.replace(b"measurement error", b"error", 1))

    [difference] = found.differences
    assert difference.name == "summary"
    assert "measurement error" in difference.now != difference.then


def test_without_its_norm_pack_the_card_is_not_made_again():
    given, _, row, kept = one_of("S3")

    found = again(given, row, kept, packs=())

    name = PACK.curve.sample.pack_id
    assert found.interruption is None
    assert found.differences == (Changed(f"norm:{name}", PACK.hash, None),)


def test_todays_plan_is_compared_number_by_number():
    given, shown, _, kept = one_of("S4")
    inputs = record_from_bytes(kept).inputs(given.plan)
    rules = replace(given.plan.rules, no_gain_sessions=40)
    today = replace(given.plan, rules=rules)

    changed = changed_since(shown, inputs, then=given.plan, today=today, packs=())

    assert changed == (Changed("rules.no_gain_sessions", "4", "40"),)
    assert today_says(shown, inputs, today=today, packs=()) == "nothing"
    assert today_says(shown, inputs, today=given.plan, packs=()) == "same"


def test_a_form_that_is_defined_otherwise_today_is_named():
    given, shown, _, kept = one_of("S2")
    inputs = record_from_bytes(kept).inputs(given.plan)
    [then] = [
        each
        for each in given.plan.outcome
        if each.id == inputs.sittings[0].instrument_id
    ]
    today = replace(given.plan, outcome=(replace(then, digest="f" * 64),))

    changed = changed_since(shown, inputs, then=given.plan, today=today, packs=())

    assert changed == (Changed(f"definition:{then.id}", then.digest, "f" * 64),)
