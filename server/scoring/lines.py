"""Lines of a file of any size, one at a time and none too long."""

from collections.abc import Iterator
from typing import BinaryIO

LONGEST_LINE = 65_536  # bytes; the longest row of an instrument is far shorter
MOST_LINES = 200  # of one row: a quotation mark that is never closed

_BOM = b"\xef\xbb\xbf"


class InputUnusable(Exception):
    """The input as a whole cannot be used, or not from this line on."""


def first_bytes(stream: BinaryIO, *, most: int) -> bytes:
    """All of a short input; one byte more than `most` if it is longer."""
    return stream.read(most + 1)


def bounded_lines(
    stream: BinaryIO, *, longest: int = LONGEST_LINE
) -> Iterator[tuple[int, bytes]]:
    """Number (1 is the first) and bytes of each line, with its end.

    Never holds more than one line.

    Raises:
        InputUnusable: a line is longer than `longest` bytes.
    """
    number = 0
    while line := stream.readline(longest + 1):
        number += 1
        if len(line) > longest:
            raise InputUnusable(
                f"line {number} is longer than {longest} bytes; is this the right file?"
            )
        yield number, line.removeprefix(_BOM) if number == 1 else line


class CsvText:
    """The lines as text for `csv.reader`, which may join several into one row."""

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = bounded_lines(stream)
        self._since_row = 0
        self.row_begins = 1

    def next_row(self) -> None:
        """Says that a row is complete."""
        self.row_begins += self._since_row
        self._since_row = 0

    def __iter__(self) -> "CsvText":
        return self

    def __next__(self) -> str:
        _, line = next(self._lines)
        self._since_row += 1
        if self._since_row > MOST_LINES:
            raise InputUnusable(
                f"line {self.row_begins}: a quotation mark is opened and not closed"
            )
        # What is not UTF-8 stays recognisable, and is refused in its own row.
        return line.decode("utf-8", "surrogateescape")
