"""What two partners see of each shared form: two graphs on one scale, and words."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext

from clinical.pairs import BothAgreed, compare_partners
from clinical.plan import MeasurementPlan
from clinical.trajectory import Trajectory, courses
from fhir_mapping.episode import ChartReading
from questionnaires.instrument import Instrument
from questionnaires.library import Library
from smart_app.clinician import foreign_numbers
from smart_app.couple_words import finding_words
from smart_app.graph.drawing import BESIDE, Drawing, draw
from smart_app.graph.spec import GraphSpec, plain_graphs
from smart_app.graph.table import Row, summary, table


@dataclass(frozen=True, slots=True)
class NamedGraph:
    """One line, with a picture of its own."""

    name: str
    drawing: Drawing
    summary: str


@dataclass(frozen=True, slots=True)
class CoupleView:
    """One form.

    Attributes:
        graphs: none unless both have a score.
        found: sentences about the difference, or about why none is told.
        size_test: where the numbers of the comparison come from; "" without one.
        rows: newest first; one cell per partner.
    """

    instrument: Instrument
    graphs: tuple[NamedGraph, ...]
    found: tuple[str, ...]
    size_test: str
    rows: tuple[Row, ...]


def couple_views(
    plan: MeasurementPlan,
    library: Library,
    readings: tuple[ChartReading, ChartReading],
    *,
    names: tuple[str, str],
    agreed: BothAgreed,
) -> tuple[CoupleView, ...]:
    """The plan's forms for couples; total scores of each partner's answers alone."""
    return tuple(
        _view(plan, library, each, readings, names=names, agreed=agreed)
        for each in plan.couples.instruments
    )


def _view(
    plan: MeasurementPlan,
    library: Library,
    instrument: Instrument,
    readings: tuple[ChartReading, ChartReading],
    *,
    names: tuple[str, str],
    agreed: BothAgreed,
) -> CoupleView:
    first, second = (own_series(plan, instrument, each) for each in readings)
    if first is None or second is None:
        lacking = [
            name
            for name, series in zip(names, (first, second), strict=True)
            if series is None
        ]
        return CoupleView(instrument, (), _no_score_yet(lacking), "", ())
    graphs = plain_graphs((first, second), gap_days=plan.rules.gap_days)
    found = _found(plan, readings, first, second, names=names, agreed=agreed)
    foreign = [line for each in graphs for line in foreign_numbers(each, library)]
    return CoupleView(
        instrument,
        tuple(
            NamedGraph(name, draw(each, BESIDE), summary(each))
            for name, each in zip(names, graphs, strict=True)
        ),
        (*found, *dict.fromkeys(foreign)),
        plan.rule_sources["pair_part"].text if plan.decision_support else "",
        _rows(graphs),
    )


def own_series(
    plan: MeasurementPlan, instrument: Instrument, reading: ChartReading
) -> Trajectory | None:
    """The series measured last, of what the patient in person has answered."""
    for course in courses(
        reading.episode,
        instrument,
        equivalences=plan.equivalences,
        new_after_days=plan.new_course_after_days,
    ):
        if course.respondent == "self":
            return course.current
    return None


def _no_score_yet(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        gettext("%(name)s has no score on this form yet.", name=each) for each in names
    )


def _found(
    plan: MeasurementPlan,
    readings: tuple[ChartReading, ChartReading],
    first: Trajectory,
    second: Trajectory,
    *,
    names: tuple[str, str],
    agreed: BothAgreed,
) -> tuple[str, ...]:
    if not plan.decision_support:
        return (
            gettext(
                "This site records only: scores are shown, no conclusions are drawn."
            ),
        )
    if any(each.unread for each in readings):
        return (
            gettext(
                "A record was only partly readable. Nothing is said about a difference,"
                " for a score may be missing."
            ),
        )
    finding = compare_partners(first, second, plan.rules, agreed=agreed)
    return finding_words(finding, names=names, sessions=plan.rules.pair_sessions)


def _rows(graphs: tuple[GraphSpec, ...]) -> tuple[Row, ...]:
    of_each = [table(each).rows for each in graphs]
    return tuple(
        Row(same[0].session, same[0].on, tuple(each.cells[0] for each in same))
        for same in zip(*of_each, strict=True)
    )
