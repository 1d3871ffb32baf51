"""What is in the graph, before anything is drawn. Picture and table both read it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from clinical.expected_response import Band, NoNorm, Sample
from clinical.measurement import Episode, Respondent
from clinical.signals.alliance import Drop
from clinical.signals.band import NO_NORMS, Norms, band_at, norm_for
from clinical.trajectory import (
    Course,
    Equivalence,
    Reading,
    Trajectory,
    courses,
    series_of,
)
from questionnaires.instrument import Cutoff, Instrument

# Where a rating stands against what is usual for this person (R3, R5): the first one
# below it, one that stays below, the one that comes back.
Usual = Literal["dropped", "below", "back"]


@dataclass(frozen=True, slots=True)
class Point:
    """One reading, placed at its session.

    Attributes:
        session: number of the day in the whole graph, 1 is the first.
        change: from the reading before on the same line; None for the first.
        gap_before: the line is broken here (a long time without a reading).
    """

    session: int
    reading: Reading
    change: Decimal | None
    gap_before: bool
    usual: Usual | None = None


@dataclass(frozen=True, slots=True)
class Corridor:
    """Scores inside it differ from intake by less than the reliable change."""

    low: Decimal
    high: Decimal
    rci: Decimal


@dataclass(frozen=True, slots=True)
class Expected:
    """Where people with a similar start, who stayed so long, were.

    Attributes:
        bands: session of the whole graph -> band, for readings after the intake of the
            current line, ascending, as far as the norm goes.
    """

    sample: Sample
    bands: tuple[tuple[int, Band], ...]

    def at(self, session: int) -> Band | None:
        """The band at this session of the graph, if there is one."""
        return dict(self.bands).get(session)


@dataclass(frozen=True, slots=True)
class Line:
    """One series: one version, language and mode of one course."""

    version: str
    language: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One instrument and respondent, its own scale; panels share the time axis only."""

    instrument: Instrument
    low: Decimal
    high: Decimal
    lines: tuple[Line, ...]
    cutoff: Cutoff | None
    corridor: Corridor | None
    expected: Expected | None = None
    respondent: Respondent = "self"

    @property
    def current(self) -> Line:
        """The series measured last."""
        return self.lines[-1]


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """Panels from top to bottom over one axis of sessions (days), oldest first."""

    sessions: tuple[date, ...]
    panels: tuple[Panel, ...]

    @property
    def is_empty(self) -> bool:
        return not self.panels


def graph_spec(
    episode: Episode,
    instruments: Sequence[Instrument],
    *,
    gap_days: int,
    equivalences: Sequence[Equivalence] = (),
    norms: Norms = NO_NORMS,
    new_after_days: int | None = None,
    drops_of: Callable[[Course], Sequence[Drop]] = lambda _: (),
) -> GraphSpec:
    """The graph of one episode. A carer's answers have a panel of their own.

    Args:
        episode: what was read from the chart, and what waits to be delivered.
        instruments: in the order of the panels; one without readings has no panel.
        gap_days: longer than this without a reading breaks the line.
        equivalences: what the site declares to give the same scores; one line then.
        norms: those that fit this person.
        new_after_days: after a longer pause on a form another line begins.
        drops_of: of a course of an alliance instrument; nothing is marked without.
    """
    found = [
        course
        for each in instruments
        for course in courses(
            episode, each, equivalences=equivalences, new_after_days=new_after_days
        )
        if _lines(course)
    ]
    dates = sorted(
        {
            reading.on
            for course in found
            for line in _lines(course)
            for reading in line.readings
        }
    )
    session_of = {on: number for number, on in enumerate(dates, start=1)}
    panels = tuple(
        _panel(
            course,
            session_of,
            gap_days=gap_days,
            norms=norms,
            usual=_usual(
                drop
                for each in (*course.earlier, course)
                if course.instrument.construct == "alliance"
                for drop in drops_of(each)
            ),
        )
        for course in found
    )
    return GraphSpec(sessions=tuple(dates), panels=panels)


def _lines(course: Course) -> tuple[Trajectory, ...]:
    """Of this respondent, earlier courses too; the one measured last at the end."""
    return series_of((*course.earlier, course))


def plain_graphs(
    series: Sequence[Trajectory], *, gap_days: int
) -> tuple[GraphSpec, ...]:
    """Several people's series, each in a graph of its own, over the same axis of days.

    Lines alone: cut-off, reliable change and expected range are about one person.
    """
    dates = sorted({reading.on for each in series for reading in each.readings})
    session_of = {on: number for number, on in enumerate(dates, start=1)}
    return tuple(
        GraphSpec(
            tuple(dates),
            (
                Panel(
                    instrument=each.instrument,
                    low=each.instrument.total.low,
                    high=each.instrument.total.high,
                    lines=(
                        Line(
                            each.instrument_version,
                            each.language,
                            _points(each.readings, session_of, gap_days, usual={}),
                        ),
                    ),
                    cutoff=None,
                    corridor=None,
                ),
            ),
        )
        for each in series
    )


def _panel(
    course: Course,
    session_of: dict[date, int],
    *,
    gap_days: int,
    norms: Norms,
    usual: dict[Reading, Usual],
) -> Panel:
    instrument = course.instrument
    shown = tuple(
        Line(
            version=line.instrument_version,
            language=line.language,
            points=_points(line.readings, session_of, gap_days, usual=usual),
        )
        for line in _lines(course)
    )
    corridor = None
    if instrument.reliable_change is not None:
        intake = shown[-1].points[0].reading.value
        rci = instrument.reliable_change.value
        corridor = Corridor(
            low=max(instrument.total.low, intake - rci),
            high=min(instrument.total.high, intake + rci),
            rci=rci,
        )
    return Panel(
        instrument=instrument,
        low=instrument.total.low,
        high=instrument.total.high,
        lines=shown,
        cutoff=instrument.cutoff,
        corridor=corridor,
        expected=_expected(_lines(course)[-1], norms, session_of),
        respondent=course.respondent,
    )


def _expected(
    series: Trajectory, norms: Norms, session_of: dict[date, int]
) -> Expected | None:
    """Of the current line; at least one session after the intake, or nothing."""
    curve = norm_for(series, norms)
    if isinstance(curve, NoNorm):
        return None
    bands = [
        (session_of[each.on], band)
        for each in series.readings
        for band in [band_at(curve, series.readings, each)]
        if not isinstance(band, NoNorm)
    ]
    return Expected(curve.sample, tuple(bands)) if bands else None


def _usual(drops: Iterable[Drop]) -> dict[Reading, Usual]:
    found: dict[Reading, Usual] = {}
    for drop in drops:
        found.update(dict.fromkeys(drop.readings, "below"))
        found[drop.readings[0]] = "dropped"
        if drop.back is not None:
            found[drop.back] = "back"
    return found


def _points(
    readings: tuple[Reading, ...],
    session_of: dict[date, int],
    gap_days: int,
    *,
    usual: dict[Reading, Usual],
) -> tuple[Point, ...]:
    points: list[Point] = []
    before: Reading | None = None
    for reading in readings:
        points.append(
            Point(
                session=session_of[reading.on],
                reading=reading,
                change=None if before is None else reading.value - before.value,
                gap_before=before is not None
                and (reading.on - before.on).days > gap_days,
                usual=usual.get(reading),
            )
        )
        before = reading
    return tuple(points)
