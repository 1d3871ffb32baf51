"""Questionnaires generated from instruments, and the structure of any form."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from fhir_mapping.calculated_score import expression_from_score
from fhir_mapping.errors import NotValidR4, UnreadableResource
from fhir_mapping.form_structure import (
    structure_from_questionnaire,
    structure_of_instrument,
)
from fhir_mapping.questionnaire import questionnaire_from_instrument
from fhir_mapping.r4.models import checked
from questionnaires.instrument import AskIf, Wording
from questionnaires.wording import neutral_wording
from tests.shared_material import shared
from tests.unit.fhir_mapping.material import (
    ALLIANCE,
    LIBRARY,
    PHQ9,
    official,
    with_changed,
    without,
)

WORDED = sorted({key[0] for key in LIBRARY.wordings})
HIDDEN = "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden"


def english(instrument_id: str) -> Wording:
    return LIBRARY.wordings[instrument_id, "en"]


def phq9():
    return questionnaire_from_instrument(PHQ9, english("phq-9"))


def invented(instrument_id: str) -> Wording:
    """Words for a form whose real ones are licensed."""
    items = LIBRARY.instrument(instrument_id).items
    return replace(
        english("phq-9"),
        instrument_id=instrument_id,
        items={item.link_id: f"Line {item.link_id}" for item in items},
        options={},
        anchors={item.link_id: ("left", "right") for item in items},
    )


@pytest.mark.parametrize("instrument_id", WORDED)
def test_the_structure_of_a_generated_form_is_the_instrument_s(instrument_id):
    instrument = LIBRARY.instrument(instrument_id)

    form = questionnaire_from_instrument(instrument, english(instrument_id))

    assert structure_from_questionnaire(form) == structure_of_instrument(instrument)


@pytest.mark.req("SD-01", "SD-02", "SD-16")
def test_a_form_states_its_version_and_who_owns_the_words():
    form = phq9()

    assert form["url"] == PHQ9.canonical
    assert form["version"] == PHQ9.version
    assert form["extension"][0]["valueCoding"]["code"] == "semver"
    assert (form["status"], form["experimental"]) == ("active", False)
    assert "Pfizer" in form["copyright"]


def test_a_form_that_is_not_validated_is_experimental():
    form = questionnaire_from_instrument(ALLIANCE, english(ALLIANCE.id))

    assert form["experimental"] is True


@pytest.mark.req("SD-06")
def test_each_option_carries_both_weights_and_they_are_equal():
    for item in phq9()["item"]:
        for option in item.get("answerOption", []):
            weights = [each["valueDecimal"] for each in option["extension"]]
            assert len(weights) == 2
            assert weights[0] == weights[1]


@pytest.mark.req("SD-07", "SD-08")
def test_the_total_is_hidden_read_only_and_computed_at_any_depth():
    total = phq9()["item"][-1]

    assert total["readOnly"] is True
    assert total["extension"][0] == {"url": HIDDEN, "valueBoolean": True}
    expression = total["extension"][1]["valueExpression"]["expression"]
    assert "%resource.repeat(item)" in expression
    assert "%resource.item" not in expression
    assert ".count() >= 7" in expression  # two blanks are borne
    assert "/69722-7" not in expression  # difficulty is not scored


def test_the_expression_of_a_strict_score_wants_every_item():
    expression = expression_from_score(ALLIANCE.total, ALLIANCE)

    assert re.search(r"\.count\(\) = 4,", expression)


def test_a_strict_mean_divides_by_the_number_of_items():
    rule = replace(ALLIANCE.total, op="mean")

    expression = expression_from_score(rule, ALLIANCE)

    assert ".sum() / 4).round(6)" in expression


def test_items_worth_the_same_are_looked_up_at_once():
    expression = expression_from_score(PHQ9.total, PHQ9)

    assert expression.count("repeat(item)") == 3  # enough, sum, number
    assert "'|/44250-9|/44255-8|" in expression


def test_a_link_id_that_holds_the_separator_is_never_taken_for_its_parts():
    first, second, *others = ALLIANCE.items
    odd = replace(first, link_id="a|b")
    form = replace(ALLIANCE, items=(odd, second, *others))
    rule = replace(ALLIANCE.total, link_ids=("a|b", second.link_id))

    expression = expression_from_score(rule, form)

    assert "linkId in ('a|b' | 'a2')" in expression


@pytest.mark.req("SD-09")
def test_a_line_is_a_slider_of_whole_millimetres_with_its_ends():
    ors = LIBRARY.instrument("ors")

    form = questionnaire_from_instrument(ors, invented("ors"))

    line = form["item"][1]
    values = [each["valueInteger"] for each in line["extension"][1:4]]
    assert line["type"] == "integer"
    assert values == [1, 0, 100]
    assert [each["text"] for each in line["item"]] == ["left", "right"]
    assert structure_from_questionnaire(form) == structure_of_instrument(ors)
    assert (
        "$this * 0.1"
        in form["item"][-1]["extension"][1]["valueExpression"]["expression"]
    )


def test_reversed_items_are_turned_and_means_are_means():
    first, *others = PHQ9.items
    turned = replace(PHQ9, items=(replace(first, reverse=True), *others))
    rule = replace(PHQ9.total, op="mean", factor=Decimal(2), rounding="half_up")

    expression = expression_from_score(rule, turned)

    assert "3 - weight()" in expression
    assert ".combine(" in expression
    assert ".sum() / " in expression
    assert "* 2).round(0)" in expression


def test_a_reversed_line_is_turned():
    ors = LIBRARY.instrument("ors")
    items = tuple(replace(each, reverse=True) for each in ors.items)

    expression = expression_from_score(ors.total, replace(ors, items=items))

    assert "10.0 - $this * 0.1" in expression


@pytest.mark.req("SD-10")
def test_other_languages_stand_beside_the_main_one():
    german = replace(
        english("phq-9"),
        language="de",
        title="Gesundheitsfragebogen",
        introduction=" ",
    )

    form = questionnaire_from_instrument(PHQ9, english("phq-9"), translations=[german])

    translation = form["_title"]["extension"][0]["extension"]
    assert translation[0] == {"url": "lang", "valueCode": "de"}
    assert translation[1]["valueString"] == "Gesundheitsfragebogen"
    assert "_text" not in form["item"][0]
    assert "_display" in form["item"][1]["answerOption"][0]["valueCoding"]


@pytest.mark.req("SD-16")
def test_a_form_says_what_it_measures_since_when_and_for_whom():
    form = phq9()

    assert form["description"] == PHQ9.measures
    assert form["effectivePeriod"] == {"start": PHQ9.effective.isoformat()}
    assert form["date"] == PHQ9.effective.isoformat()
    assert form["publisher"] == "ROM on FHIR"
    assert "purpose" not in form
    [ages] = form["useContext"]
    assert ages["code"]["code"] == "age"
    assert ages["valueRange"]["low"]["value"] == PHQ9.age_min
    assert form["extension"][1]["valueString"] == PHQ9.licence.holder


def test_the_name_of_an_owner_that_is_too_long_for_a_label_is_left_out():
    long = replace(PHQ9, licence=replace(PHQ9.licence, holder="x" * 50))

    form = questionnaire_from_instrument(long, english("phq-9"))

    assert "x" * 50 not in str(form)


def test_no_item_is_required():
    assert [each for each in phq9()["item"] if "required" in each] == []


def test_a_score_has_a_neutral_text_should_a_renderer_show_it():
    assert phq9()["item"][-1]["text"] == "PHQ-9: total"


def test_a_skeleton_is_a_draft_that_says_what_the_clinic_must_add():
    ors = LIBRARY.instrument("ors")

    form = questionnaire_from_instrument(ors, neutral_wording(ors))

    assert form["status"] == "draft"
    assert "structure only" in form["title"]
    assert form["purpose"].endswith(ors.licence.site_adds)
    assert form["item"][1]["text"] == "Item 1"
    prompts = [
        each["valueString"]
        for each in form["item"][1]["extension"]
        if each["url"].endswith("/entryFormat")
    ]
    assert prompts == ["0-100"]
    assert structure_from_questionnaire(form) == structure_of_instrument(ors)


def test_a_question_that_is_asked_after_another_answer_says_after_which():
    gate, *others = PHQ9.items
    rule = AskIf(gate.link_id, Decimal(2), PHQ9.total.source)
    asked = replace(PHQ9, items=(gate, replace(others[0], ask_if=rule), *others[1:]))

    form = questionnaire_from_instrument(asked, english("phq-9"))

    item = form["item"][2]
    codes = [each["answerCoding"]["code"] for each in item["enableWhen"]]
    assert codes == ["LA6570-1", "LA6571-9"]
    assert {each["operator"] for each in item["enableWhen"]} == {"="}
    assert item["enableBehavior"] == "any"
    assert structure_from_questionnaire(form) == structure_of_instrument(asked)


def test_a_question_asked_after_a_line_says_from_which_millimetre_on():
    ors = LIBRARY.instrument("ors")
    gate, second, *others = ors.items
    rule = AskIf(gate.link_id, Decimal("2.5"), ors.total.source)
    asked = replace(ors, items=(gate, replace(second, ask_if=rule), *others))

    form = questionnaire_from_instrument(asked, neutral_wording(asked))

    assert form["item"][2]["enableWhen"] == [
        {"question": gate.link_id, "operator": ">=", "answerInteger": 25}
    ]


def shorter(**changes):
    """The PHQ-9 without its ninth item, derived from it."""
    kept = tuple(each for each in PHQ9.items if each.link_id != "/44260-8")
    links = tuple(each for each in PHQ9.total.link_ids if each != "/44260-8")
    return replace(
        PHQ9,
        id="short",
        canonical="https://rom-on-fhir.example/fhir/Questionnaire/short",
        derived_from=(PHQ9.canonical,),
        items=kept,
        scores=(replace(PHQ9.total, link_ids=links),),
        **changes,
    )


def derived(form):
    [extension] = form["_derivedFrom"][0]["extension"]
    return form["derivedFrom"], extension["valueCoding"]["code"]


@pytest.mark.req("SD-15", "SD-05")
def test_a_form_with_fewer_items_complies_with_the_one_it_was_derived_from():
    form = questionnaire_from_instrument(shorter(), english("phq-9"), bases=[PHQ9])

    assert derived(form) == ([f"{PHQ9.canonical}|{PHQ9.version}"], "compliesWith")


def test_a_form_with_more_items_extends_the_one_it_was_derived_from():
    base = shorter()
    longer = replace(PHQ9, derived_from=(base.canonical,))

    form = questionnaire_from_instrument(longer, english("phq-9"), bases=[base])

    assert derived(form) == ([f"{base.canonical}|{base.version}"], "extends")


def test_a_form_with_other_answers_is_only_inspired_by_its_base():
    first, *others = shorter().items
    fewer = replace(first, options=first.options[:2])
    changed = replace(shorter(), items=(fewer, *others))

    form = questionnaire_from_instrument(changed, english("phq-9"), bases=[PHQ9])

    assert derived(form)[1] == "inspiredBy"


def test_the_lines_of_another_form_are_not_the_same_lines():
    ors = LIBRARY.instrument("ors")
    twin = replace(
        ors, id="twin", derived_from=(ors.canonical,), canonical="https://a.example/t"
    )
    items = tuple(replace(each, codings=()) for each in ors.items)

    form = questionnaire_from_instrument(
        replace(twin, items=items), neutral_wording(ors), bases=[ors]
    )

    assert derived(form)[1] == "inspiredBy"


def test_of_a_base_that_is_not_at_hand_only_the_address_is_said():
    form = questionnaire_from_instrument(shorter(), english("phq-9"))

    assert form["derivedFrom"] == [PHQ9.canonical]
    assert "_derivedFrom" not in form


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("item[2].linkId", "/44250-9", "item[2].linkId"),
        ("name", "phq 9", "name"),
        ("url", "https://a.example/x|1", "url"),
        ("status", "final", "status"),
        ("item[1].type", "bogus", "item[1].type"),
        ("item[1].type", "group", "item[1].item"),
        ("item[0].required", True, "item[0]"),
        ("item[1].answerValueSet", "urn:x", "item[1].answerOption"),
    ],
)
@pytest.mark.req("SD-02", "SD-03")
def test_a_form_that_breaks_a_rule_is_refused(place, value, named):
    with pytest.raises(NotValidR4) as caught:
        checked(with_changed(phq9(), place, value))

    assert named in caught.value.places


def test_us_core_s_phq9_offers_what_ours_offers():
    folder = shared("spec/us-core/9.0.0/examples")

    theirs = structure_from_questionnaire(
        official(folder / "Questionnaire-phq-9-example.json")
    )

    ours = structure_of_instrument(PHQ9)
    assert theirs.computed == ours.computed
    assert {each.link_id for each in theirs.items} == {
        each.link_id for each in ours.items
    }
    scored = [each for each in ours.items if each.link_id != "/69722-7"]
    assert [each for each in theirs.items if each.link_id != "/69722-7"] == scored


def test_every_official_questionnaire_is_read_or_reported_with_its_place():
    files = [
        *shared("spec/fhir-examples").glob("questionnaire-*.json"),
        *shared("spec/sdc").rglob("Questionnaire-*.json"),
    ]

    read, places = 0, []
    for file in files:
        try:
            structure_from_questionnaire(official(file))
            read += 1
        except UnreadableResource as error:
            places.append(error.place)

    assert len(files) >= 10
    assert read > 0
    assert all(places)
    print(f"official Questionnaires: {read} read, {len(places)} reported")


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("resourceType", "Library", "resourceType"),
        ("url", 5, "url"),
        ("version", 5, "version"),
        ("item", {}, "item"),
        ("item[0]", "x", "item[0]"),
        ("item[1].linkId", "", "item[1].linkId"),
        ("item[1].code", {}, "item[1].code"),
        ("item[1].code", [{"code": "x"}], "item[1].code"),
        ("item[1].type", "date", "item[1].type"),
        ("item[1].modifierExtension", [{}], "item[1].modifierExtension"),
        ("item[1].answerOption", [], "item[1].answerOption"),
        ("item[1].answerOption[0]", 5, "item[1].answerOption[0].valueCoding"),
    ],
)
def test_a_form_we_cannot_offer_is_reported_at_its_place(place, value, named):
    with pytest.raises(UnreadableResource) as caught:
        structure_from_questionnaire(with_changed(phq9(), place, value))

    assert caught.value.place == named


def test_an_option_may_carry_its_weight_inside_its_coding_or_none():
    form = phq9()
    option = form["item"][1]["answerOption"][0]
    inside = {"valueCoding": option["valueCoding"] | {"extension": option["extension"]}}
    odd = {"valueCoding": option["valueCoding"], "extension": "odd"}

    weighed = structure_from_questionnaire(
        with_changed(form, "item[1].answerOption[0]", inside)
    )
    bare = structure_from_questionnaire(
        with_changed(form, "item[1].answerOption[0]", odd)
    )

    assert weighed.items[0].options[0].weight == 0
    assert bare.items[0].options[0].weight is None


def test_a_form_without_version_is_read():
    assert structure_from_questionnaire(without(phq9(), "version")).version == ""
