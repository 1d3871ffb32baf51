"""The record of a plan review: what it must hold before it is kept."""

from datetime import date, timedelta

import pytest

from clinical.support.plan_review import PlanReview, plan_review_from
from clinical.support.tree import support_tree
from tests.plan_reviews import ENTRIES, entries


def test_a_review_that_lacks_nothing_is_kept_as_it_was_entered() -> None:
    found = plan_review_from(ENTRIES, support_tree())

    assert isinstance(found, PlanReview)
    assert (found.decision, found.branches) == ("change", ("repair-conversation",))
    assert found.next_look == date(2026, 4, 20)


@pytest.mark.parametrize(
    ("entered", "problem"),
    [
        ({"graph_seen_by": ()}, "nobody-saw-the-graph"),
        ({"client_view": ""}, "client-view-missing"),
        ({"last_change": ""}, "last-change-missing"),
        ({"last_change": "cured"}, "last-change-missing"),
        ({"crisis_checked": False}, "crisis-check-missing"),
        ({"domains": (), "branches": (), "decision": "consult"}, "no-domain"),
        ({"domains": ("safety", "alliance", "dose")}, "too-many-domains"),
        ({"measure_fits": None}, "measure-fit-missing"),
        ({"decision": "", "branches": ()}, "decision-missing"),
        ({"decision": "wait-and-see", "branches": ()}, "decision-missing"),
        ({"decision": "continue", "branches": ()}, "continue-without-reason"),
        ({"branches": ()}, "change-without-branch"),
        (
            {"branches": ("repair-conversation", "own-reasons")},
            "more-than-one-change",
        ),
        ({"branches": ("community-offers",)}, "branch-of-another-domain"),
        ({"agreed_by": ()}, "nobody-agreed"),
        ({"next_look": None}, "no-next-date"),
        ({"next_look": ENTRIES.at.date()}, "next-date-not-after-review"),
        ({"reason": "because I say so"}, "unknown-code"),
        ({"graph_seen_by": ("Dr A",)}, "unknown-code"),
        ({"client_view": "fine, thanks"}, "unknown-code"),
        ({"domains": ("alliance", "weather")}, "unknown-code"),
    ],
)
def test_one_thing_missing_is_named_and_nothing_is_kept(
    entered: dict[str, object], problem: str
) -> None:
    assert plan_review_from(entries(**entered), support_tree()) == (problem,)


def test_to_go_on_unchanged_is_allowed_with_a_reason() -> None:
    unchanged = entries(decision="continue", branches=(), reason="expected-dip")

    assert isinstance(plan_review_from(unchanged, support_tree()), PlanReview)


def test_everybody_may_have_looked_and_agreed_together() -> None:
    roles = support_tree().record.roles
    together = entries(graph_seen_by=roles, agreed_by=roles)

    assert isinstance(plan_review_from(together, support_tree()), PlanReview)


def test_an_end_needs_no_next_date_and_a_day_later_is_enough_for_the_others() -> None:
    ended = entries(decision="end", branches=(), next_look=None)
    tomorrow = entries(next_look=ENTRIES.at.date() + timedelta(days=1))

    assert isinstance(plan_review_from(ended, support_tree()), PlanReview)
    assert isinstance(plan_review_from(tomorrow, support_tree()), PlanReview)


def test_everything_that_is_missing_is_named_at_once_in_the_order_of_the_form() -> None:
    nothing = entries(
        graph_seen_by=(),
        client_view="",
        last_change="",
        crisis_checked=False,
        domains=(),
        branches=(),
        measure_fits=None,
        decision="",
        agreed_by=(),
        next_look=None,
    )

    assert plan_review_from(nothing, support_tree()) == (
        "nobody-saw-the-graph",
        "client-view-missing",
        "last-change-missing",
        "crisis-check-missing",
        "no-domain",
        "measure-fit-missing",
        "decision-missing",
        "nobody-agreed",
        "no-next-date",
    )
