"""What lies just inside a rule, and what lies just outside."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from questionnaires.answers import answers_from_offered
from questionnaires.checks import check_instrument, problems_of
from questionnaires.errors import AnswerNotOffered, InstrumentFileError
from questionnaires.instrument import (
    EachPart,
    Instrument,
    Reliability,
    ReliableChange,
    SliderItem,
    Source,
    Spread,
)
from questionnaires.library import load_library, shipped_definitions
from questionnaires.packs.check import pack_problems, wording_language
from questionnaires.points import offered_points
from questionnaires.wording import neutral_wording
from tests.unit.questionnaires.test_completion import COMPLETION, WORDING

LIBRARY = load_library()
LINES = LIBRARY.instrument("ors")
K10 = LIBRARY.instrument("k10")  # its lowest score is 10, not 0
OWN = Source("the site's manual", "own")


def with_lines(low: int, high: int) -> Instrument:
    """Four lines that do not begin at nothing."""
    items = [each for each in LINES.items if isinstance(each, SliderItem)]
    return replace(
        LINES, items=tuple(replace(each, low=low, high=high) for each in items)
    )


@pytest.mark.parametrize("steps", ["20", "21", "79", "80"])
def test_a_line_is_offered_from_its_one_end_to_its_other(steps):
    answers = answers_from_offered(with_lines(20, 80), {"o1": steps}, language="en")

    assert answers.given["o1"].points == Decimal(steps) / 10


@pytest.mark.parametrize("steps", ["0", "2", "8", "19", "81", "800"])
def test_beyond_its_ends_a_line_offers_nothing(steps):
    with pytest.raises(AnswerNotOffered, match="lies outside the line"):
        answers_from_offered(with_lines(20, 80), {"o1": steps}, language="en")


@pytest.mark.parametrize("steps", ["20.5", Decimal("20.000001")])
def test_between_two_steps_a_line_offers_nothing(steps):
    with pytest.raises(AnswerNotOffered, match="is not a whole step"):
        answers_from_offered(with_lines(20, 80), {"o1": steps}, language="en")


def refused_key(instrument: Instrument) -> str | None:
    try:
        check_instrument(instrument, file="x", origin="completion")
    except InstrumentFileError as refused:
        return refused.key
    return None


@pytest.mark.parametrize(
    ("low", "high", "key"),
    [(0, 120, None), (18, 18, None), (-1, 18, "ages"), (19, 18, "ages")],
)
def test_ages_begin_at_birth_and_may_be_a_single_year(low, high, key):
    assert refused_key(replace(K10, age_min=low, age_max=high)) == key


def test_a_reliable_change_is_at_most_the_whole_width_of_the_score():
    def change(value: int | str) -> ReliableChange:
        method = "published"
        return ReliableChange(Decimal(value), ">=", method, OWN)

    assert (K10.total.low, K10.total.high) == (10, 50)
    assert refused_key(replace(K10, reliable_change=change(40))) is None
    assert refused_key(replace(K10, reliable_change=change(41))) == "rci.value"
    assert refused_key(replace(K10, reliable_change=change("0.5"))) is None
    assert refused_key(replace(K10, reliable_change=change(0))) == "rci.value"


def test_the_points_of_a_line_go_from_its_one_end_to_its_other():
    [first, *_] = with_lines(20, 80).items

    assert offered_points(first) == (2, 8)


def with_mean(low: str, high: str) -> Instrument:
    """Ten answers worth 1 to 5, the score twice their mean."""
    ends = {"low": Decimal(low), "high": Decimal(high)}
    mean = replace(K10.total, op="mean", factor=Decimal(2), **ends)
    return replace(K10, scores=(mean,), bands=(), cutoff=None, reliable_change=None)


@pytest.mark.parametrize(
    ("low", "high", "key"),
    [
        ("2", "10", None),
        ("0", "10", "scores[0].range"),
        ("2", "11", "scores[0].range"),
    ],
)
def test_a_mean_goes_from_the_least_to_the_most_its_items_are_worth(low, high, key):
    assert refused_key(with_mean(low, high)) == key


def test_a_range_that_does_not_fit_is_told_with_the_one_that_does():
    [(_, problem)] = problems_of(with_mean("0", "11"), "completion")

    assert problem == "says 0 to 11, but the items can make 2 to 10"


def test_a_score_of_items_has_no_rule_for_parts():
    total = replace(K10.total, missing=EachPart(OWN))

    assert refused_key(replace(K10, scores=(total,))) == "scores[0].missing.rule"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("0", "reliability[0].value"),
        ("0.01", None),
        ("0.99", None),
        ("1", "reliability[0].value"),
    ],
)
def test_a_reliability_lies_between_none_and_perfect(value, key):
    reliability = Reliability("alpha", Decimal(value), OWN)

    assert refused_key(replace(K10, reliability=(reliability,))) == key


def test_a_spread_of_more_than_nothing_is_enough():
    spread = Spread(Decimal("0.1"), "adults", OWN)

    assert refused_key(replace(K10, spread=spread)) is None


def test_a_band_holds_more_than_one_point(site):
    site.change("high = 2.5 }", "high = 0 }")

    assert site.refusal().key == "bands.steps[0]"


def test_bands_end_where_the_score_ends(site):
    site.change("high = 6 }", "high = 7 }")

    assert site.refusal().key == "bands.steps"


@pytest.mark.parametrize("inside", [0, 6])
def test_a_cutoff_may_stand_at_either_end_of_the_score(site, inside):
    site.change("[cutoff]\nvalue = 3", f"[cutoff]\nvalue = {inside}")

    assert site.library().instrument("mood").cutoff.value == inside


@pytest.mark.parametrize(
    ("required", "key"),
    [
        ('["sad"]', None),
        ('["sad", "glad"]', None),
        ('["sad", "glad", "line"]', "max_missing"),
        ('["sad", "words"]', "required"),
    ],
)
def test_what_must_be_answered_leaves_something_that_may_be_blank(site, required, key):
    first, rest = site.instrument.split("[[scores]]", 1)
    rest = rest.replace("max_missing = 1", f"max_missing = 1, required = {required}", 1)
    site.instrument = f"{first}[[scores]]{rest}"

    if key is None:
        assert site.library().instrument("mood").total.missing.required
    else:
        assert site.refusal().key == f"scores[0].missing.{key}"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('source = "adults"', 'source = "adults"\nx = 1', "ages.x"),
        ("max_missing = 1,", "max_missing = 1, x = 1,", "scores[0].missing.x"),
        ('method = "published"', 'method = "published"\nx = 1', "rci.x"),
        ('kind = "alpha"', 'kind = "alpha"\nx = 1', "reliability[0].x"),
        ("[sd]", "[sd]\nx = 1", "sd.x"),
        ("[bands]", "[bands]\nx = 1", "bands.x"),
        ('{ code = "low",', '{ x = 1, code = "low",', "bands.steps[0].x"),
        ("[cutoff]", "[cutoff]\nx = 1", "cutoff.x"),
        ("slider = { low", "slider = { x = 1, low", "items[2].slider.x"),
        ("safety = { at_", "safety = { x = 1, at_", "items[0].safety.x"),
        ('code = "mood" }', 'code = "mood", x = 1 }', "coding.x"),
        ('code = "mood.total" }', 'code = "mood.total", x = 1 }', "scores[0].coding.x"),
        ('id = "total"', 'id = "total"\nx = 1', "scores[0].x"),
        ("[choices.often]", "[choices.often]\nx = 1", "choices.often.x"),
    ],
)
def test_a_key_that_nobody_reads_is_refused_wherever_it_stands(site, old, new, key):
    before, after = site.instrument.split(old, 1)
    site.instrument = before + new + after

    assert site.refusal().key == key


def test_a_gate_has_no_key_that_nobody_reads(site, another_site):
    gate = 'ask_if = { item = "sad", at_least = 1, source = "x", evidence = "own" }'
    site.change('link_id = "words"\n', f'link_id = "words"\n{gate}\n')
    unread = another_site("unread")
    unread.instrument = site.instrument.replace("{ item =", "{ x = 1, item =")

    assert site.library().instrument("mood").item("words").ask_if is not None
    assert unread.refusal().key == "items[3].ask_if.x"


def test_the_structure_of_a_form_can_be_shown_in_numbers_alone():
    lines, choices = neutral_wording(LINES), neutral_wording(K10)

    assert (lines.instrument_id, lines.language) == ("ors", "en")
    assert list(lines.items.values()) == ["Item 1", "Item 2", "Item 3", "Item 4"]
    assert lines.anchors["o1"] == ("0", "100") and lines.options == {}
    assert choices.options["q1"] == {Decimal(n): str(n) for n in range(1, 6)}
    assert choices.anchors == {} and not choices.numbers_apply


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("wording.en.toml", "en"),
        ("wording.pt-BR.toml", "pt-BR"),
        ("words.en.toml", None),
        ("wording.english.toml", None),
        ("wording.toml", None),
        ("wording.en", None),
        ("wording.en.txt", None),
    ],
)
def test_a_wordings_file_is_known_by_the_whole_of_its_name(name, language):
    assert wording_language(name) == language


@pytest.mark.parametrize(
    ("last_day", "entered", "keys"),
    [
        ("2026-11-25", "2026-11-25", []),
        ("2026-11-24", "2026-11-25", ["licence.valid_until"]),
        ("2026-11-25", "2026-11-26", ["cutoff.entered_on", "rci.entered_on"]),
    ],
)
def test_the_day_itself_is_still_within_a_licence_and_no_longer_ahead(
    last_day, entered, keys
):
    text = COMPLETION.replace("2027-12-31", last_day).replace("2026-11-23", entered)
    files = {"instrument.toml": text.encode(), "wording.en.toml": WORDING.encode()}

    found = pack_problems(
        files,
        shipped_definitions()["ors"],
        shipped_languages=(),
        today=date(2026, 11, 25),
    )

    assert [each.key for each in found] == keys


def test_a_number_without_its_source_is_told_so_and_not_that_a_text_is_missing(site):
    before, after = site.instrument.split("[cutoff]", 1)
    site.instrument = before + "[cutoff]" + after.replace("source", "sauce", 1)

    assert site.refusal().problem == "is missing; no number without it"
