"""A score as an Observation, and back.

Shape: US Core screening assessment, valid as a PCO PROM score too. Ours carries two
codings, LOINC's if there is one and our own, whose `version` is the instrument's.

A prorated score says so twice, because a number that rests on eight of nine answers
must be seen as such by people and by us: `method` holds the code `prorated-mean`, and
one `missing-item` extension names each blank item. A score that could not be computed
has `dataAbsentReason` and the same extensions. No words are written: bands are codes in
`interpretation`, the cut-off is a text of symbols ("< 10": the non-clinical side).

Scores have no performer: they are computed from the response they derive from.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from fhir_mapping.dialect import Dialect
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.known_codes import (
    KnownCodes,
    KnownScore,
    item_codings,
    score_codings,
)
from fhir_mapping.questionnaire_response import option_json, steps
from fhir_mapping.r4.codes import (
    BAND_SYSTEM,
    DATA_ABSENT,
    METHOD_SYSTEM,
    MISSING_ITEM,
    PANEL_SYSTEM,
    PROM_SCORE_PROFILE,
    SCORE_UNITS,
    SCREENING_PROFILE,
    SUBMISSION_SYSTEM,
    UCUM,
    coding_json,
    concept_json,
)
from fhir_mapping.r4.dates import to_the_day
from fhir_mapping.r4.json import Json, fhir_text
from fhir_mapping.r4.reading import Quantity, Resource
from fhir_mapping.r4.sane_numbers import finite
from fhir_mapping.sitting import Sitting
from questionnaires.answers import Answer, Chosen, Written
from questionnaires.instrument import (
    ChoiceItem,
    Cutoff,
    Instrument,
    Item,
    Operator,
    SliderItem,
    TextItem,
)
from questionnaires.scoring import NotScored, Score

OBSERVATION: Final = "Observation"
FINAL: Final = frozenset({"final", "amended", "corrected"})
PRORATED: Final = "prorated-mean"
# Stands for the blank items where a record says "prorated" and not of which items.
UNNAMED_ITEM: Final = "unnamed"

_OTHER_SIDE: Final[dict[Operator, str]] = {">=": "<", ">": "<=", "<=": ">", "<": ">="}


@dataclass(frozen=True, slots=True)
class Derived:
    """What an Observation of a sitting is derived from, and its own identity.

    Attributes:
        identifier: UUIDv5 of the submission, see `fhir_mapping.submission`.
        reference: of the QuestionnaireResponse; None where the EHR stores none.
        version: of the instrument that was answered.
    """

    identifier: UUID
    reference: str | None
    version: str


def observation_from_score(
    score: Score | NotScored,
    instrument: Instrument,
    *,
    sitting: Sitting,
    derived: Derived,
    dialect: Dialect,
) -> Json:
    """One score, or that it could not be computed."""
    rule = next(each for each in instrument.scores if each.id == score.score_id)
    codings = score_codings(instrument, rule, version=derived.version)
    profiles = [SCREENING_PROFILE]
    if isinstance(score, Score):
        profiles.append(PROM_SCORE_PROFILE)
    observation = _frame(
        codings, instrument, sitting=sitting, derived=derived, dialect=dialect
    )
    if dialect.profiles:
        observation["meta"] = {"profile": profiles}
    if score.missing:
        observation["extension"] = [
            {"url": MISSING_ITEM, "valueString": each} for each in score.missing
        ]
    match score:
        case NotScored():
            absent: Json = {"system": DATA_ABSENT, "code": "not-performed"}
            return observation | {"dataAbsentReason": concept_json(absent)}
        case Score(value=value):
            observation["valueQuantity"] = {
                "value": value,
                "unit": "{score}",
                "system": UCUM,
                "code": "{score}",
            }
            if score.prorated:
                method: Json = {"system": METHOD_SYSTEM, "code": PRORATED}
                observation["method"] = concept_json(method)
            if rule is instrument.total:
                observation |= _meaning(value, instrument)
            return observation


def observation_from_answer(
    answer: Answer,
    item: Item,
    *,
    instrument: Instrument,
    label: str | None,
    sitting: Sitting,
    derived: Derived,
    dialect: Dialect,
) -> Json:
    """One answered item; the respondent is its performer."""
    codings = item_codings(instrument, item, version=derived.version)
    observation = _frame(
        codings, instrument, sitting=sitting, derived=derived, dialect=dialect
    )
    observation["performer"] = [{"reference": sitting.source}]
    match item, answer:
        case ChoiceItem(), Chosen(points=points):
            option = next(each for each in item.options if each.points == points)
            value = concept_json(option_json(option, label=label))
            observation["valueCodeableConcept"] = value
        case SliderItem(), Chosen(points=points):
            observation["valueInteger"] = steps(item, points)
        case TextItem(), Written(text=text):
            observation["valueString"] = fhir_text(text)
        case _:
            raise AssertionError("an answer of another kind passed the offer")
    return observation


def panel_from_members(
    members: list[str],
    instrument: Instrument,
    *,
    sitting: Sitting,
    derived: Derived,
    dialect: Dialect,
) -> Json:
    """The panel that holds items and scores; the total is a member, not its value."""
    own: Json = {
        "system": PANEL_SYSTEM,
        "version": derived.version,
        "code": instrument.id,
    }
    known = [coding_json(instrument.coding)]
    codings = [own] if instrument.coding.system == PANEL_SYSTEM else [*known, own]
    panel = _frame(
        codings, instrument, sitting=sitting, derived=derived, dialect=dialect
    )
    return panel | {"hasMember": [{"reference": each} for each in members]}


def score_from_observation(resource: Resource, codes: KnownCodes) -> Score | NotScored:
    """The score an Observation states, ours or another maker's.

    Raises:
        UnreadableResource: no known score, or one that may not be used: not final,
            other unit, out of range, a value of another type.
    """
    known = codes.score(resource.code.coding) if resource.code else None
    if known is None:
        raise UnreadableResource(OBSERVATION, "code", "unknown_code")
    return score_of(resource, known)


def score_of(resource: Resource, known: KnownScore) -> Score | NotScored:
    """The same, once the code is known. Raises as `score_from_observation`."""
    require_usable(resource)
    instrument, rule = known.instrument, known.rule
    missing: tuple[str, ...] = ()
    if resource.extension or resource.method is not None:
        missing = tuple(_missing(resource))
    if resource.data_absent_reason is not None:
        return NotScored(instrument.id, rule.id, missing or (UNNAMED_ITEM,))
    value, place = _value(resource)
    if not rule.low <= value <= rule.high:
        raise UnreadableResource(OBSERVATION, place, "out_of_range")
    return Score(instrument.id, rule.id, value, missing)


def effective(resource: Resource) -> datetime:
    """When it was answered; the end of a period, as scores look back over one.

    Raises:
        UnreadableResource: no date, or none exact to the day.
    """
    text = resource.effective_date_time
    place = "effectiveDateTime"
    if text is None and resource.effective_instant is not None:
        text, place = resource.effective_instant, "effectiveInstant"
    elif text is None and (period := resource.effective_period) is not None:
        text, place = period.end or period.start, "effectivePeriod"
    found = to_the_day(text)
    if found is None:
        raise UnreadableResource(OBSERVATION, place, "no_date")
    return found


def require_usable(resource: Resource) -> None:
    if resource.status not in FINAL:
        raise UnreadableResource(OBSERVATION, "status", "not_final")
    if resource.modifier_extension:
        raise UnreadableResource(OBSERVATION, "modifierExtension", "not_interpreted")
    if resource.implicit_rules is not None:
        raise UnreadableResource(OBSERVATION, "implicitRules", "not_interpreted")


def _value(resource: Resource) -> tuple[Decimal, str]:
    quantity = resource.value_quantity
    if quantity is not None:
        return score_points(quantity), "valueQuantity.value"
    if resource.value_integer is not None:
        return Decimal(resource.value_integer), "valueInteger"
    # US Core's own example of a PHQ-9 total has valueString "12": not a number.
    if resource.value_string is not None:
        raise UnreadableResource(OBSERVATION, "valueString")
    if resource.value_codeable_concept is not None:
        raise UnreadableResource(OBSERVATION, "valueCodeableConcept")
    raise UnreadableResource(OBSERVATION, "value")


def score_points(quantity: Quantity) -> Decimal:
    value = quantity.value
    if value is None or not finite(value):
        raise UnreadableResource(OBSERVATION, "valueQuantity.value")
    if quantity.comparator is not None:
        raise UnreadableResource(OBSERVATION, "valueQuantity.comparator")
    code = quantity.code
    if code is not None:
        if quantity.system not in (UCUM, None) or code not in SCORE_UNITS:
            raise UnreadableResource(OBSERVATION, "valueQuantity.code", "unit")
    elif quantity.unit is not None and quantity.unit not in SCORE_UNITS:
        raise UnreadableResource(OBSERVATION, "valueQuantity.unit", "unit")
    return value


def _missing(resource: Resource) -> Iterator[str]:
    named = False
    for each in resource.extension:
        if each.url == MISSING_ITEM and each.value_string is not None:
            named = True
            yield each.value_string
    if resource.method is not None and not named:
        for coding in resource.method.coding:
            if coding.system == METHOD_SYSTEM and coding.code == PRORATED:
                yield UNNAMED_ITEM


def _frame(
    codings: list[Json],
    instrument: Instrument,
    *,
    sitting: Sitting,
    derived: Derived,
    dialect: Dialect,
) -> Json:
    """What every Observation of a sitting has in common."""
    frame: Json = {"resourceType": OBSERVATION}
    if dialect.profiles:
        frame["meta"] = {"profile": [SCREENING_PROFILE]}
    categories = [concept_json(coding_json(dialect.category))]
    second = dialect.second_category.get(instrument.construct)
    if second is not None:
        categories.append(concept_json(coding_json(second)))
    identifier = {"system": SUBMISSION_SYSTEM, "value": str(derived.identifier)}
    frame |= {
        "language": sitting.language,
        "identifier": [identifier],
        "status": "final",
        "category": categories,
        "code": {**concept_json(*codings), "text": instrument.title},
        **sitting.links(),
        "effectiveDateTime": sitting.moment,
        "issued": sitting.moment,
    }
    if derived.reference is not None:
        frame["derivedFrom"] = [{"reference": derived.reference}]
    return frame


def _meaning(value: Decimal, instrument: Instrument) -> Json:
    """The band the total lies in, and the non-clinical side of the cut-off."""
    meaning: Json = {}
    found = [each for each in instrument.bands if each.low <= value]
    if found:
        code = f"{instrument.id}.{found[-1].code}"
        meaning["interpretation"] = [
            concept_json({"system": BAND_SYSTEM, "code": code})
        ]
    if instrument.cutoff is not None:
        meaning["referenceRange"] = [{"text": _other_side(instrument.cutoff)}]
    return meaning


def _other_side(cutoff: Cutoff) -> str:
    return f"{_OTHER_SIDE[cutoff.operator]} {cutoff.value}"
