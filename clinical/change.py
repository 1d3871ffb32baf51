"""Direction, reliable and clinically significant change.

The only place where the direction of an instrument is known. Nobody else compares
two scores with `<` or `>`.
"""

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
    return _holds(score, instrument.cutoff.operator, instrument.cutoff.value)


def _is_reliable(instrument: Instrument, change: Decimal) -> bool:
    if instrument.reliable_change is None:
        raise ValueError(f"{instrument.id} has no reliable change")
    threshold = instrument.reliable_change
    return _holds(change, threshold.operator, threshold.value)


def _holds(left: Decimal, operator: Operator, right: Decimal) -> bool:
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
