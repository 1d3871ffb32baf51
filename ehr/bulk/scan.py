"""One piece of a file → columns of readings, without anything that names a person.

A patient's and a record's id leave this module only as keyed hashes, which join lines
and are dropped in their turn (`clinical.norms.courses`). They are those of the
interpreter (SipHash): its key is drawn when a process starts and ends with it.
"""

from array import array
from collections import Counter
from dataclasses import dataclass, field

from ehr.bulk.spans import Span, blocks_of, holds_one_of
from ehr.errors import JsonRefused
from ehr.wire.typed_json import checked_text
from fhir_mapping.bulk_line import LeftOut, LineReader, Row, Wanted
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.unread import Reason

_SAME_IN_ALL = "the key of this process"
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
                    _add(row, found.columns)
        found.estimated, found.others = reader.estimated, reader.others
        columns = found.columns
        rows = len(columns.value)
        kind = int(span.kind == "QuestionnaireResponse")
        columns.answered = array("b", [kind]) * rows
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
