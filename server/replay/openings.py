"""Reads a list of when whose chart was opened: such as a day of real calls."""

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from clinical.across_episodes.replay import Moment

COLUMNS = ("patient", "at", "encounter")
LONGEST_FIELD = 200


class OpeningsUnusable(Exception):
    """The list cannot be used; says where and what to do, never what stood there."""


def openings_in(file: Path) -> Mapping[str, tuple[Moment, ...]]:
    """Patient -> openings. The encounter may be empty.

    A column that is not known is refused, not skipped: this is where the name of who
    opened the chart would come in.

    Raises:
        OpeningsUnusable: names the row.
        OSError: the file cannot be read.
    """
    csv.field_size_limit(LONGEST_FIELD)
    found: dict[str, list[Moment]] = {}
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, strict=True)
        try:
            if tuple(next(rows, ())) != COLUMNS:
                raise OpeningsUnusable(
                    f"{file.name}: the header must be {','.join(COLUMNS)} and nothing"
                    " else: who opened a chart is not read"
                )
            for number, row in enumerate(rows, start=2):
                if row:
                    place = f"{file.name}: row {number}"
                    patient, moment = _opening(row, place)
                    found.setdefault(patient, []).append(moment)
        except (csv.Error, UnicodeDecodeError):
            raise OpeningsUnusable(
                f"{file.name}: after row {rows.line_num} comes what is not CSV in UTF-8"
                " with short fields; save the list as CSV (UTF-8)"
            ) from None
    return {patient: tuple(each) for patient, each in found.items()}


def _opening(row: Sequence[str], place: str) -> tuple[str, Moment]:
    if len(row) != len(COLUMNS) or not row[0].strip():
        raise OpeningsUnusable(f"{place}: give patient, at and encounter")
    try:
        at = datetime.fromisoformat(row[1].strip())
    except ValueError:
        at = datetime.min  # noqa: DTZ901 -- stands for what is refused in the next line
    if at.tzinfo is None or not 1 < at.year < 9999:
        raise OpeningsUnusable(
            f"{place}, at: write the instant with its offset, such as"
            " 2026-03-02T10:00:00+01:00"
        )
    return row[0].strip(), Moment(at, row[2].strip())
