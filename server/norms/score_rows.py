"""The rows of a table of scores, `.csv` or `.parquet`, as texts by column."""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from server.bulk.score_table import TableUnusable, parquet_batches

NEEDED = ("person", "score")
KNOWN = (*NEEDED, "session", "date", "day", "language", "age", "sex")
_PARTED_BY = ",;\t"
LONGEST_FIELD = 131_072  # signs; Python keeps one limit for all that a process reads
# Its line; its entries by column, or what is wrong with it; and whether sessions are
# numbered.
Row = tuple[int, dict[str, str] | str, bool]


class ScoresUnusable(Exception):
    """A file that cannot be read at all; says what to do."""


def parquet_rows(path: Path, told: Callable[[int, int], None]) -> Iterator[Row]:
    """Each row; numbers that are whole stand without a point, instants as days.

    Raises:
        ScoresUnusable: no such file, or other columns.
    """
    number = 0
    try:
        names, size, batches = parquet_batches(path)
        head = [each.strip().lower() for each in names]
        by_session = _check_head(head, path.name)
        for batch in batches:
            for row in batch:
                number += 1
                texts = map(_text, row.values())
                yield number, dict(zip(head, texts, strict=True)), by_session
            told(number, size)
    except TableUnusable as problem:
        raise ScoresUnusable(str(problem)) from None


def csv_rows(path: Path, told: Callable[[int, int], None]) -> Iterator[Row]:
    """Each row that is not empty, by the line it begins in; 1 is the header.

    Raises:
        ScoresUnusable: not CSV in UTF-8, or other columns.
    """
    csv.field_size_limit(LONGEST_FIELD)
    with path.open("rb") as raw:
        lines, line = _lines(raw, path, told), 1
        try:
            first = next(lines, "")
            parted_by = max(_PARTED_BY, key=first.count)
            names = next(csv.reader([first], delimiter=parted_by), [])
            head = [each.strip().lower() for each in names]
            by_session = _check_head(head, path.name)
            reader = csv.reader(lines, delimiter=parted_by, strict=True)
            line = 2
            for cells in reader:
                last = reader.line_num + 1
                if cells:
                    yield line, _entries(head, cells, line, last), by_session
                line = last + 1
        except csv.Error as error:
            raise ScoresUnusable(
                f"{path.name}:{line}: what begins here is no CSV ({error}): is a quote"
                " never closed?"
            ) from None


def _lines(
    raw: Iterator[bytes], path: Path, told: Callable[[int, int], None]
) -> Iterator[str]:
    size, done = path.stat().st_size, 0
    for number, each in enumerate(raw, 1):
        done += len(each)
        if number % 10_000 == 1:
            told(done, size)
        try:
            yield each.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            # Read otherwise, two people whose names differ there would become one.
            raise ScoresUnusable(
                f"{path.name}:{number}: is not UTF-8; save the file as CSV (UTF-8)"
            ) from None
    told(size, size)


def _entries(
    head: Sequence[str], cells: Sequence[str], line: int, last: int
) -> dict[str, str] | str:
    if last > line:  # nothing that belongs here goes over a line end
        return f"goes on to line {last}: is a quote not closed?"
    if len(cells) != len(head):
        return f"has {len(cells)} entries and the header {len(head)}"
    return {name: each.strip() for name, each in zip(head, cells, strict=True)}


def _check_head(head: list[str], file: str) -> bool:
    """Whether sessions are numbered; else they are counted from dates."""
    missing = [each for each in NEEDED if each not in head]
    if "session" not in head and "date" not in head:
        missing.append("session or date")
    if missing:
        raise ScoresUnusable(
            f"{file}:1: no column {', '.join(missing)}; the first line must name"
            " person, score, and session or date, parted by comma, semicolon or tab"
        )
    wrong = [
        str(number)
        for number, each in enumerate(head, 1)
        if each not in KNOWN or each in head[: number - 1]
    ]
    if wrong:
        raise ScoresUnusable(
            f"{file}:1: column {', '.join(wrong)} is unknown or there twice; known are"
            f" {', '.join(KNOWN)}. Take out what no norm needs"
        )
    return "session" in head


def _text(value: object) -> str:
    if value is None or value != value:  # NaN is how many tables write nothing
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value.date() if isinstance(value, datetime) else value)
