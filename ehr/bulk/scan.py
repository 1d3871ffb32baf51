"""One piece of a file → columns of readings, without anything that names a person.

A patient's and a record's id leave this module only as keyed hashes, which join lines
and are dropped in their turn (`clinical.norms.courses`). Nobody keeps the key.
"""

import hashlib
from array import array
from collections import Counter
from dataclasses import dataclass, field

from ehr.bulk.spans import Span, blocks_of, holds_one_of
from ehr.errors import JsonRefused
from ehr.wire.typed_json import checked_text
from fhir_mapping.bulk_line import LeftOut, LineReader, Row, Wanted
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.unread import Reason

HASH_BYTES = 8
MOST_PLACES = 20  # of unread lines, by piece; all of them are counted


@dataclass(slots=True)
class Columns:
    """Readings as columns; see `fhir_mapping.bulk_line.Row` for their meaning.

    Ids are `HASH_BYTES` each, one after the other. Two of a million patients share a
    hash with a probability of 3 in 100 million.
    """

    patient: bytearray = field(default_factory=bytearray)
    record: bytearray = field(default_factory=bytearray)
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
        unread: how many could not be used, by place and reason.
        unread_at: where the first `MOST_PLACES` of them are.
        estimated: scores that stand on answers of which some are missing.
    """

    span: Span
    columns: Columns = field(default_factory=Columns)
    lines: int = 0
    unread: Counter[tuple[str, Reason]] = field(default_factory=Counter)
    unread_at: list[UnreadLine] = field(default_factory=list)
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    estimated: int = 0
    others: int = 0


class Scanner:
    """Reads pieces, one after the other.

    Args:
        key: of the hashes; the same for all pieces of one extraction.
    """

    def __init__(self, wanted: Wanted, key: bytes) -> None:
        self._wanted = wanted
        self._hash = hashlib.blake2b(key=key, digest_size=HASH_BYTES)
        self._last_patient: str | None = None
        self._last_hash = b""

    def scan(self, span: Span) -> Scanned:
        """All readings of the lines that begin in this piece."""
        reader = LineReader(self._wanted, span.kind)
        found = Scanned(span, left_out=reader.left_out)
        needles = self._wanted.needles(span.kind)
        for block in blocks_of(span):
            found.lines += len(block.lines)
            for number, line in enumerate(block.lines):
                try:
                    if line is None:
                        raise UnreadableResource(span.kind, "")
                    if needles and not holds_one_of(needles, line):
                        continue
                    if not block.plain:
                        line = checked_text(line, profile="ehr")
                    row = reader.row(line)
                except UnreadableResource as error:
                    offset = block.offset_of(number)
                    _report(found, offset, place=error.place, reason=error.reason)
                    continue
                except JsonRefused as error:
                    offset = block.offset_of(number)
                    _report(found, offset, place=error.place, reason="malformed")
                    continue
                if row is not None:
                    self._add(row, found.columns)
        found.estimated, found.others = reader.estimated, reader.others
        columns = found.columns
        rows = len(columns.value)
        kind = int(span.kind == "QuestionnaireResponse")
        columns.answered = array("b", [kind]) * rows
        return found

    def _add(self, row: Row, columns: Columns) -> None:
        patient, record, instant, day, updated, value = row
        if patient != self._last_patient:  # those of one often stand together
            hash_of = self._hash.copy()
            hash_of.update(patient.encode())
            self._last_patient, self._last_hash = patient, hash_of.digest()
        columns.patient += self._last_hash
        hash_of = self._hash.copy()
        hash_of.update(record.encode())
        columns.record += hash_of.digest()
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
