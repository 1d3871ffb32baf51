"""A replay's report, as one JSON object or as text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

from clinical.across_episodes.fidelity import Hidden
from clinical.across_episodes.numbers import numbers
from clinical.across_episodes.replay_counts import Dimension
from clinical.across_episodes.replay_report import (
    Figure,
    ReplayReport,
    Row,
    WhatIf,
    report_from,
)
from clinical.norms.pack import NormPack
from ehr.bulk.charts import Charts
from server.export_words import Unread, unread_json, unread_lines
from server.replay.inputs import Rules, Wish
from server.replay.run import Outcome

Json = Mapping[str, object]
_OCCASIONS: Mapping[str, str] = {
    "sessions": "right after each answer",
    "weekly": "every week",
    "list": "as the list says",
    "encounters": "at the start of each Encounter",
}
_TITLES: Mapping[Dimension, str] = {
    "signal": "by signal",
    "language": "by language of the latest answer",
    "session": "by session number",
    "week": "by week",
}


@dataclass(frozen=True, slots=True)
class Replay:
    """Everything a report speaks of.

    Attributes:
        strangers: people of the list of openings whose chart is not in the export.
    """

    wish: Wish
    rules: Rules
    charts: Charts
    outcome: Outcome
    strangers: int = 0

    @property
    def openings_at(self) -> str:
        """When charts were opened, as a key of `_OCCASIONS`."""
        if self.wish.visits:
            return "encounters"
        return self.wish.rhythm or "list"

    @property
    def report(self) -> ReplayReport:
        # In the order of the wish; processes end in any order.
        order = [*self.rules.others, *self.outcome.changes]
        changes = self.outcome.changes
        return report_from(
            self.outcome.tally,
            {each: changes[each] for each in dict.fromkeys(order) if each in changes},
            numbers(),
        )

    @property
    def unread(self) -> Unread:
        """Of lines and of charts."""
        return self.charts.nobodys + self.outcome.unread


def json_of(done: Replay) -> Json:
    """A hidden figure is null."""
    report, rules, wish = done.report, done.rules, done.wish
    return {
        "plan": {
            "file": wish.plan.name,
            "sha256": rules.plan_hash,
            "site": rules.plan.site,
            "instruments": [each.id for each in rules.plan.forms],
            "speaking": rules.plan.speaking,
            "repeat": rules.plan.repeat,
        },
        "norms": [_norm_json(each) for each in rules.norms.packs],
        "openings_at": done.openings_at,
        "cards_as": wish.way,
        "smallest_cell": numbers().smallest_cell,
        "people": _figure(report.people),
        "without_answers": _figure(report.unanswered),
        "with_one_session": _figure(report.once),
        "without_openings": _figure(report.unopened),
        "sessions": _figure(report.sessions),
        "openings": _figure(report.openings),
        "cards": _figure(report.cards),
        "times_shown": _figure(report.shown),
        "people_with_cards": _figure(report.told),
        "cards_per_100_sessions": _figure(report.per_100),
        "cards_per_week": _figure(report.per_week),
        "weeks": report.weeks,
        "by": {
            key: [_row_json(each) for each in rows] for key, rows in report.by.items()
        },
        "cannot_tell": [
            {
                "instrument": instrument,
                "rule": rule or None,
                "reason": reason,
                "people": _figure(people),
            }
            for (instrument, rule, reason), people in report.cannot_tell.items()
        ],
        "what_if": [
            {
                "change": each.name,
                "cards": _figure(each.cards),
                "cards_per_100_sessions": _figure(each.per_100),
                "people_touched": _figure(each.touched),
                "by_signal": {key: _figure(of) for key, of in each.by_signal.items()},
            }
            for each in report.what_if
        ],
        "not_tried": list(rules.not_tried),
        "read": {
            "files": len(done.charts.files),
            "not_read": list(done.charts.left),
            "lines": done.charts.lines,
            "other_types": dict(sorted(done.charts.others.items())),
            "about_something_else": done.outcome.not_ours,
            "entered_in_error": done.outcome.withdrawn,
            "charts_not_in_the_export": done.strangers,
            **unread_json(done.unread, done.charts),
        },
        "sha256": sha256(b"".join(sorted(done.outcome.prints))).hexdigest(),
    }


def text_of(done: Replay) -> str:
    """The same for people; the weeks in one line."""
    return "\n".join([*_head(done), *_breakdowns(done.report), *_foot(done)])


def _head(done: Replay) -> Iterator[str]:
    report, wish, rules = done.report, done.wish, done.rules
    yield f"{wish.plan.name} ({rules.plan.site}), cards as {wish.way}"
    for pack in rules.norms.packs:
        name = f"{pack.pack_id} {pack.version} ({pack.hash[:12]})"
        yield f"norms: {name}, {_signed(pack)}"
    yield (
        f"people {_said(report.people)}, of them without an answer"
        f" {_said(report.unanswered)}, with one session only {_said(report.once)}"
    )
    yield f"sessions {_said(report.sessions)}, openings {_said(report.openings)}"
    yield (
        f"charts opened {_OCCASIONS[done.openings_at]}; never opened:"
        f" {_said(report.unopened)}"
    )
    yield (
        f"cards {_said(report.cards)}: {_said(report.per_100)} per 100 sessions,"
        f" {_said(report.per_week)} a week over {report.weeks} weeks, to"
        f" {_said(report.told)} people, shown {_said(report.shown)} times"
    )


def _breakdowns(report: ReplayReport) -> Iterator[str]:
    for dimension, rows in report.by.items():
        if dimension != "week":
            yield f"{_TITLES[dimension]}:"
            yield from _table(
                ("", "cards", "sessions", "per 100 sessions"),
                [
                    (each.key, *map(_said, (each.cards, each.sessions, each.per_100)))
                    for each in rows
                ],
            )
    yield f"busiest week: {_busiest(report.by['week'])}"
    yield from _what_if(report.what_if)
    if report.cannot_tell:
        yield "could not tell at the last opening:"
        yield from _table(
            ("instrument", "rule", "reason", "people"),
            [
                (instrument, rule or "all", reason, _said(people))
                for (instrument, rule, reason), people in report.cannot_tell.items()
            ],
        )


def _what_if(compared: Sequence[WhatIf]) -> Iterator[str]:
    rows = [
        (
            each.name,
            *map(_said, (each.cards, each.per_100, each.touched)),
            " ".join(f"{key} {_said(of)}" for key, of in each.by_signal.items()),
        )
        for each in compared
        if each.touched != 0
    ]
    if rows:
        yield "what another number would have done:"
        yield from _table(
            ("", "cards", "per 100 sessions", "people touched", "changed signals"), rows
        )
    nothing = [each.name for each in compared if each.touched == 0]
    if nothing:
        yield f"would have changed nothing: {', '.join(nothing)}"


def _foot(done: Replay) -> Iterator[str]:
    charts = done.charts
    yield (
        f"read: {len(charts.files)} files, {charts.lines} resources;"
        f" {done.outcome.not_ours + charts.others.total()} about something else,"
        f" {done.outcome.withdrawn} entered in error"
    )
    if charts.left:
        yield f"not read: {', '.join(charts.left)}"
    if done.strangers:
        yield f"charts of the list that are not in the export: {done.strangers}"
    for change in done.rules.not_tried:
        yield f"not tried, the plan may not have it: {change}"
    yield from unread_lines(done.unread, charts)
    yield (
        f"-: hidden, about fewer than {numbers().smallest_cell} people or needed to"
        " keep such a figure hidden"
    )


def _norm_json(pack: NormPack) -> Json:
    return {
        "pack": pack.pack_id,
        "version": pack.version,
        "sha256": pack.hash,
        "signed_by": pack.sign_off.by if pack.sign_off else None,
    }


def _signed(pack: NormPack) -> str:
    return f"signed by {pack.sign_off.by}" if pack.sign_off else "not signed"


def _row_json(row: Row) -> Json:
    return {
        "key": row.key,
        "cards": _figure(row.cards),
        "sessions": _figure(row.sessions),
        "per_100_sessions": _figure(row.per_100),
    }


def _busiest(weeks: Sequence[Row]) -> str:
    known = [(each.cards, each.key) for each in weeks if isinstance(each.cards, int)]
    if not known:
        return "-"
    cards, key = max(known)
    return f"{key} with {cards} cards"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    for row in (head, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _figure(found: Figure) -> int | float | None:
    if isinstance(found, Hidden):
        return None
    return float(found) if isinstance(found, Decimal) else found


def _said(found: Figure) -> str:
    return "-" if isinstance(found, Hidden) else str(found)
