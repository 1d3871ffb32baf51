"""Answers as a QuestionnaireResponse, and back.

Reading is kind to other makers' forms (aliases, LOINC link ids, answers by LOINC code
or weight) but never guesses: an item or option that the instrument does not have makes
the resource unreadable at that place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import assert_never
from uuid import UUID

from fhir_mapping.dialect import Dialect
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.known_codes import Form, KnownCodes
from fhir_mapping.r4.codes import (
    DATA_ABSENT,
    DATA_ABSENT_REASON,
    ITEM_WEIGHT,
    LOINC,
    ORDINAL_VALUE,
    QUESTIONNAIRE_DISPLAY,
    RESPONSE_PROFILE,
    SUBMISSION_SYSTEM,
    coding_json,
)
from fhir_mapping.r4.json import Json, fhir_text
from fhir_mapping.r4.reading import Answer, Coding, Item, Resource
from fhir_mapping.sitting import Sitting
from questionnaires.answers import Answers, Chosen, Written, answers_from_offered
from questionnaires.errors import AnswerNotOffered
from questionnaires.instrument import (
    ChoiceItem,
    Instrument,
    Option,
    SliderItem,
    TextItem,
    Wording,
)
from questionnaires.instrument import Item as InstrumentItem
from questionnaires.library import NoWording

RESPONSE = "QuestionnaireResponse"
ANSWERED = frozenset({"completed", "amended"})


def response_from_answers(
    answers: Answers,
    instrument: Instrument,
    *,
    wording: Wording | NoWording,
    sitting: Sitting,
    identifier: UUID,
    dialect: Dialect,
) -> Json:
    """A completed QuestionnaireResponse; blank items are left out.

    Args:
        wording: as it was shown; without one, codes alone are written.
        identifier: the submission's id, the key of idempotency.
    """
    words = None if isinstance(wording, NoWording) else wording
    response: Json = {"resourceType": RESPONSE}
    if dialect.profiles:
        response["meta"] = {"profile": [RESPONSE_PROFILE]}
    canonical = f"{instrument.canonical}|{answers.instrument_version}"
    response |= {
        "language": sitting.language,
        "identifier": {"system": SUBMISSION_SYSTEM, "value": str(identifier)},
        "questionnaire": canonical,
    }
    if words is not None:
        title = {"url": QUESTIONNAIRE_DISPLAY, "valueString": words.title}
        response["_questionnaire"] = {"extension": [title]}
    response |= {
        "status": "completed",
        **sitting.links(),
        "authored": sitting.moment,
        "author": {"reference": sitting.author},
        "source": {"reference": sitting.source},
    }
    items = list(_answered_items(answers, instrument, words=words))
    if items:
        response["item"] = items
    return response


def answers_from_response(
    resource: Resource, codes: KnownCodes, *, default_language: str
) -> Answers | None:
    """What was answered; None if the form is none of ours.

    The version is the one the response states for our own form; another maker's form
    counts as the version we know.

    Raises:
        UnreadableResource: an item, option or value that the instrument does not have.
    """
    canonical, _, version = (resource.questionnaire or "").partition("|")
    known = codes.canonicals.get(canonical)
    form = codes.form(known) if known else codes.form_by_items(resource.item)
    if form is None:
        return None
    instrument = form.instrument
    offered: dict[str, object] = {}
    places: dict[str, str] = {}
    for place, item in _with_answers(resource.item, "item"):
        if form.is_computed(item.link_id):
            continue
        asked = form.item(item.link_id)
        if asked is None:
            raise UnreadableResource(RESPONSE, f"{place}.linkId", "unknown_code")
        if asked.link_id in offered:
            raise UnreadableResource(RESPONSE, f"{place}.linkId")
        value = offered_value(item.answer, asked, form=form, place=f"{place}.answer")
        if value is not None:
            offered[asked.link_id] = value
            places[asked.link_id] = place
    language = resource.language or default_language
    try:
        answers = answers_from_offered(instrument, offered, language=language)
    except AnswerNotOffered as error:
        if error.link_id == "language":
            raise UnreadableResource(RESPONSE, "language") from None
        place = places.get(error.link_id, "item")
        raise UnreadableResource(RESPONSE, place, "unknown_code") from None
    if version and canonical == instrument.canonical:
        return replace(answers, instrument_version=version)
    return answers


def refuse_unfinished(resource: Resource) -> None:
    """Refuses a response that is not final, or says something that nobody here knows.

    Raises:
        UnreadableResource: names the place.
    """
    if resource.status not in ANSWERED:
        raise UnreadableResource(RESPONSE, "status", "not_final")
    if resource.modifier_extension:
        raise UnreadableResource(RESPONSE, "modifierExtension", "not_interpreted")
    if resource.implicit_rules is not None:
        raise UnreadableResource(RESPONSE, "implicitRules", "not_interpreted")


def option_json(option: Option, *, label: str | None) -> Json:
    """The Coding of an option, with its label if there is one."""
    coding = coding_json(option.coding)
    return coding | {"display": fhir_text(label)} if label else coding


def _answered_items(
    answers: Answers, instrument: Instrument, *, words: Wording | None
) -> Iterator[Json]:
    for item in instrument.items:
        given = answers.given.get(item.link_id)
        if given is None:
            continue
        value = _value_json(given, item, words=words)
        if value is None:
            continue
        told: Json = {"linkId": item.link_id}
        if words is not None:
            told["text"] = words.items[item.link_id]
        told["answer"] = [value]
        yield told


def _value_json(
    given: Chosen | Written, item: InstrumentItem, *, words: Wording | None
) -> Json | None:
    match item, given:
        case ChoiceItem(), Chosen(points=points):
            option = next(each for each in item.options if each.points == points)
            label = words.options[item.link_id][option.points] if words else None
            weight = {"url": ITEM_WEIGHT, "valueDecimal": option.points}
            coding = {"extension": [weight], **option_json(option, label=label)}
            return {"valueCoding": coding}
        case SliderItem(), Chosen(points=points):
            return {"valueInteger": steps(item, points)}
        case TextItem(), Written(text=text):
            clean = fhir_text(text)
            return {"valueString": clean} if clean.strip() else None
        case _:
            raise AnswerNotOffered(item.link_id, "answer and item are not of one kind")


def steps(item: SliderItem, points: Decimal) -> int:
    """Whole steps on the line, from score points."""
    return int(points / item.points_per_step)


def _with_answers(items: Sequence[Item], place: str) -> Iterator[tuple[str, Item]]:
    """Every item that has an answer, at any depth, with its place."""
    for number, item in enumerate(items):
        here = f"{place}[{number}]"
        if item.modifier_extension:
            raise UnreadableResource(
                RESPONSE, f"{here}.modifierExtension", "not_interpreted"
            )
        if item.answer:
            yield here, item
            for index, answer in enumerate(item.answer):
                if answer.item:
                    yield from _with_answers(
                        answer.item, f"{here}.answer[{index}].item"
                    )
        if item.item:
            yield from _with_answers(item.item, f"{here}.item")


def offered_value(
    given: Sequence[Answer], asked: InstrumentItem, *, form: Form, place: str
) -> object:
    """What `answers_from_offered` takes: points, whole steps or text; None if blank."""
    if len(given) > 1:
        raise UnreadableResource(RESPONSE, place)
    answer = given[0]
    if _declined(answer):
        return None
    match asked:
        case ChoiceItem():
            return _points(answer, asked, form=form, place=place)
        case SliderItem():
            return _whole_steps(answer, place=place)
        case TextItem():
            if answer.value_string is None:
                raise UnreadableResource(RESPONSE, place)
            return fhir_text(answer.value_string)
        case _:
            assert_never(asked)


def _declined(answer: Answer) -> bool:
    """An answer that says why there is none."""
    coding = answer.value_coding
    if coding is not None:
        return coding.system == DATA_ABSENT
    return any(each.url == DATA_ABSENT_REASON for each in answer.extension)


def _points(answer: Answer, asked: ChoiceItem, *, form: Form, place: str) -> Decimal:
    coding = answer.value_coding
    if coding is not None:
        return _points_of_coding(coding, answer, asked, form=form, place=place)
    number = answer.value_integer
    value = answer.value_decimal if number is None else Decimal(number)
    if value is None:
        raise UnreadableResource(RESPONSE, place)
    return _offered_points(asked, value, place=place)


def _points_of_coding(
    coding: Coding, answer: Answer, asked: ChoiceItem, *, form: Form, place: str
) -> Decimal:
    place = f"{place}[0].valueCoding"
    system, code = coding.system, (coding.code or "").lower()
    # LOINC's answer codes are unique without their system, and some EHRs drop it.
    if system is None and code.startswith("la"):
        system = LOINC
    known = form.options[asked.link_id].get((system or "", code))
    weight = next(
        (
            each.value_decimal
            for each in (*coding.extension, *answer.extension)
            if each.url in (ITEM_WEIGHT, ORDINAL_VALUE)
        ),
        None,
    )
    if weight is None:
        if known is None:
            raise UnreadableResource(RESPONSE, place, "unknown_code")
        return known
    if known is not None and known != weight:
        # Coded and weighed differently: neither can be trusted.
        raise UnreadableResource(RESPONSE, place, "disagrees")
    return _offered_points(asked, weight, place=place)


def _offered_points(asked: ChoiceItem, value: Decimal, *, place: str) -> Decimal:
    for option in asked.options:
        if option.points == value:
            return option.points
    raise UnreadableResource(RESPONSE, place, "out_of_range")


def _whole_steps(answer: Answer, *, place: str) -> int:
    if answer.value_integer is not None:
        return answer.value_integer
    value = answer.value_decimal
    if value is None or not value.is_finite() or value != value.to_integral_value():
        raise UnreadableResource(RESPONSE, place)
    return int(value)
