"""The support tree: the guide's order, rules that exist, numbers with a source."""

import pytest

from clinical.errors import PlanFileError
from clinical.support.tree import RULES, TREE, support_tree, support_tree_from_toml

SHIPPED = TREE.read_text(encoding="utf-8")
# Good news points to no support step.
GOOD_NEWS = {"S6", "R5"}


def test_the_domains_come_in_the_order_in_which_people_go_through_them() -> None:
    assert [each.id for each in support_tree().domains] == [
        *("safety", "alliance", "motivation", "social-support", "life-events"),
        *("method-fit", "dose", "measure-fit"),
    ]


def test_every_rule_points_somewhere_unless_it_is_good_news() -> None:
    pointing = {rule for each in support_tree().domains for rule in each.points_here}

    assert pointing == RULES - GOOD_NEWS


def test_an_alliance_drop_opens_the_alliance_and_the_repair_conversation() -> None:
    tree = support_tree()

    assert [each.id for each in tree.first_to_open(["R3"])] == ["alliance"]
    assert tree.asks_for_repair(["R3"]) and not tree.asks_for_repair(["S4", "R5"])


def test_no_reliable_gain_opens_motivation_method_and_dose_in_this_order() -> None:
    opened = support_tree().first_to_open(["S4"])

    assert [each.id for each in opened] == ["motivation", "method-fit", "dose"]


def test_repair_begins_with_thanks_and_ends_with_the_next_rating() -> None:
    steps = support_tree().repair.steps

    assert len(steps) == 7
    assert steps[0] == "thank-and-name"
    assert steps[-1] == "read-the-next-rating-together"


@pytest.mark.parametrize(
    ("shipped", "instead", "problem"),
    [
        ('"S1"', '"S9"', "names no rule: S9"),
        ("most_domains = 2", "most_domains = 0", "must be at least 1"),
        ("check_after_most = 3", "check_after_most = 1", "must not be less"),
        ('id = "dose"', 'id = "safety"', "has an id twice"),
        ('"adapt-pace"', '"practical-first"', "has an id twice"),
        ('"own-your-part"', '"thank-and-name"', "has an id twice"),
        ('"supervisor"', '"clinician"', "has an id twice"),
        ('evidence = "own"', "", "is missing; no number without it"),
        ("[record]", "[record]\nnames = []", "is not known here"),
    ],
)
def test_a_tree_that_cannot_be_trusted_is_refused(
    shipped: str, instead: str, problem: str
) -> None:
    assert shipped in SHIPPED
    changed = SHIPPED.replace(shipped, instead, 1)

    with pytest.raises(PlanFileError, match=problem):
        support_tree_from_toml(changed.encode(), file="tree.toml")
