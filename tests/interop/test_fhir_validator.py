"""The HL7 validator's core, as HAPI packs it, sees the faults we plant.

One run holds all of them: starting the validator costs far more than a resource.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.interop.validator.validate import Report, ValidatorFailed, validate
from tests.shared_material import shared

pytestmark = pytest.mark.interop

Json = dict[str, Any]

QUESTIONNAIRE = "Questionnaire-phq-9-example.json"
RESPONSE = "QuestionnaireResponse-phq-9-example.json"
TOTAL = "Observation-PHQ9-item-example-44261-6.json"
PCO_SCORE = "http://hl7.org/fhir/us/pco/StructureDefinition/pco-prom-score-observation"

# The official Questionnaire names an algorithm of R5 by a code system that R4 lacks.
LISTED = {(QUESTIONNAIRE, "Terminology_TX_System_Unknown")}


def with_quantity(total: Json, *, system: str = "http://unitsofmeasure.org") -> None:
    del total["valueString"]
    total["valueQuantity"] = {"value": 12, "system": system, "code": "{score}"}


def as_pco_score(total: Json) -> None:
    total["meta"]["profile"] = [PCO_SCORE]


def as_pco_quantity(total: Json) -> None:
    as_pco_score(total)
    with_quantity(total)


def repeated_link_id(questionnaire: Json) -> None:
    questionnaire["item"][1]["linkId"] = questionnaire["item"][0]["linkId"]


def not_offered(response: Json) -> None:
    response["item"][0]["answer"][0]["valueCoding"]["code"] = "LA0000-0"


def without(key: str) -> Callable[[Json], None]:
    def remove(resource: Json) -> None:
        del resource[key]

    return remove


def having(key: str, value: object) -> Callable[[Json], None]:
    def change(resource: Json) -> None:
        resource[key] = value

    return change


FAULTS: dict[str, tuple[str, Callable[[Json], None], str]] = {
    # name: (the official example, the change, part of the rule that must object)
    "link id twice": (QUESTIONNAIRE, repeated_link_id, "que-2"),
    "Questionnaire status": (QUESTIONNAIRE, having("status", "bogus"), "TX_NoValid"),
    "Observation status": (TOTAL, having("status", "bogus"), "TX_NoValid"),
    "response status": (RESPONSE, having("status", "bogus"), "TX_NoValid"),
    "no subject": (TOTAL, without("subject"), "VAL_Profile_Minimum"),
    "no authored": (RESPONSE, without("authored"), "VAL_Profile_Minimum"),
    "no value": (TOTAL, without("valueString"), "us-core-2"),
    "no survey category": (TOTAL, having("category", []), "VAL_Profile_Minimum"),
    "unit not UCUM": (
        TOTAL,
        lambda total: with_quantity(total, system="https://e.example"),
        "us-core-3",
    ),
    "score as text": (TOTAL, as_pco_score, "Extension_PROF_Type"),
    "no such day": (TOTAL, having("effectiveDateTime", "2026-13-40"), "DateTime_Valid"),
    "time without zone": (
        TOTAL,
        having("effectiveDateTime", "2026-11-01T10:00:00"),
        "Primitive_Regex",
    ),
    "narrative namespace": (
        TOTAL,
        having("text", {"status": "generated", "div": "<div>x</div>"}),
        "XHTML_NS",
    ),
    "unknown profile": (
        TOTAL,
        having("meta", {"profile": ["https://e.example/none"]}),
        "Validation_VAL_Profile_Unknown",
    ),
    "answer not offered": (RESPONSE, not_offered, "QR_Item_NoCoding"),
}

# Structural findings carry no rule name; their words are all there is.
FAULTS_BY_WORDS: dict[str, tuple[str, Callable[[Json], None], str]] = {
    "two values": (TOTAL, having("valueInteger", 12), "Unrecognized property"),
    "unknown field": (TOTAL, having("invented", 1), "Unrecognized property"),
    "empty list": (TOTAL, having("note", []), "Array cannot be empty"),
}

SOUND: dict[str, tuple[str, Callable[[Json], None]]] = {
    "score as PCO wants it": (TOTAL, as_pco_quantity),
    "response as it is": (RESPONSE, having("status", "completed")),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """What the validator says of the official examples and of our changes to them."""
    examples = shared("spec/us-core/9.0.0/examples")
    folder = tmp_path_factory.mktemp("resources")
    for official in examples.glob("*.json"):
        (folder / official.name).write_bytes(official.read_bytes())
    changes = {
        name: (example, change)
        for name, (example, change, _) in (FAULTS | FAULTS_BY_WORDS).items()
    }
    for name, (example, change) in (changes | SOUND).items():
        resource = copy.deepcopy(json.loads((examples / example).read_bytes()))
        change(resource)
        (folder / f"{name}.json").write_text(json.dumps(resource), encoding="utf-8")
    profiles = [
        shared("spec/us-core/9.0.0"),
        shared("spec/sdc/4.0.0"),
        shared("spec/pco/1.0.0"),
        shared("spec/fhir-extensions/5.3.0"),
    ]
    return {report.file: report for report in validate(folder, profiles)}


def test_the_official_phq_9_examples_are_valid_but_for_what_is_listed(
    reports: dict[str, Report],
) -> None:
    examples = shared("spec/us-core/9.0.0/examples").glob("*.json")

    errors = {
        (name, error.id)
        for name in [path.name for path in examples]
        for error in reports[name].errors
    }

    assert errors == LISTED


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(reports: dict[str, Report], name: str) -> None:
    rule = FAULTS[name][2]

    objections = [error.id for error in reports[f"{name}.json"].errors]

    assert any(rule in objection for objection in objections), objections


@pytest.mark.parametrize("name", FAULTS_BY_WORDS)
def test_a_planted_fault_of_structure_is_found(
    reports: dict[str, Report], name: str
) -> None:
    words = FAULTS_BY_WORDS[name][2]

    objections = [error.message for error in reports[f"{name}.json"].errors]

    assert any(words in objection for objection in objections), objections


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_change_is_not_objected_to(
    reports: dict[str, Report], name: str
) -> None:
    assert reports[f"{name}.json"].errors == ()


def test_a_response_is_held_against_the_questionnaire_it_names(
    reports: dict[str, Report],
) -> None:
    rules = {issue.id for issue in reports[RESPONSE].issues}

    assert "Questionnaire_QR_Q_NotFound" not in rules


def test_a_code_of_loinc_is_reported_as_unchecked_and_not_passed_in_silence(
    reports: dict[str, Report],
) -> None:
    unchecked = [
        issue for issue in reports[TOTAL].issues if "http://loinc.org" in issue.message
    ]

    assert {issue.severity for issue in unchecked} == {"warning"}


def test_a_file_that_is_no_json_ends_the_run_with_words(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")

    with pytest.raises(ValidatorFailed, match="0 of 1 resources"):
        validate(tmp_path)
