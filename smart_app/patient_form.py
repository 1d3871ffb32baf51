"""The patient's form: structure from the instrument, words from its wording file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, assert_never

from werkzeug.datastructures import MultiDict

from questionnaires.answers import Answers, is_asked
from questionnaires.errors import AnswerNotOffered
from questionnaires.instrument import (
    ChoiceItem,
    Instrument,
    Item,
    SliderItem,
    TextItem,
    Wording,
)
from smart_app.languages import direction_of

PREFIX = "answer:"


@dataclass(frozen=True, slots=True)
class FormOption:
    points: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class OnlyIf:
    """The earlier question on whose answer this one depends.

    Attributes:
        number: of that question on the page.
        points: the answers to it with which this one is asked.
        label: the first of these answers in words; for a line, its number.
    """

    number: int
    link_id: str
    points: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class FormItem:
    """One item as the template draws it; `value` is what was given before, or ""."""

    number: int
    link_id: str
    kind: Literal["choice", "line", "text"]
    text: str
    options: tuple[FormOption, ...] = ()
    low: int = 0
    high: int = 0
    low_label: str = ""
    high_label: str = ""
    value: str = ""
    only_if: OnlyIf | None = None


@dataclass(frozen=True, slots=True)
class FormView:
    title: str
    language: str
    direction: str
    introduction: str
    validated: bool
    notice: str
    items: tuple[FormItem, ...]


def form_view(
    instrument: Instrument, wording: Wording, *, given: Mapping[str, str]
) -> FormView:
    """The page's content.

    Args:
        instrument: the form.
        wording: its words in the patient's language.
        given: link id -> what was sent before, when the form is shown again.
    """
    return FormView(
        title=wording.title,
        language=wording.language,
        direction=direction_of(wording.language),
        introduction=wording.introduction,
        validated=instrument.validated,
        notice=wording.notice,
        items=tuple(
            replace(
                _form_item(number, item, wording, given.get(item.link_id, "")),
                only_if=_only_if(item, instrument, wording),
            )
            for number, item in enumerate(instrument.items, start=1)
        ),
    )


def _only_if(item: Item, instrument: Instrument, wording: Wording) -> OnlyIf | None:
    rule = item.ask_if
    if rule is None:
        return None
    gate = instrument.item(rule.link_id)
    number = instrument.items.index(gate) + 1
    if isinstance(gate, ChoiceItem):
        enough = [o.points for o in gate.options if o.points >= rule.at_least]
        label = wording.options[gate.link_id][min(enough)]
        return OnlyIf(number, gate.link_id, tuple(map(_plain, enough)), label)
    assert isinstance(gate, SliderItem)  # as the library's checks prove
    steps = range(int(rule.at_least / gate.points_per_step), gate.high + 1)
    return OnlyIf(number, gate.link_id, tuple(map(str, steps)), str(steps[0]))


def _form_item(number: int, item: Item, wording: Wording, given: str) -> FormItem:
    text = wording.items[item.link_id]
    match item:
        case ChoiceItem():
            labels = wording.options[item.link_id]
            return FormItem(
                number=number,
                link_id=item.link_id,
                kind="choice",
                text=text,
                options=tuple(
                    FormOption(
                        points=_plain(option.points),
                        label=labels[option.points],
                        chosen=_plain(option.points) == given,
                    )
                    for option in item.options
                ),
            )
        case SliderItem():
            low_label, high_label = wording.anchors[item.link_id]
            return FormItem(
                number=number,
                link_id=item.link_id,
                kind="line",
                text=text,
                low=item.low,
                high=item.high,
                low_label=low_label,
                high_label=high_label,
                value=given,
            )
        case TextItem():
            return FormItem(
                number=number,
                link_id=item.link_id,
                kind="text",
                text=text,
                value=given,
            )
        case _:
            assert_never(item)


def given_answers(form: MultiDict[str, str]) -> dict[str, str]:
    """The `answer:<link id>` fields of a submitted form, blanks left out.

    Raises:
        AnswerNotOffered: an item was answered twice; we do not choose which counts.
    """
    given: dict[str, str] = {}
    for name, values in form.lists():
        if not name.startswith(PREFIX):
            continue
        answers = {value.strip() for value in values} - {""}
        if len(answers) > 1:
            raise AnswerNotOffered(name.removeprefix(PREFIX), "answered twice")
        for answer in answers:
            given[name.removeprefix(PREFIX)] = answer
    return given


def blank_numbers(instrument: Instrument, answers: Answers) -> tuple[int, ...]:
    """Numbers of the questions still open; an open text question may stay empty."""
    return tuple(
        number
        for number, item in enumerate(instrument.items, start=1)
        if item.link_id not in answers.given
        and not isinstance(item, TextItem)
        and is_asked(item, answers)
    )


def minutes(instruments: tuple[Instrument, ...]) -> int:
    """A careful guess of how long the forms take: about ten items a minute."""
    items = sum(len(each.items) for each in instruments)
    return max(1, -(-items // 10))


def _plain(points: Decimal) -> str:
    return f"{points.normalize() + 0:f}"
