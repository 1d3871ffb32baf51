"""What a site adds to an instrument of ours: licensed wording, numbers of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from questionnaires.instrument import (
    Cutoff,
    Instrument,
    ReliableChange,
    Source,
    TextItem,
)
from questionnaires.reader import cutoff_from, reliable_change_from
from questionnaires.table import Table


@dataclass(frozen=True, slots=True)
class Completion:
    """A completed instrument, and which wording files the site vouches for.

    `wording_sha256` is language -> SHA-256 (hex); None if no licence binds the text.
    """

    instrument: Instrument
    wording_sha256: Mapping[str, str] | None


def completion_from_table(
    table: Table, instrument: Instrument, *, content: bytes
) -> Completion:
    """The instrument with what the site's file adds to it.

    Only a skeleton takes numbers: those of a whole instrument are never replaced in
    silence. What a skeleton presets holds until the site enters its own. To a whole
    instrument a site may add languages.

    Raises:
        InstrumentFileError: another version, a key that is missing or unknown.
    """
    table.text("completes")
    if table.text("version") != instrument.version:
        problem = f"must be {instrument.version!r}, the version that is completed"
        raise table.refuse("version", problem)
    if not instrument.skeleton:
        table.finish()
        return Completion(instrument, None)
    licence = table.table("licence")
    own_licence = replace(
        instrument.licence,
        holder=licence.text("holder"),
        reference=licence.text("reference"),
        valid_until=licence.day("valid_until"),
    )
    licence.finish()
    hashes = table.table("wording_sha256")
    by_language = {language: hashes.text(language) for language in hashes.content}
    completed = replace(
        _turned(table, instrument),
        licence=own_licence,
        cutoff=_cutoff(table) or instrument.cutoff,
        reliable_change=_reliable_change(table) or instrument.reliable_change,
        digest=sha256(instrument.digest.encode() + content).hexdigest(),
    )
    table.finish()
    return Completion(completed, by_language)


def _turned(table: Table, instrument: Instrument) -> Instrument:
    """The items turned around that the clinic's manual names, where only it does."""
    if instrument.reversed_known:
        return instrument
    below = table.table("reversed")
    named = below.texts("items")
    _entered(below)
    below.source()
    below.finish()
    scored = {each for rule in instrument.scores for each in rule.link_ids}
    if not set(named) <= scored or len(set(named)) < len(named):
        raise below.refuse("items", "must name scored items of this form, none twice")
    items = tuple(
        replace(each, reverse=True)
        if each.link_id in named and not isinstance(each, TextItem)
        else each
        for each in instrument.items
    )
    return replace(instrument, items=items, reversed_known=True)


def _cutoff(table: Table) -> Cutoff | None:
    if not table.has("cutoff"):
        return None
    below = table.table("cutoff")
    entered = _entered(below)
    cutoff = cutoff_from(below)
    return replace(cutoff, source=_signed(cutoff.source, entered))


def _reliable_change(table: Table) -> ReliableChange | None:
    if not table.has("rci"):
        return None
    below = table.table("rci")
    entered = _entered(below)
    change = reliable_change_from(below)
    return replace(change, source=_signed(change.source, entered))


def _entered(table: Table) -> str:
    """Who entered these numbers, and when: a site's number has a person behind it."""
    return f"entered by {table.text('entered_by')}, {table.day('entered_on')}"


def _signed(source: Source, entered: str) -> Source:
    return Source(f"{source.text}; {entered}", source.evidence)
