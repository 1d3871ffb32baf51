"""A plan review that lacks nothing; each test changes one thing."""

from dataclasses import replace
from datetime import UTC, date, datetime

from clinical.support.plan_review import (
    PlanReview,
    ReviewEntries,
    plan_review_from,
)
from clinical.support.tree import support_tree

ENTRIES = ReviewEntries(
    at=datetime(2026, 3, 30, 10, 40, tzinfo=UTC),
    trigger="S4",
    norm_hash="",
    graph_seen_by=("client", "clinician"),
    client_view="helps-not-yet",
    last_change="none-before",
    domains=("alliance", "motivation"),
    branches=("repair-conversation",),
    crisis_checked=True,
    decision="change",
    reason="",
    agreed_by=("client", "clinician"),
    next_look=date(2026, 4, 20),
    measure_fits=True,
)


def entries(**changes: object) -> ReviewEntries:
    return replace(ENTRIES, **changes)  # type: ignore[arg-type]  # each test names fields


def review(**changes: object) -> PlanReview:
    found = plan_review_from(entries(**changes), support_tree())
    assert isinstance(found, PlanReview), found
    return found
