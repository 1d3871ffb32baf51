"""One wording.<lang>.toml → one Wording: every item and answer, word for word."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from types import MappingProxyType

from questionnaires.instrument import ChoiceItem, Instrument, SliderItem, Wording
from questionnaires.reader import Definition
from questionnaires.table import Table

# BCP 47 as far as we need it: language, script, region.
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?", re.ASCII)


def is_in_language(found: str, *, wanted: str) -> bool:
    """Whether answers in one language are among those wanted: `de-CH` is among `de`.

    Not the other way round. However it is written: `EN`, `en_US`.
    """
    language, among = (
        each.strip().lower().replace("_", "-") for each in (found, wanted)
    )
    return language == among or language.startswith(f"{among}-")


def wording_from_table(
    table: Table, definition: Definition, *, content: bytes, language: str
) -> Wording:
    """The text in this file, once it covers the instrument and nothing else.

    Args:
        definition: the instrument whose text this says it is.
        content: the file, for its digest.
        language: as the file's name says.

    Raises:
        InstrumentFileError: another instrument, version or language, or a text that
            is missing or belongs to nothing.
    """
    instrument = definition.instrument
    for key, ours in (
        ("instrument", instrument.id),
        ("version", instrument.version),
        ("language", language),
    ):
        if table.text(key) != ours:
            raise table.refuse(key, f"must be {ours!r}, as file and instrument say")
    by_list = _labels(table, definition)
    wording = Wording(
        instrument_id=instrument.id,
        language=language,
        title=table.text("title"),
        short_title=table.text("short_title") if table.has("short_title") else "",
        introduction=table.text("introduction"),
        items=_texts(table, "items", [item.link_id for item in instrument.items]),
        options=MappingProxyType(
            {link_id: by_list[name] for link_id, name in definition.choices.items()}
        ),
        anchors=_anchors(table, instrument),
        source=table.text("source"),
        translator=table.text("translator"),
        validation=table.text("validation"),
        numbers_apply=table.flag("numbers_apply"),
        notice=table.text("notice"),
        digest=sha256(content).hexdigest(),
    )
    table.finish()
    return wording


def _texts(table: Table, key: str, wanted: Iterable[str]) -> Mapping[str, str]:
    below = table.table(key)
    texts = {name: below.text(name) for name in wanted}
    below.finish()
    return MappingProxyType(texts)


def _labels(
    table: Table, definition: Definition
) -> Mapping[str, Mapping[Decimal, str]]:
    """Name of a list of choices → points → label."""
    lists = {
        definition.choices[item.link_id]: [option.points for option in item.options]
        for item in definition.instrument.items
        if isinstance(item, ChoiceItem)
    }
    if not lists:
        return {}
    below = table.table("choices")
    labels = {name: _list(below.table(name), lists[name]) for name in lists}
    below.finish()
    return labels


def _list(table: Table, wanted: Iterable[Decimal]) -> Mapping[Decimal, str]:
    keys: dict[Decimal, str] = {}
    for key in table.content:
        try:
            keys[Decimal(key)] = key
        except InvalidOperation:
            raise table.refuse(key, "must be the points of an answer") from None
    labels = {points: table.text(keys.get(points, str(points))) for points in wanted}
    table.finish()
    return MappingProxyType(labels)


def _anchors(table: Table, instrument: Instrument) -> Mapping[str, tuple[str, str]]:
    lines = [i.link_id for i in instrument.items if isinstance(i, SliderItem)]
    if not lines:
        return MappingProxyType({})
    below = table.table("anchors")
    anchors = {}
    for link_id in lines:
        pair = below.texts(link_id)
        if len(pair) != 2:
            raise below.refuse(link_id, "must be two texts: at low, at high")
        anchors[link_id] = (pair[0], pair[1])
    below.finish()
    return MappingProxyType(anchors)


def neutral_wording(instrument: Instrument) -> Wording:
    """Numbers in place of words: what a skeleton can show of itself, and to nobody ill.

    For publishing and testing a structure whose text is licensed; a form for people
    needs the site's own wording.
    """
    numbered = list(enumerate(instrument.items, start=1))
    return Wording(
        instrument_id=instrument.id,
        language="en",
        title=f"{instrument.title} (structure only)",
        short_title="",
        introduction="Structure and scoring only: the wording is licensed, not here.",
        items={item.link_id: f"Item {number}" for number, item in numbered},
        options={
            item.link_id: {each.points: f"{each.points:f}" for each in item.options}
            for item in instrument.items
            if isinstance(item, ChoiceItem)
        },
        anchors={
            item.link_id: (f"{item.low}", f"{item.high}")
            for item in instrument.items
            if isinstance(item, SliderItem)
        },
        source="numbers of items and answers",
        translator="original",
        validation="None: this is no wording.",
        numbers_apply=False,
        notice=instrument.licence.terms,
        digest="",
    )
