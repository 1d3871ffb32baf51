"""The record of a plan review: what it must hold before it may be kept.

A review is made by people; nothing here decides. What was said in people's own words
stays in the clinical note: this record has codes and dates alone, and no person.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from clinical.support.tree import SupportTree

Decision = Literal[
    "continue", "change", "consult", "refer", "step-up", "step-down", "end"
]
# What became of the change that the review before this one agreed on.
LastChange = Literal["none-before", "better", "no-change", "worse", "not-checked"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
LAST_CHANGES: tuple[LastChange, ...] = get_args(LastChange)

ReviewProblem = Literal[
    "nobody-saw-the-graph",
    "client-view-missing",
    "last-change-missing",
    "crisis-check-missing",
    "no-domain",
    "too-many-domains",
    "measure-fit-missing",
    "decision-missing",
    "continue-without-reason",
    "change-without-branch",
    "more-than-one-change",
    "branch-of-another-domain",
    "nobody-agreed",
    "no-next-date",
    "next-date-not-after-review",
    "unknown-code",
]


@dataclass(frozen=True, slots=True)
class ReviewEntries:
    """What people have entered so far; anything may still be missing.

    Attributes:
        at: when it is recorded, with offset.
        trigger: rule that suggested the review, or "" for one without a signal.
        norm_hash: of the norm behind the trigger; "" if it rests on none.
        graph_seen_by, agreed_by: roles, codes of the tree.
        client_view: code of the client's own view; asked first.
        last_change: what became of the change agreed on before.
        domains: looked at; branches: what was agreed on, of these domains.
        crisis_checked: safety was asked about.
        decision, reason: codes; to go on unchanged needs a reason.
        next_look: day on which the change is looked at again.
        measure_fits: whether form and language fit this person, as they see it.
    """

    at: datetime
    trigger: str
    norm_hash: str
    graph_seen_by: tuple[str, ...]
    client_view: str
    last_change: str
    domains: tuple[str, ...]
    branches: tuple[str, ...]
    crisis_checked: bool
    decision: str
    reason: str
    agreed_by: tuple[str, ...]
    next_look: date | None
    measure_fits: bool | None


@dataclass(frozen=True, slots=True)
class PlanReview:
    """What was looked at and agreed on, once; attributes as in `ReviewEntries`."""

    at: datetime
    trigger: str
    norm_hash: str
    graph_seen_by: tuple[str, ...]
    client_view: str
    last_change: LastChange
    domains: tuple[str, ...]
    branches: tuple[str, ...]
    crisis_checked: bool
    decision: Decision
    reason: str
    agreed_by: tuple[str, ...]
    next_look: date | None  # None only at an end
    measure_fits: bool


def plan_review_from(
    entries: ReviewEntries, tree: SupportTree
) -> PlanReview | tuple[ReviewProblem, ...]:
    """The review, or what it still lacks, in the order in which it is asked."""
    problems = tuple(_problems(entries, tree))
    decision, last_change = _decision(entries.decision), _last(entries.last_change)
    if problems or decision is None or last_change is None:
        return problems
    assert entries.measure_fits is not None  # proved by _problems
    return PlanReview(
        at=entries.at,
        trigger=entries.trigger,
        norm_hash=entries.norm_hash,
        graph_seen_by=entries.graph_seen_by,
        client_view=entries.client_view,
        last_change=last_change,
        domains=entries.domains,
        branches=entries.branches,
        crisis_checked=entries.crisis_checked,
        decision=decision,
        reason=entries.reason,
        agreed_by=entries.agreed_by,
        next_look=entries.next_look,
        measure_fits=entries.measure_fits,
    )


def _problems(entries: ReviewEntries, tree: SupportTree) -> Iterator[ReviewProblem]:
    if not entries.graph_seen_by:
        yield "nobody-saw-the-graph"
    if not entries.client_view:
        yield "client-view-missing"
    if _last(entries.last_change) is None:
        yield "last-change-missing"
    if not entries.crisis_checked:
        yield "crisis-check-missing"
    if not entries.domains:
        yield "no-domain"
    if len(entries.domains) > tree.cycle.most_domains:
        yield "too-many-domains"
    if entries.measure_fits is None:
        yield "measure-fit-missing"
    yield from _decision_problems(entries, tree)
    if not entries.agreed_by:
        yield "nobody-agreed"
    if entries.next_look is None:
        if entries.decision != "end":
            yield "no-next-date"
    elif entries.next_look <= entries.at.date():
        yield "next-date-not-after-review"
    if not _all_known(entries, tree):
        yield "unknown-code"


def _decision_problems(
    entries: ReviewEntries, tree: SupportTree
) -> Iterator[ReviewProblem]:
    if _decision(entries.decision) is None:
        yield "decision-missing"
    if entries.decision == "continue" and not entries.reason:
        yield "continue-without-reason"
    if entries.decision == "change" and not entries.branches:
        yield "change-without-branch"
    if len(entries.branches) > tree.cycle.most_changes:
        yield "more-than-one-change"
    of_domains = {
        branch
        for each in tree.domains
        if each.id in entries.domains
        for branch in each.branches
    }
    if set(entries.branches) - of_domains:
        yield "branch-of-another-domain"


def _all_known(entries: ReviewEntries, tree: SupportTree) -> bool:
    codes = tree.record
    return (
        _within(entries.graph_seen_by, codes.roles)
        and _within(entries.agreed_by, codes.roles)
        and _within((entries.client_view,), ("", *codes.client_views))
        and _within((entries.reason,), ("", *codes.reasons))
        and _within(entries.domains, [each.id for each in tree.domains])
    )


def _within(given: Collection[str], known: Collection[str]) -> bool:
    return set(given) <= set(known)


def _decision(code: str) -> Decision | None:
    return next((each for each in DECISIONS if each == code), None)


def _last(code: str) -> LastChange | None:
    return next((each for each in LAST_CHANGES if each == code), None)
