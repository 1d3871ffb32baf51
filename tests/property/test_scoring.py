"""What must hold for any instrument and any answers."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questionnaires.answers import (
    answers_from_json,
    answers_from_offered,
    answers_to_json,
)
from questionnaires.errors import AnswerNotOffered
from questionnaires.scoring import Score, score_answers
from tests.property.forms import (
    INSTRUMENTS,
    SCORED,
    answered,
    calm,
    filled_forms,
    offered,
)


@calm
@given(filled_forms())
def test_a_score_stays_in_its_range(form):
    instrument = form[0]

    for score, rule in zip(
        score_answers(instrument, answered(form)), instrument.scores, strict=True
    ):
        if isinstance(score, Score):
            assert rule.low <= score.value <= rule.high


@calm
@given(filled_forms())
def test_missing_names_exactly_the_blank_items(form):
    instrument, answers = form[0], answered(form)

    for score, rule in zip(
        score_answers(instrument, answers), instrument.scores, strict=True
    ):
        assert score.missing == tuple(
            each for each in rule.link_ids if each not in answers.given
        )


@calm
@given(filled_forms(SCORED), st.data())
def test_a_higher_answer_never_lowers_the_score(form, data):
    instrument, given_ = form
    link_id = data.draw(st.sampled_from(instrument.total.link_ids))
    item = instrument.item(link_id)
    one, other = data.draw(offered(item)), data.draw(offered(item))
    low, high = sorted((Decimal(str(one)), Decimal(str(other))), reverse=item.reverse)

    before = score_answers(instrument, answered((instrument, given_ | {link_id: low})))
    after = score_answers(instrument, answered((instrument, given_ | {link_id: high})))

    if isinstance(before[0], Score):
        assert isinstance(after[0], Score)
        assert before[0].value <= after[0].value
        assert (before[0].value == after[0].value) == (low == high)


@calm
@given(filled_forms())
def test_answers_survive_storage(form):
    answers = answered(form)

    stored = json.loads(json.dumps(answers_to_json(answers)))

    assert answers_from_json(form[0], stored) == answers


@calm
@given(filled_forms())
def test_the_order_of_answers_changes_nothing(form):
    instrument, given_ = form
    backwards = dict(reversed(given_.items()))

    assert answered((instrument, backwards)) == answered(form)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.decimals(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    max_leaves=4,
)  # fmt: skip


@calm
@given(st.sampled_from(INSTRUMENTS), st.data())
def test_whatever_comes_in_is_an_offered_answer_or_refused(instrument, data):
    link_ids = [item.link_id for item in instrument.items]
    keys = st.sampled_from(link_ids) | st.text()
    given_ = data.draw(st.dictionaries(keys, anything, max_size=4))

    try:
        answers = answers_from_offered(instrument, given_, language="en")
    except AnswerNotOffered as error:
        refused: AnswerNotOffered | None = error
    else:
        refused = None

    if refused is None:
        assert answers_from_json(instrument, answers_to_json(answers)) == answers
    else:
        assert refused.link_id in (*link_ids, *given_, "?")


@calm
@given(st.sampled_from(INSTRUMENTS), st.dictionaries(st.text(), anything, max_size=5))
def test_whatever_was_stored_is_refused_or_an_answer(instrument, stored):
    frame = {
        "format": 1,
        "instrument": instrument.id,
        "version": instrument.version,
        "language": "en",
    }

    with pytest.raises(AnswerNotOffered):
        answers_from_json(instrument, {"given": 1} | stored)
    if stored:
        with pytest.raises(AnswerNotOffered):
            answers_from_json(instrument, frame | {"given": stored})
    else:
        assert not answers_from_json(instrument, frame | {"given": stored}).given
