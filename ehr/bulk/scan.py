"""One piece of a file → columns of readings, without anything that names a person.

A patient's and a record's id leave this module only as keyed hashes, which join lines
and are dropped in their turn (`clinical.norms.courses`). They are those of the
interpreter (SipHash): its key is drawn when a process starts and ends with it.
"""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ehr.bulk.spans import Block, Span, blocks_of, holds_one_of
from ehr.errors import JsonRefused
from ehr.wire.typed_json import checked_text
from fhir_mapping.bulk_line import (
    LATEST,
    LeftOut,
    LineReader,
    Row,
    UsualLines,
    Wanted,
)
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.date_columns import moments_of
from fhir_mapping.r4.score_line import ScoreLine, score_lines
from fhir_mapping.unread import Reason

_OPENS: Final = ord("{")
_CLOSES: Final = ord("}")
_SAME_IN_ALL: Final = "the key of this process"
MOST_PLACES = 20  # of unread lines, by piece; all of them are counted


@dataclass(slots=True)
class Columns:
    """Readings as columns; see `fhir_mapping.bulk_line.Row` for their meaning.

    Ids are hashes of 64 bits. Two of a million patients share one with a probability
    of 3 in 100 million.
    """

    patient: "array[int]" = field(default_factory=lambda: array("q"))
    record: "array[int]" = field(default_factory=lambda: array("q"))
    instant: "array[int]" = field(default_factory=lambda: array("q"))
    day: "array[int]" = field(default_factory=lambda: array("i"))
    updated: "array[int]" = field(default_factory=lambda: array("I"))
    value: "array[float]" = field(default_factory=lambda: array("d"))
    answered: "array[int]" = field(default_factory=lambda: array("b"))

    def add(self, other: "Columns") -> None:
        """The rows of the other one too."""
        self.patient += other.patient
        self.record += other.record
        self.instant += other.instant
        self.day += other.day
        self.updated += other.updated
        self.value += other.value
        self.answered += other.answered


@dataclass(frozen=True, slots=True)
class UnreadLine:
    """A line that is, or may be, wanted and could not be used."""

    offset: int
    place: str
    reason: Reason


@dataclass(slots=True)
class Scanned:
    """What one piece held.

    Attributes:
        lines: looked at.
        others: of them, about something else.
        key_seen: the same in all processes that hash with one key.
        unread: how many could not be used, by place and reason.
        unread_at: where the first `MOST_PLACES` of them are.
        estimated: scores that stand on answers of which some are missing.
    """

    span: Span
    columns: Columns = field(default_factory=Columns)
    key_seen: int = field(default_factory=lambda: hash(_SAME_IN_ALL))
    lines: int = 0
    unread: Counter[tuple[str, Reason]] = field(default_factory=Counter)
    unread_at: list[UnreadLine] = field(default_factory=list)
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    estimated: int = 0
    others: int = 0


class Scanner:
    """Reads pieces, one after the other."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted

    def scan(self, span: Span) -> Scanned:
        """All readings of the lines that begin in this piece."""
        found = self._together(span) if span.kind == "Observation" else None
        return found or self._one_by_one(span)

    def _together(self, span: Span) -> Scanned | None:
        """Many lines at a time; None if the date of a usual line is none.

        Only reading the piece again, line by line, tells which one.
        """
        reader, usual = LineReader(self._wanted, span.kind), UsualLines()
        found = Scanned(span, left_out=reader.left_out)
        for block in blocks_of(span):
            lines = _lines_of(block)
            if lines is None:
                _read(block, range(len(block.lines)), reader, found)
                found.lines += len(block.lines)
            else:
                _read(block, reader.usual(lines, usual), reader, found)
                found.lines += len(lines)
        columns = _columns(usual, reader)
        if columns is None:
            return None
        found.columns.add(columns)
        return _finished(found, reader)

    def _one_by_one(self, span: Span) -> Scanned:
        reader = LineReader(self._wanted, span.kind)
        found = Scanned(span, left_out=reader.left_out)
        needles = self._wanted.needles(span.kind)
        for block in blocks_of(span):
            numbers = [
                number
                for number, line in enumerate(block.lines)
                if not needles or not line or holds_one_of(needles, line)
            ]
            reader.others += len(block.lines) - len(numbers)
            _read(block, numbers, reader, found)
            found.lines += len(block.lines)
        return _finished(found, reader)


def _read(
    block: Block, numbers: Iterable[int], reader: LineReader, found: Scanned
) -> None:
    """Adds what these lines say, each read by itself."""
    for number in numbers:
        line = block.lines[number]
        try:
            if line is None:
                raise UnreadableResource(found.span.kind, "")
            row = reader.row(checked_text(line, profile="ehr"))
        except UnreadableResource as error:
            offset = block.offset_of(number)
            _report(found, offset, place=error.place, reason=error.reason)
        except JsonRefused as error:
            offset = block.offset_of(number)
            _report(found, offset, place=error.place, reason="malformed")
        else:
            if row is not None:
                _add(row, found.columns)


def _lines_of(block: Block) -> list[ScoreLine] | None:
    """The deciding fields of every line; None if each is to be looked at by itself."""
    try:
        text = checked_text(block.text, profile="ehr")
    except JsonRefused:
        return None
    if not text.startswith(b"{") or not text.endswith(b"}\n"):
        return None
    count, end = 1, text.find(b"\n")
    while end < len(text) - 1:
        if text[end - 1] != _CLOSES or text[end + 1] != _OPENS:
            return None  # a value may go beyond its line
        count, end = count + 1, text.find(b"\n", end + 1)
    lines = score_lines(text)
    return lines if lines is not None and len(lines) == count else None


def _columns(usual: UsualLines, reader: LineReader) -> Columns | None:
    instant, day, exact = moments_of(usual.moment, reader.moment)
    if not exact.all():
        return None
    updated, _, _ = moments_of(usual.updated, reader.moment)
    return Columns(
        patient=array("q", map(hash, usual.patient)),
        record=array("q", map(hash, usual.record)),
        instant=array("q", instant.astype(np.int64).tobytes()),
        day=array("i", day.astype(np.int32).tobytes()),
        updated=array("I", updated.clip(0, LATEST).astype(np.uint32).tobytes()),
        value=array("d", usual.value),
    )


def _finished(found: Scanned, reader: LineReader) -> Scanned:
    found.estimated, found.others = reader.estimated, reader.others
    answered = int(found.span.kind == "QuestionnaireResponse")
    columns = found.columns
    columns.answered = array("b", [answered]) * len(columns.value)
    return found


def _add(row: Row, columns: Columns) -> None:
    patient, record, instant, day, updated, value = row
    columns.patient.append(hash(patient))
    columns.record.append(hash(record))
    columns.instant.append(instant)
    columns.day.append(day)
    columns.updated.append(updated)
    columns.value.append(value)


def _report(found: Scanned, offset: int, *, place: str, reason: Reason) -> None:
    # "byte 17" of a text that is no JSON says nothing beyond the line itself.
    place = "" if place.startswith("byte ") else place
    found.unread[place, reason] += 1
    if len(found.unread_at) < MOST_PLACES:
        found.unread_at.append(UnreadLine(offset, place, reason))
