"""Courses as a table: CSV or Parquet with the columns person, session, day, score."""

import csv
import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from clinical.norms.courses import Courses

COLUMNS = ("person", "session", "day", "score")


class TableUnusable(Exception):
    """A table that cannot be read or written; says what to do."""


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


def parquet_batches(
    path: Path,
) -> tuple[Sequence[str], int, Iterator[list[dict[str, Any]]]]:
    """Names of the columns, number of rows, and the rows, some thousands at a time.

    Raises:
        TableUnusable: pyarrow is absent, or this is no Parquet file.
    """
    arrow = _pyarrow("")
    try:
        file = _pyarrow("parquet").ParquetFile(path)
    except arrow.ArrowInvalid:
        raise TableUnusable(f"{path.name}: is no Parquet file") from None
    batches = (each.to_pylist() for each in file.iter_batches())
    return file.schema_arrow.names, file.metadata.num_rows, batches


def _pyarrow(part: str) -> Any:
    name = f"pyarrow.{part}" if part else "pyarrow"
    try:
        return importlib.import_module(name)
    except ImportError:
        raise TableUnusable(
            "Parquet needs pyarrow: install rom-on-fhir[parquet], or use .csv"
        ) from None
