"""Couples: two people's courses beside each other. Never an average of the two.

What drifts apart is information for the conversation and no signal: it interrupts
nobody. Only scores come in here, never answers: what one partner said to a safety item
is for the clinician alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, localcontext
from typing import Literal

from clinical.change import gain, holds
from clinical.rule_numbers import RuleNumbers
from clinical.trajectory import Trajectory
from questionnaires.instrument import Instrument

_EXACTLY = Context(prec=28)
_SHOWN = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class BothAgreed:
    """Each partner has agreed that the other may see this comparison.

    Whoever builds it has looked: `first` and `second` are where the two agreements are
    recorded ("Consent/12"). Without it nothing is compared.
    """

    first: str
    second: str

    def __post_init__(self) -> None:
        if not self.first or not self.second or self.first == self.second:
            raise ValueError("each partner's own agreement must be recorded")


@dataclass(frozen=True, slots=True)
class PartnerNorm:
    """The group that one partner is compared with: mean and SD in score points."""

    mean: Decimal
    sd: Decimal


@dataclass(frozen=True, slots=True)
class Gap:
    """How far two partners are apart, over their last shared sessions.

    Attributes:
        first, second: mean standing of each over these sessions, in SD of the own norm
            from its mean; without norms in score points. Positive is healthier.
        gap: `first - second`, in the same unit.
        reliable_difference: what the gap of one single session would have to be to
            exceed measurement error, in the same unit.
        agreed: on whose agreement it is shown.
        moved: how much the gap has changed against as many sessions before; None while
            there are not enough.
    """

    instrument_id: str
    sessions: tuple[date, ...]
    first: Decimal
    second: Decimal
    gap: Decimal
    reliable_difference: Decimal
    moved: Decimal | None
    standardised: bool
    agreed: BothAgreed


@dataclass(frozen=True, slots=True)
class Diverging:
    """The partners are apart, or are drifting, by more than measurement error."""

    gap: Gap
    apart: bool
    drifting: bool


@dataclass(frozen=True, slots=True)
class NotDiverging:
    """No reliable difference: not proof that the two see it alike."""

    gap: Gap


NoComparisonReason = Literal[
    "different_forms", "no_reliable_change_known", "too_few_shared_sessions"
]


@dataclass(frozen=True, slots=True)
class NoComparison:
    """The two cannot be compared; nothing may be concluded."""

    reason: NoComparisonReason


PairFinding = Diverging | NotDiverging | NoComparison


def compare_partners(
    first: Trajectory,
    second: Trajectory,
    rules: RuleNumbers,
    *,
    agreed: BothAgreed,
    norms: tuple[PartnerNorm, PartnerNorm] | None = None,
) -> PairFinding:
    """Whether two partners' courses are reliably apart, or drifting apart.

    Compared is the mean gap of the last shared sessions with the reliable difference of
    a single one, so that two partners who stand alike are flagged in fewer than one of
    twenty looks, though two things are looked at; and the change of that mean against
    the same number of sessions before.

    Args:
        first: one partner's course; `second` the other's, on the same form, version
            and language, by the same kind of respondent.
        rules: the plan's numbers.
        agreed: both partners' recorded agreement.
        norms: each partner's own group, first and second; None compares score points.
    """
    instrument = first.instrument
    if first.form != second.form:
        return NoComparison("different_forms")
    if instrument.reliable_change is None:
        return NoComparison("no_reliable_change_known")
    shared = _shared(first, second)
    last = shared[-rules.pair_sessions :]
    if len(last) < rules.pair_sessions:
        return NoComparison("too_few_shared_sessions")
    before = shared[-2 * rules.pair_sessions : -rules.pair_sessions]
    with localcontext(_EXACTLY):
        gap = _gap(instrument, last, before, norms=norms, agreed=agreed)
    threshold = gap.reliable_difference * rules.pair_part
    apart = _reaches(gap.gap, threshold)
    drifting = gap.moved is not None and _reaches(gap.moved, threshold)
    if apart or drifting:
        return Diverging(gap, apart=apart, drifting=drifting)
    return NotDiverging(gap)


_Shared = tuple[date, Decimal, Decimal]  # day, first score, second score


def _shared(first: Trajectory, second: Trajectory) -> tuple[_Shared, ...]:
    """Days on which both have a reading, oldest first; the last reading of each day."""
    of_first = {each.on: each.value for each in first.readings}
    of_second = {each.on: each.value for each in second.readings}
    return tuple(
        (on, of_first[on], of_second[on]) for on in sorted(of_first.keys() & of_second)
    )


def _gap(
    instrument: Instrument,
    last: Sequence[_Shared],
    before: Sequence[_Shared],
    *,
    norms: tuple[PartnerNorm, PartnerNorm] | None,
    agreed: BothAgreed,
) -> Gap:
    assert instrument.reliable_change is not None  # proved by the caller
    points = PartnerNorm(Decimal(0), Decimal(1))
    of_first, of_second = norms or (points, points)
    first = _mean([_standing(instrument, a, of_first) for _, a, _ in last])
    second = _mean([_standing(instrument, b, of_second) for _, _, b in last])
    moved = None
    if len(before) == len(last):
        earlier = _mean(
            [
                _standing(instrument, a, of_first) - _standing(instrument, b, of_second)
                for _, a, b in before
            ]
        )
        moved = ((first - second) - earlier).quantize(_SHOWN)
    # Half of the squared reliable change is each partner's share of the error.
    rci = instrument.reliable_change.value
    squares = (rci / of_first.sd) ** 2 + (rci / of_second.sd) ** 2
    return Gap(
        instrument_id=instrument.id,
        sessions=tuple(on for on, _, _ in last),
        first=first.quantize(_SHOWN),
        second=second.quantize(_SHOWN),
        gap=(first - second).quantize(_SHOWN),
        reliable_difference=(squares / 2).sqrt().quantize(_SHOWN),
        moved=moved,
        standardised=norms is not None,
        agreed=agreed,
    )


def _standing(instrument: Instrument, score: Decimal, norm: PartnerNorm) -> Decimal:
    return gain(instrument, norm.mean, score) / norm.sd


def _mean(values: Sequence[Decimal]) -> Decimal:
    """Of one partner's sessions; never over the two partners."""
    return sum(values, Decimal(0)) / len(values)


def _reaches(value: Decimal, threshold: Decimal) -> bool:
    return holds(abs(value), ">=", threshold)
