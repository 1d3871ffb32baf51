"""Reads a site's list of sessions for the team report: one row a session, no person."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TextIO

from clinical.across_episodes.fidelity import TeamSession

NEEDED = ("team", "date", "outcome", "alliance", "discussed")
OPTIONAL = ("refused", "crisis")
LONGEST_FIELD = 200
_TRUTH: Mapping[str, bool] = {"yes": True, "no": False, "1": True, "0": False}


class SessionsUnusable(Exception):
    """The list cannot be used; says where and what to do, never what stood there."""


def team_sessions(stream: TextIO) -> Iterator[TeamSession]:
    """Each row of the CSV.

    A column that is not known is refused, not skipped: this is where a clinician's
    name, or a patient's, would come in.

    Raises:
        SessionsUnusable: names row and column.
    """
    csv.field_size_limit(LONGEST_FIELD)
    rows = csv.reader(stream, strict=True)
    try:
        columns = _columns(next(rows, []))
        for number, row in enumerate(rows, start=2):
            if row:
                yield _session(row, columns, number=number)
    except (csv.Error, UnicodeDecodeError):
        raise SessionsUnusable(
            f"line {rows.line_num + 1} is not CSV in UTF-8 with short fields; save the"
            " list as CSV (UTF-8)"
        ) from None


def _columns(header: Sequence[str]) -> list[str]:
    columns = [each.strip().lower().removeprefix("\ufeff") for each in header]
    missing = [each for each in NEEDED if each not in columns]
    if missing:
        raise SessionsUnusable(
            f"the header lacks {', '.join(missing)}; it needs {', '.join(NEEDED)}, and"
            f" may have {', '.join(OPTIONAL)}, parted by commas"
        )
    if len(set(columns)) < len(columns):
        raise SessionsUnusable("the header names a column twice; keep one")
    others = [
        at
        for at, each in enumerate(columns, start=1)
        if each not in (*NEEDED, *OPTIONAL)
    ]
    if others:
        raise SessionsUnusable(
            f"column {others[0]} is not one of {', '.join((*NEEDED, *OPTIONAL))}; take"
            " it out. This report is per team: nothing about a clinician or a patient"
            " is read"
        )
    return columns


def _session(row: Sequence[str], columns: list[str], *, number: int) -> TeamSession:
    if len(row) != len(columns):
        raise SessionsUnusable(
            f"row {number} has {len(row)} fields and the header {len(columns)}; mend it"
        )
    said = {key: value.strip() for key, value in zip(columns, row, strict=True)}
    if not said["team"]:
        raise SessionsUnusable(f"row {number}, team: is empty; name the team")
    return TeamSession(
        team=said["team"],
        on=_day(said["date"], number=number),
        outcome=_yes(said, "outcome", number=number),
        alliance=_yes(said, "alliance", number=number),
        discussed=_yes(said, "discussed", number=number),
        refused=_yes(said, "refused", number=number),
        crisis=_yes(said, "crisis", number=number),
    )


def _yes(said: Mapping[str, str], column: str, *, number: int) -> bool:
    text = said.get(column, "no").lower()
    if text not in _TRUTH:
        raise SessionsUnusable(f"row {number}, {column}: write yes or no")
    return _TRUTH[text]


def _day(text: str, *, number: int) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SessionsUnusable(
            f"row {number}, date: write the day as 2026-03-02"
        ) from None
