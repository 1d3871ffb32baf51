"""A clinic's pack, looked through to its end: everything that is wrong, at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import ParamSpec, TypeVar

from questionnaires.checks import problems_of
from questionnaires.completion import completion_from_table
from questionnaires.errors import InstrumentFileError
from questionnaires.instrument import ChoiceItem, Instrument, SliderItem
from questionnaires.packs.template import SLOT, SLOT_DAY
from questionnaires.reader import (
    Definition,
    cutoff_from,
    reliable_change_from,
)
from questionnaires.table import Table, table_from_toml
from questionnaires.wording import LANGUAGE, wording_from_table

INSTRUMENT_FILE = "instrument.toml"
_HEAD = ("title", "introduction", "source", "translator", "validation", "notice")

P = ParamSpec("P")
T = TypeVar("T")


class _Found:
    """The problems so far; each place is named once."""

    def __init__(self) -> None:
        self.problems: dict[tuple[str, str], InstrumentFileError] = {}

    def add(self, problem: InstrumentFileError) -> None:
        self.problems.setdefault((problem.file, problem.key), problem)

    def attempt(
        self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """What was read, or None once its problem is noted."""
        try:
            return read(*args, **kwargs)
        except InstrumentFileError as problem:
            self.add(problem)
            return None


def wording_language(file: str) -> str | None:
    """The language in "wording.<language>.toml"; None if that is not the name."""
    kind, _, language = file.removesuffix(".toml").partition(".")
    fits = kind == "wording" and LANGUAGE.fullmatch(language)
    return language if file.endswith(".toml") and fits else None


def wording_hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """Language -> SHA-256 (hex) of each wording file, by language."""
    return {
        language: sha256(files[name]).hexdigest()
        for name in sorted(files)
        if (language := wording_language(name)) is not None
    }


def completed_id(files: Mapping[str, bytes]) -> str:
    """Which instrument this pack says it completes.

    Raises:
        InstrumentFileError: no instrument.toml, or it does not say.
    """
    if INSTRUMENT_FILE not in files:
        problem = "is missing; rom instruments new writes one to fill in"
        raise InstrumentFileError(INSTRUMENT_FILE, "file", problem)
    table = table_from_toml(files[INSTRUMENT_FILE], file=INSTRUMENT_FILE)
    if table.has("id") and not table.has("completes"):
        problem = (
            "is an instrument of the clinic's own: put its folder into the site's"
            " folder yourself, then run rom check; a pack completes one of ours"
        )
        raise table.refuse("id", problem)
    return table.text("completes")


def pack_problems(
    files: Mapping[str, bytes],
    definition: Definition,
    *,
    shipped_languages: Iterable[str],
    today: date,
) -> tuple[InstrumentFileError, ...]:
    """Every problem of a pack, in the order of its files; empty: it can be used.

    What passes here is what the library reads at the start, and besides that nothing
    is left to fill in, the licence has not ended and no date lies ahead.

    Args:
        files: the TOML files of the pack, by name.
        definition: ours, of the instrument that the pack completes.
        shipped_languages: wordings that are already here.
        today: the day on which the pack is added.
    """
    found = _Found()
    _look_at_instrument(files, definition.instrument, found=found, today=today)
    languages = []
    for name in sorted(files):
        if name == INSTRUMENT_FILE:
            continue
        language = wording_language(name)
        if language is None:
            problem = "is not named wording.<language>.toml, like wording.en.toml"
            found.add(InstrumentFileError(name, "file", problem))
            continue
        languages.append(language)
        if language in shipped_languages:
            problem = "is already here; a wording is never replaced"
            found.add(InstrumentFileError(name, "language", problem))
        _look_at_wording(files[name], definition, found=found, file=name)
    if not languages:
        problem = "is missing: without a wording there is nothing to offer"
        found.add(InstrumentFileError("wording.<language>.toml", "file", problem))
    return tuple(found.problems.values())


def _look_at_instrument(
    files: Mapping[str, bytes], instrument: Instrument, *, found: _Found, today: date
) -> None:
    content = files[INSTRUMENT_FILE]
    table = found.attempt(table_from_toml, content, file=INSTRUMENT_FILE)
    if table is None:
        return
    _look_at_slots(table, found)
    # With these two begins the library's own reader, below.
    table.read.update(("completes", "version"))
    if instrument.skeleton:
        _look_at_licence(table, found, today=today)
        _look_at_hashes(table, files, found)
        _look_at_numbers(table, instrument, found=found, today=today)
        if not instrument.reversed_known:
            _look_at_reversed(table, found, today=today)
    _look_at_unknown(table, found)
    # Whatever else the library would refuse.
    fresh = table_from_toml(content, file=INSTRUMENT_FILE)
    completed = found.attempt(completion_from_table, fresh, instrument, content=content)
    if completed is not None:
        for key, problem in problems_of(completed.instrument, "completion"):
            found.add(table.refuse(key, problem))


def _look_at_licence(table: Table, found: _Found, *, today: date) -> None:
    licence = found.attempt(table.table, "licence")
    if licence is None:
        return
    for key in ("holder", "reference"):
        _attempt_text(licence, key, found)
    last = found.attempt(licence.day, "valid_until")
    if last is not None and last < today:
        problem = f"was {last.isoformat()}: the licence has ended, renew it first"
        found.add(licence.refuse("valid_until", problem))
    _look_at_unknown(licence, found)


def _look_at_hashes(table: Table, files: Mapping[str, bytes], found: _Found) -> None:
    hashes = found.attempt(table.table, "wording_sha256")
    right = wording_hashes(files)
    if hashes is None:
        return
    for language, digest in right.items():
        line = f'write {language} = "{digest}", once the text is the licensed one'
        if not hashes.has(language):
            found.add(hashes.refuse(language, f"is missing; {line}"))
            continue
        said = found.attempt(hashes.text, language)
        if said is not None and said.lower() != digest:
            problem = f"is not the hash of wording.{language}.toml as it is; {line}"
            found.add(hashes.refuse(language, problem))
    for language in hashes.content:
        if language not in right:
            problem = f"has no file wording.{language}.toml; add it or take this out"
            found.add(hashes.refuse(language, problem))


def _look_at_numbers(
    table: Table, instrument: Instrument, *, found: _Found, today: date
) -> None:
    entered = instrument
    for name in ("cutoff", "rci"):
        if not table.has(name):
            continue
        below = found.attempt(table.table, name)
        if below is None:
            continue
        _look_at_person(below, found, today=today)
        for key in ("population" if name == "cutoff" else "method", "source"):
            _attempt_text(below, key, found)
        fresh = Table(below.file, below.place, below.content)
        fresh.read.update(("entered_by", "entered_on"))
        if name == "cutoff":
            cutoff = found.attempt(cutoff_from, fresh)
            entered = replace(entered, cutoff=cutoff)
        else:
            change = found.attempt(reliable_change_from, fresh)
            entered = replace(entered, reliable_change=change)
        found.attempt(below.source)
        below.read.update(("value", "operator", "evidence"))
        _look_at_unknown(below, found)
    for key, problem in problems_of(entered, "completion"):
        found.add(table.refuse(key, problem))


def _look_at_reversed(table: Table, found: _Found, *, today: date) -> None:
    below = found.attempt(table.table, "reversed")
    if below is None:
        return
    _look_at_person(below, found, today=today)
    found.attempt(below.texts, "items")
    _attempt_text(below, "source", found)
    found.attempt(below.source)
    _look_at_unknown(below, found)


def _look_at_person(table: Table, found: _Found, *, today: date) -> None:
    """A number of the clinic's has a person and a day behind it."""
    _attempt_text(table, "entered_by", found)
    day = found.attempt(table.day, "entered_on")
    if day is not None and day > today:
        problem = (
            f"is {day.isoformat()}, which lies ahead; write the day it was entered"
        )
        found.add(table.refuse("entered_on", problem))


def _look_at_wording(
    content: bytes, definition: Definition, *, found: _Found, file: str
) -> None:
    table = found.attempt(table_from_toml, content, file=file)
    if table is None:
        return
    _look_at_slots(table, found)
    instrument = definition.instrument
    language = wording_language(file) or ""
    for key, ours in (
        ("instrument", instrument.id),
        ("version", instrument.version),
        ("language", language),
    ):
        said = _attempt_text(table, key, found)
        if said is not None and said != ours:
            found.add(
                table.refuse(key, f"must be {ours!r}, as file and instrument say")
            )
    for key in _HEAD:
        _attempt_text(table, key, found)
    if table.has("short_title"):
        _attempt_text(table, "short_title", found)
    found.attempt(table.flag, "numbers_apply")
    _look_at_texts(table, instrument, found)
    _look_at_choices(table, definition, found)
    _look_at_anchors(table, instrument, found)
    _look_at_unknown(table, found)
    fresh = table_from_toml(content, file=file)
    found.attempt(
        wording_from_table, fresh, definition, content=content, language=language
    )


def _look_at_texts(table: Table, instrument: Instrument, found: _Found) -> None:
    below = found.attempt(table.table, "items")
    if below is None:
        return
    for item in instrument.items:
        _attempt_text(below, item.link_id, found)
    _look_at_unknown(below, found)


def _look_at_choices(table: Table, definition: Definition, found: _Found) -> None:
    lists = {
        definition.choices[item.link_id]: item
        for item in definition.instrument.items
        if isinstance(item, ChoiceItem)
    }
    below = found.attempt(table.table, "choices") if lists else None
    if below is None:
        return
    for name, item in lists.items():
        labels = found.attempt(below.table, name)
        if labels is not None:
            _look_at_labels(labels, item, found)
    _look_at_unknown(below, found)


def _look_at_labels(labels: Table, item: ChoiceItem, found: _Found) -> None:
    keys: dict[Decimal, str] = {}
    for key in labels.content:
        try:
            keys[Decimal(key)] = key
        except InvalidOperation:
            found.add(labels.refuse(key, "must be the points of an answer"))
    for option in item.options:
        key = keys.get(option.points, f"{option.points:f}")
        _attempt_text(labels, key, found)
    _look_at_unknown(labels, found)


def _look_at_anchors(table: Table, instrument: Instrument, found: _Found) -> None:
    lines = [item for item in instrument.items if isinstance(item, SliderItem)]
    below = found.attempt(table.table, "anchors") if lines else None
    if below is None:
        return
    for item in lines:
        pair = found.attempt(below.texts, item.link_id)
        if pair is not None and len(pair) != 2:
            found.add(below.refuse(item.link_id, "must be two texts: at low, at high"))
    _look_at_unknown(below, found)


def _look_at_slots(table: Table, found: _Found) -> None:
    """What `rom instruments new` has left for the clinic, and is still so."""
    for place, value in _values_in(table.content, ""):
        unfilled = isinstance(value, str) and value.lstrip().startswith(SLOT)
        if unfilled or value == SLOT_DAY:
            problem = f"is still to be filled in; now it says {str(value).strip()!r}"
            found.add(InstrumentFileError(table.file, place, problem))


def _values_in(content: object, place: str) -> Iterator[tuple[str, object]]:
    match content:
        case list():
            for each in content:
                yield from _values_in(each, place)
        case dict():
            for key, each in content.items():
                yield from _values_in(each, f"{place}.{key}" if place else key)
        case _:
            yield place, content


def _look_at_unknown(table: Table, found: _Found) -> None:
    for key in table.content:
        if key not in table.read:
            found.add(table.refuse(key, "is not known here; correct or remove it"))


def _attempt_text(table: Table, key: str, found: _Found) -> str | None:
    return found.attempt(table.text, key)
