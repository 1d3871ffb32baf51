"""Files of an export in pieces of bytes, and the lines that begin in a piece.

A line belongs to the piece its first byte lies in. So pieces may be cut anywhere, and
each line is read once.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ehr.bulk.errors import FolderUnusable
from ehr.wire.typed_json import LARGEST
from fhir_mapping.bulk_line import Kind

BUFFER = 1_048_576  # bytes read at a time
LONGEST_LINE = LARGEST["ehr"]
SPAN = 32 * 1_048_576  # bytes that one process takes at a time

# Letters, digits, hyphen and full stop written as \uXXXX: allowed in JSON, written by
# no encoder of ours, and a code spelt so would not be found by its letters.
_SPELT_OUT = re.compile(rb"\\u00(?:2[dDeE]|3[0-9]|[46][0-9a-fA-F]|[57][0-9aA])")

# Offset of its first byte in the file; the line, or None if it is too long or the file
# ends in the middle of it. A plain tuple, for there are millions.
Line = tuple[int, bytes | None]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a file: bytes from `start` up to, not including, `end`."""

    file: Path
    kind: Kind
    start: int
    end: int


def files_of(folder: Path, kind: Kind) -> tuple[Path, ...]:
    """The files of one type of resource, `Observation*.ndjson`, in order of name.

    Raises:
        FolderUnusable: some are compressed.
    """
    packed = sorted(folder.glob(f"{kind}*.ndjson.gz"))
    if packed:
        raise FolderUnusable(
            f"{packed[0].name} is compressed: unpack it first (gunzip), so that it can"
            " be read in parts"
        )
    return tuple(sorted(folder.glob(f"{kind}*.ndjson")))


def spans_of(
    folder: Path, kinds: Sequence[Kind], *, size: int = SPAN
) -> tuple[Span, ...]:
    """All files of these types, in pieces.

    Raises:
        FolderUnusable: there is no such file, or one is compressed.
    """
    found = [
        Span(file, kind, start, min(start + size, total))
        for kind in kinds
        for file in files_of(folder, kind)
        for total in (file.stat().st_size,)
        for start in range(0, total, size)
    ]
    if not found:
        names = " or ".join(f"{kind}*.ndjson" for kind in kinds)
        raise FolderUnusable(f"{folder} holds no {names} with anything in it")
    return tuple(found)


def lines_with(needles: Sequence[bytes], span: Span) -> Iterator[Line]:
    """The lines that begin in this piece and hold one of these texts; all, if none.

    Lines without are passed over unread. Memory: one buffer and one line.
    """
    with span.file.open("rb", buffering=BUFFER) as stream:
        offset = _first_line(stream, span.start)
        read = partial(stream.readline, LONGEST_LINE + 1)
        while offset < span.end and (line := read()):
            begun, offset = offset, offset + len(line)
            if needles and line.endswith(b"\n") and not _holds(needles, line):
                continue
            if len(line) > LONGEST_LINE:
                yield begun, None
                if not line.endswith(b"\n"):
                    offset = _line_end(stream, offset)
            elif line.endswith(b"\n") or line.rstrip().endswith(b"}"):
                yield begun, line
            else:
                yield begun, None


def line_numbers(file: Path, offsets: Sequence[int]) -> list[int]:
    """The numbers of the lines that begin at these bytes, ascending; 1 is the first."""
    numbers, number, done = [], 1, 0
    with file.open("rb") as stream:
        for offset in offsets:
            while left := offset - done:
                block = stream.read(min(left, BUFFER))
                if not block:
                    break
                number += block.count(b"\n")
                done += len(block)
            numbers.append(number)
    return numbers


def _holds(needles: Sequence[bytes], line: bytes) -> bool:
    for needle in needles:
        if needle in line:
            return True
    return b"\\" in line and _SPELT_OUT.search(line) is not None


def _first_line(stream: BinaryIO, start: int) -> int:
    """Where the first line begins at or after a byte of the file."""
    if start == 0:
        return 0
    # The byte before tells whether a line begins here.
    stream.seek(start - 1)
    return _line_end(stream, start - 1)


def _line_end(stream: BinaryIO, offset: int) -> int:
    """Goes to the byte after the next line end; says where that is."""
    while piece := stream.readline(BUFFER):
        offset += len(piece)
        if piece.endswith(b"\n"):
            break
    return offset
