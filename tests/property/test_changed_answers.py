"""What one changed answer may do to a score, for any instrument and any answers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from hypothesis import assume, given
from hypothesis import strategies as st

from questionnaires.answers import Answers, answers_from_json, answers_to_json
from questionnaires.instrument import (
    ChoiceItem,
    Instrument,
    ScoreRule,
    SliderItem,
    Strict,
)
from questionnaires.scoring import NotScored, Score, score_answers
from tests.property.forms import SCORED, answered, calm, offered


@dataclass(frozen=True, slots=True)
class Case:
    """One score of one filled form, and one of the items it is made of."""

    instrument: Instrument
    rule: ScoreRule
    item: ChoiceItem | SliderItem
    given: dict[str, object]

    def score_with(self, value: object) -> Score | NotScored:
        """This score, once the item has this answer; None is a blank."""
        return self.score_of(self.given | {self.item.link_id: value})

    def score_of(self, given: dict[str, object]) -> Score | NotScored:
        scores = score_answers(self.instrument, answered((self.instrument, given)))
        return next(each for each in scores if each.score_id == self.rule.id)

    def ends(self) -> tuple[object, object]:
        """The item's answer worth least, and the one worth most, before turning."""
        if isinstance(self.item, SliderItem):
            return self.item.low, self.item.high
        points = [option.points for option in self.item.options]
        return min(points), max(points)


RULES = [(each, rule) for each in SCORED for rule in each.scores]
BEARING = [each for each in RULES if not isinstance(each[1].missing, Strict)]


@st.composite
def cases(
    draw: st.DrawFn,
    rules: Sequence[tuple[Instrument, ScoreRule]] = RULES,
    *,
    few_blanks: bool = False,
) -> Case:
    instrument, rule = draw(st.sampled_from(rules))
    item = instrument.item(draw(st.sampled_from(rule.link_ids)))
    assert isinstance(item, ChoiceItem | SliderItem)
    filled = {each.link_id: draw(offered(each)) for each in instrument.items}
    most = 1 if few_blanks else len(rule.link_ids)
    for link_id in draw(st.sets(st.sampled_from(rule.link_ids), max_size=most)):
        filled[link_id] = None
    return Case(instrument, rule, item, filled)


def health(case: Case, value: Decimal) -> Decimal:
    """The score as points towards health, whichever way its scale runs."""
    direction = case.rule.direction or case.instrument.direction
    return value if direction == "higher_is_better" else -value


@calm
@given(cases(few_blanks=True), st.data())
def test_a_worse_answer_never_gives_a_better_score(case, data):
    one, other = data.draw(offered(case.item)), data.draw(offered(case.item))
    # What is worse for this score: more points where more is worse, turned if turned.
    better_is_more = (
        case.rule.direction or case.instrument.direction
    ) == "higher_is_better"
    more_is_better = better_is_more != case.item.reverse
    worse, better = sorted((Decimal(one), Decimal(other)), reverse=not more_is_better)

    scores = (case.score_with(str(better)), case.score_with(str(worse)))

    assert isinstance(scores[0], Score) == isinstance(scores[1], Score)
    if isinstance(scores[0], Score) and isinstance(scores[1], Score):
        assert health(case, scores[1].value) <= health(case, scores[0].value)
        if worse != better and case.rule.rounding == "none" and not case.rule.parts:
            assert scores[1].value != scores[0].value


@calm
@given(cases())
def test_a_blank_is_never_taken_for_an_answer(case):
    blank = case.score_with(None)

    assert case.item.link_id in blank.missing
    for answer in case.ends():
        assert case.score_with(answer) != blank


@calm
@given(cases())
def test_a_score_is_called_an_estimate_exactly_if_something_is_blank(case):
    score = case.score_of(case.given)

    blanks = [each for each in case.rule.link_ids if case.given[each] is None]
    if isinstance(score, Score):
        assert score.prorated == bool(blanks)
    else:
        assert blanks


@calm
@given(cases(), st.data())
def test_an_answer_outside_a_score_changes_nothing_in_it(case, data):
    others = [
        each for each in case.instrument.items if each.link_id not in case.rule.link_ids
    ]
    changed = case.given | {
        each.link_id: data.draw(st.none() | offered(each)) for each in others
    }

    assert case.score_of(changed) == case.score_of(case.given)


@calm
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_in_which_answers_are_kept_changes_no_score(case, random):
    answers = answered((case.instrument, case.given))
    shuffled = list(answers.given.items())
    random.shuffle(shuffled)
    in_disorder = Answers(
        answers.instrument_id,
        answers.instrument_version,
        answers.language,
        MappingProxyType(dict(shuffled)),
    )

    assert score_answers(case.instrument, in_disorder) == score_answers(
        case.instrument, answers
    )


@calm
@given(cases(BEARING, few_blanks=True), st.data())
def test_a_blank_that_is_answered_leaves_the_score_between_the_two_ends(case, data):
    blank = case.score_with(None)
    assume(isinstance(blank, Score))
    ends = [case.score_with(each) for each in case.ends()]

    answer = case.score_with(data.draw(offered(case.item)))

    low, high = sorted(each.value for each in ends if isinstance(each, Score))
    assert low <= blank.value <= high
    assert isinstance(answer, Score) and low <= answer.value <= high


@calm
@given(cases())
def test_stored_answers_give_the_same_scores(case):
    answers = answered((case.instrument, case.given))

    stored = json.loads(json.dumps(answers_to_json(answers)))
    again = answers_from_json(case.instrument, stored)

    assert score_answers(case.instrument, again) == score_answers(
        case.instrument, answers
    )
