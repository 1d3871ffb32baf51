"""Direction, reliable and clinically significant change.

The only place where the direction of an instrument is known. Nobody else compares
two scores with `<` or `>`.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never

from questionnaires.instrument import Direction, Instrument, Operator


def gain(instrument: Instrument, before: Decimal, after: Decimal) -> Decimal:
    """Score points of change in the direction of health: positive is better."""
    match instrument.direction:
        case "higher_is_better":
            return after - before
        case "higher_is_worse":
            return before - after
        case _:
            assert_never(instrument.direction)


def worse_sign(direction: Direction) -> int:
    """1 where a higher score is worse, else -1: turns arrays of scores to one side."""
    match direction:
        case "higher_is_worse":
            return 1
        case "higher_is_better":
            return -1
        case _:
            assert_never(direction)


def is_worse(instrument: Instrument, before: Decimal, after: Decimal) -> bool:
    """Worse by anything at all; says nothing about measurement error."""
    return gain(instrument, before, after) < 0


def is_worse_by(
    instrument: Instrument, before: Decimal, after: Decimal, *, points: Decimal
) -> bool:
    """Worse by at least so many score points; exactly so many is enough."""
    return gain(instrument, before, after) <= -points


def is_reliably_worse(instrument: Instrument, before: Decimal, after: Decimal) -> bool:
    """Worse by at least what measurement error alone would rarely produce.

    Raises:
        ValueError: the instrument has no reliable change; ask for it first.

    Source:
        Jacobson & Truax 1991, J Consult Clin Psychol 59(1):12-19.
    """
    return _is_reliable(instrument, -gain(instrument, before, after))


def is_reliably_better(instrument: Instrument, before: Decimal, after: Decimal) -> bool:
    """Better by at least what measurement error alone would rarely produce.

    Raises:
        ValueError: the instrument has no reliable change; ask for it first.

    Source:
        Jacobson & Truax 1991, J Consult Clin Psychol 59(1):12-19.
    """
    return _is_reliable(instrument, gain(instrument, before, after))


def is_clinical(instrument: Instrument, score: Decimal) -> bool:
    """On the clinical side of the cut-off, with the operator its source declares.

    Raises:
        ValueError: the instrument has no cut-off; ask for it first.
    """
    if instrument.cutoff is None:
        raise ValueError(f"{instrument.id} has no cut-off")
    return holds(score, instrument.cutoff.operator, instrument.cutoff.value)


def best_possible(instrument: Instrument) -> Decimal:
    """The healthiest score there is on this instrument."""
    low, high = instrument.total.low, instrument.total.high
    return low if is_worse(instrument, low, high) else high


def worse_side(instrument: Instrument, low: Decimal, high: Decimal) -> Decimal:
    """Of two scores the less healthy one."""
    return low if is_worse(instrument, high, low) else high


def gain_per_session(
    instrument: Instrument, points: Sequence[tuple[int, Decimal]]
) -> Decimal:
    """Least-squares slope through (session number, score); positive is better.

    Args:
        points: at least two, with different session numbers.
    """
    n = len(points)
    of_x = sum(x for x, _ in points)
    of_y = sum((y for _, y in points), Decimal(0))
    products = sum((x * y for x, y in points), Decimal(0))
    squares = sum(x * x for x, _ in points)
    slope = (n * products - of_x * of_y) / (n * squares - of_x * of_x)
    return gain(instrument, Decimal(0), slope)


def is_flat(slope: Decimal, *, within: Decimal) -> bool:
    """Less than so many score points per session, in either direction."""
    return abs(slope) < within


def swings(instrument: Instrument, values: Sequence[Decimal]) -> int:
    """Reliable moves, each in the other direction than the one before.

    A move may take several readings; going on in the same direction is the same move.

    Raises:
        ValueError: the instrument has no reliable change; ask for it first.
    """
    found, going = 0, 0  # going: 1 is towards better, -1 towards worse
    best = worst = turn = values[0]
    for value in values[1:]:
        if going == 0:
            best = value if is_worse(instrument, value, best) else best
            worst = value if is_worse(instrument, worst, value) else worst
            if is_reliably_better(instrument, worst, value):
                found, going, turn = 1, 1, value
            elif is_reliably_worse(instrument, best, value):
                found, going, turn = 1, -1, value
            continue
        back = is_reliably_worse if going == 1 else is_reliably_better
        if back(instrument, turn, value):
            found, going, turn = found + 1, -going, value
        elif gain(instrument, turn, value) * going > 0:
            turn = value
    return found


def _is_reliable(instrument: Instrument, change: Decimal) -> bool:
    if instrument.reliable_change is None:
        raise ValueError(f"{instrument.id} has no reliable change")
    threshold = instrument.reliable_change
    return holds(change, threshold.operator, threshold.value)


def holds(left: Decimal, operator: Operator, right: Decimal) -> bool:
    """Whether `left operator right`; boundaries are where their source puts them."""
    match operator:
        case ">=":
            return left >= right
        case ">":
            return left > right
        case "<=":
            return left <= right
        case "<":
            return left < right
        case _:
            assert_never(operator)
