"""Whether an instrument agrees with itself, and with the others in the library."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal, assert_never

from questionnaires.codes import LOINC, has_right_check_digit
from questionnaires.errors import InstrumentFileError
from questionnaires.instrument import (
    ChoiceItem,
    Coding,
    Instrument,
    Item,
    SliderItem,
    TextItem,
)
from questionnaires.points import offered_points
from questionnaires.score_checks import score_problems

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}", re.ASCII)
# Questionnaire.url: cnl-1 of FHIR asks for no "|" and "#"; a space is no part of a url.
_URL = re.compile(r"https?://[^\s|#]+", re.ASCII)
MOST_ITEMS = 300

# Our own file, a whole instrument of the site's, or a skeleton the site completed.
Origin = Literal["shipped", "site", "completion"]


def check_instrument(instrument: Instrument, *, file: str, origin: Origin) -> None:
    """Refuses an instrument whose parts contradict each other.

    Args:
        origin: what we ship may hold less than what a licensed site enters.

    Raises:
        InstrumentFileError: the first contradiction, by file and key.
    """
    found = next(problems_of(instrument, origin), None)
    if found is not None:
        key, problem = found
        raise InstrumentFileError(file, key, problem)


def problems_of(instrument: Instrument, origin: Origin) -> Iterator[tuple[str, str]]:
    """Every contradiction in this instrument: its key and what is wrong there."""
    yield from _head(instrument)
    yield from _codes(instrument)
    yield from _items(instrument)
    yield from _asked(instrument.items)
    for index, score in enumerate(instrument.scores):
        for key, problem in score_problems(instrument, score):
            yield f"scores[{index}].{key}", problem
    yield from _repeated("scores", "id", [score.id for score in instrument.scores])
    if not instrument.scores and any((instrument.bands, instrument.cutoff)):
        yield "scores", "are missing: bands and cut-off have nothing to stand on"
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
        ("derived_from", instrument.derived_from),
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
    if item.ask_if and is_scored:
        yield "ask_if", "does not fit: a scored item is always asked"
    if item.reverse and not is_scored:
        yield "reverse", "has no meaning: no score uses this item"
    if item.safety and item.safety.at_least > offered_points(item)[1]:
        yield "safety.at_least", "is more than any answer is worth"


def _asked(items: Iterable[Item]) -> Iterator[tuple[str, str]]:
    """An item may depend only on one with points that stands before it."""
    before: dict[str, ChoiceItem | SliderItem] = {}
    for index, item in enumerate(items):
        if item.ask_if:
            gate = before.get(item.ask_if.link_id)
            key = f"items[{index}].ask_if"
            if gate is None:
                yield f"{key}.item", "must name an earlier item that has points"
            elif (
                not offered_points(gate)[0]
                < item.ask_if.at_least
                <= (offered_points(gate)[1])
            ):
                yield f"{key}.at_least", "must tell the answers of that item apart"
        if not isinstance(item, TextItem):
            before[item.link_id] = item


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
    cutoff, change = instrument.cutoff, instrument.reliable_change
    for index, each in enumerate(instrument.reliability):
        if not 0 < each.value < 1:
            yield f"reliability[{index}].value", "must lie between 0 and 1"
    if instrument.spread and instrument.spread.value <= 0:
        yield "sd.value", "must be more than 0"
    if not instrument.scores:
        return
    total = instrument.total
    if cutoff and not total.low <= cutoff.value <= total.high:
        yield "cutoff.value", "lies outside the score's range"
    # ">= 8" names the ill side of a symptom scale; on a well-being scale it would
    # call the healthy ones clinical.
    worse = instrument.direction == "higher_is_worse"
    if cutoff and (cutoff.operator in (">=", ">")) != worse:
        yield "cutoff.operator", "points to the healthy side of this instrument"
    if change and not 0 < change.value <= total.high - total.low:
        yield "rci.value", "must be more than 0 and within the score's range"


def _rights(instrument: Instrument, origin: Origin) -> Iterator[tuple[str, str]]:
    # Licensors of class D also claim cut-offs and targets by contract: such a skeleton
    # holds the structure alone, and the site enters its own numbers by name and date.
    licensed = instrument.skeleton and instrument.licence.kind == "D"
    preset = {
        "bands": instrument.bands,
        "cutoff": instrument.cutoff,
        "rci": instrument.reliable_change,
        "reliability": instrument.reliability,
        "sd": instrument.spread,
    }
    for key, found in preset.items():
        if licensed and found and origin != "completion":
            yield key, "must not be preset in this skeleton: the site enters its own"
        if not instrument.validated and found:
            yield key, "must not be given for a form that is not validated"
    without_text = instrument.licence.kind in ("C", "D")
    if origin == "shipped" and without_text and not instrument.skeleton:
        yield "skeleton", "must be true: this licence class ships without text"
    if not instrument.reversed_known and not instrument.skeleton:
        yield "reversed_by_site", "belongs to a skeleton: a whole form is known whole"
    if instrument.skeleton and not instrument.licence.site_adds:
        yield "licence.site_adds", "must say what the clinic brings to this skeleton"


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
