"""A pack with many mistakes: the clinic mends them all after one look."""

from dataclasses import replace

import pytest

from questionnaires.packs.check import pack_problems
from tests.unit.questionnaires.test_completion import COMPLETION, WORDING
from tests.unit.questionnaires.test_pack import (
    DEFINITIONS,
    TODAY,
    choices_pack,
    pack,
    problems,
    turned_pack,
)

UNKNOWN = "x = 1\ny = 1\n"


def with_unknown(text, *tables):
    """The file with two keys that nobody knows at its top and in each of these."""
    for name in tables:
        assert text.count(f"[{name}]\n") == 1
        text = text.replace(f"[{name}]\n", f"[{name}]\n{UNKNOWN}")
    return UNKNOWN + text


def without(text, table, *keys):
    """The file without these lines of one of its tables ("" is its top)."""
    at = text.index(f"[{table}]\n") if table else 0
    inside, following, rest = text[at:].partition("\n[")
    lines = inside.splitlines()
    kept = [line for line in lines if line.partition(" =")[0] not in keys]
    assert len(kept) == len(lines) - len(keys)
    return text[:at] + "\n".join(kept) + following + rest


def keys_of(found):
    return {key for _, key in found}


def test_each_key_that_nobody_knows_is_named_in_every_table():
    instrument = with_unknown(COMPLETION, "licence", "cutoff", "rci")
    wording = with_unknown(WORDING, "items", "anchors")

    found = problems(pack(instrument, en=wording))

    assert set(found) - {("instrument.toml", "wording_sha256.en")} == {
        (file, f"{table}{key}")
        for file, tables in (
            ("instrument.toml", ("", "licence.", "cutoff.", "rci.")),
            ("wording.en.toml", ("", "items.", "anchors.")),
        )
        for table in tables
        for key in ("x", "y")
    }


def test_each_key_that_nobody_knows_is_named_among_the_turned_items():
    found = problems(
        turned_pack("[reversed]\n", f"[reversed]\n{UNKNOWN}"), instrument_id="oq-30-2"
    )

    assert keys_of(found) == {"reversed.x", "reversed.y"}


def test_each_answer_and_list_that_the_form_does_not_have_is_named():
    head = "[choices.quality]\n"
    more = f'[choices.b]\n1 = "w"\n[choices.a]\n1 = "w"\n{head}8 = "w"\n9 = "w"\n'

    found = problems(choices_pack(**{head: more}), instrument_id="session-outcome")

    assert keys_of(found) == {
        "choices.a",
        "choices.b",
        "choices.quality.8",
        "choices.quality.9",
    }


def test_each_label_for_no_number_is_named():
    words = {'\n0 = "': '\nnone = "', '\n1 = "': '\none = "'}

    found = pack_problems(
        choices_pack(**words),
        DEFINITIONS["session-outcome"],
        shipped_languages=(),
        today=TODAY,
    )

    assert {each.key: each.problem for each in found} == {
        f"choices.{name}.{key}": problem
        for name in ("quality", "ease")
        for key, problem in (
            ("0", "is missing; add it"),
            ("1", "is missing; add it"),
            ("none", "must be the points of an answer"),
            ("one", "must be the points of an answer"),
        )
    }


def test_a_wording_of_another_form_version_and_language_is_told_all_three():
    wording = (
        WORDING.replace('"ors"', '"srs"')
        .replace('"1.0.0"', '"2.0.0"')
        .replace('"en"', '"de"')
    )

    found = problems(pack(en=wording))

    assert {key for file, key in found if file == "wording.en.toml"} == {
        "instrument",
        "version",
        "language",
    }


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("licence", ["holder", "reference", "valid_until"]),
        ("cutoff", ["value", "population", "evidence", "entered_by", "entered_on"]),
        ("cutoff", ["operator", "source", "entered_by"]),
        ("rci", ["value", "method", "evidence", "entered_by", "entered_on"]),
        ("rci", ["operator", "source", "entered_on"]),
    ],
)
def test_all_that_a_table_of_the_clinics_lacks_is_named(table, keys):
    found = keys_of(problems(pack(without(COMPLETION, table, *keys))))

    assert found == {f"{table}.{each}" for each in keys}


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        (
            "",
            ["title", "introduction", "source", "translator", "validation", "notice"],
        ),
        ("", ["instrument", "version", "language", "numbers_apply"]),
        ("items", ["o1", "o2", "o4"]),
        ("anchors", ["o1", "o2", "o4"]),
    ],
)
def test_all_that_a_wording_lacks_is_named(table, keys):
    found = problems(pack(en=without(WORDING, table, *keys)))

    place = f"{table}." if table else ""
    assert {key for file, key in found if file == "wording.en.toml"} == {
        f"{place}{each}" for each in keys
    }


def test_each_pair_of_ends_is_two_texts():
    wording = WORDING
    for line, ends in (("o1", '["l"]'), ("o2", '["l", "m", "r"]'), ("o4", "[]")):
        wording = wording.replace(f'{line} = ["l", "r"]', f"{line} = {ends}")

    found = problems(pack(en=wording))

    assert {key for file, key in found if file == "wording.en.toml"} == {
        "anchors.o1",
        "anchors.o2",
        "anchors.o4",
    }


def test_an_item_whose_answers_cannot_be_turned_around_is_not_named_as_turned():
    ours = DEFINITIONS["oq-30-2"]
    [first, *others] = ours.instrument.items
    uneven = replace(first, options=(*first.options[:3], first.options[4]))
    instrument = replace(ours.instrument, items=(uneven, *others))

    found = pack_problems(
        turned_pack(),
        replace(ours, instrument=instrument),
        shipped_languages=(),
        today=TODAY,
    )

    assert "items[0].reverse" in [each.key for each in found]
