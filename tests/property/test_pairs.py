"""Two partners who stand alike are seldom called apart; two who are apart often are."""

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from clinical.pairs import BothAgreed, Diverging, compare_partners
from clinical.rule_numbers import RuleNumbers
from clinical.trajectory import Trajectory, trajectories
from tests.instruments import PHQ9, plan_with, weekly

RULES = plan_with(PHQ9).rules
AGREED = BothAgreed("Consent/1", "Consent/2")
COUPLES, LOOKS = 1500, 3
# The error that the PHQ-9's reliable change of 6 points stands for, at 95 %.
SEM = 6 / (1.96 * 2**0.5)


def course(scores: Sequence[int]) -> Trajectory:
    (found,) = trajectories(weekly(PHQ9, scores), PHQ9)
    return found


def flagged(rules: RuleNumbers, *, apart: float, seed: int) -> float:
    """Share of looks that call two simulated partners apart or drifting."""
    chance = random.Random(seed)
    said = []
    for _ in range(COUPLES):
        start, change = chance.uniform(10, 17), chance.uniform(-0.5, 0.2)
        true = [start + change * session for session in range(6 + LOOKS)]

        def filled_in(shift: float, true: Sequence[float] = true) -> list[int]:
            return [
                min(27, max(0, round(score + shift + chance.gauss(0, SEM))))
                for score in true
            ]

        first, second = filled_in(0), filled_in(apart)
        for end in range(7, 7 + LOOKS):
            found = compare_partners(
                course(first[:end]), course(second[:end]), rules, agreed=AGREED
            )
            said.append(isinstance(found, Diverging))
    return sum(said) / len(said)


def test_two_equal_partners_are_flagged_in_at_most_one_of_twenty_looks():
    assert flagged(RULES, apart=0, seed=20261125) <= 0.05


def test_two_partners_far_apart_are_flagged():
    assert flagged(RULES, apart=9, seed=7) >= 0.95


def test_one_session_alone_would_flag_too_many():
    """The control: what the mean over shared sessions is for."""
    single = replace(RULES, pair_sessions=1)

    assert flagged(single, apart=0, seed=20261125) > 0.05


def test_which_partner_is_first_changes_only_the_sign():
    first, second = course([16, 15, 12, 10, 9, 8]), course([10, 12, 13, 15, 16, 18])

    here = compare_partners(first, second, RULES, agreed=AGREED)
    there = compare_partners(second, first, RULES, agreed=AGREED)

    assert isinstance(here, Diverging)
    assert isinstance(there, Diverging)
    assert (here.gap.gap, here.gap.moved) == (Decimal("7.33"), Decimal("10.00"))
    assert (there.gap.gap, there.gap.moved) == (Decimal("-7.33"), Decimal("-10.00"))
    assert (here.apart, here.drifting) == (there.apart, there.drifting)
