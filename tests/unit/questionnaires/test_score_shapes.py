"""Scores of every shape: sums of scores, look-up tables, items that must be there."""

from decimal import Decimal

import pytest

from questionnaires.answers import answers_from_offered, is_asked
from questionnaires.scoring import NotScored, Score, score_answers

TAIL = '''
[bands]
source = "the site's manual"'''
MAY_BE_BLANK = (
    'missing = { rule = "prorate_mean", max_missing = 1, source = "x",'
    ' evidence = "own" }'
)
SUM_OF_SCORES = """
[[scores]]
id = "both"
parts = ["total", "mean"]
range = [0, 24]
coding = { system = "https://site.example/score", code = "mood.both" }
missing = { rule = "each_part", source = "x", evidence = "own" }
source = "the site's manual"
evidence = "own"
"""
TABLE = """table_source = "the site's norms"
table_evidence = "own"
table = [
  { raw = 0, value = 31.5 },
  { raw = 1, value = 40 },
  { raw = 2, value = 48.2 },
  { raw = 3, value = 60.1 },
  { raw = 4, value = 71 },
]
"""


def scores_of(site, **given):
    instrument = site.library().instrument("mood")
    answers = answers_from_offered(instrument, given, language="en")
    return {each.score_id: each for each in score_answers(instrument, answers)}


@pytest.fixture
def sum_of_scores(site):
    """Two scores that share no item, 0 to 4 and 0 to 20, and their sum."""
    site.change('items = ["sad", "glad", "line"]', 'items = ["sad", "glad"]')
    site.change("range = [0, 6]", "range = [0, 4]")
    site.change("high = 6 }", "high = 4 }")
    site.change('items = ["sad", "glad"]\nop = "mean"', 'items = ["line"]\nop = "mean"')
    head, _, rest = site.instrument.partition('id = "mean"')
    strict = 'missing = { rule = "strict", source = "x", evidence = "own" }'
    site.instrument = head + 'id = "mean"' + rest.replace(MAY_BE_BLANK, strict)
    site.change(TAIL, SUM_OF_SCORES + TAIL)
    return site


@pytest.fixture
def with_table(site):
    """The second score as a sum of two items, 0 to 4, with standard scores."""
    site.change(
        'op = "mean"\nfactor = 10\nrange = [0, 20]',
        'op = "sum"\nfactor = 1\nrange = [31.5, 71]',
    )
    site.change(
        'source = "the site\'s manual"\nevidence = "own"\n' + TAIL,
        'source = "the site\'s manual"\nevidence = "own"\n' + TABLE + TAIL,
    )
    return site


def test_a_sum_of_scores_adds_its_parts(sum_of_scores):
    scores = scores_of(sum_of_scores, sad=1, glad=2, line=10)

    # 1, 2 turned around (0), and one point on the line times ten.
    assert scores["both"] == Score("mood", "both", Decimal(11), ())


def test_an_estimated_part_makes_the_sum_an_estimate(sum_of_scores):
    scores = scores_of(sum_of_scores, sad=1, line=10)

    assert scores["both"] == Score("mood", "both", Decimal(12), ("glad",))


def test_without_one_part_there_is_no_sum(sum_of_scores):
    scores = scores_of(sum_of_scores, sad=1, glad=1)

    assert scores["both"] == NotScored("mood", "both", ("line",))


def test_a_sum_may_come_first_and_be_the_course_that_is_followed(sum_of_scores):
    text = sum_of_scores.instrument
    first = text.index("[[scores]]")
    sum_of_scores.instrument = (
        text.replace(SUM_OF_SCORES, "")[:first]
        + SUM_OF_SCORES.lstrip()
        + text.replace(SUM_OF_SCORES, "")[first:].replace("high = 4 }", "high = 24 }")
    )

    instrument = sum_of_scores.library().instrument("mood")

    assert instrument.total.id == "both"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('parts = ["total", "mean"]', 'parts = ["total", "none"]', "parts"),
        ('parts = ["total", "mean"]', 'parts = ["total"]', "parts"),
        ('parts = ["total", "mean"]', 'parts = ["total", "total"]', "parts"),
        ("range = [0, 24]", "range = [0, 25]", "range"),
        ('rule = "each_part"', 'rule = "strict"', "missing.rule"),
        ('rule = "each_part"', 'rule = "each_part", x = 1', "missing.x"),
        ('id = "both"', 'id = "both"\nx = 1', "x"),
    ],
)
def test_a_sum_of_scores_that_does_not_fit_its_parts_is_refused(
    sum_of_scores, old, new, key
):
    sum_of_scores.change(old, new)

    assert sum_of_scores.refusal().key == f"scores[2].{key}"


def test_a_sum_that_counts_an_item_twice_is_refused(site):
    site.change(TAIL, SUM_OF_SCORES + TAIL)

    assert site.refusal().key == "scores[2].parts"


def test_a_raw_score_is_looked_up_in_the_published_table(with_table):
    scores = scores_of(with_table, sad=2, glad=1)

    assert scores["mean"].value == Decimal("60.1")


def test_an_estimated_raw_score_is_rounded_before_the_table(with_table):
    scores = scores_of(with_table, sad=1)

    assert (scores["mean"].value, scores["mean"].prorated) == (Decimal("48.2"), True)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("  { raw = 4, value = 71 },\n", "", "table"),
        ("raw = 4", "raw = 5", "table"),
        ("raw = 4,", "raw = 4, x = 1,", "table[4].x"),
        ("value = 60.1", "value = 48.1", "table"),
        ("range = [31.5, 71]", "range = [0, 4]", "range"),
        ('rounding = "half_up"', 'rounding = "none"', "rounding"),
        ('table_source = "the site\'s norms"\n', "", "table_source"),
    ],
)
def test_a_table_that_does_not_cover_its_raw_scores_is_refused(
    with_table, old, new, key
):
    with_table.change(old, new)

    assert with_table.refusal().key == f"scores[1].{key}"


def test_a_table_that_is_not_whole_is_told_what_it_must_hold(with_table):
    with_table.change("  { raw = 0, value = 31.5 },\n", "")

    assert with_table.refusal().problem == (
        "must have each whole raw score from 0 to 4, once"
    )


def test_a_raw_score_twice_in_a_table_is_refused(with_table):
    with_table.change("raw = 4", "raw = 3")

    assert with_table.refusal().key == "scores[1].table[4].raw"


def test_an_item_that_may_not_be_blank_takes_the_score_with_it(site):
    site.instrument = site.instrument.replace(
        MAY_BE_BLANK, MAY_BE_BLANK.replace("source", 'required = ["sad"], source'), 1
    )

    scores = scores_of(site, glad=1, line=10)

    assert scores["total"] == NotScored("mood", "total", ("sad",))


def test_another_item_may_still_be_blank(site):
    site.instrument = site.instrument.replace(
        MAY_BE_BLANK, MAY_BE_BLANK.replace("source", 'required = ["sad"], source'), 1
    )

    scores = scores_of(site, sad=1, glad=1)

    assert scores["total"].missing == ("line",)


@pytest.mark.parametrize("required", ['["words"]', '["sad", "glad", "line"]'])
def test_required_items_must_belong_to_the_score_and_leave_room(site, required):
    site.instrument = site.instrument.replace(
        MAY_BE_BLANK,
        MAY_BE_BLANK.replace("source", f"required = {required}, source"),
        1,
    )

    assert site.refusal().key.startswith("scores[0].missing.")


ASK_IF = 'ask_if = { item = "sad", at_least = 1, source = "x", evidence = "own" }\n'


@pytest.fixture
def asking(site):
    """The open question is asked only of somebody who is at least sometimes sad."""
    site.change("open = true\n", f"open = true\n{ASK_IF}")
    return site


@pytest.mark.parametrize(
    ("given", "asked"), [({"sad": 0}, False), ({"sad": 1}, True), ({}, False)]
)
def test_an_item_that_depends_on_another_is_asked_when_that_was_answered(
    asking, given, asked
):
    instrument = asking.library().instrument("mood")
    answers = answers_from_offered(instrument, given, language="en")

    assert is_asked(instrument.item("words"), answers) is asked
    assert is_asked(instrument.item("line"), answers)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('item = "sad"', 'item = "words"', "items[3].ask_if.item"),
        ('item = "sad"', 'item = "none"', "items[3].ask_if.item"),
        ("at_least = 1", "at_least = 0", "items[3].ask_if.at_least"),
        ("at_least = 1", "at_least = 9", "items[3].ask_if.at_least"),
    ],
)
def test_an_item_may_only_depend_on_an_earlier_one_whose_answers_differ(
    asking, old, new, key
):
    asking.change(
        f"ask_if = {{ {old}" if old.startswith("item") else f"{old}, source",
        f"ask_if = {{ {new}" if old.startswith("item") else f"{new}, source",
    )

    assert asking.refusal().key == key


def test_a_scored_item_is_always_asked(site):
    site.change("reverse = true\n", f"reverse = true\n{ASK_IF}")

    assert site.refusal().key == "items[1].ask_if"


def test_only_a_screening_form_may_have_no_score(site):
    start, end = site.instrument.index("[[scores]]"), site.instrument.index("[bands]")
    site.instrument = site.instrument[:start] + site.instrument[end:]

    assert site.refusal().key == "scores"


def test_a_screening_form_without_scores_is_read_answer_by_answer(site):
    text = site.instrument
    start, end = text.index("[[scores]]"), text.index("[bands]")
    site.instrument = text[:start]
    site.change('construct = "outcome"', 'construct = "screening"')
    site.change("reverse = true", "reverse = false")

    assert scores_of(site, sad=1) == {}
    assert end > start


def test_bands_need_a_score_to_stand_on(site):
    text = site.instrument
    start, end = text.index("[[scores]]"), text.index("[bands]")
    site.instrument = text[:start] + text[end:]
    site.change('construct = "outcome"', 'construct = "screening"')
    site.change("reverse = true", "reverse = false")

    assert site.refusal().key == "scores"
