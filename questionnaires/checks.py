"""Whether an instrument agrees with itself, and with the others in the library."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Literal, assert_never

from questionnaires.codes import LOINC, has_right_check_digit
from questionnaires.errors import InstrumentFileError
from questionnaires.instrument import (
    ChoiceItem,
    Coding,
    Instrument,
    Item,
    ProrateMean,
    ScoreRule,
    SliderItem,
    TextItem,
)

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}", re.ASCII)
# Questionnaire.url: cnl-1 of FHIR asks for no "|" and "#"; a space is no part of a url.
_URL = re.compile(r"https?://[^\s|#]+", re.ASCII)
MOST_ITEMS = 300

# Our own file, a whole instrument of the site's, or a skeleton the site completed.
Origin = Literal["shipped", "site", "completion"]


def offered_points(item: ChoiceItem | SliderItem) -> tuple[Decimal, Decimal]:
    """Lowest and highest points this item can be worth."""
    match item:
        case ChoiceItem(options=options):
            points = [option.points for option in options]
            return min(points), max(points)
        case SliderItem(low=low, high=high, points_per_step=step):
            return low * step, high * step
        case _:
            assert_never(item)


def check_instrument(instrument: Instrument, *, file: str, origin: Origin) -> None:
    """Refuses an instrument whose parts contradict each other.

    Args:
        origin: what we ship may hold less than what a licensed site enters.

    Raises:
        InstrumentFileError: the first contradiction, by file and key.
    """
    found = next(_problems(instrument, origin), None)
    if found is not None:
        key, problem = found
        raise InstrumentFileError(file, key, problem)


def _problems(instrument: Instrument, origin: Origin) -> Iterator[tuple[str, str]]:
    yield from _head(instrument)
    yield from _codes(instrument)
    yield from _items(instrument)
    for index, score in enumerate(instrument.scores):
        for key, problem in _score(instrument, score):
            yield f"scores[{index}].{key}", problem
    yield from _repeated("scores", "id", [score.id for score in instrument.scores])
    yield from _bands(instrument)
    yield from _numbers(instrument)
    yield from _rights(instrument, origin)


def _head(instrument: Instrument) -> Iterator[tuple[str, str]]:
    if not _SLUG.fullmatch(instrument.id):
        yield "id", "must be lower case letters, digits and hyphens"
    if not _VERSION.fullmatch(instrument.version):
        yield "version", "must be three numbers, like 1.0.0"
    for key, urls in (
        ("canonical", (instrument.canonical,)),
        ("aliases", instrument.aliases),
    ):
        if not all(_URL.fullmatch(url) for url in urls):
            yield key, "must be http(s) urls without '|', '#' and spaces"
    if not 0 <= instrument.age_min <= instrument.age_max:
        yield "ages", "must be 0 <= min <= max"


def _codes(instrument: Instrument) -> Iterator[tuple[str, str]]:
    places: list[tuple[str, Coding]] = [("coding", instrument.coding)]
    for index, item in enumerate(instrument.items):
        places += [(f"items[{index}].codings", each) for each in item.codings]
        if isinstance(item, ChoiceItem):
            places += [(f"items[{index}].choices", o.coding) for o in item.options]
    for index, score in enumerate(instrument.scores):
        places.append((f"scores[{index}].coding", score.coding))
    for key, coding in places:
        if coding.system == LOINC and not has_right_check_digit(coding.code):
            yield key, f"{coding.code!r} is no LOINC code: its check digit is wrong"
    yield from _repeated("items", "codings", _item_codings(instrument.items))


def _item_codings(items: Iterable[Item]) -> list[Coding]:
    return [coding for item in items for coding in item.codings]


def _items(instrument: Instrument) -> Iterator[tuple[str, str]]:
    if len(instrument.items) > MOST_ITEMS:
        yield "items", f"are more than {MOST_ITEMS}"
    link_ids = [item.link_id for item in instrument.items]
    yield from _repeated("items", "link_id", link_ids)
    scored = {each for score in instrument.scores for each in score.link_ids}
    for index, item in enumerate(instrument.items):
        for key, problem in _item(item, is_scored=item.link_id in scored):
            yield f"items[{index}].{key}", problem


def _item(item: Item, *, is_scored: bool) -> Iterator[tuple[str, str]]:
    match item:
        case TextItem():
            return
        case ChoiceItem(options=options):
            points = [option.points for option in options]
            if len(options) < 2:
                yield "choices", "must offer at least two answers"
            if len(set(points)) < len(points):
                yield "choices", "two answers have the same points"
            if len({option.coding for option in options}) < len(options):
                yield "choices", "two answers have the same code"
            # Turned around, each answer must again be worth what one of them is.
            turned = {min(points) + max(points) - each for each in points}
            if item.reverse and turned != set(points):
                yield "reverse", "does not fit: the turned points are not offered"
        case SliderItem():
            if item.low >= item.high:
                yield "slider", "must have low < high"
            if item.points_per_step <= 0:
                yield "slider.points_per_step", "must be more than 0"
        case _:
            assert_never(item)
    if item.reverse and not is_scored:
        yield "reverse", "has no meaning: no score uses this item"
    if item.safety and item.safety.at_least > offered_points(item)[1]:
        yield "safety.at_least", "is more than any answer is worth"


def _score(instrument: Instrument, score: ScoreRule) -> Iterator[tuple[str, str]]:
    by_link_id = {item.link_id: item for item in instrument.items}
    lows, highs = [], []
    for link_id in score.link_ids:
        item = by_link_id.get(link_id)
        if item is None or isinstance(item, TextItem):
            yield "items", f"{link_id!r} is no item that has points"
            return
        low, high = offered_points(item)
        lows.append(low)
        highs.append(high)
    if not lows or len(set(score.link_ids)) < len(lows):
        yield "items", "must name at least one item, and none twice"
        return
    if score.factor <= 0:
        yield "factor", "must be more than 0"
    parts = 1 if score.op == "sum" else len(lows)
    possible = (sum(lows) * score.factor / parts, sum(highs) * score.factor / parts)
    if possible != (score.low, score.high):
        found = f"{score.low} to {score.high}"
        can = f"{possible[0]} to {possible[1]}"
        yield "range", f"says {found}, but the items can make {can}"
    rule = score.missing
    if isinstance(rule, ProrateMean) and not 1 <= rule.max_missing < len(lows):
        yield "missing.max_missing", "must be at least 1 and leave an answered item"


def _bands(instrument: Instrument) -> Iterator[tuple[str, str]]:
    bands = instrument.bands
    if not bands:
        return
    yield from _repeated("bands.steps", "code", [band.code for band in bands])
    total = instrument.total
    if bands[0].low != total.low or bands[-1].high != total.high:
        yield "bands.steps", f"must cover the range {total.low} to {total.high}"
    for index, band in enumerate(bands):
        if band.low >= band.high:
            yield f"bands.steps[{index}]", "must have low < high"
        if index and band.low > bands[index - 1].high:
            yield f"bands.steps[{index}].low", "leaves a gap after the band before"
        if index and band.low < bands[index - 1].high:
            yield f"bands.steps[{index}].low", "overlaps the band before"


def _numbers(instrument: Instrument) -> Iterator[tuple[str, str]]:
    total = instrument.total
    cutoff, change = instrument.cutoff, instrument.reliable_change
    if cutoff and not total.low <= cutoff.value <= total.high:
        yield "cutoff.value", "lies outside the score's range"
    # ">= 8" names the ill side of a symptom scale; on a well-being scale it would
    # call the healthy ones clinical.
    worse = instrument.direction == "higher_is_worse"
    if cutoff and (cutoff.operator in (">=", ">")) != worse:
        yield "cutoff.operator", "points to the healthy side of this instrument"
    if change and not 0 < change.value <= total.high - total.low:
        yield "rci.value", "must be more than 0 and within the score's range"
    for index, each in enumerate(instrument.reliability):
        if not 0 < each.value < 1:
            yield f"reliability[{index}].value", "must lie between 0 and 1"
    if instrument.spread and instrument.spread.value <= 0:
        yield "sd.value", "must be more than 0"


def _rights(instrument: Instrument, origin: Origin) -> Iterator[tuple[str, str]]:
    # Licensors also claim cut-offs and targets by contract: a skeleton holds the
    # structure alone, and the site enters its own numbers by name and date.
    preset = {
        "bands": instrument.bands,
        "cutoff": instrument.cutoff,
        "rci": instrument.reliable_change,
        "reliability": instrument.reliability,
        "sd": instrument.spread,
    }
    for key, found in preset.items():
        if instrument.skeleton and found and origin != "completion":
            yield key, "must not be preset in a skeleton: the site enters its own"
        if not instrument.validated and found:
            yield key, "must not be given for a form that is not validated"
    without_text = instrument.licence.kind in ("C", "D")
    if origin == "shipped" and without_text and not instrument.skeleton:
        yield "skeleton", "must be true: this licence class ships without text"


def _repeated(
    place: str, key: str, found: Iterable[object]
) -> Iterator[tuple[str, str]]:
    seen = set()
    for index, each in enumerate(found):
        if each in seen:
            yield f"{place}[{index}].{key}", "is there twice"
        seen.add(each)


def check_together(instruments: Iterable[tuple[Instrument, str]]) -> None:
    """Refuses two instruments that could be taken for one another.

    Args:
        instruments: each with the name of its file.

    Raises:
        InstrumentFileError: an id, canonical, alias or score code is there twice.
    """
    seen: dict[object, str] = {}
    for instrument, file in instruments:
        marks: list[tuple[str, object]] = [("id", instrument.id)]
        marks.append(("canonical", instrument.canonical))
        marks += [("aliases", alias) for alias in instrument.aliases]
        marks += [("scores.coding", score.coding) for score in instrument.scores]
        for key, mark in marks:
            if mark in seen:
                problem = f"is also in {seen[mark]}; each must be there once"
                raise InstrumentFileError(file, key, problem)
            seen[mark] = file
