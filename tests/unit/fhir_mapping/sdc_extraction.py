"""Observation-based extraction as a stranger would do it, from SDC's text alone.

Knows Questionnaire and QuestionnaireResponse, nothing of ours.
Source: HL7 SDC 4.0.0, page "Form Data Extraction", observation-based extraction.
"""

from typing import Any

from fhir_mapping.r4.json import Json

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire"
EXTRACT = f"{SDC}-observationExtract"
CATEGORY = f"{SDC}-observation-extract-category"
UNIT = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"


def extracted(questionnaire: Json, response: Json) -> list[Json]:
    """An Observation for each answer whose item is marked, in the form's order."""
    answers = {
        item["linkId"]: item.get("answer", []) for item in _flat(response.get("item"))
    }
    categories = _values(questionnaire, CATEGORY, "valueCodeableConcept")
    return [
        _observation(item, answer, categories, response)
        for item in _flat(questionnaire["item"])
        if True in _values(item, EXTRACT, "valueBoolean")
        for answer in answers.get(item["linkId"], [])
    ]


def _observation(item: Any, answer: Any, categories: Any, response: Any) -> Json:
    found = {
        "resourceType": "Observation",
        "status": "final",
        "category": categories,
        "code": {"coding": item["code"]},
        "subject": response["subject"],
        "effectiveDateTime": response["authored"],
        "issued": response["authored"],
    }
    [(kind, value)] = [each for each in answer.items() if each[0].startswith("value")]
    units = _values(item, UNIT, "valueCoding")
    if units:
        value = {
            "value": value,
            "unit": units[0]["display"],
            "system": units[0]["system"],
            "code": units[0]["code"],
        }
        kind = "valueQuantity"
    elif kind == "valueCoding":
        kind, value = "valueCodeableConcept", {"coding": [value]}
    return found | {kind: value}


def _flat(items: Any) -> list[Any]:
    return [
        each for item in items or [] for each in (item, *_flat(item.get("item", [])))
    ]


def _values(holder: Any, url: str, key: str) -> list[Any]:
    return [each[key] for each in holder.get("extension", []) if each.get("url") == url]
