"""The record of a plan review: what it must hold, when one is due, what comes next.

A review is made by people; nothing here decides. Free text stays in the clinical note:
this record has codes, dates and names alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from clinical.support.tree import SupportTree

Decision = Literal[
    "continue", "change", "consult", "refer", "step-up", "step-down", "end"
]
Outcome = Literal["better", "no-change", "not-checked"]
Step = Literal["look-together", "check", "supervision", "other-help"]
ReviewProblem = Literal[
    "nobody-saw-the-graph",
    "no-domain",
    "too-many-domains",
    "unknown-domain",
    "continue-without-reason",
    "change-without-branch",
    "crisis-check-missing",
    "nobody-agreed",
    "no-next-date",
    "next-date-not-after-review",
]


@dataclass(frozen=True, slots=True)
class PlanReview:
    """What was looked at and agreed, once.

    Attributes:
        on: day of the review.
        trigger: rule that suggested it ("S4"), or "" for one made without a signal.
        norm_hash: of the norm behind the trigger; "" if it rests on none.
        graph_seen_by: roles that looked at the graph ("client", "clinician", …).
        client_explanation: a code for the client's own view, never its text.
        domains: ids of the support tree, in the order looked at.
        branches: what was agreed, ids of the tree; for a change at least one.
        crisis_checked: safety was asked about.
        decision: what was decided.
        reason: a code; to go on unchanged needs one.
        agreed_by: roles that agreed.
        next_review: day on which the change is looked at again; None only at an end.
        measure_fits: whether form and language fit this person, as they see it.
    """

    on: date
    trigger: str
    norm_hash: str
    graph_seen_by: tuple[str, ...]
    client_explanation: str
    domains: tuple[str, ...]
    branches: tuple[str, ...]
    crisis_checked: bool
    decision: Decision
    reason: str
    agreed_by: tuple[str, ...]
    next_review: date | None
    measure_fits: bool


def review_problems(review: PlanReview, tree: SupportTree) -> tuple[ReviewProblem, ...]:
    """What a review still lacks to be one; empty means it can be kept."""
    found: list[ReviewProblem] = []
    if not review.graph_seen_by:
        found.append("nobody-saw-the-graph")
    if not review.domains:
        found.append("no-domain")
    if len(review.domains) > tree.cycle.most_domains:
        found.append("too-many-domains")
    if any(tree.domain(each) is None for each in review.domains):
        found.append("unknown-domain")
    if review.decision == "continue" and not review.reason:
        found.append("continue-without-reason")
    if review.decision == "change" and not review.branches:
        found.append("change-without-branch")
    if not review.crisis_checked:
        found.append("crisis-check-missing")
    if not review.agreed_by:
        found.append("nobody-agreed")
    if review.next_review is None:
        if review.decision != "end":
            found.append("no-next-date")
    elif review.next_review <= review.on:
        found.append("next-date-not-after-review")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Cycle:
    """One round of problem solving: a review, and what was seen at its check date."""

    review: PlanReview
    outcome: Outcome


def next_step(cycles: Sequence[Cycle], tree: SupportTree, *, today: date) -> Step:
    """What is due now, after these rounds, oldest first.

    Two rounds without change lead to other help; one leads to supervision. A change
    whose date has come is looked at first.
    """
    if not cycles or cycles[-1].outcome == "better":
        return "look-together"
    last = cycles[-1]
    if last.outcome == "not-checked":
        due = last.review.next_review
        return "check" if due is not None and due <= today else "look-together"
    without_change = 0
    for each in reversed(cycles):
        if each.outcome != "no-change":
            break
        without_change += 1
    if without_change >= tree.cycle.cycles_before_other_help:
        return "other-help"
    return "supervision"
