"""Systems, codes and extension addresses, each written once.

Ours stand below one canonical base, a reserved name until the product owns a domain.
"""

from typing import Final

from fhir_mapping.r4.json import Json
from questionnaires.instrument import Coding

BASE: Final = "https://rom-on-fhir.example/fhir"
SCORE_SYSTEM: Final = f"{BASE}/CodeSystem/score"  # code: <instrument>.<score id>
ITEM_SYSTEM: Final = f"{BASE}/CodeSystem/item"  # code: <instrument>.<link id>
BAND_SYSTEM: Final = f"{BASE}/CodeSystem/band"  # code: <instrument>.<band code>
PANEL_SYSTEM: Final = f"{BASE}/CodeSystem/instrument"  # code: <instrument>
METHOD_SYSTEM: Final = f"{BASE}/CodeSystem/scoring-method"  # code: prorated-mean
PLAN_REVIEW_SYSTEM: Final = f"{BASE}/CodeSystem/plan-review"  # parts of the record
SUPPORT_SYSTEM: Final = f"{BASE}/CodeSystem/support"  # code: <part>.<id of the tree>
RULE_SYSTEM: Final = f"{BASE}/CodeSystem/rule"  # code: S4, R3 ...
SUBMISSION_SYSTEM: Final = f"{BASE}/NamingSystem/submission"
MISSING_ITEM: Final = f"{BASE}/StructureDefinition/missing-item"

LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
OBSERVATION_CATEGORY: Final = (
    "http://terminology.hl7.org/CodeSystem/observation-category"
)
DATA_ABSENT: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

_CORE: Final = "http://hl7.org/fhir/StructureDefinition"
_SDC: Final = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
_US_CORE: Final = "http://hl7.org/fhir/us/core/StructureDefinition"

ITEM_WEIGHT: Final = f"{_CORE}/itemWeight"
ORDINAL_VALUE: Final = f"{_CORE}/ordinalValue"  # retired, but R4 tools still read it
VERSION_ALGORITHM: Final = f"{_CORE}/artifact-versionAlgorithm"
ITEM_CONTROL: Final = f"{_CORE}/questionnaire-itemControl"
ITEM_CONTROL_SYSTEM: Final = "http://hl7.org/fhir/questionnaire-item-control"
VERSION_ALGORITHM_SYSTEM: Final = "http://hl7.org/fhir/version-algorithm"
SLIDER_STEP: Final = f"{_CORE}/questionnaire-sliderStepValue"
MIN_VALUE: Final = f"{_CORE}/minValue"
MAX_VALUE: Final = f"{_CORE}/maxValue"
HIDDEN: Final = f"{_CORE}/questionnaire-hidden"
TRANSLATION: Final = f"{_CORE}/translation"
DATA_ABSENT_REASON: Final = f"{_CORE}/data-absent-reason"
QUESTIONNAIRE_DISPLAY: Final = f"{_CORE}/display"
CALCULATED: Final = f"{_SDC}/sdc-questionnaire-calculatedExpression"
EXTRACT: Final = f"{_SDC}/sdc-questionnaire-observationExtract"
EXTRACT_CATEGORY: Final = f"{_SDC}/sdc-questionnaire-observation-extract-category"
UNIT: Final = f"{_CORE}/questionnaire-unit"
ENTRY_FORMAT: Final = f"{_CORE}/entryFormat"
COPYRIGHT_LABEL: Final = f"{_CORE}/artifact-copyrightLabel"
DERIVATION_TYPE: Final = f"{_CORE}/questionnaire-derivationType"
DERIVATION_SYSTEM: Final = "http://hl7.org/fhir/questionnaire-derivationType"
USAGE_CONTEXT_TYPE: Final = "http://terminology.hl7.org/CodeSystem/usage-context-type"

SCREENING_PROFILE: Final = f"{_US_CORE}/us-core-observation-screening-assessment"
RESPONSE_PROFILE: Final = f"{_US_CORE}/us-core-questionnaireresponse"
PROM_SCORE_PROFILE: Final = (
    "http://hl7.org/fhir/us/pco/StructureDefinition/pco-prom-score-observation"
)
SDC_PROFILE: Final = f"{_SDC}/sdc-questionnaire"
SDC_BEHAVIOUR_PROFILE: Final = f"{_SDC}/sdc-questionnaire-behave"
SDC_EXTRACTION_PROFILE: Final = f"{_SDC}/sdc-questionnaire-extr-obsn"

# Who publishes the definitions; whoever owns the words stands in `copyright`.
PUBLISHER: Final = "ROM on FHIR"

# Score points. UCUM has no unit for them: an annotation, or the number one.
SCORE_UNITS: Final = frozenset({"{score}", "1", "{points}"})


def coding_json(coding: Coding) -> Json:
    """A Coding without display: words for people are not the mapping's."""
    return {"system": coding.system, "code": coding.code}


def concept_json(*codings: Json) -> Json:
    """A CodeableConcept of these codings."""
    return {"coding": list(codings)}
