"""Files of an export in pieces of bytes, and the lines that begin in a piece.

A line belongs to the piece its first byte lies in. So pieces may be cut anywhere, and
each line is read once.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import FileIO, RawIOBase
from pathlib import Path

from ehr.bulk.errors import FolderUnusable
from ehr.wire.typed_json import LARGEST
from fhir_mapping.bulk_line import Kind

BUFFER = 262_144  # bytes read at a time; larger ones cost more to get than to fill
AHEAD = 8 * 1_048_576  # bytes that are on their way from the disk
LONGEST_LINE = LARGEST["ehr"]
SPAN = 32 * 1_048_576  # bytes that one process takes at a time

# Letters, digits, hyphen and full stop written as \uXXXX: allowed in JSON, written by
# no encoder of ours, and a code spelt so would not be found by its letters.
_SPELT_OUT = re.compile(rb"\\u00(?:2[dDeE]|3[0-9]|[46][0-9a-fA-F]|[57][0-9aA])")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a file: bytes from `start` up to, not including, `end`."""

    file: Path
    kind: Kind
    start: int
    end: int


@dataclass(frozen=True)
class Block:
    """Some lines in a row.

    Attributes:
        offset: of the first byte of the first line.
        text: all of them, with their ends; empty for one line that is too long.
    """

    offset: int
    text: bytes

    @cached_property
    def lines(self) -> list[bytes | None]:
        """Without their ends; None for one that is too long, or is cut off."""
        if not self.text:
            return [None]
        lines: list[bytes | None] = [*self.text.split(b"\n")]
        last = lines.pop()
        if last:  # the file ends without a line end
            lines.append(last if last.rstrip().endswith(b"}") else None)
        if len(self.text) <= LONGEST_LINE:
            return lines
        return [each if each and len(each) <= LONGEST_LINE else None for each in lines]

    def offset_of(self, number: int) -> int:
        """Of the first byte of a line, 0 for the first; no None comes before it."""
        before = self.lines[:number]
        return self.offset + sum(len(each or b"") + 1 for each in before)


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


def blocks_of(span: Span) -> Iterator[Block]:
    """The lines that begin in this piece, each once."""
    return blocks_between(span.file, span.start, span.end)


def blocks_between(file: Path, start: int, stop: int) -> Iterator[Block]:
    """The lines of a file whose first byte lies from `start` up to, not at, `stop`.

    Memory: a few buffers, or the longest line.
    """
    with file.open("rb", buffering=0) as stream:
        offset, held = _first_line(stream, start), b""
        while offset < stop:
            _fetch(stream, stream.tell() + AHEAD)
            piece = stream.read(BUFFER)
            end = piece.rfind(b"\n") + 1
            if end or (held and not piece):
                # In one copy; a second one costs as much as reading.
                data = b"".join((held, memoryview(piece)[:end]))
                # The line that goes beyond our end is the last of ours.
                last = data.find(b"\n", max(stop - offset - 1, 0)) + 1
                yield Block(offset, data[:last] if last else data)
                if not piece:
                    return
                offset, held = offset + len(data), piece[end:]
            elif not piece:
                return
            elif len(held) + len(piece) > LONGEST_LINE:
                yield Block(offset, b"")
                offset = _line_end(stream, offset + len(held) + len(piece))
                held = b""
            else:
                held += piece


def _fetch(stream: FileIO, start: int) -> None:
    """Has a block come from the disk while the ones before it are worked on."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(stream.fileno(), start, BUFFER, os.POSIX_FADV_WILLNEED)


def holds_one_of(needles: Sequence[bytes], line: bytes) -> bool:
    """Whether a line holds one of these texts, or may hold it spelt in escapes."""
    for needle in needles:
        if needle in line:
            return True
    return b"\\" in line and _SPELT_OUT.search(line) is not None


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


def _first_line(stream: RawIOBase, start: int) -> int:
    """Where the first line begins at or after a byte of the file."""
    if start == 0:
        return 0
    # The byte before tells whether a line begins here.
    stream.seek(start - 1)
    return _line_end(stream, start - 1)


def _line_end(stream: RawIOBase, offset: int) -> int:
    """Goes to the byte after the next line end; says where that is."""
    while piece := stream.read(BUFFER):
        end = piece.find(b"\n") + 1
        if end:
            stream.seek(offset + end)
            return offset + end
        offset += len(piece)
    return offset
