"""What a member sees of each form: the own line, and the group's mean beside it.

Two pictures on one scale and never one: a distance that is drawn is read as a rank.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from flask_babel import gettext

from clinical.groups import (
    GroupMean,
    GroupView,
    TooFewToShow,
    WouldTell,
    group_sessions,
    group_view,
)
from clinical.plan import MeasurementPlan
from clinical.trajectory import Reading, Trajectory, trajectories
from ehr.group_record import ShownMeans
from fhir_mapping.episode import ChartReading
from questionnaires.instrument import Instrument
from smart_app.couple_view import NamedGraph, own_series
from smart_app.figures import number
from smart_app.graph.drawing import BESIDE, draw
from smart_app.graph.spec import GraphSpec, plain_graphs
from smart_app.graph.table import Row, summary, table


@dataclass(frozen=True, slots=True)
class GroupForm:
    """One form.

    Attributes:
        graphs: the member's own, then the mean's; none without an own score.
        rows: newest first; the own score, and the mean or why there is none.
        too_few, would_tell: whether some day has no mean for this reason.
        made_of: whose answers each mean is made of; for the record, never the page.
    """

    instrument: Instrument
    graphs: tuple[NamedGraph, ...]
    rows: tuple[Row, ...]
    too_few: bool
    would_tell: bool
    made_of: Mapping[date, frozenset[str]]


def group_forms(
    plan: MeasurementPlan,
    readings: Mapping[str, ChartReading],
    *,
    own: str,
    name: str,
    shown_before: ShownMeans,
) -> tuple[GroupForm, ...]:
    """The plan's forms for groups.

    Args:
        readings: who -> the chart; of every member.
        own: who of them is looked at together with the group.
        name: of that one.
        shown_before: whose answers were in the means that were shown before.
    """
    return tuple(
        _form(plan, each, readings, own=own, name=name, shown_before=shown_before)
        for each in plan.groups
    )


def _form(
    plan: MeasurementPlan,
    instrument: Instrument,
    readings: Mapping[str, ChartReading],
    *,
    own: str,
    name: str,
    shown_before: ShownMeans,
) -> GroupForm:
    series = own_series(plan, instrument, readings[own])
    if series is None:
        return GroupForm(instrument, (), (), False, False, {})
    sessions = group_sessions(
        {
            who: trajectories(each.episode, instrument, equivalences=plan.equivalences)
            for who, each in readings.items()
        },
        like=series,
    )
    view, made_of = group_view(
        series, sessions, plan.rules, shown_before=shown_before.get(instrument.id, {})
    )
    lines = [each for each in (series, _mean_line(series, view)) if each.readings]
    graphs = [
        _broken_where_nothing_is_shown(each)
        for each in plain_graphs(lines, gap_days=plan.rules.gap_days)
    ]
    names = (name, gettext("Mean of the group"))
    return GroupForm(
        instrument,
        tuple(
            NamedGraph(each, draw(graph, BESIDE), summary(graph))
            for each, graph in zip(names, graphs, strict=False)
        ),
        _rows(table(graphs[0]).rows, graphs[0].sessions, view),
        any(isinstance(each, TooFewToShow) for each in view.means),
        any(isinstance(each, WouldTell) for each in view.means),
        made_of,
    )


def _mean_line(own: Trajectory, view: GroupView) -> Trajectory:
    """The means in the shape that is drawn; they are nobody's course."""
    means = [each for each in view.means if isinstance(each, GroupMean)]
    return Trajectory(
        own.instrument,
        own.instrument_version,
        own.language,
        tuple(
            Reading(
                session_number=place,
                authored=datetime.combine(each.on, time(), tzinfo=UTC),
                value=each.mean,
                prorated=False,
                in_record=True,
                source="",
            )
            for place, each in enumerate(means, start=1)
        ),
    )


def _broken_where_nothing_is_shown(graph: GraphSpec) -> GraphSpec:
    """No line is drawn through a day that has no number."""
    (panel,) = graph.panels
    points = panel.current.points
    broken = tuple(
        replace(point, gap_before=point.gap_before or point.session > last.session + 1)
        for last, point in zip((points[0], *points), points, strict=False)
    )
    line = replace(panel.current, points=broken)
    return replace(graph, panels=(replace(panel, lines=(line,)),))


def _rows(own: Sequence[Row], days: Sequence[date], view: GroupView) -> tuple[Row, ...]:
    told = {each.on: _mean_words(each) for each in view.means}
    return tuple(
        Row(row.session, row.on, (*row.cells, told[on]))
        for row, on in zip(own, reversed(days), strict=True)
    )


def _mean_words(mean: GroupMean | TooFewToShow | WouldTell) -> str:
    match mean:
        case GroupMean(mean=value):
            return number(value)
        case TooFewToShow():
            return gettext("too few to show")
        case WouldTell():
            return gettext("not shown")
