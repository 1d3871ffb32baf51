"""R2, R3, R5 and R6: the alliance rating, compared only with this person's own.

A drop opens when a rating falls by at least one SD below the mean of the ratings
before it, and stays open until a rating is back within one SD of that same mean. So a
low rating that is repeated does not become the new usual.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clinical.change import gain, is_worse, is_worse_by
from clinical.rule_numbers import RuleNumbers
from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    AllianceUnrepaired,
    BelowOwnBaseline,
    CannotTellYet,
    RuleId,
)
from clinical.signals.raised import Finding, Raised, in_a_row
from clinical.signals.usual import Before, Usual, before_each
from clinical.trajectory import Course, Reading
from questionnaires.instrument import Instrument, Spread

_DROP_RULES: tuple[RuleId, ...] = ("R3", "R6")


@dataclass(frozen=True, slots=True)
class Drop:
    """A drop: what was usual before it, and the ratings from its beginning to its end.

    Attributes:
        back: the rating that came back to what was usual; None while the drop is open.
    """

    usual: Usual
    readings: tuple[Reading, ...]
    back: Reading | None = None


def alliance_findings(
    course: Course, rules: RuleNumbers, *, sample_sd: Spread | None
) -> tuple[Finding, ...]:
    """What R2, R3, R5 and R6 say; a rule that is off says nothing.

    Args:
        course: of an alliance instrument.
        rules: the plan's numbers.
        sample_sd: of ratings of many people on this form, if the site knows it.
    """
    instrument, readings = course.instrument, course.readings
    before = before_each(
        instrument,
        [each.value for each in readings],
        rules=rules,
        sample_sd=sample_sd,
    )
    return (
        *_below_own_baseline(instrument, readings, before, rules=rules),
        *_drop_or_repair(instrument, readings, before, rules=rules),
    )


def too_early(
    instrument: Instrument, readings: Sequence[Reading], *, rule: RuleId, needed: int
) -> CannotTellYet:
    """There are fewer readings than the rule cannot do without."""
    return CannotTellYet(
        instrument_id=instrument.id,
        rule=rule,
        reason="too_few_readings" if readings else "no_readings",
        readings=len(readings),
        needed=needed,
    )


def _below_own_baseline(
    instrument: Instrument,
    readings: Sequence[Reading],
    before: Before,
    *,
    rules: RuleNumbers,
) -> tuple[Finding, ...]:
    """R2: any drop below the mean of the first readings."""
    needed = 1 + rules.baseline_least
    if len(readings) < needed:
        return (too_early(instrument, readings, rule="R2", needed=needed),)
    most, last = rules.baseline_readings, len(readings) - 1
    run = in_a_row(
        is_worse(instrument, before.mean(min(at, most)), readings[at].value)
        for at in range(last, rules.baseline_least - 1, -1)
    )
    if run == 0:
        return ()
    signal = BelowOwnBaseline(
        instrument_id=instrument.id,
        baseline=before.mean(min(last, most)),
        baseline_readings=min(last, most),
        latest=readings[last],
    )
    return (Raised(signal, since=readings[-run].begun),)


def _drop_or_repair(
    instrument: Instrument,
    readings: Sequence[Reading],
    before: Before,
    *,
    rules: RuleNumbers,
) -> tuple[Finding, ...]:
    """R3 and R6 while a drop is open; R5 at the reading that ends it soon enough."""
    if len(readings) < rules.drop_from_session:
        needed = rules.drop_from_session
        return tuple(
            too_early(instrument, readings, rule=rule, needed=needed)
            for rule in _DROP_RULES
        )
    drops = _drops(instrument, readings, before, rules=rules)
    if drops and drops[-1].back is None:
        unrepaired = _unrepaired(instrument, drops[-1], rules)
        return (*unrepaired, _dropped(instrument, drops[-1], rules))
    if drops and drops[-1].back is readings[-1]:
        return _repaired(instrument, drops[-1], readings[-1], rules=rules)
    return ()


def drops_in(
    course: Course, rules: RuleNumbers, *, sample_sd: Spread | None
) -> tuple[Drop, ...]:
    """Every drop of the course so far, oldest first; the last one may be open.

    Args:
        course: of an alliance instrument; the rest as in `alliance_findings`.
    """
    instrument, readings = course.instrument, course.readings
    values = [each.value for each in readings]
    before = before_each(instrument, values, rules=rules, sample_sd=sample_sd)
    return _drops(instrument, readings, before, rules=rules)


def _drops(
    instrument: Instrument,
    readings: Sequence[Reading],
    before: Before,
    *,
    rules: RuleNumbers,
) -> tuple[Drop, ...]:
    ended: list[Drop] = []
    usual: Usual | None = None
    low: list[Reading] = []
    for at in range(rules.drop_from_session - 1, len(readings)):
        reading = readings[at]
        if not low:
            if is_worse(instrument, reading.value, before.mean(at)):
                continue  # better than usual: the spread need not be known
            usual = before.by_sd(at)
        assert usual is not None
        points = rules.watch_sd * usual.spread
        if is_worse_by(instrument, usual.mean, reading.value, points=points):
            low.append(reading)
        elif low:
            ended.append(Drop(usual, tuple(low), back=reading))
            low = []
    if low and usual is not None:
        ended.append(Drop(usual, tuple(low)))
    return tuple(ended)


def _dropped(instrument: Instrument, drop: Drop, rules: RuleNumbers) -> Raised:
    usual, latest = drop.usual, drop.readings[-1]
    points = rules.strong_sd * usual.spread
    strong = is_worse_by(instrument, usual.mean, latest.value, points=points)
    signal = AllianceDrop(
        instrument_id=instrument.id,
        level="strong" if strong else "watch",
        mean=usual.mean,
        sd=usual.spread,
        sd_of=usual.spread_of,
        latest=latest,
    )
    return Raised(signal, since=drop.readings[0].begun)


def _unrepaired(
    instrument: Instrument, drop: Drop, rules: RuleNumbers
) -> tuple[Raised, ...]:
    """R6: so many sessions after the drop began, no reading has come back.

    Source:
        Unrepaired ruptures went with worse outcome: PMC3921691.
    """
    began = drop.readings[0]
    late = [
        each
        for each in drop.readings
        if each.session_number - began.session_number >= rules.repaired_within
    ]
    if not late:
        return ()
    signal = AllianceUnrepaired(
        instrument_id=instrument.id,
        mean=drop.usual.mean,
        sd=drop.usual.spread,
        began=began,
        lowest=_lowest(instrument, drop),
        latest=late[-1],
        sessions=late[-1].session_number - began.session_number,
    )
    return (Raised(signal, since=late[0].begun),)


def _repaired(
    instrument: Instrument, drop: Drop, latest: Reading, *, rules: RuleNumbers
) -> tuple[Finding, ...]:
    began = drop.readings[0].session_number
    if latest.session_number - began > rules.repaired_within:
        return ()
    signal = AllianceRepaired(
        instrument_id=instrument.id,
        mean=drop.usual.mean,
        sd=drop.usual.spread,
        lowest=_lowest(instrument, drop),
        latest=latest,
    )
    return (Raised(signal, since=latest.begun),)


def _lowest(instrument: Instrument, drop: Drop) -> Reading:
    mean = drop.usual.mean
    return min(drop.readings, key=lambda each: gain(instrument, mean, each.value))
