"""From answers to scores; checked against a second, plainer scorer."""

import itertools
import random
from decimal import ROUND_DOWN, Decimal, localcontext
from fractions import Fraction

import pytest

from questionnaires.answers import Answers, Chosen, answers_from_offered
from questionnaires.errors import AnswerNotOffered
from questionnaires.library import load_library
from questionnaires.scoring import NotScored, Score, score_answers

LIBRARY = load_library()
PHQ_9 = LIBRARY.instrument("phq-9")
GAD_7 = LIBRARY.instrument("gad-7")
ORS = LIBRARY.instrument("ors")


def filled(instrument, values):
    """Answers by place; None is a blank."""
    link_ids = [item.link_id for item in instrument.items]
    given = dict(zip(link_ids, values, strict=False))
    return answers_from_offered(instrument, given, language="en")


def total(instrument, values):
    return score_answers(instrument, filled(instrument, values))[0]


def test_two_blanks_of_the_phq_9_are_prorated_and_said_so():
    score = total(PHQ_9, [2, 2, 1, None, 1, 0, 1, 2, 0])

    assert score == Score("phq-9", "total", Decimal("10.125"), ("/44254-1",))
    assert str(score.value) == "10.125"
    assert score.prorated


def test_three_blanks_of_the_phq_9_give_no_score():
    assert total(PHQ_9, [2, 2, 1, None, None, 0, 1, 2]) == NotScored(
        "phq-9", "total", ("/44254-1", "/44251-7", "/44260-8")
    )


def test_a_whole_phq_9_is_not_prorated():
    score = total(PHQ_9, [3] * 9)

    assert (score.value, score.missing, score.prorated) == (27, (), False)


def test_the_difficulty_item_changes_no_score_and_may_be_blank():
    without = total(PHQ_9, [1] * 9)

    assert {total(PHQ_9, [1] * 9 + [each]) for each in (0, 1, 2, 3)} == {without}


def test_one_blank_in_the_gad_7_gives_no_score():
    assert total(GAD_7, [1, 1, 1, 1, 1, 1, None]) == NotScored(
        "gad-7", "total", ("/69736-7",)
    )


@pytest.mark.parametrize("slug", sorted(LIBRARY.instruments))
def test_an_empty_form_has_no_score_and_never_nought(slug):
    instrument = LIBRARY.instrument(slug)
    empty = answers_from_offered(instrument, {}, language="en")

    scores = score_answers(instrument, empty)

    assert len(scores) == len(instrument.scores)
    assert all(isinstance(each, NotScored) for each in scores)


def test_millimetres_make_exact_tenths():
    score = total(ORS, [63, 7, 100, 1])

    assert str(score.value) == "17.1"


def test_open_text_is_in_no_score():
    alliance = LIBRARY.instrument("session-alliance")

    assert total(alliance, [4, 3, 2, 1, "5"]).value == 10


def test_every_possible_gad_7_scores_as_plain_addition():
    link_ids = [item.link_id for item in GAD_7.items]
    worth = [Chosen(Decimal(points)) for points in range(4)]

    wrong = [
        vector
        for vector in itertools.product(range(4), repeat=7)
        if score_answers(
            GAD_7,
            Answers(
                "gad-7",
                "1.0.0",
                "en",
                {link_ids[place]: worth[points] for place, points in enumerate(vector)},
            ),
        )[0]
        != Score("gad-7", "total", Decimal(sum(vector)), ())
    ]

    assert wrong == []


def second_phq_9_scorer(values: list[int | None]) -> Fraction | None:
    """The same rule in other arithmetic: fractions, and by adding the mean."""
    answered = [Fraction(value) for value in values if value is not None]
    blanks = values.count(None)
    if blanks > 2:
        return None
    return sum(answered, Fraction(0)) + blanks * sum(answered) / len(answered)


def test_random_phq_9_forms_with_blanks_score_as_in_a_second_scorer():
    dice = random.Random(44249)
    seen = {0: 0, 1: 0, 2: 0, 3: 0}

    for _ in range(10_000):
        values = [dice.choice([0, 1, 2, 3]) for _ in range(9)]
        for place in dice.sample(range(9), dice.randrange(4)):
            values[place] = None
        seen[values.count(None)] += 1
        score, expected = total(PHQ_9, values), second_phq_9_scorer(values)
        if expected is None:
            assert isinstance(score, NotScored)
        else:
            assert abs(Fraction(score.value) - expected) <= Fraction(1, 2_000_000)

    assert min(seen.values()) > 2_000


def test_a_mean_that_never_ends_is_cut_at_a_millionth_of_a_point():
    score = total(PHQ_9, [1, 0, 0, 0, 0, 0, 0, None, None])

    assert str(score.value) == "1.285714"


def test_a_prorated_score_has_no_idle_zeros():
    assert str(total(PHQ_9, [2] * 8 + [None]).value) == "18"
    assert str(total(PHQ_9, [1, 1, 1, 1, 0, 0, 0, 0, None]).value) == "4.5"


def test_no_setting_of_the_process_changes_a_score():
    with localcontext() as context:
        context.prec = 2
        context.rounding = ROUND_DOWN
        score = total(PHQ_9, [2, 2, 1, None, 1, 0, 1, 2, 0])

    assert score.value == Decimal("10.125")


def test_a_reversed_item_is_turned_around(site):
    mood = site.library().instrument("mood")

    assert total(mood, [0, 0, 0]).value == 2
    assert total(mood, [0, 2, 0]).value == 0


def test_a_reversed_line_is_turned_around(site):
    site.change('code = "line" }]\nreverse = false', 'code = "line" }]\nreverse = true')
    mood = site.library().instrument("mood")

    assert total(mood, [0, 2, 5]).value == Decimal("1.5")


def test_a_blank_reversed_item_is_prorated_from_the_others(site):
    mood = site.library().instrument("mood")

    assert total(mood, [1, None, 10]).value == 3


def test_a_mean_is_multiplied_by_its_factor_and_rounded_half_up(site):
    site.change("factor = 10", "factor = 1")
    site.change("range = [0, 20]", "range = [0, 2]")
    mood = site.library().instrument("mood")

    means = [
        score_answers(mood, filled(mood, values))[1].value
        for values in ([0, 1], [0, 2], [1, 2], [2, 1], [2, None])
    ]

    # Means 0.5, 0, 0.5, 1.5 and 2: halves go up, not to the even neighbour.
    assert means == [1, 0, 1, 2, 2]


def test_each_score_of_an_instrument_is_given_in_its_order(site):
    mood = site.library().instrument("mood")

    scores = score_answers(mood, filled(mood, [1, 1, None]))

    assert [(each.score_id, each.value) for each in scores] == [
        ("total", 3),
        ("mean", 10),
    ]


@pytest.mark.parametrize(("slug", "version"), [("gad-7", "1.0.0"), ("phq-9", "0.9.0")])
def test_answers_to_another_form_or_version_are_not_scored(slug, version):
    answers = Answers(slug, version, "en", {})

    with pytest.raises(AnswerNotOffered, match="'version'"):
        score_answers(PHQ_9, answers)
