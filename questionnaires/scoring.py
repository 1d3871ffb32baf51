"""From answers to scores. Missing is never zero."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Final, assert_never

from questionnaires.answers import Answers, Chosen
from questionnaires.errors import AnswerNotOffered
from questionnaires.instrument import (
    ChoiceItem,
    EachPart,
    Instrument,
    ProrateMean,
    ScoreRule,
    SliderItem,
    Strict,
)
from questionnaires.points import offered_points

# Own arithmetic, so that no setting of the process can change a score.
_EXACT = Context(prec=40, rounding=ROUND_HALF_UP)
# A prorated mean of seven answers never ends. A millionth of a point cannot move a
# score across a cut-off or band, whose numbers have at most six decimals.
_LAST_DIGIT = Decimal("0.000001")


@dataclass(slots=True, unsafe_hash=True)
class Score:
    """A computed number on one instrument's scale, in score points.

    Attributes:
        value: within the rule's `low` and `high`, exact; of an estimate at most six
            decimals. Its direction is the rule's, else the instrument's.
        missing: link ids of the blank items, in the order of the rule; not empty means
            that the score is an estimate (prorated).
    """

    instrument_id: Final[str]
    score_id: Final[str]
    value: Final[Decimal]
    missing: Final[tuple[str, ...]]

    @property
    def prorated(self) -> bool:
        return bool(self.missing)


@dataclass(frozen=True, slots=True)
class NotScored:
    """No score, and nothing may be concluded from it; never zero, never a lower bound.

    `missing` names the blank items of the rule, more than it bears. Without any, the
    form is a skeleton whose turned items only the clinic's manual names, and the
    clinic has not named them yet.
    """

    instrument_id: str
    score_id: str
    missing: tuple[str, ...]


def score_answers(
    instrument: Instrument, answers: Answers
) -> tuple[Score | NotScored, ...]:
    """Every score of the instrument, in the order of `instrument.scores`.

    Args:
        instrument: the form, with its rules and their sources.
        answers: what was chosen; an item that is not in it was left blank.

    Returns:
        One entry a score rule: a `Score` within the rule's range (`low` to `high`, in
        score points, exact but for an estimate's sixth decimal), or `NotScored` where
        more is blank than its missing rule bears, or how it is scored is not known
        here. Empty for a form without scores.

    Raises:
        AnswerNotOffered: the answers are to another instrument or version.

    Source:
        Each rule's own: `rule.source` and `rule.missing.source`.
    """
    if (answers.instrument_id, answers.instrument_version) != (
        instrument.id,
        instrument.version,
    ):
        raise AnswerNotOffered("version", "is not the one of this instrument")
    if not instrument.reversed_known:
        return tuple(
            NotScored(instrument.id, each.id, ()) for each in instrument.scores
        )
    with localcontext(_EXACT):
        of_items = {
            rule.id: _score(instrument, rule, answers)
            for rule in instrument.scores
            if not rule.parts
        }
        return tuple(
            _sum_of_scores(instrument, rule, of_items)
            if rule.parts
            else of_items[rule.id]
            for rule in instrument.scores
        )


def _score(
    instrument: Instrument, rule: ScoreRule, answers: Answers
) -> Score | NotScored:
    points = {
        link_id: _points(instrument, link_id, answer.points)
        for link_id in rule.link_ids
        if isinstance(answer := answers.given.get(link_id), Chosen)
    }
    missing = tuple(each for each in rule.link_ids if each not in points)
    if not _bears(rule, missing):
        return NotScored(instrument.id, rule.id, missing)
    return Score(instrument.id, rule.id, _value(rule, list(points.values())), missing)


def _sum_of_scores(
    instrument: Instrument,
    rule: ScoreRule,
    of_items: Mapping[str, Score | NotScored],
) -> Score | NotScored:
    """The parts added up; an estimated part makes the sum an estimate."""
    parts = [of_items[each] for each in rule.parts]
    missing = tuple(each for part in parts for each in part.missing)
    values = [part.value for part in parts if isinstance(part, Score)]
    if len(values) < len(parts):
        return NotScored(instrument.id, rule.id, missing)
    return Score(instrument.id, rule.id, sum(values, Decimal(0)), missing)


def _points(instrument: Instrument, link_id: str, points: Decimal) -> Decimal:
    """What the answer is worth for a score: a reversed item is turned around."""
    item = instrument.item(link_id)
    match item:
        case ChoiceItem(reverse=True) | SliderItem(reverse=True):
            low, high = offered_points(item)
            return low + high - points
        case _:
            return points


def _bears(rule: ScoreRule, missing: Collection[str]) -> bool:
    """Whether this score can be told with these blanks."""
    match rule.missing:
        case Strict():
            return not missing
        case ProrateMean(max_missing=most, required=required):
            return len(missing) <= most and not any(
                each in missing for each in required
            )
        case EachPart():
            raise AssertionError("a score of items has no parts")
        case _:
            assert_never(rule.missing)


def _value(rule: ScoreRule, points: list[Decimal]) -> Decimal:
    """The score of the answered items; their mean stands for each blank."""
    number = len(rule.link_ids) if rule.op == "sum" else 1
    if len(points) == number:
        value = sum(points, Decimal(0)) * rule.factor
    else:
        value = _ended(sum(points, Decimal(0)) * number * rule.factor / len(points))
    if rule.rounding == "half_up":
        value = value.quantize(Decimal(1))
    return rule.table.values[value] if rule.table else value


def _ended(value: Decimal) -> Decimal:
    """At most six decimals, none of them an idle zero: 10.125, not 10.125000."""
    ended = value.quantize(_LAST_DIGIT)
    whole = ended.to_integral_value()
    return whole if ended == whole else ended.normalize()
