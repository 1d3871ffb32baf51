"""The problem-solving cycle: what is due now, and when a change is looked at again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median_low
from typing import Literal

from clinical.support.plan_review import LastChange, PlanReview
from clinical.support.tree import CycleRules

Step = Literal["look-together", "wait", "check", "supervision", "other-help"]


@dataclass(frozen=True, slots=True)
class Cycle:
    """One round of problem solving: a review, and what became of its change."""

    review: PlanReview
    outcome: LastChange


@dataclass(frozen=True, slots=True)
class CheckDays:
    """The days between which an agreed change is best looked at again."""

    first: date
    last: date


def cycles_from(reviews: Sequence[PlanReview]) -> tuple[Cycle, ...]:
    """Each review with what the one after it says about its change, oldest first.

    What nobody has said anything about is "not-checked".
    """
    ordered = sorted(reviews, key=lambda each: each.at)
    outcomes: list[LastChange] = [each.last_change for each in ordered[1:]]
    outcomes = ["not-checked" if each == "none-before" else each for each in outcomes]
    return tuple(
        Cycle(review, outcome)
        for review, outcome in zip(ordered, [*outcomes, "not-checked"], strict=False)
    )


def next_step(reviews: Sequence[PlanReview], rules: CycleRules, *, today: date) -> Step:
    """What is due now, after these reviews.

    A change whose day has come is looked at first; before that day people wait. The
    latest review says how the change before it went: one round without change leads
    to supervision, two to other help, also while the newest change still runs.
    """
    cycles = cycles_from(reviews)
    if not cycles:
        return "look-together"
    latest = cycles[-1].review
    if latest.next_look is not None and latest.next_look <= today:
        return "check"
    without = _rounds_without_change(cycles[:-1])
    if without >= rules.cycles_before_other_help:
        return "other-help"
    if without:
        return "supervision"
    return "wait" if latest.next_look is not None else "look-together"


def check_days(
    session_days: Sequence[date], rules: CycleRules, *, today: date
) -> CheckDays | None:
    """When two to three sessions will have passed, at this person's usual distance.

    Args:
        session_days: days on which sessions were measured, in any order.
        rules: how many sessions.
        today: the day from which is counted.

    Returns:
        None if fewer than two days are known, so that there is no usual distance.
    """
    ordered = sorted(set(session_days))
    if len(ordered) < 2:
        return None
    usual = median_low((later - earlier).days for earlier, later in pairwise(ordered))
    return CheckDays(
        first=today + timedelta(days=usual * rules.check_after_least),
        last=today + timedelta(days=usual * rules.check_after_most),
    )


def _rounds_without_change(cycles: Sequence[Cycle]) -> int:
    """How many of the latest rounds brought nothing; an unchecked one says nothing."""
    without = 0
    for each in reversed(cycles):
        if each.outcome not in ("no-change", "worse"):
            break
        without += 1
    return without
