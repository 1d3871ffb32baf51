"""Each rule for Questionnaires finds its fault, and none objects to our forms."""

import json

import pytest

from fhir_mapping.questionnaire import questionnaire_from_instrument
from fhir_mapping.r4.questionnaire_rules import broken_form_rules
from tests.shared_material import shared
from tests.unit.fhir_mapping.material import LIBRARY, PHQ9, with_changed, without

CORE = "http://hl7.org/fhir/StructureDefinition"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire"
R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Questionnaire"
FORM = questionnaire_from_instrument(PHQ9, LIBRARY.wordings["phq-9", "en"])


def flag(url):
    return [{"url": url, "valueBoolean": True}]


def control(code):
    concept = {"coding": [{"code": code}]}
    return [
        {"url": f"{CORE}/questionnaire-itemControl", "valueCodeableConcept": concept}
    ]


def expression(url):
    return [{"url": f"{SDC}-{url}", "valueExpression": {"language": "text/fhirpath"}}]


def item(kind, **fields):
    return {"linkId": "x", "type": kind, **fields}


def choice(*options):
    return item("choice", answerOption=list(options))


WEIGHTS = [
    {"url": f"{CORE}/itemWeight", "valueDecimal": 1},
    {"url": f"{CORE}/ordinalValue", "valueDecimal": 2},
]
IS = {"question": "/44250-9", "operator": "=", "answerString": "a"}

# rule: the item that breaks it, in place of the form's third
ITEMS = {
    "que-1": [item("group"), item("display", item=[item("text", linkId="y")])],
    "que-2": [item("text", linkId="/44250-9"), item("text", linkId="")],
    "que-3": [item("display", code=[{"code": "a"}])],
    "que-4": [item("choice", answerOption=[{}], answerValueSet="u|1")],
    "que-5": [item("text", answerOption=[{"valueString": "a"}])],
    "que-6": [item("display", required=False), item("display", repeats=False)],
    "que-7": [item("text", enableWhen=[IS | {"operator": "exists"}])],
    "que-8": [item("display", initial=[{}]), item("group", initial=[{}])],
    "que-9": [item("display", readOnly=False)],
    "que-10": [item("choice", maxLength=5)],
    "que-11": [item("choice", answerOption=[{}], initial=[{}])],
    "que-12": [item("text", enableWhen=[IS, IS])],
    "que-13": [item("text", initial=[{}, {}])],
    "que-14": [item("text", extension=flag(f"{R5}.item.answerConstraint"))],
    "que-15": [item("text", linkId="x" * 256)],
    "item-type": [item("bogus"), {"linkId": "x"}],
    "sdc-1": [choice({}) | {"extension": expression("answerExpression")}],
    "sdc-base-1": [choice({"valueCoding": {"system": "urn:a"}})],
    "sdc-base-2": [choice({"valueCoding": {"code": "a"}})],
    "sdc-base-4": [choice({"valueReference": {}})],
    "sdc-behave-1": [
        item("text", initial=[{}], extension=expression("initialExpression"))
    ],
    "sdc-behave-2": [
        item("text", enableWhen=[IS], extension=expression("enableWhenExpression"))
    ],
    "sdc-behave-3": [item("quantity")],
    "sdc-obsn-1": [item("display", extension=flag(f"{SDC}-observationExtract"))],
    "sdc-rend-1": [
        item("group", item=[item("text", linkId="y", extension=control("page"))])
    ],
    "sdc-rend-2": [item("text", extension=control("page"))],
    "SD-05": [item("choice", answerValueSet="https://e.example/set")],
    "SD-06": [
        choice({"extension": WEIGHTS}),
        choice({"extension": WEIGHTS[:1]}),
        choice({"extension": [*WEIGHTS[:1], *WEIGHTS[:1]]}),
    ],
    "SD-09": [
        item(
            "decimal",
            extension=[{"url": f"{CORE}/questionnaire-sliderStepValue"}],
        )
    ],
    "SD-30": [
        item("text", extension=flag(f"{SDC}-observationExtract")),
        item("choice", extension=[{"url": f"{CORE}/questionnaire-unit"}]),
    ],
    "own-asked-before": [
        item("text", enableWhen=[IS | {"question": "score/total"}]),
        item("text", enableWhen=[IS | {"question": "x"}]),
    ],
    "own-blank-allowed": [item("text", required=True)],
}
CASES = [(rule, each) for rule, items in ITEMS.items() for each in items]

HEADS = {
    "cnl-0": [("name", "phq 9"), ("name", "P")],
    "cnl-1": [("url", "https://a.example/x|1"), ("url", "")],
    "sdc-2": [("extension", [])],
    "sdc-3": [("version", "2024-1"), ("extension[0].valueCoding.code", "date")],
}
HEAD_CASES = [(rule, *each) for rule, cases in HEADS.items() for each in cases]


def rules(form):
    return {each.rule for each in broken_form_rules(form)}


def test_our_form_breaks_no_rule():
    assert list(broken_form_rules(FORM)) == []


@pytest.mark.req("SD-03", "SD-05", "SD-06", "SD-09")
@pytest.mark.parametrize(("rule", "broken"), CASES)
def test_a_planted_fault_of_an_item_is_found(rule, broken):
    assert rule in rules(with_changed(FORM, "item[2]", broken))


@pytest.mark.req("SD-01", "SD-02")
@pytest.mark.parametrize(("rule", "place", "value"), HEAD_CASES)
def test_a_planted_fault_of_the_head_is_found(rule, place, value):
    assert rule in rules(with_changed(FORM, place, value))


@pytest.mark.parametrize(
    "sound",
    [
        item("text", enableWhen=[IS | {"operator": "exists", "answerBoolean": True}]),
        item("choice", answerValueSet="https://e.example/set|1"),
        item("choice", answerValueSet="#set"),
        item("text", initial=[{}, {}], repeats=True),
        item("text", required=False),
        choice({"valueCoding": {"display": "a"}}),
    ],
)
def test_what_only_looks_like_a_fault_is_borne(sound):
    assert rules(with_changed(FORM, "item[2]", sound)) == set()


def test_a_form_without_version_needs_no_algorithm():
    bare = without(without(FORM, "version"), "extension")

    assert rules(bare) == set()


def test_every_rule_of_sdc_s_questionnaire_profiles_has_a_case_here():
    kept = {"que", "sdc", "cnl"}
    # Of other kinds of forms: looked up, mapped or assembled ones.
    elsewhere = {"sdc-pop-1", "sdc-pop-2", "que-0", "que-1a", "que-1b", "que-1c"}
    profiles = shared("spec/sdc/4.0.0/profiles").glob("*-sdc-questionnaire*.json")

    keys = {
        constraint["key"]
        for profile in map(json.loads, (each.read_text("utf-8") for each in profiles))
        if profile["type"] == "Questionnaire"
        for element in profile["snapshot"]["element"]
        for constraint in element.get("constraint", [])
        if constraint["key"].partition("-")[0] in kept
    }

    assert len(keys) > 20
    assert keys - elsewhere - set(ITEMS) - set(HEADS) == set()
