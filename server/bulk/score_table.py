"""Courses as a table: CSV or Parquet with the columns person, session, day, score."""

import csv
import importlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clinical.norms.courses import Courses, courses_of_rows

COLUMNS = ("person", "session", "day", "score")
NEEDED = ("person", "session", "score")


class TableUnusable(Exception):
    """A table that cannot be read; names the line and what is wrong there."""


def courses_from_table(path: Path) -> Courses:
    """The courses of a `.csv` or `.parquet` file; `day` may be absent (then 0).

    Raises:
        TableUnusable: with the line of a CSV, or what a Parquet file lacks.
        OSError: the file cannot be read.
    """
    rows = _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path)
    person: list[str] = []
    session, day, score = array("q"), array("q"), array("d")
    for name, number, value, days in rows:
        person.append(name)
        session.append(number)
        score.append(value)
        day.append(days)
    if not person:
        raise TableUnusable(f"{path.name}: holds no reading")
    try:
        return courses_of_rows(person, session, score=score, day=day)
    except ValueError as error:
        raise TableUnusable(f"{path.name}: {error}") from None


def write_table(courses: Courses, path: Path) -> None:
    """Writes `.csv` or `.parquet`, readable by its owner only; never overwrites.

    Raises:
        FileExistsError: there is such a file.
        TableUnusable: another ending, or Parquet without the extra `parquet`.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise TableUnusable(f"{path.name}: name it .csv or .parquet")
    parquet = _pyarrow("parquet") if path.suffix == ".parquet" else None
    path.touch(mode=0o600, exist_ok=False)
    columns = [getattr(courses, name) for name in COLUMNS]
    if parquet is not None:
        table = _pyarrow("").table(dict(zip(COLUMNS, columns, strict=True)))
        parquet.write_table(table, path)
        return
    with path.open("w", encoding="ascii", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for start in range(0, len(courses.score), 100_000):
            part = [each[start : start + 100_000].tolist() for each in columns]
            part[-1] = [_short(each) for each in part[-1]]
            writer.writerows(zip(*part, strict=True))


def _short(score: float) -> str:
    """Whole points without a point."""
    return str(int(score)) if score.is_integer() else repr(score)


def _csv_rows(path: Path) -> Iterator[tuple[str, int, float, int]]:
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as stream:
        reader = csv.DictReader(stream)
        names = reader.fieldnames or ()
        missing = [each for each in NEEDED if each not in names]
        if missing:
            raise TableUnusable(
                f"{path.name}:1: no column {', '.join(missing)};"
                f" the first line names {', '.join(COLUMNS)}"
            )
        try:
            for row in reader:
                yield _csv_row(row, f"{path.name}:{reader.line_num}")
        except csv.Error as error:
            raise TableUnusable(f"{path.name}:{reader.line_num}: {error}") from None


def _csv_row(row: dict[str, Any], place: str) -> tuple[str, int, float, int]:
    if None in row or None in row.values():
        raise TableUnusable(f"{place}: has not as many entries as the first line")
    if not row["person"]:
        raise TableUnusable(f"{place}: person is empty")
    return (
        row["person"],
        _whole(row["session"], "session", place, least=1),
        _number(row["score"], place),
        _whole(row.get("day") or "0", "day", place, least=0),
    )


def _whole(text: str, name: str, place: str, *, least: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise TableUnusable(f"{place}: {name} is not a whole number")
    if int(text) < least:
        raise TableUnusable(f"{place}: {name} is below {least}")
    return int(text)


def _number(text: str, place: str) -> float:
    try:
        found = float(text)
    except ValueError:
        raise TableUnusable(f"{place}: score is not a number") from None
    if not abs(found) < 1e9:
        raise TableUnusable(f"{place}: score is out of any range")
    return found


def _parquet_rows(path: Path) -> Iterator[tuple[str, int, float, int]]:
    file = _pyarrow("parquet").ParquetFile(path)
    names = set(file.schema_arrow.names)
    missing = [each for each in NEEDED if each not in names]
    if missing:
        raise TableUnusable(f"{path.name}: no column {', '.join(missing)}")
    number = 0
    for batch in file.iter_batches(columns=[each for each in COLUMNS if each in names]):
        for row in batch.to_pylist():
            number += 1
            values = {**row, "day": row.get("day", 0)}
            if any(values[each] is None for each in COLUMNS):
                raise TableUnusable(f"{path.name}: row {number} has an empty entry")
            yield _csv_row(
                {name: str(value) for name, value in values.items()},
                f"{path.name}: row {number}",
            )


def _pyarrow(part: str) -> Any:
    name = f"pyarrow.{part}" if part else "pyarrow"
    try:
        return importlib.import_module(name)
    except ImportError:
        raise TableUnusable(
            "Parquet needs pyarrow: install rom-on-fhir[parquet], or use .csv"
        ) from None
