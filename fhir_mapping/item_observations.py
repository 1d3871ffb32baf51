"""Answers that the chart holds as one Observation per item, without a response.

Some EHRs store no QuestionnaireResponse, only items. The PHQ-2 shares two codes with
the PHQ-9, so items of other makers are answers to an instrument only if every scored
item is there; ours carry our own code and may have blanks.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from clinical.measurement import Measurement, Respondent, sitting_instant
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.known_codes import KnownCodes
from fhir_mapping.observation import OBSERVATION, require_usable, score_points
from fhir_mapping.questionnaire_response import offered_value
from fhir_mapping.r4.answered_by import respondent_of
from fhir_mapping.r4.codes import ITEM_SYSTEM
from fhir_mapping.r4.reading import Answer, Resource
from fhir_mapping.unread import Reason, Unread
from questionnaires.answers import answers_from_offered
from questionnaires.errors import AnswerNotOffered
from questionnaires.instrument import Instrument, Item, TextItem
from questionnaires.scoring import score_answers

SittingKey = tuple[str, Respondent, datetime]


@dataclass(frozen=True, slots=True)
class AnsweredItem:
    """An Observation whose code is an item of an instrument."""

    resource: Resource
    instrument: Instrument
    item: Item
    authored: datetime
    responses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ItemsReading:
    """What the items make, with what could not be used."""

    measurements: tuple[Measurement, ...]
    unread: tuple[Unread, ...]
    not_ours: int


def measurements_from_items(
    items: Iterable[AnsweredItem],
    *,
    codes: KnownCodes,
    default_language: str,
    known: Collection[SittingKey],
    responses: Collection[str],
) -> ItemsReading:
    """Measurements of the sittings of which only items are stored.

    Args:
        known: instrument, respondent and instant of sittings whose answers are known
            otherwise.
        responses: "QuestionnaireResponse/17" of those that were read.
    """
    sittings: dict[SittingKey, list[AnsweredItem]] = {}
    for each in items:
        key = (
            each.instrument.id,
            respondent_of(each.resource),
            sitting_instant(each.authored),
        )
        if key not in known and not any(one in responses for one in each.responses):
            sittings.setdefault(key, []).append(each)
    measurements: list[Measurement] = []
    unread: list[Unread] = []
    not_ours = 0
    for sitting in sittings.values():
        sitting.sort(key=lambda each: (each.item.link_id, each.resource.id))
        if not _is_whole(sitting):
            # A safety answer must not vanish because its form is not whole.
            lost = [each for each in sitting if _is_safety(each.item)]
            unread.extend(_unread(each, "code", "incomplete") for each in lost)
            not_ours += len(sitting) - len(lost)
            continue
        try:
            measurements.append(_measurement(sitting, codes, default_language))
        except _Unusable as error:
            unread.append(error.unread)
    return ItemsReading(tuple(measurements), tuple(unread), not_ours)


class _Unusable(Exception):
    """One item of a sitting cannot be used, so the sitting's answers cannot."""

    def __init__(self, unread: Unread) -> None:
        super().__init__(unread.place)
        self.unread = unread


def _measurement(
    sitting: Sequence[AnsweredItem], codes: KnownCodes, default_language: str
) -> Measurement:
    first = sitting[0]
    instrument = first.instrument
    offered: dict[str, object] = {}
    for each in sitting:
        if each.item.link_id in offered:
            raise _Unusable(_unread(each, "code", "disagrees"))
        try:
            offered[each.item.link_id] = _value(each, codes)
        except UnreadableResource as error:
            raise _Unusable(_unread(each, error.place, error.reason)) from None
    language = first.resource.language or default_language
    try:
        answers = answers_from_offered(instrument, offered, language=language)
    except AnswerNotOffered:
        raise _Unusable(_unread(first, "value", "out_of_range")) from None
    return Measurement(
        instrument_id=instrument.id,
        instrument_version=instrument.version,
        language=language,
        authored=first.authored,
        scores=score_answers(instrument, answers),
        answers=answers,
        source=f"{OBSERVATION}/{first.resource.id}",
        in_record=True,
        respondent=respondent_of(first.resource),
    )


def _value(answered: AnsweredItem, codes: KnownCodes) -> object:
    resource = answered.resource
    require_usable(resource)
    if resource.data_absent_reason is not None:
        return None
    form = codes.form(answered.instrument)
    for answer in _as_answers(resource):
        try:
            return offered_value(
                [answer], answered.item, form=form, place="valueCodeableConcept"
            )
        except UnreadableResource as error:
            problem = error
    raise UnreadableResource(OBSERVATION, "value", problem.reason) from None


def _as_answers(resource: Resource) -> list[Answer]:
    """The value as the answers it may mean; several codings are synonyms."""
    concept = resource.value_codeable_concept
    if concept is not None and concept.coding:
        return [Answer(value_coding=each) for each in concept.coding]
    if resource.value_quantity is not None:
        return [Answer(value_decimal=score_points(resource.value_quantity))]
    return [
        Answer(value_integer=resource.value_integer, value_string=resource.value_string)
    ]


def _is_whole(sitting: Sequence[AnsweredItem]) -> bool:
    if all(_is_our_own(each.resource) for each in sitting):
        return True
    instrument = sitting[0].instrument
    scored = {link_id for rule in instrument.scores for link_id in rule.link_ids}
    return scored <= {each.item.link_id for each in sitting}


def _is_our_own(resource: Resource) -> bool:
    codings = resource.code.coding if resource.code else ()
    return any(each.system == ITEM_SYSTEM for each in codings)


def _is_safety(item: Item) -> bool:
    return not isinstance(item, TextItem) and item.safety is not None


def _unread(answered: AnsweredItem, place: str, reason: Reason) -> Unread:
    return Unread(OBSERVATION, answered.resource.id, place, reason)
