"""Asking a site's database for cells, by its URL, or writing down the question as SQL.

Drivers of twenty databases share no class of errors, and their words may hold a
password or a score: what is told is the step, the kind of error and what to do.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from clinical.norms.cells_answer import Asked
from clinical.norms.cells_in_database import ReadingsTable, answer_expression

_SQLSTATE = re.compile("[0-9A-Z]{5}")
# Ibis 12 writes SQL for `pyspark` only where PySpark is; Databricks' is Spark's.
_SPARK = ("spark", "pyspark")
# In a file, which both would make where a wrong path names none.
_IN_A_FILE = ("duckdb", "sqlite")
_ONLY_READ: Mapping[str, Mapping[str, Any]] = {"duckdb": {"read_only": True}}


class DatabaseUnusable(Exception):
    """No answer: says what to do. Holds no URL and no word of a driver."""


def answered(
    url: str, named: ReadingsTable, asked: Asked
) -> Mapping[str, Sequence[object]]:
    """The columns of the answer, asked of the database at this URL; only reads.

    Raises:
        DatabaseUnusable: no driver, no connection, no such table or column, no rights.
    """
    ibis = _ibis()
    table = _table(_connected(ibis, url), named)
    with _step(
        "did not answer",
        f"was the connection lost, or may this user not read {named.name}? Run it"
        " again, or let whoever runs the database do it (--print-sql)",
    ):
        found = answer_expression(table, named, asked).execute()
        return {name: found[name].tolist() for name in found.columns}


def sql_of(dialect: str, named: ReadingsTable, asked: Asked) -> str:
    """The question in a database's own SQL.

    Raises:
        DatabaseUnusable: no such dialect.
    """
    ibis = _ibis()
    dialect = "databricks" if dialect in _SPARK else dialect
    if dialect not in _kinds():
        raise DatabaseUnusable(
            f"no SQL dialect {dialect!r} is known; known are {', '.join(_kinds())} and"
            " spark"
        )
    # What the columns hold, nobody here knows: each is cast, or only ordered by.
    types = dict.fromkeys((named.person, named.score), "decimal")
    types[named.at] = "timestamp"
    *place, name = named.name.split(".")
    catalog, database = ([None, None, *place])[-2:]
    table = ibis.table(types, name=name, catalog=catalog, database=database)
    expression = answer_expression(table, named, asked)
    return str(ibis.to_sql(expression, dialect=dialect))


def _connected(ibis: Any, url: str) -> Any:
    scheme, path = _scheme_and_path(url)
    if path is not None and not path.is_file():
        raise DatabaseUnusable(f"there is no database file {path}: name another")
    with _step(
        "cannot be opened",
        "look at host, port, name, user and password, and write @ : / # % in a password"
        " as %40 %3A %2F %23 %25",
    ):
        try:
            return ibis.connect(url, **_ONLY_READ.get(scheme, {}))
        except ImportError:
            raise DatabaseUnusable(
                f"the driver for {scheme} is not installed: install"
                f" ibis-framework[{scheme}] beside rom"
            ) from None


def _scheme_and_path(url: str) -> tuple[str, Path | None]:
    """The kind of database, and its file where it is in one."""
    problem = DatabaseUnusable(
        "this is no URL of a database: it is like duckdb:///path/to/file.duckdb or"
        " postgres://user@host:5432/name"
    )
    try:
        parts = urlsplit(url)
    except ValueError:
        raise problem from None
    scheme = parts.scheme.replace("postgresql", "postgres")
    if "://" not in url or scheme not in _kinds():
        raise problem
    return scheme, Path(parts.netloc + parts.path) if scheme in _IN_A_FILE else None


def _kinds() -> list[str]:
    from ibis.backends.sql import compilers

    names = (each.removesuffix("Compiler") for each in compilers.__all__)
    return sorted(each.lower() for each in names)


def _table(database: Any, named: ReadingsTable) -> Any:
    from ibis.common.exceptions import TableNotFound

    *place, name = named.name.split(".")
    with _step(f"does not show {named.name}", "may this user read it?"):
        try:
            table = database.table(name, database=tuple(place) or None)
        except TableNotFound:
            raise DatabaseUnusable(
                f"there is no table {named.name}, or this user may not see it:"
                " --table takes its name, as schema.table where it is in another schema"
            ) from None
    for option in ("person", "at", "score"):
        column = getattr(named, option)
        if column not in table.columns:
            raise DatabaseUnusable(
                f"{named.name} has no column {column} (--{option}); it has"
                f" {', '.join(table.columns)}"
            )
    _check("at", table[named.at], ("is_temporal", "is_integer"), "a date")
    _check("score", table[named.score], ("is_numeric",), "a number")
    return table


def _check(option: str, column: Any, kinds: Sequence[str], wanted: str) -> None:
    """Text would be ordered by its letters: 10 before 9, and May before June's 1st."""
    if not any(getattr(column.type(), each)() for each in kinds):
        raise DatabaseUnusable(
            f"the column {column.get_name()} (--{option}) holds {column.type()}, not"
            f" {wanted}: make a view that casts it, and name that as --table"
        )


@contextmanager
def _step(failed: str, advice: str) -> Iterator[None]:
    try:
        yield
    except DatabaseUnusable:
        raise
    except Exception as error:  # noqa: BLE001  # see the first lines of this file
        kind = type(error).__name__
        state = getattr(error, "sqlstate", None)
        if isinstance(state, str) and _SQLSTATE.fullmatch(state):
            kind = f"{kind}, SQLSTATE {state}"
        raise DatabaseUnusable(f"the database {failed} ({kind}): {advice}") from None


def _ibis() -> Any:
    try:
        import ibis
    except ImportError:
        raise DatabaseUnusable(
            "asking a database needs Ibis: install rom-on-fhir[ibis], and the driver,"
            " such as ibis-framework[postgres]"
        ) from None
    return ibis
