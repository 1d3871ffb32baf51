"""Everything we write, held against R4B, our own rules and the official profiles."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from fhir_mapping.errors import NotValidR4
from fhir_mapping.questionnaire import questionnaire_from_instrument
from fhir_mapping.r4.json import Json, json_bytes
from fhir_mapping.r4.models import checked
from tests.contract.written import everything
from tests.shared_material import shared
from tests.unit.fhir_mapping.material import LIBRARY, PHQ9, official, with_changed

WRITTEN = everything()


def observations():
    return [each for each in WRITTEN if each["resourceType"] == "Observation"]


def elements(profile: Json) -> list[Json]:
    return profile["snapshot"]["element"]


def required_fields(profile: Json) -> set[str]:
    """Top-level elements that a profile wants at least once."""
    return {
        each["path"].split(".")[1].removesuffix("[x]")
        for each in elements(profile)
        if each["min"] > 0 and each["path"].count(".") == 1 and "sliceName" not in each
    }


def us_core_profile(name: str) -> Json:
    folder = shared("spec/us-core/9.0.0/snapshots")
    return official(folder / f"StructureDefinition-us-core-{name}.json")


def has(resource: Json, field: str) -> bool:
    return any(key == field or key.startswith(field) for key in resource)


def test_what_we_write_passes_r4b_and_our_own_rules():
    for resource in WRITTEN:
        assert checked(resource) is resource

    kinds = {each["resourceType"] for each in WRITTEN}
    assert kinds == {
        *("Questionnaire", "CodeSystem"),
        *("Bundle", "QuestionnaireResponse", "Observation", "Task"),
    }
    assert len(WRITTEN) > 100


def test_what_we_write_is_what_is_sent_digit_by_digit():
    for resource in WRITTEN:
        sent = json.loads(json_bytes(resource), parse_float=Decimal)
        assert sent == resource


@pytest.mark.req("UC-01")
def test_scores_items_and_panels_have_what_us_core_s_survey_profile_requires():
    wanted = required_fields(us_core_profile("observation-screening-assessment"))

    assert wanted >= {"status", "category", "code", "subject"}
    for observation in observations():
        assert all(has(observation, field) for field in wanted)
        assert has(observation, "effective")
        says = ("value", "dataAbsentReason", "hasMember")
        assert any(has(observation, field) for field in says)
        first = observation["category"][0]["coding"][0]
        assert first["code"] == "survey"


@pytest.mark.req("UC-05", "SD-20")
def test_responses_have_what_us_core_requires():
    wanted = required_fields(us_core_profile("questionnaireresponse"))
    responses = [
        each for each in WRITTEN if each["resourceType"] == "QuestionnaireResponse"
    ]

    assert wanted >= {"status", "questionnaire", "subject", "authored"}
    assert responses
    for response in responses:
        assert all(has(response, field) for field in wanted)


@pytest.mark.req("UC-04")
def test_a_score_with_a_value_is_a_pco_prom_score():
    file = "spec/pco/1.0.0/StructureDefinition-pco-prom-score-observation.json"
    profile = official(shared(file))
    scores = [
        each
        for each in observations()
        if any("pco-prom" in one for one in each.get("meta", {}).get("profile", []))
    ]

    value = next(
        each
        for each in profile["differential"]["element"]
        if each["path"] == "Observation.value[x]"
    )
    assert [each["code"] for each in value["type"]] == ["Quantity"]
    assert scores
    for score in scores:
        assert score["valueQuantity"]["system"] == "http://unitsofmeasure.org"
        assert score["valueQuantity"]["code"] == "{score}"
        assert "effectiveDateTime" in score


@pytest.mark.req("SD-07", "SD-09")
def test_every_extension_we_write_is_defined_where_we_say():
    folders = [
        shared("spec/fhir-extensions/5.3.0"),
        shared("spec/sdc/4.0.0/extensions"),
    ]
    defined = {
        json.loads(file.read_text(encoding="utf-8"))["url"]
        for folder in folders
        for file in folder.glob("StructureDefinition-*.json")
    }
    ours = "https://rom-on-fhir.example/fhir/StructureDefinition/missing-item"
    # Part of the core extension pack; not among the definitions at hand.
    known_elsewhere = {"http://hl7.org/fhir/StructureDefinition/display"}

    used = set()
    for resource in WRITTEN:
        used |= set(extension_urls(resource))

    assert used - defined - known_elsewhere == {ours}
    assert used & defined


def extension_urls(value):
    match value:
        case dict():
            for key, each in value.items():
                if key == "extension":
                    yield from (one["url"] for one in each if ":" in one["url"])
                yield from extension_urls(each)
        case list():
            for each in value:
                yield from extension_urls(each)


@pytest.mark.req("RW-13")
def test_we_never_send_modifier_extensions_or_implicit_rules():
    for resource in WRITTEN:
        text = json_bytes(resource)
        assert b"modifierExtension" not in text
        assert b"implicitRules" not in text


def test_a_score_holds_no_words_of_the_items():
    words = LIBRARY.wordings["phq-9", "en"].items.values()

    for observation in observations():
        if any(
            each["system"].endswith("/CodeSystem/score")
            for each in observation["code"]["coding"]
        ):
            text = json_bytes(observation).decode()
            assert not any(each in text for each in words)


def test_the_check_itself_can_fail():
    observation = observations()[0]

    for place, value in (("status", "x"), ("subject", {"reference": 5})):
        with pytest.raises(NotValidR4):
            checked(with_changed(observation, place, value))


def test_a_wording_may_hold_any_language():
    german = replace(LIBRARY.wordings["phq-9", "en"], language="de")

    form = questionnaire_from_instrument(PHQ9, german)

    assert form["language"] == "de"
