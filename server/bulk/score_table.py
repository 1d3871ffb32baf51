"""Courses as a table: CSV or Parquet with the columns person, session, day, score."""

import csv
import importlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Any

from clinical.norms.courses import Courses
from clinical.norms.readings import FloatArray, IntArray

COLUMNS = ("person", "session", "day", "score")
_Write = Callable[[Sequence[IntArray | FloatArray]], None]


class TableUnusable(Exception):
    """A table that cannot be read or written; says what to do."""


def refuse_existing(path: Path) -> None:
    """Nothing is overwritten, and what a run left that was killed is named.

    Raises:
        TableUnusable: there is such a file, or rows that were meant for one.
    """
    if path.exists() and (not path.is_file() or path.stat().st_size):
        raise TableUnusable(f"{path} is there already; nothing is overwritten")
    left = [path] if path.exists() else []
    left += sorted(path.parent.glob(f"{escape(path.name)}.*.part"))
    if left:
        raise TableUnusable(
            f"{' and '.join(map(str, left))}: of a run that was broken off, or is still"
            " going on, and no whole table. If none is going on, remove what is named"
            " and run this again"
        )


@contextmanager
def new_table(path: Path) -> Iterator[Callable[[Courses], None]]:
    """Writes `.csv` or `.parquet`, readable by its owner only; never overwrites.

    Gives what takes courses, some people at a time; people are numbered on. The file of
    this name is empty until all is written, and gone if that fails.

    Raises:
        FileExistsError: there is such a file.
        TableUnusable: another ending, or Parquet without the extra `parquet`.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise TableUnusable(f"{path.name}: name it .csv or .parquet")
    writing = _parquet if path.suffix == ".parquet" else _csv
    if writing is _parquet:
        _pyarrow("parquet")
    path.touch(mode=0o600, exist_ok=False)
    number, name = tempfile.mkstemp(".part", f"{path.name}.", path.parent)
    os.close(number)
    n_persons = 0

    def take(courses: Courses) -> None:
        nonlocal n_persons
        columns = (courses.person + n_persons, courses.session, courses.day)
        write((*columns, courses.score))
        n_persons += courses.n_persons

    try:
        with writing(Path(name)) as write:
            yield take
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        path.unlink()
        raise


@contextmanager
def _csv(path: Path) -> Iterator[_Write]:
    with path.open("w", encoding="ascii", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)

        def write(columns: Sequence[IntArray | FloatArray]) -> None:
            *numbers, scores = (each.tolist() for each in columns)
            writer.writerows(zip(*numbers, map(_short, scores), strict=True))

        yield write


@contextmanager
def _parquet(path: Path) -> Iterator[_Write]:
    arrow = _pyarrow("")
    types = (*(arrow.int64(),) * 3, arrow.float64())
    schema = arrow.schema(zip(COLUMNS, types, strict=True))
    with _pyarrow("parquet").ParquetWriter(path, schema) as writer:
        yield lambda columns: writer.write_table(arrow.table([*columns], schema=schema))


def _short(score: float) -> str:
    """Whole points without a point."""
    return str(int(score)) if score.is_integer() else repr(score)


def parquet_batches(
    path: Path,
) -> tuple[Sequence[str], int, Iterator[list[dict[str, Any]]]]:
    """Names of the columns, number of rows, and the rows, some thousands at a time.

    Raises:
        TableUnusable: pyarrow is absent, or this is no Parquet file; also later, from
            the rows, where it is damaged.
    """
    arrow = _pyarrow("")
    try:
        file = _pyarrow("parquet").ParquetFile(path)
    except arrow.ArrowException:
        raise TableUnusable(f"{path.name}: is no Parquet file") from None
    # Nanoseconds, the usual unit of many tables, are more than Python's instants hold.
    fields = [
        each.with_type(arrow.timestamp("us", each.type.tz))
        if arrow.types.is_timestamp(each.type)
        else each
        for each in file.schema_arrow
    ]
    schema = arrow.schema(fields)

    def batches() -> Iterator[list[dict[str, Any]]]:
        try:
            for each in file.iter_batches():
                table = arrow.Table.from_batches([each])
                yield table.cast(schema, safe=False).to_pylist()
        except (arrow.ArrowException, OSError) as error:
            raise TableUnusable(
                f"{path.name}: is damaged, or of a kind that cannot be read here"
                f" ({type(error).__name__}): write it again, or use .csv"
            ) from None

    return file.schema_arrow.names, file.metadata.num_rows, batches()


def _pyarrow(part: str) -> Any:
    name = f"pyarrow.{part}" if part else "pyarrow"
    try:
        return importlib.import_module(name)
    except ImportError:
        raise TableUnusable(
            "Parquet needs pyarrow: install rom-on-fhir[parquet], or use .csv"
        ) from None
