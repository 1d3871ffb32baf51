"""The problem-solving cycle: look together, one change, a day to check, then on."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinical.support.cycle import CheckDays, check_days, next_step
from clinical.support.tree import support_tree
from tests.plan_reviews import review
from tests.spec.tables import rows_of

DAY_1 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
RULES = support_tree().cycle


def check(table: str, *, today: int, expect: str) -> None:
    """One row a review: day, what became of the change before, day of the next look."""
    reviews = [
        review(
            at=DAY_1 + timedelta(days=int(row["day"]) - 1),
            last_change=row["change before"],
            decision="end" if row["next look"] == "none" else "change",
            next_look=None
            if row["next look"] == "none"
            else (DAY_1 + timedelta(days=int(row["next look"]) - 1)).date(),
        )
        for row in rows_of(table)
    ]
    on = (DAY_1 + timedelta(days=today - 1)).date()

    assert next_step(reviews, RULES, today=on) == expect


def test_without_any_review_people_look_together() -> None:
    assert next_step([], RULES, today=DAY_1.date()) == "look-together"


def test_before_the_agreed_day_people_wait() -> None:
    check(
        """
        day | change before | next look
          1 | none-before   | 22
        """,
        today=21,
        expect="wait",
    )


def test_on_the_agreed_day_the_change_is_looked_at() -> None:
    check(
        """
        day | change before | next look
          1 | none-before   | 22
        """,
        today=22,
        expect="check",
    )


@pytest.mark.parametrize("became", ["no-change", "worse"])
def test_one_round_without_change_leads_to_supervision(became: str) -> None:
    check(
        f"""
        day | change before | next look
          1 | none-before   | 22
         22 | {became}      | 43
        """,
        today=30,
        expect="supervision",
    )


def test_two_rounds_without_change_lead_to_other_help() -> None:
    check(
        """
        day | change before | next look
          1 | none-before   | 22
         22 | no-change     | 43
         43 | no-change     | 64
        """,
        today=50,
        expect="other-help",
    )


def test_a_round_that_helped_starts_the_count_anew() -> None:
    check(
        """
        day | change before | next look
          1 | none-before   | 22
         22 | no-change     | 43
         43 | better        | 64
        """,
        today=50,
        expect="wait",
    )


def test_a_round_that_nobody_checked_counts_for_nothing() -> None:
    check(
        """
        day | change before | next look
          1 | none-before   | 22
         22 | not-checked   | 43
        """,
        today=30,
        expect="wait",
    )


def test_after_an_end_the_next_look_is_a_new_one() -> None:
    check(
        """
        day | change before | next look
          1 | none-before   | none
        """,
        today=30,
        expect="look-together",
    )


def test_the_day_to_check_follows_the_persons_usual_distance_between_sessions() -> None:
    weekly_with_a_break = [date(2026, 3, day) for day in (2, 9, 16, 30)]

    found = check_days(weekly_with_a_break, RULES, today=date(2026, 3, 30))

    assert found == CheckDays(date(2026, 4, 13), date(2026, 4, 20))


def test_two_sessions_are_a_distance() -> None:
    twice = [date(2026, 3, 2), date(2026, 3, 12)]

    found = check_days(twice, RULES, today=date(2026, 3, 12))

    assert found == CheckDays(date(2026, 4, 1), date(2026, 4, 11))


def test_one_session_is_no_distance() -> None:
    assert check_days([date(2026, 3, 2)], RULES, today=date(2026, 3, 2)) is None
