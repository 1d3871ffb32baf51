"""The same specification as a table and as one sentence."""

from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from flask_babel import gettext

from clinical.change import is_worse
from clinical.trajectory import Reading
from questionnaires.instrument import Instrument
from smart_app.figures import day, form_title, number
from smart_app.graph.drawing import Rule
from smart_app.graph.spec import Expected, GraphSpec, Line, Panel, Point, Usual
from smart_app.languages import name_of
from smart_app.sentence_parts import title


@dataclass(frozen=True, slots=True)
class Row:
    session: int
    on: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Newest session first; one column per series."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def table(spec: GraphSpec) -> Table:
    """Every plotted number, dated."""
    series = [(panel, line) for panel in spec.panels for line in panel.lines]
    expected = [(panel, panel.expected) for panel in spec.panels if panel.expected]
    return Table(
        columns=(
            *(_column(panel, line) for panel, line in series),
            *(
                gettext("%(instrument)s, expected", instrument=panel_title(panel))
                for panel, _ in expected
            ),
        ),
        rows=tuple(
            Row(
                session=session,
                on=day(on),
                cells=(
                    *(_cell(line, session) for _, line in series),
                    *(_expected_cell(each, session) for _, each in expected),
                ),
            )
            for session, on in reversed(list(enumerate(spec.sessions, start=1)))
        ),
    )


def summary(spec: GraphSpec) -> str:
    """One sentence per panel: where it started, where it stands."""
    return " ".join(_panel_sentence(panel) for panel in spec.panels)


def captions(spec: GraphSpec) -> list[str]:
    """What the lines rest on: sources of the cut-off and of the reliable change."""
    lines: list[str] = []
    for panel in spec.panels:
        instrument = panel.instrument
        if any(point.usual for line in panel.lines for point in line.points):
            lines.append(
                gettext(
                    "%(instrument)s: ▼ a rating clearly below this person's usual;"
                    " △ back at the usual.",
                    instrument=panel_title(panel),
                )
            )
        if instrument.cutoff is not None:
            lines.append(
                gettext(
                    "%(instrument)s cut-off: %(value)s (%(source)s).",
                    instrument=form_title(instrument),
                    value=number(instrument.cutoff.value),
                    source=instrument.cutoff.source.text,
                )
            )
        if instrument.reliable_change is not None:
            lines.append(
                gettext(
                    "Shaded: less than the reliable change of %(rci)s points from the"
                    " start (%(source)s).",
                    rci=number(instrument.reliable_change.value),
                    source=instrument.reliable_change.source.text,
                )
            )
        if panel.expected is not None:
            lines.append(_band_words(panel.expected))
            if _ends_with_the_scale(panel.expected, instrument):
                lines.append(
                    gettext(
                        "Where a band ends with the scale, nobody can be beyond it:"
                        " there it holds up to 84 (inner) and 90 (outer) in 100 people."
                    )
                )
        if not instrument.validated:
            lines.append(
                gettext(
                    "%(instrument)s is not a validated scale; compare it only with"
                    " this person's own earlier answers.",
                    instrument=form_title(instrument),
                )
            )
    return [*dict.fromkeys(lines)]


def panel_title(panel: Panel) -> str:
    """The instrument, and whose answers they are if not the patient's own."""
    return title(panel.instrument, panel.respondent)


def _band_words(expected: Expected) -> str:
    """An average of people who stayed, and no goal; which norm, and how many people."""
    sample, last = expected.sample, expected.bands[-1][1].session_number
    return gettext(
        "Bands: where 68 %% (inner) and 80 %% (outer) of people with a similar start"
        " were, among those who stayed until that session; an average and no goal."
        " Norm %(pack)s, %(hash)s, %(persons)s people, %(stayed)s of them until"
        " session %(session)s (%(provenance)s).",
        pack=sample.pack_id,
        hash=sample.pack_hash[:12],
        persons=number(Decimal(sample.n_persons)),
        stayed=number(Decimal(sample.persons_at(last))),
        session=last,
        provenance=sample.provenance,
    )


def _ends_with_the_scale(expected: Expected, instrument: Instrument) -> bool:
    ends = (instrument.total.low, instrument.total.high)
    return any(
        band.low_80 in ends or band.high_80 in ends for _, band in expected.bands
    )


def direction_words(instrument: Instrument) -> str:
    if instrument.direction == "higher_is_better":
        return gettext("higher is better")
    return gettext("lower is better")


def rule_words(panel: Panel, rule: Rule) -> str:
    """The label at a line's end: what lies beyond it.

    To a tenth, since an estimated start may have many digits and there is little room;
    the rules themselves use the exact number.
    """
    if rule.kind == "expected":
        return gettext("expected range")
    value = number(round(rule.value, 1))
    if rule.kind == "cutoff":
        return gettext("cut-off %(value)s", value=value)
    intake = panel.current.points[0].reading.value
    if is_worse(panel.instrument, intake, rule.value):
        return gettext("reliably worse %(value)s", value=value)
    return gettext("reliably better %(value)s", value=value)


def point_words(panel: Panel, point: Point) -> str:
    """What a screen reader says at this point."""
    parts = [
        gettext(
            "Session %(session)s, %(date)s: %(value)s of %(most)s",
            session=point.session,
            date=day(point.reading.on),
            value=number(point.reading.value),
            most=number(panel.high),
        )
    ]
    if point.change is not None:
        if point.change == 0:
            parts.append(gettext("the same as before"))
        elif point.change > 0:
            parts.append(
                gettext("%(points)s more than before", points=number(point.change))
            )
        else:
            parts.append(
                gettext("%(points)s less than before", points=number(-point.change))
            )
    band = panel.expected.at(point.session) if panel.expected else None
    if band is not None and point in panel.current.points:
        parts.append(
            gettext(
                "expected %(low)s to %(high)s",
                low=number(round(band.low_80, 1)),
                high=number(round(band.high_80, 1)),
            )
        )
    if point.usual:
        parts.append(_usual_words(point.usual))
    if point.reading.prorated:
        parts.append(gettext("estimated, some items were blank"))
    if not point.reading.in_record:
        parts.append(gettext("not yet in the record"))
    return ", ".join(parts)


def _usual_words(usual: Usual) -> str:
    match usual:
        case "dropped" | "below":
            return gettext("below usual")
        case "back":
            return gettext("usual again")
        case _:
            assert_never(usual)


def _panel_sentence(panel: Panel) -> str:
    points = panel.current.points
    first, last = points[0].reading, points[-1].reading
    if len(points) == 1:
        return gettext(
            "%(instrument)s: %(value)s on %(date)s, the first reading.",
            instrument=panel_title(panel),
            value=number(first.value),
            date=day(first.on),
        )
    return gettext(
        "%(instrument)s: %(first)s at the start (%(first_date)s), %(last)s now"
        " (%(last_date)s), %(count)s readings; %(direction)s.",
        instrument=panel_title(panel),
        first=number(first.value),
        first_date=day(first.on),
        last=number(last.value),
        last_date=day(last.on),
        count=len(points),
        direction=direction_words(panel.instrument),
    )


def _column(panel: Panel, line: Line) -> str:
    if len(panel.lines) == 1:
        return panel_title(panel)
    name = f"{panel_title(panel)} {line.version} ({name_of(line.language)})"
    alike = [
        each
        for each in panel.lines
        if (each.version, each.language) == (line.version, line.language)
    ]
    if len(alike) == 1:
        return name
    first, last = (day(line.points[at].reading.on) for at in (0, -1))
    return f"{name}, {first}–{last}"


def _expected_cell(expected: Expected, session: int) -> str:
    """Everything that is drawn at this session, to a tenth."""
    band = expected.at(session)
    if band is None:
        return "–"
    return gettext(
        "%(expected)s (68 %%: %(low_68)s to %(high_68)s; 80 %%: %(low_80)s to"
        " %(high_80)s)",
        expected=number(round(band.expected, 1)),
        low_68=number(round(band.low_68, 1)),
        high_68=number(round(band.high_68, 1)),
        low_80=number(round(band.low_80, 1)),
        high_80=number(round(band.high_80, 1)),
    )


def _cell(line: Line, session: int) -> str:
    """Every reading of this session: a form may be given twice on one day."""
    told = []
    for point in line.points:
        if point.session == session:
            told += [
                _value(each, gettext("replaced the same day"))
                for each in point.reading.replaces
            ]
            told.append(_value(point.reading, *_usual(point)))
    return ", ".join(told) or "–"


def _usual(point: Point) -> tuple[str, ...]:
    return (_usual_words(point.usual),) if point.usual else ()


def _value(reading: Reading, *marks: str) -> str:
    told = list(marks)
    if reading.prorated:
        told.append(gettext("estimated"))
    if not reading.in_record:
        told.append(gettext("not yet in the record"))
    value = number(reading.value)
    return f"{value} ({', '.join(told)})" if told else value
