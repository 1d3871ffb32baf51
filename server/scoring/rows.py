"""Many forms of one instrument in a CSV file, scored row by row."""

import csv
import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from questionnaires.answers import answers_from_offered
from questionnaires.columns import (
    Columns,
    UnfitHeader,
    columns_from_header,
    given_from_cells,
)
from questionnaires.errors import AnswerNotOffered
from questionnaires.instrument import Instrument
from server.scoring.lines import CsvText, InputUnusable
from server.scoring.report import Report, not_scored, report_from_answers

DELIMITERS = (",", ";", "\t")
SHOWN_PROBLEMS = 20  # on standard error; the output names each one
EVERY = 10_000  # rows between two words of progress


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what was found, or why not.

    Attributes:
        line: where the row begins in the file; 1 is the header.
        kept: cells that go through to the output, by column name.
        report: None if an answer or the row itself cannot be used.
        problem: "" if every score could be told.
    """

    line: int
    kept: Mapping[str, str]
    report: Report | None
    problem: str


@dataclass(slots=True)
class Tally:
    """How many rows went through, and how many of them have a problem."""

    rows: int = 0
    problems: int = 0


def scored_rows(
    stream: BinaryIO,
    instrument: Instrument,
    *,
    renamed: Mapping[str, str],
    kept: Collection[str],
) -> Iterator[Row]:
    """Each row, as it is read; memory does not grow with the file.

    Raises:
        InputUnusable: no header, a header that does not fit, or no CSV any more.
    """
    lines = CsvText(stream)
    first = next(lines, "")
    if not first.strip():
        raise InputUnusable("line 1: the header is missing")
    delimiter = max(DELIMITERS, key=first.count)
    header = next(csv.reader([first], delimiter=delimiter))
    lines.next_row()
    found = columns_from_header(
        instrument,
        [name.strip() for name in header],
        renamed=renamed,
        kept=kept,
    )
    if isinstance(found, UnfitHeader):
        raise InputUnusable("line 1: " + "; ".join(found.problems))
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            raise InputUnusable(f"line {lines.row_begins}: not CSV: {error}") from None
        if cells is None:
            return
        line = lines.row_begins
        lines.next_row()
        yield _row(instrument, found, cells, line=line)


def _row(
    instrument: Instrument, columns: Columns, cells: list[str], *, line: int
) -> Row:
    if not cells:
        return Row(line, {}, None, "the row is empty")
    wanted = len(columns.link_ids)
    if len(cells) != wanted:
        return Row(line, {}, None, f"has {len(cells)} cells, the header has {wanted}")
    kept = {name: cells[at] for at, name in columns.kept.items()}
    if not all(_is_text(cell) for cell in cells):
        clean = {name: _clean(cell) for name, cell in kept.items()}
        return Row(line, clean, None, "is not UTF-8 text")
    try:
        given = given_from_cells(columns, cells)
        answers = answers_from_offered(instrument, given, language="und")
    except AnswerNotOffered as refusal:
        return Row(line, kept, None, str(refusal))
    report = report_from_answers(instrument, answers)
    untold = ", ".join(not_scored(report))
    problem = f"too many blanks for: {untold}" if untold else ""
    return Row(line, kept, report, problem)


def _is_text(cell: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in cell)


def _clean(cell: str) -> str:
    return cell.encode("utf-8", "replace").decode()


def write_rows(
    rows: Iterator[Row],
    instrument: Instrument,
    *,
    kept: Collection[str],
    as_json: bool,
    out: TextIO,
    say: Callable[[str], None],
) -> Tally:
    """Writes one line for each row, bad ones too.

    Args:
        out: gets one JSON object a row, or CSV with a header.
        say: gets progress and the first problems.
    """
    write = _json_writer(out) if as_json else _csv_writer(out, instrument, kept)
    tally = Tally()
    for row in rows:
        tally.rows += 1
        write(row)
        if row.problem:
            tally.problems += 1
            if tally.problems <= SHOWN_PROBLEMS:
                say(f"line {row.line}: {row.problem}")
        if tally.rows % EVERY == 0:
            say(f"{tally.rows} rows")
    if tally.problems > SHOWN_PROBLEMS:
        say(f"and {tally.problems - SHOWN_PROBLEMS} more; the output names each")
    return tally


def _json_writer(out: TextIO) -> Callable[[Row], None]:
    def write(row: Row) -> None:
        said: dict[str, object] = {"line": row.line}
        if row.kept:
            said["kept"] = row.kept
        said |= dict(row.report) if row.report else {}
        if row.problem:
            said["problem"] = row.problem
        out.write(json.dumps(said, ensure_ascii=False) + "\n")

    return write


def _csv_writer(
    out: TextIO, instrument: Instrument, kept: Collection[str]
) -> Callable[[Row], None]:
    scores = [score.id for score in instrument.scores]
    names = [part for each in scores for part in (each, f"{each}.prorated")]
    header = ["line", *kept, *names, "band", "clinical", "safety", "blank", "problem"]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)

    def write(row: Row) -> None:
        cells = [row.kept.get(name, "") for name in kept]
        told = (
            _cells(row.report) if row.report else [""] * (len(header) - 2 - len(cells))
        )
        writer.writerow([row.line, *cells, *told, row.problem])

    return write


def _cells(report: Report) -> list[str]:
    cells: list[str] = []
    for score in report["scores"]:
        told = score["value"] is not None
        cells += [str(score["value"]) if told else ""]
        cells += [str(score["prorated"]).lower() if told else ""]
    total = report["scores"][0] if report["scores"] else {}
    clinical = total.get("clinical")
    safety = [
        f"{each['link_id']}={'' if each['points'] is None else each['points']}"
        f" ({each['urgency']})"
        for each in report["safety"]
    ]
    return [
        *cells,
        total.get("band") or "",
        "" if clinical is None else str(clinical).lower(),
        "; ".join(safety),
        " ".join(report["blank"]),
    ]


def say_on_stderr(line: str) -> None:
    """Progress and problems; the scores alone go to standard output."""
    sys.stderr.write(f"rom score: {line}\n")
