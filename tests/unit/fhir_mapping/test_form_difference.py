"""What differs between two forms is named, and nothing that differs is missed."""

import copy
import json
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fhir_mapping.form_difference import Difference, form_differences
from fhir_mapping.questionnaire import questionnaire_from_instrument
from fhir_mapping.r4.json import json_bytes
from questionnaires.wording import neutral_wording
from tests.unit.fhir_mapping.material import LIBRARY, PHQ9, with_changed, without

ENGLISH = LIBRARY.wordings["phq-9", "en"]
SPANISH = LIBRARY.wordings["phq-9", "es"]
FORM = questionnaire_from_instrument(PHQ9, ENGLISH, translations=[SPANISH])
LINES = questionnaire_from_instrument(
    LIBRARY.instrument("ors"), neutral_wording(LIBRARY.instrument("ors"))
)
FIRST, SECOND = "/44250-9", "/44255-8"
OPTION = "item[1].answerOption[0]"


def found(place, value):
    """The one difference once the stored form has this at this place."""
    [difference] = form_differences(FORM, with_changed(FORM, place, value))
    return difference


def test_a_form_is_itself():
    assert form_differences(FORM, copy.deepcopy(FORM)) == ()


def test_a_server_s_bookkeeping_is_no_difference():
    stored = json.loads(json_bytes(FORM), parse_float=Decimal)
    stored |= {
        "id": "17",
        "meta": {"versionId": "3", "profile": ["urn:x"]},
        "text": {"status": "generated", "div": "<div/>"},
    }
    stored["extension"] = stored["extension"][::-1]
    stored["item"][1]["answerOption"][0]["extension"].reverse()
    stored["item"][1]["answerOption"][1]["extension"][0]["valueDecimal"] = Decimal(
        "1.0"
    )

    assert form_differences(FORM, stored) == ()


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (
            "item[1].text",
            "Joy",
            Difference("question", FIRST, "Joy", ENGLISH.items[FIRST]),
        ),
        ("item[1].type", "string", Difference("kind", FIRST, "string", "choice")),
        (
            f"{OPTION}.valueCoding.display",
            "Never",
            Difference("label", FIRST, "Never", "Not at all", "LA6568-5"),
        ),
        (
            "title",
            "PHQ",
            Difference("about_form", "title", "PHQ", FORM["title"]),
        ),
        (
            "experimental",
            True,
            Difference("about_form", "experimental", "true", "false"),
        ),
    ],
)
def test_a_difference_says_what_it_is_and_both_values(place, value, expected):
    assert found(place, value) == expected


@pytest.mark.parametrize(
    ("place", "value", "aspect"),
    [
        ("item[1]._text", {"id": "x"}, "translation"),
        ("item[1].code[0].code", "1-8", "codes"),
        ("item[1].enableWhen", [{"question": "x"}], "condition"),
        ("item[1].readOnly", True, "rest_of_item"),
        ("item[1].extension", [], "rest_of_item"),
        (f"{OPTION}.initialSelected", True, "rest_of_item"),
    ],
)
def test_each_aspect_of_an_item_has_its_name(place, value, aspect):
    assert (found(place, value).aspect, found(place, value).place) == (aspect, FIRST)


def test_another_weight_is_a_difference_in_points():
    changed = with_changed(FORM, f"{OPTION}.extension[0].valueDecimal", Decimal(3))
    both = with_changed(changed, f"{OPTION}.extension[1].valueDecimal", Decimal(3))

    [one] = form_differences(FORM, changed)
    [two] = form_differences(FORM, both)

    assert (one.aspect, one.stored, one.ours) == ("points", "3, 0", "0")
    assert (two.stored, two.ours) == ("3", "0")


def test_another_way_to_compute_a_score_is_named():
    last = len(FORM["item"]) - 1
    place = f"item[{last}].extension[1].valueExpression.expression"

    difference = found(place, "1")

    assert (difference.aspect, difference.place) == ("score_rule", "score/total")
    assert difference.stored == "1"


def test_items_and_answers_that_come_and_go_are_named():
    items, options = FORM["item"], FORM["item"][1]["answerOption"]
    fewer = with_changed(FORM, "item", [items[0], *items[2:]])
    less = with_changed(FORM, "item[1].answerOption", options[1:])

    assert [each.aspect for each in form_differences(FORM, fewer)] == ["item_added"]
    assert [each.aspect for each in form_differences(fewer, FORM)] == ["item_removed"]
    assert [each.aspect for each in form_differences(FORM, less)] == ["answer_added"]
    [gone] = form_differences(less, FORM)
    assert (gone.aspect, gone.detail) == ("answer_removed", "LA6568-5")
    assert gone.stored == "Not at all"


def test_another_order_is_a_difference():
    items, options = FORM["item"], FORM["item"][1]["answerOption"]
    swapped = with_changed(FORM, "item", [items[0], items[2], items[1], *items[3:]])
    turned = with_changed(FORM, "item[1].answerOption", options[::-1])

    moved = form_differences(FORM, swapped)
    assert [(each.aspect, each.place) for each in moved] == [
        ("item_moved", FIRST),
        ("item_moved", SECOND),
    ]
    [order] = form_differences(FORM, turned)
    assert order.aspect == "answers_moved"


def test_the_same_items_in_another_nesting_are_not_the_same_form():
    items = LINES["item"]
    line = items[1] | {"item": items[1]["item"][:1]}
    flat = [items[0], line, items[1]["item"][1], *items[2:]]

    assert form_differences(LINES, with_changed(LINES, "item", flat)) == (
        Difference("about_form", "item"),
    )


def test_a_link_id_that_is_stored_twice_is_a_difference():
    items = FORM["item"]

    assert form_differences(FORM, with_changed(FORM, "item", [*items, items[1]]))


def test_what_is_asked_and_how_it_counts_is_meaning_and_a_publisher_is_not():
    assert found("item[1].text", "Joy").changes_meaning
    assert not found("publisher", "Somebody").changes_meaning
    assert not found("item[1]._text", {"id": "x"}).changes_meaning


def places(value, here=""):
    """Every leaf of a resource, as a dotted place."""
    match value:
        case dict():
            for key, each in value.items():
                yield from places(each, f"{here}.{key}".removeprefix("."))
        case list():
            for number, each in enumerate(value):
                yield from places(each, f"{here}[{number}]")
        case _:
            yield here


LEAVES = [
    (form, place)
    for form in (FORM, LINES)
    for place in places(form)
    if place.partition("[")[0].partition(".")[0] not in ("id", "meta", "text")
]


# By number, so that a failure names a leaf and not a whole form; no clock decides.
@settings(deadline=None)
@given(
    st.integers(0, len(LEAVES) - 1), st.sampled_from(["other", False, Decimal("7.5")])
)
def test_whatever_leaf_is_changed_the_difference_is_found(number, value):
    form, place = LEAVES[number]
    changed = with_changed(form, place, value)
    assume(changed != form)

    assert form_differences(form, changed)
    assert form_differences(changed, form)


@pytest.mark.parametrize("field", [each for each in FORM if each not in ("id", "meta")])
def test_whatever_is_missing_is_found(field):
    assert form_differences(FORM, without(FORM, field))
    assert form_differences(without(FORM, field), FORM)
