"""The header of a table of answers: which column is which item of an instrument."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from questionnaires.instrument import Instrument, TextItem

_SHOWN = 60  # characters of a foreign column name in a message
_MOST = 20  # problems in one message


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column of a table holds, in the order of its header.

    Attributes:
        link_ids: the item of each column; None for a column that is only kept.
        kept: names of the columns that go through to the output, by position.
    """

    link_ids: tuple[str | None, ...]
    kept: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class UnfitHeader:
    """The header cannot be used: one sentence for each thing that is wrong."""

    problems: tuple[str, ...]


def columns_from_header(
    instrument: Instrument,
    header: Sequence[str],
    *,
    renamed: Mapping[str, str],
    kept: Collection[str],
) -> Columns | UnfitHeader:
    """Which column is which item; nothing is guessed and nothing is passed over.

    Args:
        instrument: whose answers the table holds.
        header: names of the columns: a link id, or the item's number ("q3", "3") in
            the order of the instrument, 1 is the first.
        renamed: column name -> link id or number, for other names.
        kept: names of columns that are no answers, such as a row's identifier.

    Returns:
        `Columns`, or every problem at once: a column that is no item, an item with two
        columns or, if a score or a safety rule needs it, with none.
    """
    by_name = _names(instrument)
    problems = [
        f"{_shown(name)} is to be kept or renamed, but is no column"
        for name in sorted({*renamed, *kept} - set(header))
    ]
    link_ids: list[str | None] = []
    for name in header:
        wanted = renamed.get(name, name)
        link_ids.append(None if name in kept else by_name.get(wanted.strip().lower()))
        if name not in kept and link_ids[-1] is None:
            problems.append(f"column {_shown(wanted)} is no item of {instrument.id}")
    for link_id in sorted({each for each in link_ids if each is not None}):
        if link_ids.count(link_id) > 1:
            problems.append(f"item {link_id!r} has more than one column")
    problems += [
        f"item {link_id!r} has no column; add it, empty where nothing was answered"
        for link_id in _needed(instrument)
        if link_id not in link_ids
    ]
    if problems:
        return UnfitHeader(tuple(problems[:_MOST]))
    places = {at: name for at, name in enumerate(header) if name in kept}
    return Columns(tuple(link_ids), places)


def given_from_cells(columns: Columns, cells: Sequence[str]) -> dict[str, object]:
    """Link id -> cell, for `answers_from_offered`; an empty cell is a blank.

    Args:
        cells: of one row, as many as the header has.
    """
    pairs = zip(columns.link_ids, cells, strict=True)
    return {link_id: cell.strip() for link_id, cell in pairs if link_id is not None}


def _names(instrument: Instrument) -> dict[str, str]:
    """What a column may be called, in lower case -> link id."""
    names: dict[str, str] = {}
    for number, item in enumerate(instrument.items, 1):
        names |= {str(number): item.link_id, f"q{number}": item.link_id}
    # A link id that looks like a number or like "q2" is still this item's own name.
    return names | {item.link_id.lower(): item.link_id for item in instrument.items}


def _needed(instrument: Instrument) -> list[str]:
    scored = {each for score in instrument.scores for each in score.link_ids}
    return [
        item.link_id
        for item in instrument.items
        if item.link_id in scored
        or (not isinstance(item, TextItem) and item.safety is not None)
    ]


def _shown(name: str) -> str:
    """A foreign name, short and on one line."""
    clean = "".join(each if each.isprintable() else "?" for each in name)
    return repr(clean if len(clean) <= _SHOWN else f"{clean[:_SHOWN]}...")
