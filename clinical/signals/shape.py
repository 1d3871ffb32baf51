"""S5 and S7: a course that hardly moves, and one that moves to and fro."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from clinical.change import (
    gain_per_session,
    is_clinical,
    is_flat,
    is_reliably_better,
    swings,
)
from clinical.rule_numbers import RuleNumbers
from clinical.signals.kinds import NoisyProfile, Plateau
from clinical.signals.raised import Raised
from clinical.trajectory import Reading
from questionnaires.instrument import Instrument

_SHOWN = Decimal("0.01")


def plateau(
    instrument: Instrument,
    readings: Sequence[Reading],
    rules: RuleNumbers,
    *,
    rci: Decimal,
) -> Raised | None:
    """S5: little change over the last readings, short of the goal.

    After a gain it is a matter for the agenda; without one, S4 asks for a review.

    Args:
        instrument: with a cut-off and a reliable change.
        readings: at least `rules.plateau_readings`.
        rules: the plan's numbers.
        rci: the instrument's reliable change, score points.
    """
    within = rci * rules.plateau_part
    intake = readings[0]

    def holds(window: Sequence[Reading]) -> bool:
        latest = window[-1]
        recovered = is_reliably_better(
            instrument, intake.value, latest.value
        ) and not is_clinical(instrument, latest.value)
        return not recovered and is_flat(_slope(instrument, window), within=within)

    size = rules.plateau_readings
    run = _windows_in_a_row(readings, size, least=size, holds=holds)
    if run == 0:
        return None
    window = readings[-size:]
    signal = Plateau(
        instrument_id=instrument.id,
        first=window[0],
        latest=window[-1],
        readings=len(window),
        slope=_slope(instrument, window).quantize(_SHOWN),
        flat_within=within,
        after_gain=any(
            is_reliably_better(instrument, intake.value, each.value)
            for each in readings
        ),
        rci=rci,
    )
    return Raised(signal, since=readings[-run].begun)


def noisy_profile(
    instrument: Instrument,
    readings: Sequence[Reading],
    rules: RuleNumbers,
    *,
    rci: Decimal,
) -> Raised | None:
    """S7: reliable moves to and fro among the last readings.

    Each move counts that goes the other way than the one before and is at least the
    reliable change. Only the last readings are looked at, so that a course which has
    become calm is not called noisy for ever.
    """

    def found(window: Sequence[Reading]) -> int:
        return swings(instrument, [each.value for each in window])

    def holds(window: Sequence[Reading]) -> bool:
        return found(window) >= rules.noisy_swings

    run = _windows_in_a_row(readings, rules.noisy_window, least=1, holds=holds)
    if run == 0:
        return None
    window = readings[-rules.noisy_window :]
    signal = NoisyProfile(
        instrument_id=instrument.id,
        swings=found(window),
        first=window[0],
        latest=window[-1],
        readings=len(window),
        rci=rci,
    )
    return Raised(signal, since=readings[-run].begun)


def _slope(instrument: Instrument, window: Sequence[Reading]) -> Decimal:
    return gain_per_session(
        instrument, [(each.session_number, each.value) for each in window]
    )


def _windows_in_a_row(
    readings: Sequence[Reading],
    size: int,
    *,
    least: int,
    holds: Callable[[Sequence[Reading]], bool],
) -> int:
    """How many windows, moved back one by one, hold without a break.

    A window has `size` readings; at the beginning of the course it may have fewer, down
    to `least`.
    """
    run = 0
    for end in range(len(readings), least - 1, -1):
        if not holds(readings[max(0, end - size) : end]):
            break
        run += 1
    return run
