"""What the patient chose in one sitting. Only offered answers can get in here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import assert_never

from questionnaires.errors import AnswerNotOffered
from questionnaires.instrument import ChoiceItem, Instrument, Item, SliderItem, TextItem

FORMAT = 1
LONGEST_TEXT = 4_000
# What a form or a stored row may say for points: short, plain, no exponent.
_PLAIN_NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,6})?", re.ASCII)
# FHIR's string allows no control characters but tab, line feed, carriage return.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}", re.ASCII)
_SHOWABLE = re.compile(r"[A-Za-z0-9/._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An offered option or a place on a line, in points."""

    points: Decimal


@dataclass(frozen=True, slots=True)
class Written:
    """Free text to an open question."""

    text: str


Answer = Chosen | Written


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers to one instrument; a link id that is absent was not answered.

    Made by `answers_from_offered` and its kin only, so that whatever stands in `given`
    is something the form offered.

    Attributes:
        language: of the wording that was shown (BCP 47); "und" where nobody knows.
        given: link id -> answer, in the order of the form; read only.
    """

    instrument_id: str
    instrument_version: str
    language: str
    given: Mapping[str, Answer]


def answers_from_offered(
    instrument: Instrument, given: Mapping[str, object], *, language: str
) -> Answers:
    """Answers, once each one is found among what its item offers.

    Args:
        instrument: the form that was shown.
        given: link id -> points (int, Decimal, or its decimal string) for a choice,
            whole steps for a slider, text for an open question; None or "" is a blank.
        language: of the wording that was shown (BCP 47); "und" where nobody knows.

    Returns:
        What was answered, in the order of the form: the points of a choice are those
        of one of its options, those of a slider a whole number of steps within its
        line. Reversed items are not turned here; `score_answers` does that.

    Raises:
        AnswerNotOffered: unknown link id, or a value that item does not offer. Names
            the item, never the value. Looks at no more entries than the form has items.

    Source:
        What an item offers: `instrument.toml`, each list of choices with its own.
    """
    items = _known(instrument, given)
    answers = {
        link_id: answer
        for link_id, item in items.items()
        if (answer := _answer(item, given.get(link_id))) is not None
    }
    return _answers(instrument, answers, language=language)


def is_asked(item: Item, answers: Answers) -> bool:
    """Whether this item is asked at all, given the answer it may depend on.

    An answer is kept, and looked at for safety, even where the item was not asked.
    """
    if item.ask_if is None:
        return True
    gate = answers.given.get(item.ask_if.link_id)
    # Points of one item, not a score: "at least" has no direction to get wrong.
    return isinstance(gate, Chosen) and gate.points >= item.ask_if.at_least


def answers_to_json(answers: Answers) -> dict[str, object]:
    """Our own versioned JSON; points as strings so that no digit is lost."""
    return {
        "format": FORMAT,
        "instrument": answers.instrument_id,
        "version": answers.instrument_version,
        "language": answers.language,
        "given": {link_id: _stored(each) for link_id, each in answers.given.items()},
    }


def answers_from_json(instrument: Instrument, stored: Mapping[str, object]) -> Answers:
    """The way back. Raises AnswerNotOffered, also when the version is another one."""
    for key, ours in (
        ("format", FORMAT),
        ("instrument", instrument.id),
        ("version", instrument.version),
    ):
        if stored.get(key) != ours or isinstance(stored.get(key), bool):
            raise AnswerNotOffered(key, "is not the one of this instrument")
    given, language = stored.get("given"), stored.get("language")
    if not isinstance(given, Mapping):
        raise AnswerNotOffered("given", "is no table of answers")
    if not isinstance(language, str):
        raise AnswerNotOffered("language", "is no language tag")
    items = _known(instrument, given)
    answers = {
        link_id: _restored(items[link_id], each) for link_id, each in given.items()
    }
    return _answers(instrument, answers, language=language)


def _known(instrument: Instrument, given: Mapping[str, object]) -> dict[str, Item]:
    """The items by link id, once no answer is to another one.

    Reads at most one entry more than there are items: a million entries hold an
    unknown one among the first few.
    """
    items = {item.link_id: item for item in instrument.items}
    for link_id in given:
        if link_id not in items:
            # The key comes from outside and may hold anything.
            shown = isinstance(link_id, str) and _SHOWABLE.fullmatch(link_id)
            raise AnswerNotOffered(link_id if shown else "?", "is not in this form")
    return items


def _answers(
    instrument: Instrument, given: Mapping[str, Answer], *, language: str
) -> Answers:
    if not _LANGUAGE.fullmatch(language):
        raise AnswerNotOffered("language", "is no language tag")
    in_order = {
        item.link_id: given[item.link_id]
        for item in instrument.items
        if item.link_id in given
    }
    return Answers(
        instrument.id, instrument.version, language, MappingProxyType(in_order)
    )


def _answer(item: Item, value: object) -> Answer | None:
    """The answer this value is, None if it is a blank."""
    if value is None or value == "":
        return None
    match item:
        case ChoiceItem():
            return _offered(item, _number(item, value))
        case SliderItem():
            return _offered(item, _number(item, value) * item.points_per_step)
        case TextItem():
            return _written(item, value)
        case _:
            assert_never(item)


def _offered(item: ChoiceItem | SliderItem, points: Decimal) -> Chosen:
    match item:
        case ChoiceItem(options=options):
            if all(points != option.points for option in options):
                raise AnswerNotOffered(item.link_id, "is not one of its answers")
        case SliderItem(low=low, high=high, points_per_step=step):
            if not low * step <= points <= high * step:
                raise AnswerNotOffered(item.link_id, "lies outside the line")
            if points % step != 0:
                raise AnswerNotOffered(item.link_id, "is not a whole step of the line")
        case _:
            assert_never(item)
    return Chosen(points)


def _written(item: TextItem, value: object) -> Written | None:
    if not isinstance(value, str):
        raise AnswerNotOffered(item.link_id, "is not a text")
    if len(value) > LONGEST_TEXT:
        raise AnswerNotOffered(
            item.link_id, f"is longer than {LONGEST_TEXT} characters"
        )
    if _UNSTORABLE.search(value):
        raise AnswerNotOffered(item.link_id, "has a character that cannot be stored")
    return Written(value) if value.strip() else None


def _number(item: ChoiceItem | SliderItem, value: object) -> Decimal:
    """The exact number; never from a float, which is not what anybody chose."""
    match value:
        case bool():
            pass
        case int() if abs(value) < 1_000_000:
            return Decimal(value)
        case Decimal() if value.is_finite() and abs(value) < 1_000_000:
            return value
        case str() if _PLAIN_NUMBER.fullmatch(value):
            return Decimal(value)
        case _:
            pass
    raise AnswerNotOffered(item.link_id, "is not a number that can be chosen")


def _stored(answer: Answer) -> dict[str, str]:
    match answer:
        case Chosen(points=points):
            return {"points": format(points, "f")}
        case Written(text=text):
            return {"text": text}
        case _:
            assert_never(answer)


def _restored(item: Item, stored: object) -> Answer:
    """One stored answer, looked up among what the item offers once more."""
    if not isinstance(stored, Mapping) or len(stored) != 1:
        raise AnswerNotOffered(item.link_id, "is not stored as an answer")
    if isinstance(item, TextItem):
        written = _written(item, stored.get("text"))
        if written is None:
            raise AnswerNotOffered(item.link_id, "is stored as a blank text")
        return written
    points = stored.get("points")
    if not isinstance(points, str):
        raise AnswerNotOffered(item.link_id, "is stored without points")
    return _offered(item, _number(item, points))
