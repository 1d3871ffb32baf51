"""R2, R3 and R5: the alliance rating, compared only with this person's own.

A drop opens when a rating falls by at least one SD below the mean of the ratings
before it, and stays open until a rating is back within one SD of that same mean. So a
low rating that is repeated does not become the new usual.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from clinical.change import gain, is_worse, is_worse_by
from clinical.plan import RuleNumbers
from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    BelowOwnBaseline,
    CannotTellYet,
    RuleId,
)
from clinical.signals.raised import Finding, Raised
from clinical.trajectory import Reading, Trajectory
from questionnaires.instrument import Instrument

# What is shown and what is compared are the same number.
_SHOWN = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class _Usual:
    """What was usual for this person before a rating, in score points."""

    mean: Decimal
    sd: Decimal
    sd_is_floor: bool


@dataclass(frozen=True, slots=True)
class _Drop:
    """A drop: what was usual before it, and the ratings since it began."""

    usual: _Usual
    readings: tuple[Reading, ...]


def alliance_findings(
    instrument: Instrument, trajectory: Trajectory | None, rules: RuleNumbers
) -> tuple[Finding, ...]:
    """What R2, R3 and R5 say; a rule that is off says nothing."""
    readings = trajectory.readings if trajectory else ()
    return (
        *_below_own_baseline(instrument, readings, rules),
        *_drop_or_repair(instrument, readings, rules),
    )


def _below_own_baseline(
    instrument: Instrument, readings: Sequence[Reading], rules: RuleNumbers
) -> tuple[Finding, ...]:
    """R2: any drop below the mean of the first readings."""
    needed = 1 + rules.baseline_least
    if len(readings) < needed:
        return (_too_early(instrument, readings, rule="R2", needed=needed),)
    raised: Raised | None = None
    for at in range(rules.baseline_least, len(readings)):
        first = readings[: min(at, rules.baseline_readings)]
        baseline = _mean([each.value for each in first])
        if not is_worse(instrument, baseline, readings[at].value):
            raised = None
            continue
        signal = BelowOwnBaseline(
            instrument_id=instrument.id,
            baseline=baseline,
            baseline_readings=len(first),
            latest=readings[at],
        )
        since = raised.since if raised else readings[at].authored
        raised = Raised(signal, since=since)
    return (raised,) if raised else ()


def _drop_or_repair(
    instrument: Instrument, readings: Sequence[Reading], rules: RuleNumbers
) -> tuple[Finding, ...]:
    """R3 while a drop is open; R5 at the reading that ends it soon enough."""
    if len(readings) < rules.drop_from_session:
        needed = rules.drop_from_session
        return (_too_early(instrument, readings, rule="R3", needed=needed),)
    drop: _Drop | None = None
    ended: _Drop | None = None
    for at in range(rules.drop_from_session - 1, len(readings)):
        reading, ended = readings[at], None
        usual = drop.usual if drop else _usual(instrument, readings[:at], rules)
        fell = _fell(instrument, usual, reading, sds=rules.watch_sd)
        if fell:
            before = drop.readings if drop else ()
            drop = _Drop(usual, (*before, reading))
        elif drop:
            drop, ended = None, drop
    if drop:
        return (_dropped(instrument, drop, rules),)
    if ended:
        return _repaired(instrument, ended, readings[-1], rules=rules)
    return ()


def _dropped(instrument: Instrument, drop: _Drop, rules: RuleNumbers) -> Raised:
    latest = drop.readings[-1]
    strong = _fell(instrument, drop.usual, latest, sds=rules.strong_sd)
    signal = AllianceDrop(
        instrument_id=instrument.id,
        level="strong" if strong else "watch",
        mean=drop.usual.mean,
        sd=drop.usual.sd,
        sd_is_floor=drop.usual.sd_is_floor,
        latest=latest,
    )
    return Raised(signal, since=drop.readings[0].authored)


def _repaired(
    instrument: Instrument, drop: _Drop, latest: Reading, *, rules: RuleNumbers
) -> tuple[Finding, ...]:
    began = drop.readings[0].session_number
    if latest.session_number - began > rules.repaired_within:
        return ()
    mean = drop.usual.mean
    signal = AllianceRepaired(
        instrument_id=instrument.id,
        mean=mean,
        sd=drop.usual.sd,
        lowest=min(drop.readings, key=lambda each: gain(instrument, mean, each.value)),
        latest=latest,
    )
    return (Raised(signal, since=latest.authored),)


def _fell(
    instrument: Instrument, usual: _Usual, reading: Reading, *, sds: Decimal
) -> bool:
    return is_worse_by(instrument, usual.mean, reading.value, points=sds * usual.sd)


def _usual(
    instrument: Instrument, before: Sequence[Reading], rules: RuleNumbers
) -> _Usual:
    """Mean of the ratings before, and their SD or, if that is larger, the floor.

    A person who always gives the same rating has no spread; without the floor, one
    point would be a rupture.

    Source:
        Larger of own and sample SD: BMC Med Res Methodol 2012;12:10. The floor stands
        in the plan.
    """
    values = [each.value for each in before]
    own = _sample_sd(values)
    total = instrument.total
    floor = ((total.high - total.low) * rules.sd_floor_of_range).quantize(_SHOWN)
    return _Usual(
        mean=_mean(values), sd=max(own, floor), sd_is_floor=max(own, floor) != own
    )


def _mean(values: Sequence[Decimal]) -> Decimal:
    return (sum(values, Decimal(0)) / len(values)).quantize(_SHOWN)


def _sample_sd(values: Sequence[Decimal]) -> Decimal:
    """Sample standard deviation (n - 1), rounded to 0.01; at least two values."""
    mean = sum(values, Decimal(0)) / len(values)
    squares = sum(((value - mean) ** 2 for value in values), Decimal(0))
    return (squares / (len(values) - 1)).sqrt().quantize(_SHOWN)


def _too_early(
    instrument: Instrument, readings: Sequence[Reading], *, rule: RuleId, needed: int
) -> CannotTellYet:
    return CannotTellYet(
        instrument_id=instrument.id,
        rule=rule,
        reason="too_few_readings" if readings else "no_readings",
        readings=len(readings),
        needed=needed,
    )
