"""The team report, as text or as one JSON object."""

import json
from collections.abc import Iterator, Mapping
from typing import assert_never

from clinical.across_episodes.fidelity import (
    Cell,
    Count,
    FidelityReport,
    Hidden,
    Measure,
    NotKnown,
    Share,
    TeamRow,
    part_shown,
)
from clinical.across_episodes.numbers import numbers
from server.export_words import unread_json, unread_lines
from server.teams.export import TeamExport

_SHOWN: tuple[Measure, ...] = ("outcome", "alliance", "discussed", "all three")
_NOT_KNOWN = "not known"


def text_of(report: FidelityReport, export: TeamExport | None = None) -> str:
    """For people.

    Args:
        export: where the sessions are from; None if from a list.
    """
    return "\n".join([*_table(report), *(_foot(export) if export else ())])


def json_of(report: FidelityReport, export: TeamExport | None = None) -> str:
    """For machines: a hidden figure is null."""
    told: dict[str, object] = {
        "after": report.since.isoformat(),
        "until": report.until.isoformat(),
        "goal": str(numbers().goal_part),
        "teams": [_row(each) for each in report.teams],
        "all": _row(report.total) if report.total else None,
    }
    if export:
        told["read"] = {
            "files": len(export.charts.files),
            "not_read": list(export.charts.left),
            "lines": export.charts.lines,
            "people": _number(_people(export, export.people)),
            "people_without_a_session": _number(_people(export, export.unmet)),
            **unread_json(export.unread, export.charts),
        }
    return json.dumps(told, ensure_ascii=False)


def _table(report: FidelityReport) -> Iterator[str]:
    goal = f"{numbers().goal_part:%}".replace(".000000", "")
    rows = [
        ("team", "sessions", *_SHOWN, f"goal {goal}", "refused", "crisis"),
        *(_cells(each, each.team) for each in report.teams),
        *([_cells(report.total, "all teams")] if report.total else []),
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    left_out = "in no count" if report.noted else "not known, and so counted too"
    yield (
        f"Completed sessions after {report.since} until {report.until}; sessions"
        f" refused and crisis contacts are {left_out}."
    )
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    yield (
        f"-: hidden, about fewer than {numbers().smallest_cell} or needed to keep"
        " such a figure hidden."
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


def _foot(export: TeamExport) -> Iterator[str]:
    charts = export.charts
    yield (
        f"read: {len(charts.files)} files, {charts.lines} resources; people"
        f" {_count(_people(export, export.people))}, of them without a session"
        f" {_count(_people(export, export.unmet))}"
    )
    if charts.left:
        yield f"not read: {', '.join(charts.left)}"
    yield from unread_lines(export.unread, charts)


def _people(export: TeamExport, part: int) -> Count:
    least = numbers().smallest_cell
    return part_shown(part, whole=export.people, smallest=least)


def _count(found: Count) -> str:
    if isinstance(found, NotKnown):
        return _NOT_KNOWN
    return "-" if isinstance(found, Hidden) else str(found)


def _share(found: Cell) -> str:
    if isinstance(found, Share):
        return f"{found.done}/{found.of} ({100 * found.done // found.of} %)"
    return _count(found)


def _row(row: TeamRow) -> Mapping[str, object]:
    return {
        "team": row.team,
        "sessions": _number(row.sessions),
        "shares": {key: _number(each) for key, each in row.shares.items()},
        "goal": row.goal,
        "refused": _number(row.refused),
        "crisis": _number(row.crisis),
    }


def _number(found: Count | Share) -> int | list[int] | str | None:
    match found:
        case Hidden():
            return None
        case NotKnown():
            return _NOT_KNOWN
        case Share(done, of):
            return [done, of]
        case int():
            return found
        case _:
            assert_never(found)
