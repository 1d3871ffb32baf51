"""Cells that a database computed: asked for here, or brought as a file."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from clinical.norms.cells import Cells
from clinical.norms.cells_answer import Asked, answer_from_columns
from clinical.norms.cells_in_database import ReadingsTable
from clinical.norms.errors import CellsRefused
from questionnaires.instrument import Instrument
from server.norms.command_files import refuse, refuse_bad_rows
from server.norms.database import DatabaseUnusable, answered, sql_of
from server.norms.pack_options import HowRead
from server.norms.table_options import Elsewhere

# A cell for each of the thousand numbers of readings that cells may have.
_MOST_BYTES = 1_000_000
_PARTED_BY = ",;\t"


def print_sql(source: Elsewhere, instrument: Instrument, knot: float | None) -> None:
    """The question for whoever may ask the database; exit code 2 if there is none."""
    try:
        sql = sql_of(source.sql or "", _table(source), _asked(instrument, knot))
    except DatabaseUnusable as problem:
        refuse(str(problem))
    click.echo(f"{sql.rstrip().rstrip(';')};")


def cells_answered(
    source: Elsewhere, instrument: Instrument, knot: float | None, *, reading: HowRead
) -> Cells:
    """The cells; rows that are no readings are told as of a file, by their number.

    Raises:
        CellsRefused: not an answer to this question.
    """
    asked = _asked(instrument, knot)
    if source.answer is not None:
        answer = answer_from_columns(columns_from_csv(source.answer), asked)
    else:
        answer = answer_from_columns(_from_database(source, asked), asked)
    _tell(answer.counts, asked, reading)
    return answer.cells


def _from_database(source: Elsewhere, asked: Asked) -> Mapping[str, Sequence[object]]:
    if source.url is None:
        refuse(
            "--database is missing: the URL of the database with this table, here or in"
            " ROM_DATABASE_URL"
        )
    click.echo("asking the database; it tells nothing until it has answered", err=True)
    try:
        return answered(source.url, _table(source), asked)
    except DatabaseUnusable as problem:
        refuse(str(problem))


def _table(source: Elsewhere) -> ReadingsTable:
    if source.table is None:
        refuse("--table is missing: the table with the readings")
    return ReadingsTable(
        source.table, person=source.person, at=source.at, score=source.score
    )


def _asked(instrument: Instrument, knot: float | None) -> Asked:
    rule = instrument.total
    return Asked(
        f"{instrument.id} {instrument.version}",
        float(rule.low),
        high=float(rule.high),
        knot_session=knot,
    )


def _tell(counts: Mapping[str, int], asked: Asked, reading: HowRead) -> None:
    """Says what was not used; goes on only if that is nothing, or wanted so."""
    words = {
        "no_person": "person is empty",
        "no_order": "nothing that orders it",
        "no_score": "score is no number",
        "out_of_range": f"score is outside {asked.low:g} to {asked.high:g}",
        "there_twice": "this moment is there twice for this person",
    }
    if not counts["rows_read"]:
        refuse("the table holds no row")
    for name, problem in words.items():
        if counts[name]:
            click.echo(f"{counts[name]} rows: {problem}", err=True)
    if counts["disagreeing"]:
        # A file has a first row, which counts. A table has none.
        refuse(
            f"{counts['disagreeing']} moments have several scores of one person: which"
            " of them counts, only the site can say; make a view that holds that one"
        )
    refuse_bad_rows(sum(counts[name] for name in words), reading)


def columns_from_csv(path: Path) -> Mapping[str, Sequence[str]]:
    """The columns of a small CSV with a header, by name in small letters.

    Raises:
        CellsRefused: it is none.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
        lines = content.decode("utf-8-sig").splitlines()
    except OSError as problem:
        refuse(f"{path}: cannot be read: {problem.strerror}")
    except UnicodeDecodeError:
        raise CellsRefused("answer", "is not UTF-8: save it as CSV (UTF-8)") from None
    if len(content) > _MOST_BYTES:
        raise CellsRefused("answer", f"is larger than {_MOST_BYTES} bytes: no cells")
    parted_by = max(_PARTED_BY, key=(lines or [""])[0].count)
    try:
        rows = [row for row in csv.reader(lines, delimiter=parted_by) if row]
    except csv.Error:
        raise CellsRefused("answer", "is no CSV: is a quote never closed?") from None
    names = [each.strip().lower() for each in rows[0]] if rows else []
    if len(set(names)) != len(names) or any(len(row) != len(names) for row in rows):
        raise CellsRefused("answer", "has no header, or rows of another length")
    columns = zip(*rows[1:], strict=True) if rows[1:] else ((),) * len(names)
    return {
        name: [each.strip() for each in column]
        for name, column in zip(names, columns, strict=True)
    }
