"""From the specification to coordinates. The template writes them as accessible SVG.

Units are SVG user units: CSS pixels at full size, for the picture scales with its
column. There are two sizes, so that words stay readable on a small screen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from smart_app.graph.spec import GraphSpec, Line, Panel, Point

TOP, GAP, BOTTOM = 30, 46, 40
ALONE = 6.0  # one session alone is a short bar and not a line without width


@dataclass(frozen=True, slots=True)
class Frame:
    """How large the picture is; `tall` is the first panel, `low` each one below."""

    width: int
    left: int
    right: int
    tall: int
    low: int
    labels: int  # at most so many session numbers
    line: int  # height of a line of text: labels keep this distance


WIDE = Frame(width=760, left=44, right=132, tall=250, low=104, labels=14, line=15)
NARROW = Frame(width=390, left=30, right=156, tall=200, low=96, labels=6, line=18)
# Two of them stand beside each other; no labels of rules at the right.
BESIDE = Frame(width=390, left=30, right=64, tall=200, low=96, labels=6, line=16)
RuleKind = Literal["cutoff", "corridor_low", "corridor_high", "expected"]
STEPS = tuple(Decimal(step) for step in (1, 2, 4, 5, 10, 20, 25, 50, 100))


@dataclass(frozen=True, slots=True)
class Mark:
    """A drawn point; `point` carries the numbers for its description."""

    x: float
    y: float
    point: Point
    hollow: bool
    dashed: bool
    arrow: str = ""  # a small triangle: a drop begins here, or ends


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    value: Decimal


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line with a label at its right end.

    "expected" is a label alone, beside the middle of the expected range.
    """

    y: float
    label_y: float
    kind: RuleKind
    value: Decimal


@dataclass(frozen=True, slots=True)
class SessionTick:
    x: float
    session: int
    labelled: bool


@dataclass(frozen=True, slots=True)
class Ribbon:
    """An expected range: its area, and both edges as lines."""

    kind: Literal["band-80", "band-68"]
    area: str
    edges: tuple[str, str]


@dataclass(frozen=True, slots=True)
class DrawnPanel:
    panel: Panel
    top: float
    bottom: float
    ticks: tuple[Tick, ...]
    rules: tuple[Rule, ...]
    corridor: tuple[float, float] | None  # y of top and bottom edge
    ribbons: tuple[Ribbon, ...]  # the wider one first
    expected: str  # the line in their middle; empty without a norm
    paths: tuple[str, ...]
    marks: tuple[Mark, ...]
    value_at_end: Mark


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    left: float
    right: float
    panels: tuple[DrawnPanel, ...]
    sessions: tuple[SessionTick, ...]
    dot: float  # radius of a point: smaller where there are many, so that lines show


def draw(spec: GraphSpec, frame: Frame) -> Drawing:
    """Coordinates of everything in the picture, in drawing order."""
    left, right = float(frame.left), float(frame.width - frame.right)
    count = len(spec.sessions)

    def x_of(session: int) -> float:
        if count == 1:
            return left + (right - left) / 2
        return left + 14 + (right - left - 28) * (session - 1) / (count - 1)

    top = float(TOP)
    panels: list[DrawnPanel] = []
    for number, panel in enumerate(spec.panels):
        height = frame.tall if number == 0 else frame.low
        panels.append(_draw_panel(panel, top, top + height, x_of, frame=frame))
        top += height + GAP
    room = 10 * len(str(count)) + 10.0  # a label with what keeps it from the next
    labels = min(frame.labels, int((right - left) / room))
    every = max(1, -(-count // labels))
    sessions = tuple(
        SessionTick(
            x=round(x_of(number), 1),
            session=number,
            labelled=(number - 1) % every == 0 or number == count,
        )
        for number in range(1, count + 1)
    )
    return Drawing(
        width=frame.width,
        height=int(top - GAP + BOTTOM),
        left=left,
        right=right,
        panels=tuple(panels),
        sessions=_without_crowding(sessions, room),
        dot=round(min(4.0, max(1.5, 0.4 * (right - left) / count)), 1),
    )


def _without_crowding(
    sessions: tuple[SessionTick, ...], room: float
) -> tuple[SessionTick, ...]:
    """The last label wins over a neighbour that it would touch."""
    if len(sessions) < 2:
        return sessions
    last = sessions[-1]
    return tuple(
        SessionTick(each.x, each.session, False)
        if each is not last and each.labelled and last.x - each.x < room
        else each
        for each in sessions
    )


def _draw_panel(
    panel: Panel,
    top: float,
    bottom: float,
    x_of: Callable[[int], float],
    *,
    frame: Frame,
) -> DrawnPanel:
    span = panel.high - panel.low

    def y_of(value: Decimal) -> float:
        part = float((value - panel.low) / span)
        return round(bottom - part * (bottom - top), 1)

    marks: list[Mark] = []
    paths: list[str] = []
    for line in panel.lines:
        drawn = [
            Mark(
                x=round(x_of(point.session), 1),
                y=y_of(point.reading.value),
                point=point,
                hollow=point.reading.prorated,
                dashed=not point.reading.in_record,
                arrow=_arrow(
                    point,
                    x_of(point.session),
                    y_of(point.reading.value),
                    ends=(top, bottom),
                ),
            )
            for point in line.points
        ]
        paths += _paths(line, drawn)
        marks += drawn
    corridor = None
    if panel.corridor is not None:
        corridor = (y_of(panel.corridor.high), y_of(panel.corridor.low))
    return DrawnPanel(
        panel=panel,
        top=top,
        bottom=bottom,
        ticks=tuple(Tick(y_of(value), value) for value in _gridlines(panel)),
        rules=_rules(panel, marks[-1], y_of, line=frame.line),
        corridor=corridor,
        ribbons=_ribbons(panel, x_of, y_of),
        expected=_expected(panel, x_of, y_of),
        paths=tuple(paths),
        marks=tuple(marks),
        value_at_end=marks[-1],
    )


def _arrow(point: Point, x: float, y: float, *, ends: tuple[float, float]) -> str:
    """Away from health at a drop's beginning, back at its end; beside the point.

    Below it, or above it where the panel ends; `ends` are its top and its bottom.
    """
    if point.usual not in ("dropped", "back"):
        return ""
    away, half = 9.0, 5.0
    below = y + away + 2 * half <= ends[1]
    near = y + away if below else y - away - 2 * half
    far = near + 2 * half
    tip, base = (far, near) if point.usual == "dropped" else (near, far)
    left, right = round(x - half, 1), round(x + half, 1)
    return f"M{left:g} {base:.1f}L{right:g} {base:.1f}L{x:.1f} {tip:.1f}Z"


def _expected(
    panel: Panel, x_of: Callable[[int], float], y_of: Callable[[Decimal], float]
) -> str:
    """The average course of people with a similar start, as far as the norm goes."""
    if panel.expected is None:
        return ""
    at = [(x_of(at), y_of(band.expected)) for at, band in panel.expected.bands]
    if len(at) == 1:
        at = [(at[0][0] - ALONE, at[0][1]), (at[0][0] + ALONE, at[0][1])]
    return "M" + "L".join(f"{round(x, 1):g} {y:g}" for x, y in at)


def _ribbons(
    panel: Panel, x_of: Callable[[int], float], y_of: Callable[[Decimal], float]
) -> tuple[Ribbon, ...]:
    """The 80 % range and, on it, the 68 % range; none without a norm."""
    if panel.expected is None:
        return ()
    bands = panel.expected.bands
    wide = [(at, band.low_80, band.high_80) for at, band in bands]
    inner = [(at, band.low_68, band.high_68) for at, band in bands]
    return (_ribbon("band-80", wide, x_of, y_of), _ribbon("band-68", inner, x_of, y_of))


def _ribbon(
    kind: Literal["band-80", "band-68"],
    ends: list[tuple[int, Decimal, Decimal]],
    x_of: Callable[[int], float],
    y_of: Callable[[Decimal], float],
) -> Ribbon:
    half = ALONE if len(ends) == 1 else 0.0
    low: list[str] = []
    high: list[str] = []
    for at, bottom, top in ends:
        for x in (x_of(at) - half, x_of(at) + half) if half else (x_of(at),):
            low.append(f"{round(x, 1):g} {y_of(bottom):g}")
            high.append(f"{round(x, 1):g} {y_of(top):g}")
    return Ribbon(
        kind,
        area="M" + "L".join([*high, *reversed(low)]) + "Z",
        edges=("M" + "L".join(high), "M" + "L".join(low)),
    )


def _paths(line: Line, marks: list[Mark]) -> list[str]:
    """One path per unbroken stretch; a single reading needs none."""
    stretches: list[list[Mark]] = []
    for mark in marks:
        if not stretches or mark.point.gap_before:
            stretches.append([])
        stretches[-1].append(mark)
    return [
        "M" + "L".join(f"{mark.x:g} {mark.y:g}" for mark in stretch)
        for stretch in stretches
        if len(stretch) > 1
    ]


def _gridlines(panel: Panel) -> list[Decimal]:
    """At most six gaps, on round numbers, both ends of the scale included."""
    span = panel.high - panel.low
    step = next((each for each in STEPS if span / each <= 6), span)
    values = [panel.low]
    while values[-1] + step < panel.high:
        values.append(values[-1] + step)
    if panel.high - values[-1] < step * Decimal("0.6") and len(values) > 1:
        values.pop()
    values.append(panel.high)
    return values


def _rules(
    panel: Panel, end: Mark, y_of: Callable[[Decimal], float], *, line: int
) -> tuple[Rule, ...]:
    """Labelled lines; labels step aside for each other and for the last value."""
    wanted: list[tuple[RuleKind, Decimal]] = []
    if panel.corridor is not None:
        if panel.corridor.high < panel.high:
            wanted.append(("corridor_high", panel.corridor.high))
        if panel.corridor.low > panel.low:
            wanted.append(("corridor_low", panel.corridor.low))
    if panel.cutoff is not None:
        wanted.append(("cutoff", panel.cutoff.value))
    band = panel.expected.at(end.point.session) if panel.expected else None
    if band is not None:
        wanted.append(("expected", band.expected))
    taken = [end.y]
    rules: list[Rule] = []
    for kind, value in sorted(wanted, key=lambda each: y_of(each[1])):
        y = y_of(value)
        label = y
        for step in (0, 1, -1, 2, -2, 3, -3, 4, -4):
            if all(abs(y + step * line - other) >= line for other in taken):
                label = y + step * line
                break
        taken.append(label)
        rules.append(Rule(y=y, label_y=round(label, 1), kind=kind, value=value))
    return tuple(rules)
