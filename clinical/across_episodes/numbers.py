"""The numbers of the objectives and of the team report, each with its source."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from clinical.errors import PlanFileError
from questionnaires.errors import InstrumentFileError
from questionnaires.table import Table, table_from_toml

FILE = Path(__file__).parent / "objectives.toml"


@dataclass(frozen=True, slots=True)
class Numbers:
    """As `objectives.toml` names them; whole numbers are counts, hours, days."""

    early_sessions: int
    hours_before: int
    minutes_after_start: int
    alliance_sessions: int
    weeks: int
    days_between: int
    days_tolerance: int
    joint_look_every: int
    sessions_until_review: int
    goal_part: Decimal  # of one
    months: int
    smallest_cell: int


@cache
def numbers() -> Numbers:
    """The shipped ones; read once."""
    return numbers_from_toml(FILE.read_bytes(), file=FILE.name)


def numbers_from_toml(content: bytes, *, file: str) -> Numbers:
    """The numbers, once each has its source.

    Raises:
        PlanFileError: names file and key, and says what to do.
    """
    try:
        table = table_from_toml(content, file=file)
        found = Numbers(
            early_sessions=_count(table, "early_sessions"),
            hours_before=_count(table, "hours_before"),
            minutes_after_start=_count(table, "minutes_after_start"),
            alliance_sessions=_count(table, "alliance_sessions"),
            weeks=_count(table, "weeks"),
            days_between=_count(table, "days_between"),
            days_tolerance=_count(table, "days_tolerance"),
            joint_look_every=_count(table, "joint_look_every"),
            sessions_until_review=_count(table, "sessions_until_review"),
            goal_part=_part(table, "goal_part"),
            months=_count(table, "months"),
            smallest_cell=_count(table, "smallest_cell"),
        )
        table.finish()
    except InstrumentFileError as error:  # the reader of tables is shared
        raise PlanFileError(error.file, error.key, error.problem) from None
    return found


def _count(table: Table, key: str) -> int:
    entry = table.table(key)
    value = entry.whole("value")
    if value < 1:
        raise entry.refuse("value", "must be at least 1")
    entry.source()
    entry.finish()
    return value


def _part(table: Table, key: str) -> Decimal:
    entry = table.table(key)
    value = entry.number("value")
    if not 0 < value <= 1:
        raise entry.refuse("value", "must be above 0 and at most 1")
    entry.source()
    entry.finish()
    return value
