"""The team report: the goal per team, and nothing about few."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.across_episodes.fidelity import (
    Hidden,
    NotKnown,
    Share,
    TeamSession,
    complementary,
    fidelity,
    part_shown,
)
from clinical.across_episodes.numbers import numbers

UNTIL = date(2026, 11, 30)
ALL = "all three"


def sessions(
    team: str,
    *,
    whole: int,
    part: int = 0,
    refused: int = 0,
    crisis: int = 0,
    on: date = UNTIL,
) -> list[TeamSession]:
    def one(**said: bool) -> TeamSession:
        usual = dict.fromkeys(("outcome", "alliance", "discussed"), True)
        usual |= dict.fromkeys(("refused", "crisis"), False)
        return TeamSession(team=team, on=on, **(usual | said))

    return [
        *[one()] * whole,
        *[one(discussed=False)] * part,
        *[one(outcome=False, alliance=False, discussed=False, refused=True)] * refused,
        *[one(crisis=True)] * crisis,
    ]


def report(*teams: list[TeamSession]):  # type: ignore[no-untyped-def]  # the report
    found = [each for of in teams for each in of]
    return fidelity(found, numbers(), until=UNTIL, noted=True)


def test_a_team_that_measures_and_talks_in_nine_of_ten_sessions_reaches_the_goal() -> (
    None
):
    [team] = report(sessions("A", whole=54, part=6)).teams

    assert team.goal == "reached"
    assert team.shares[ALL] == Share(54, 60)
    assert team.shares["outcome"] == Share(60, 60)


def test_one_session_less_does_not() -> None:
    [team] = report(sessions("A", whole=53, part=7)).teams

    assert team.goal == "not reached"


def test_refusals_and_crisis_contacts_are_in_no_count_and_shown_apart() -> None:
    [team] = report(sessions("A", whole=60, refused=7, crisis=5)).teams

    assert (team.sessions, team.refused, team.crisis) == (60, 7, 5)


def test_three_months_are_counted_and_the_day_before_them_is_not() -> None:
    first = date(2026, 8, 31)
    [team] = report(
        sessions("A", whole=6, on=first),
        sessions("A", whole=7, on=first - timedelta(days=1)),
    ).teams

    assert team.sessions == 6


def test_a_figure_about_fewer_than_five_is_hidden_and_the_goal_is_still_told() -> None:
    [team] = report(sessions("A", whole=98, part=2)).teams

    assert isinstance(team.shares[ALL], Hidden)
    assert team.shares["outcome"] == Share(100, 100)
    assert team.goal == "reached"


def test_a_team_with_four_sessions_shows_nothing() -> None:
    small, other = report(sessions("A", whole=4), sessions("B", whole=50)).teams

    assert isinstance(small.sessions, Hidden) and small.goal == "hidden"
    assert all(isinstance(each, Hidden) for each in small.shares.values())
    # Else all teams together would tell how many A has.
    assert isinstance(other.sessions, Hidden)


def test_of_three_teams_one_more_is_hidden_and_the_third_is_shown() -> None:
    found = report(
        sessions("A", whole=4), sessions("B", whole=50), sessions("C", whole=90)
    )

    shown = [each.team for each in found.teams if not isinstance(each.sessions, Hidden)]
    assert shown == ["C"]
    assert found.total is not None and found.total.sessions == 144


def test_one_team_alone_has_no_total() -> None:
    assert report(sessions("A", whole=9)).total is None


def test_no_session_at_all_is_an_empty_report() -> None:
    assert report([]).teams == ()


def test_what_nobody_tells_is_not_known_and_neither_no_nor_hidden() -> None:
    untold = [
        replace(each, discussed=False)
        for team, whole in (("A", 40), ("B", 9))
        for each in sessions(team, whole=whole)
    ]

    found = fidelity(untold, numbers(), until=UNTIL, noted=False)

    assert not found.noted and found.total is not None
    for row in (*found.teams, found.total):
        assert row.shares["discussed"] == row.shares[ALL] == NotKnown()
        assert (row.goal, row.refused, row.crisis) == (
            *("not known", NotKnown(), NotKnown()),
        )
    assert [each.sessions for each in found.teams] == [40, 9]
    assert found.teams[0].shares["outcome"] == Share(40, 40)


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 9, 0), (9, 9, 9), (5, 10, 5), (4, 10, None), (6, 10, None), (4, 4, None)],
)
def test_a_part_of_people_is_hidden_where_it_or_the_rest_is_few(
    part: int, whole: int, shown: int | None
) -> None:
    found = part_shown(part, whole=whole, smallest=5)

    assert found == (Hidden() if shown is None else shown)


@pytest.mark.parametrize(
    ("sizes", "hidden", "expected"),
    [
        ([4, 50, 90], {0}, {0, 1}),
        ([2, 1, 90], {0, 1}, {0, 1, 2}),  # three in all are still too few
        ([3, 3, 90], {0, 1}, {0, 1}),
        ([2, 0, 7], {0}, {0, 1, 2}),
        ([4], {0}, {0}),
        ([50, 90], set(), set()),
    ],
)
def test_what_is_hidden_beside_a_small_cell(
    sizes: list[int], hidden: set[int], expected: set[int]
) -> None:
    assert complementary(sizes, hidden=frozenset(hidden), smallest=5) == expected


SIZES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=6)


@given(SIZES)
def test_no_total_and_no_other_team_tells_a_figure_about_fewer_than_five(
    teams: list[tuple[int, int]],
) -> None:
    found = report(
        *(
            sessions(f"T{number}", whole=whole, part=part)
            for number, (whole, part) in enumerate(teams)
        )
    )

    if found.total is None or isinstance(found.total.sessions, Hidden):
        return
    rows = {each.team: each for each in found.teams}
    hidden = [
        pair
        for number, pair in enumerate(teams)
        if f"T{number}" in rows and isinstance(rows[f"T{number}"].sessions, Hidden)
    ]
    assert len(hidden) != 1
    assert not hidden or sum(map(sum, hidden)) >= 5
    if isinstance(found.total.shares[ALL], Hidden):
        return
    unshown = [
        pair
        for number, pair in enumerate(teams)
        if f"T{number}" in rows and isinstance(rows[f"T{number}"].shares[ALL], Hidden)
    ]
    for part in (0, 1):
        left = sum(pair[part] for pair in unshown)
        assert left == 0 or left >= 5
