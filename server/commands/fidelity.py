"""`rom fidelity`: how often each team measures and talks about it, never who."""

import json
import sys
from collections.abc import Mapping
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

import click

from clinical.across_episodes.fidelity import (
    FidelityReport,
    Hidden,
    Measure,
    Share,
    TeamRow,
    fidelity,
)
from clinical.across_episodes.numbers import numbers
from server.clock import wall_clock
from server.team_sessions import SessionsUnusable, team_sessions

_SHOWN: tuple[Measure, ...] = ("outcome", "alliance", "discussed", "all three")


@click.command("fidelity")
@click.argument("file", metavar="FILE.csv|-")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Last day that is counted; today if not given.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON, for machines.")
def command(file: str, *, until: datetime | None, as_json: bool) -> None:
    """How often each team measures and talks about it, over three months.

    FILE has one row a completed session: team, date, outcome, alliance, discussed, and
    if known refused and crisis (yes or no). Exit code 2: the list cannot be used.
    """
    last = until.date() if until else wall_clock("")().date()
    try:
        report = _report(file, last)
    except (SessionsUnusable, OSError) as error:
        _refuse(_why(error, file))
    click.echo(_json(report) if as_json else _table(report))


def _report(file: str, last: date) -> FidelityReport:
    if file == "-":
        stream = TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        return fidelity(list(team_sessions(stream)), numbers(), until=last)
    with Path(file).open(encoding="utf-8-sig", newline="") as opened:
        return fidelity(list(team_sessions(opened)), numbers(), until=last)


def _why(error: SessionsUnusable | OSError, file: str) -> str:
    if isinstance(error, OSError):
        return f"{file}: cannot be read ({error.strerror}); name a file that is there"
    return f"{file}: {error}"


def _refuse(problem: str) -> NoReturn:
    click.echo(f"rom fidelity: {problem}", err=True)
    sys.exit(2)


def _table(report: FidelityReport) -> str:
    goal = f"{numbers().goal_part:%}".replace(".000000", "")
    rows = [
        ("team", "sessions", *_SHOWN, f"goal {goal}", "refused", "crisis"),
        *(_cells(each, each.team) for each in report.teams),
        *([_cells(report.total, "all teams")] if report.total else []),
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(
        [
            f"Completed sessions after {report.since} until {report.until}; sessions"
            " refused and crisis contacts are in no count.",
            *(line.rstrip() for line in lines),
            f"-: hidden, about fewer than {numbers().smallest_cell} or needed to keep"
            " such a figure hidden.",
        ]
    )


def _cells(row: TeamRow, name: str) -> tuple[str, ...]:
    return (
        name,
        _count(row.sessions),
        *(_share(row.shares[key]) for key in _SHOWN),
        {"hidden": "-"}.get(row.goal, row.goal),
        _count(row.refused),
        _count(row.crisis),
    )


def _count(found: int | Hidden) -> str:
    return "-" if isinstance(found, Hidden) else str(found)


def _share(found: Share | Hidden) -> str:
    if isinstance(found, Hidden):
        return "-"
    return f"{found.done}/{found.of} ({100 * found.done // found.of} %)"


def _json(report: FidelityReport) -> str:
    return json.dumps(
        {
            "after": report.since.isoformat(),
            "until": report.until.isoformat(),
            "goal": str(numbers().goal_part),
            "teams": [_row(each) for each in report.teams],
            "all": _row(report.total) if report.total else None,
        },
        ensure_ascii=False,
    )


def _row(row: TeamRow) -> Mapping[str, object]:
    """A hidden figure is null."""
    return {
        "team": row.team,
        "sessions": _number(row.sessions),
        "shares": {
            key: None if isinstance(each, Hidden) else [each.done, each.of]
            for key, each in row.shares.items()
        },
        "goal": row.goal,
        "refused": _number(row.refused),
        "crisis": _number(row.crisis),
    }


def _number(found: int | Hidden) -> int | None:
    return None if isinstance(found, Hidden) else found
