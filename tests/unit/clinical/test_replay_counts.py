"""Many people's replays as sums, and which of them may be shown."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from clinical.across_episodes.fidelity import Hidden
from clinical.across_episodes.numbers import numbers
from clinical.across_episodes.replay import Moment, Past, moments_of, replayed
from clinical.across_episodes.replay_counts import (
    Change,
    Tally,
    cards_in,
    change_of,
    tally_of,
    week_of,
)
from clinical.across_episodes.replay_report import report_from
from clinical.measurement import Episode
from clinical.norms.library import NO_LIBRARY
from tests.instruments import ALLIANCE_CHECK_IN, PHQ9, on_day, plan_with, weekly

PLAN = plan_with(PHQ9, ALLIANCE_CHECK_IN)
NUMBERS = numbers()


def tally(*scores: int) -> Tally:
    past = Past(weekly(PHQ9, scores))
    moments = moments_of(past.episode, "sessions")
    return tally_of(past, [*replayed(past, moments, PLAN, NO_LIBRARY)])


def together(*tallies: Tally) -> Tally:
    found = Tally()
    for each in tallies:
        found.add(each)
    return found


def told(people: int, *, cards: int = 1, key: str = "S2") -> Tally:
    """So many people with so many cards each, in one cell."""
    return Tally(
        people=people,
        sessions=10 * people,
        cards=cards * people,
        shown=cards * people,
        told=people,
        cards_in=Counter({("signal", key): cards * people}),
        told_in=Counter({("signal", key): people}),
    )


def by_signal(found: Tally) -> dict[str, object]:
    return {
        each.key: each.cards for each in report_from(found, {}, NUMBERS).by["signal"]
    }


def test_one_person_is_counted_in_every_cell():
    found = tally(10, 11, 18)

    assert (found.people, found.sessions, found.openings, found.cards) == (1, 3, 3, 1)
    assert found.cards_in == {
        ("signal", "S2"): 1,
        ("language", "en"): 1,
        ("session", "3"): 1,
        ("week", "2026-W12"): 1,
    }
    assert found.sessions_in["language", "en"] == 3
    assert [found.sessions_in["session", str(number)] for number in range(5)] == [
        *(0, 1, 1, 1, 0),
    ]
    assert found.people_in["language", "en"] == 1
    assert (found.first, found.last) == (date(2026, 3, 2), date(2026, 3, 16))


def test_who_has_no_answer_or_one_session_is_counted_apart():
    nobody = tally_of(Past(Episode(())), [])

    found = together(nobody, tally(12), tally(12, 12))

    assert (found.people, found.unanswered, found.once) == (3, 1, 1)
    assert found.cannot_tell["phq-9", "S2", "too_few_readings"] == 1
    assert found.cannot_tell["session-alliance", "", "no_readings"] == 2


def test_charts_that_nobody_opens_are_counted_and_openings_of_few_are_hidden():
    past = Past(weekly(PHQ9, (10, 18)))
    opened = [*replayed(past, [Moment(on_day(8))], PLAN, NO_LIBRARY)]
    one, unopened = tally_of(past, opened), tally_of(past, [])

    few = report_from(together(*[one] * 4, *[unopened] * 6), {}, NUMBERS)
    enough = report_from(together(*[one] * 5, *[unopened] * 6), {}, NUMBERS)

    assert (few.people, few.unopened, few.openings) == (10, Hidden(), Hidden())
    assert (enough.people, enough.unopened, enough.openings) == (11, 6, 5)


def test_people_may_be_added_in_any_order():
    one, two, three = tally(10, 18), tally(10, 10), tally(20, 10, 9, 8)

    assert together(one, two, three) == together(three, one, two)


def test_a_card_that_stays_is_one_card_shown_often():
    plan = replace(PLAN, repeat="until_acknowledged")
    past = Past(weekly(PHQ9, (10, 18)))
    days = [Moment(on_day(8)), Moment(on_day(9)), Moment(on_day(10))]

    found = tally_of(past, [*replayed(past, days, plan, NO_LIBRARY)])

    assert (found.cards, found.shown) == (1, 3)


def test_a_figure_about_fewer_than_five_people_is_hidden():
    few = report_from(told(4), {}, NUMBERS)
    enough = report_from(told(5), {}, NUMBERS)

    assert few.cards == few.per_100 == few.told == Hidden()
    assert (enough.cards, enough.per_100) == (5, Decimal("10.0"))


def test_who_has_not_answered_is_none_of_the_people_a_figure_is_about():
    nobody = tally_of(Past(Episode(())), [])

    few = report_from(together(told(4), *[nobody] * 5), {}, NUMBERS)
    enough = report_from(together(told(5), *[nobody] * 5), {}, NUMBERS)

    assert (few.people, few.sessions) == (9, Hidden())
    assert (enough.people, enough.sessions) == (10, 50)


def test_a_row_says_how_many_cards_that_is_in_a_hundred_sessions():
    [row] = report_from(told(9, cards=2), {}, NUMBERS).by["signal"]

    assert (row.cards, row.sessions, row.per_100) == (18, 90, Decimal("20.0"))


def test_a_hidden_row_takes_another_with_it():
    several = together(told(9, key="S2"), told(2, key="S4"), told(7, key="S8"))

    assert by_signal(several) == {"S2": 9, "S4": Hidden(), "S8": Hidden()}


def test_a_row_with_sessions_of_few_people_is_hidden_without_any_card():
    found = told(9)
    found.sessions_in["session", "40"] = 3
    found.people_in["session", "40"] = 3

    [row] = report_from(found, {}, NUMBERS).by["session"]
    assert row.sessions == Hidden()


def test_sessions_stand_in_the_order_of_their_numbers():
    found = told(9)
    for number in ("10", "2", "1"):
        found.sessions_in["session", number] = 9
        found.people_in["session", number] = 9

    rows = report_from(found, {}, NUMBERS).by["session"]
    assert [each.key for each in rows] == ["1", "2", "10"]


def test_cards_per_week_count_calendar_weeks_with_both_ends():
    found = replace(told(9), first=date(2026, 3, 8), last=date(2026, 3, 9))

    report = report_from(found, {}, NUMBERS)

    assert (report.weeks, report.per_week) == (2, Decimal("4.5"))
    assert report_from(Tally(), {}, NUMBERS).weeks == 0


def test_nothing_at_all_is_nothing_and_hides_nothing():
    report = report_from(Tally(), {}, NUMBERS)

    assert (report.people, report.cards, report.per_100) == (0, 0, Decimal(0))


def test_another_number_is_compared_person_by_person():
    past = Past(weekly(PHQ9, (14, 14, 14, 14)))
    moments = moments_of(past.episode, "sessions")
    other = replace(PLAN, rules=replace(PLAN.rules, no_gain_sessions=2))

    own = cards_in(replayed(past, moments, PLAN, NO_LIBRARY))
    changed = cards_in(replayed(past, moments, other, NO_LIBRARY))

    assert change_of(own, own).touched == 0
    found = change_of(own, changed)
    assert (found.cards, found.touched, found.told) == (len(changed), 1, 1)


def test_what_another_number_does_is_summed_over_people():
    one = Change(3, 1, 1, Counter(S2=3), Counter(S2=1), Counter(S2=1))
    other = Change(2, 1, 0, Counter(S2=1, S4=1), Counter(S2=1, S4=1))

    found = Change()
    for each in (one, other):
        found.add(each)

    assert found == Change(
        *(5, 2, 1), Counter(S2=4, S4=1), Counter(S2=2, S4=1), Counter(S2=1)
    )


@pytest.mark.parametrize(
    ("change", "hidden"),
    [
        (Change(cards=20, told=20, touched=4), True),
        (Change(cards=20, told=20, touched=5), False),
        (Change(cards=3, told=3, touched=17), True),
        (Change(cards=20, told=20, touched=0), False),
    ],
)
def test_a_difference_that_few_people_make_is_hidden(change: Change, hidden: bool):
    [found] = report_from(told(20), {"x": change}, NUMBERS).what_if

    assert (found.cards == Hidden()) is hidden


def test_a_signal_that_few_people_lose_is_hidden_with_another():
    base = together(told(20, key="S2"), told(20, key="S4"), told(20, key="S8"))
    change = Change(
        cards=50,
        told=40,
        touched=18,
        cards_in=Counter({"S2": 17, "S4": 10, "S8": 14}),
        told_in=Counter({"S2": 17, "S4": 10, "S8": 14}),
        touched_in=Counter({"S2": 3, "S4": 10, "S8": 6}),
    )

    [found] = report_from(base, {"x": change}, NUMBERS).what_if

    assert found.by_signal == {"S2": Hidden(), "S4": 10, "S8": Hidden()}


def test_weeks_are_iso_weeks():
    assert week_of(date(2027, 1, 1)) == "2026-W53"
