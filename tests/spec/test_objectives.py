"""O1 to O7, by example: one row is one session of fifty minutes, at ten o'clock.

`outcome`, `reviewed`, `repair` and `review` are minutes from the start of the session
("-60" is an hour before); `talked` and `together` are "yes" or empty; `kind` is empty,
"refused" or "crisis".
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinical.across_episodes.numbers import FILE, numbers, numbers_from_toml
from clinical.across_episodes.objectives import (
    Framing,
    Objective,
    months_before,
    objectives,
)
from clinical.across_episodes.sessions import Session
from clinical.errors import PlanFileError
from tests.spec.tables import Row, rows_of

DAY_1 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def sessions_of(table: str) -> list[Session]:
    rows = [
        {key: each.get(key, "") for key in (*each, *COLUMNS)} for each in rows_of(table)
    ]
    return [session(each) for each in rows]


COLUMNS = (
    *("outcome", "alliance", "reviewed", "talked", "together", "signals"),
    *("repair", "review", "kind"),
)


def session(row: Row) -> Session:
    start = DAY_1 + timedelta(days=int(row["day"]) - 1)

    def at(column: str) -> datetime | None:
        text = row[column]
        return start + timedelta(minutes=int(text)) if text else None

    return Session(
        start=start,
        end=start + timedelta(minutes=50),
        crisis=row["kind"] == "crisis",
        refused=row["kind"] == "refused",
        outcome_at=at("outcome"),
        alliance_at=at("alliance"),
        reviewed_at=at("reviewed"),
        discussed=row["talked"] == "yes",
        looked_together=row["together"] == "yes",
        signals=frozenset(row["signals"].split()),  # type: ignore[arg-type]  # rule names
        repair_recorded_at=at("repair"),
        review_recorded_at=at("review"),
    )


def check(objective: str, table: str, *, expect: str, today: int = 200) -> None:
    found = told(objective, sessions_of(table), today=today)

    apart = f", refused {found.refused}" if found.refused else ""
    apart += f", crisis {found.crisis}" if found.crisis else ""
    assert f"{found.state} {found.done} of {found.of}{apart}" == expect


def told(objective: str, sessions: list[Session], *, today: int = 200) -> Objective:
    on = (DAY_1 + timedelta(days=today - 1)).date()
    [found] = [
        each
        for each in objectives(sessions, numbers(), today=on)
        if each.id == objective
    ]
    return found


EIGHT = """
    day | outcome | reviewed
      1 | -60     | 5
      8 | -1440   | 5
     15 | 0       | 50
     22 | -5      | 5
     29 | 15      | 5
     36 | -5      | 5
     43 | -5      | 5
     50 | -5      | 5
"""


def test_o1_eight_sessions_with_the_outcome_at_the_start_each_reviewed() -> None:
    check("O1", EIGHT, expect="met 8 of 8")


@pytest.mark.parametrize(
    ("row", "instead"),
    [
        ("8 | -1440   | 5", "8 | -1441 | 5"),  # more than a day before
        ("29 | 15      | 5", "29 | 16 | 20"),  # not at the start any more
        ("15 | 0       | 50", "15 | 0 | 51"),  # after the end of the session
        ("43 | -5      | 5", "43 | -5 |"),  # nobody has looked
        ("43 | -5      | 5", "43 | | 5"),  # not measured
    ],
)
def test_o1_one_session_that_was_not_so_is_enough(row: str, instead: str) -> None:
    assert row in EIGHT

    check("O1", EIGHT.replace(row, instead), expect="not-met 7 of 8")


def test_o1_seven_sessions_are_not_eight_yet() -> None:
    seven = EIGHT.replace("50 | -5      | 5", "").rstrip()

    check("O1", seven, expect="cannot-tell-yet 7 of 7")


def test_o1_a_refusal_and_a_crisis_leave_both_counts_and_are_shown_apart() -> None:
    check(
        "O1",
        """
        day | outcome | reviewed | kind
          1 | -60     | 5        |
          4 |         |          | crisis
          8 | -60     | 5        |
         15 |         |          | refused
         22 | -5      | 5        |
         29 | -5      | 5        |
         36 | -5      | 5        |
         43 | -5      | 5        |
         50 | -5      | 5        |
         57 | -5      | 5        |
        """,
        expect="met 8 of 8, refused 1, crisis 1",
    )


def test_o2_a_rating_below_the_own_baseline_is_talked_about_in_the_same_session() -> (
    None
):
    check(
        "O2",
        """
        day | signals | talked
          1 |         |
          8 | R2      | yes
         15 | R2 R3   | yes
         22 |         |
         29 |         |
         36 |         |
         43 | R2      | yes
         50 |         |
        """,
        expect="met 3 of 3",
    )


def test_o2_the_next_session_is_too_late() -> None:
    check(
        "O2",
        """
        day | signals | talked
          1 | R2      |
          8 |         | yes
        """,
        expect="not-met 0 of 1",
    )


def test_o2_before_six_sessions_have_followed_it_is_open() -> None:
    check(
        "O2",
        """
        day | signals | talked
          1 | R2      | yes
          8 |         |
        """,
        expect="cannot-tell-yet 1 of 1",
    )


@pytest.mark.parametrize(
    ("sixth", "seventh", "expect"),
    [("R2", "", "not-met 1 of 2"), ("", "R2", "met 1 of 1")],
)
def test_o2_six_sessions_after_the_drop_are_looked_at_and_no_seventh(
    sixth: str, seventh: str, expect: str
) -> None:
    check(
        "O2",
        f"""
        day | signals   | talked
          1 | R2        | yes
          8 |           |
         15 |           |
         22 |           |
         29 |           |
         36 |           |
         43 | {sixth}   |
         50 | {seventh} |
        """,
        expect=expect,
    )


def test_o2_without_a_drop_there_is_nothing_to_do() -> None:
    check("O2", "day | talked\n1 |\n8 |", expect="nothing-to-do 0 of 0")


@pytest.mark.parametrize(
    ("repair", "state"),
    [
        ("-1", "not-met 0 of 1"),  # before the drop was known
        ("0", "met 1 of 1"),
        ("10130", "met 1 of 1"),
        ("10131", "not-met 0 of 1"),
    ],
)
def test_o3_a_repair_is_recorded_before_the_end_of_the_next_session(
    repair: str, state: str
) -> None:
    check(
        "O3",
        f"""
        day | signals | repair
          1 |         |
          8 | R3      | {repair}
         15 | R3      |
         22 |         |
        """,
        expect=state,
    )


def test_o3_until_the_next_session_it_is_open() -> None:
    check("O3", "day | signals\n1 | R2", expect="cannot-tell-yet 0 of 0")


def test_o3_a_second_drop_asks_for_a_second_repair() -> None:
    check(
        "O3",
        """
        day | signals | repair
          1 | R2      | 30
          8 |         |
         15 | R3      |
         22 |         |
        """,
        expect="not-met 1 of 2",
    )


TWELVE_WEEKS = "day | outcome | together\n" + "\n".join(
    f"{1 + 7 * week} | 0 | {'yes' if week in (3, 7, 11) else ''}" for week in range(13)
)


def test_o4_a_response_each_week_and_a_joint_look_at_4_8_and_12() -> None:
    check("O4", TWELVE_WEEKS, expect="met 15 of 15")


def test_o4_on_the_last_day_of_the_twelve_weeks_it_can_be_told() -> None:
    eleven = TWELVE_WEEKS.rpartition("\n")[0]

    check("O4", eleven, today=84, expect="cannot-tell-yet 14 of 14")
    check("O4", eleven, today=85, expect="met 14 of 14")


def test_o4_ten_days_are_a_week_and_eleven_are_not() -> None:
    ten = "day | outcome | together\n1 | 0 |\n11 | 0 |"

    check("O4", ten, today=12, expect="cannot-tell-yet 1 of 1")
    check("O4", ten.replace("11", "12"), today=13, expect="not-met 0 of 1")


def test_o4_four_days_are_a_week_and_three_are_not() -> None:
    four = "day | outcome | together\n1 | 0 |\n5 | 0 |"

    check("O4", four, today=6, expect="cannot-tell-yet 1 of 1")
    check("O4", four.replace("5 |", "4 |"), today=6, expect="not-met 0 of 1")


def test_o4_a_fourth_session_without_a_joint_look_is_one_too_few() -> None:
    assert "50 | 0 | yes" in TWELVE_WEEKS

    check(
        "O4",
        TWELVE_WEEKS.replace("50 | 0 | yes", "50 | 0 |"),
        expect="not-met 14 of 15",
    )


def test_o4_a_course_that_stops_is_not_weekly_any_more() -> None:
    check(
        "O4", "day | outcome\n1 | 0\n8 | 0", today=18, expect="cannot-tell-yet 1 of 1"
    )
    check("O4", "day | outcome\n1 | 0\n8 | 0", today=19, expect="not-met 1 of 2")


def test_o4_a_week_in_which_the_person_wanted_no_form_is_no_gap() -> None:
    check(
        "O4",
        """
        day | outcome | kind
          1 | 0       |
          8 |         | refused
         15 | 0       |
        """,
        today=16,
        expect="cannot-tell-yet 0 of 0, refused 1",
    )


@pytest.mark.parametrize(
    ("review", "state"),
    [
        ("-1", "not-met 0 of 1"),
        ("0", "met 1 of 1"),
        ("20159", "met 1 of 1"),  # a minute before session 6 after intake
        ("20160", "not-met 0 of 1"),
        ("", "not-met 0 of 1"),
    ],
)
def test_o5_no_gain_after_4_sessions_and_a_plan_review_before_the_sixth(
    review: str, state: str
) -> None:
    check(
        "O5",
        f"""
        day | signals | review
          1 |         |
          8 |         |
         15 |         |
         22 |         |
         29 | S4      | {review}
         36 | S4      |
         43 | S4      |
        """,
        expect=state,
    )


def test_o5_while_there_is_time_it_is_open() -> None:
    check("O5", "day | signals\n1 |\n8 | S4", expect="cannot-tell-yet 0 of 0")


def test_o6_each_session_begins_with_a_look_together() -> None:
    both = "day | together | kind\n1 | yes |\n8 | yes |\n9 | | crisis"

    check("O6", both, expect="met 2 of 2, crisis 1")
    check("O6", both.replace("8 | yes", "8 |"), expect="not-met 1 of 2, crisis 1")
    check("O6", "day | together", expect="cannot-tell-yet 0 of 0")


def weekly(*, whole: int, part: int, kind: str = "") -> str:
    head = "day | outcome | alliance | talked | kind\n"
    rows = [f"{n + 1} | 0 | 40 | yes |" for n in range(whole)]
    rows += [f"{n + 40} | 0 | 40 | | {kind}" for n in range(part)]
    return head + "\n".join(rows)


def test_o7_nine_of_ten_sessions_measured_and_talked_about() -> None:
    check("O7", weekly(whole=9, part=1), today=60, expect="met 9 of 10")
    check("O7", weekly(whole=8, part=1), today=60, expect="not-met 8 of 9")


def test_o7_refused_sessions_are_in_neither_count() -> None:
    check(
        "O7",
        weekly(whole=9, part=4, kind="refused"),
        today=60,
        expect="met 9 of 9, refused 4",
    )


def test_o7_looks_three_months_back_and_no_further() -> None:
    check("O7", weekly(whole=9, part=1), today=93, expect="not-met 8 of 9")


def test_o7_today_is_looked_at_and_tomorrow_is_not() -> None:
    two = "day | outcome | alliance | talked\n1 | 0 | 40 | yes\n8 | 0 | 40 |"

    check("O7", two, today=7, expect="met 1 of 1")
    check("O7", two, today=8, expect="not-met 1 of 2")


def test_o7_without_a_session_nothing_can_be_told() -> None:
    check("O7", weekly(whole=3, part=0), today=300, expect="cannot-tell-yet 0 of 0")


def test_o8_the_line_needs_a_therapy_and_a_problem() -> None:
    assert Framing("CBT", "panic").is_complete
    assert not Framing("CBT", " ").is_complete
    assert not Framing("", "panic").is_complete


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 5, 31), 3, date(2026, 2, 28)),
        (date(2028, 5, 31), 3, date(2028, 2, 29)),
        (date(2026, 1, 15), 3, date(2025, 10, 15)),
        (date(2026, 12, 31), 12, date(2025, 12, 31)),
        (date(2026, 3, 30), 3, date(2025, 12, 30)),
    ],
)
def test_months_are_counted_by_the_calendar(
    day: date, months: int, expected: date
) -> None:
    assert months_before(day, months) == expected


@pytest.mark.parametrize(
    ("shipped", "instead", "problem"),
    [
        ("value    = 8\n", "value = 0\n", "must be at least 1"),
        ("value    = 0.9\n", "value = 1.1\n", "must be above 0"),
        ('evidence = "own"\n', "", "no number without it"),
        ("[weeks]", "[weken]", "is missing"),
    ],
)
def test_numbers_that_cannot_be_trusted_are_refused(
    shipped: str, instead: str, problem: str
) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert shipped in text

    with pytest.raises(PlanFileError, match=problem):
        numbers_from_toml(text.replace(shipped, instead, 1).encode(), file="x.toml")
