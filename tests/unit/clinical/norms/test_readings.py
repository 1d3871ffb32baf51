"""Readings of many people as arrays, and the rows of a table that become them."""

from array import array

import numpy as np
import pytest

from clinical.norms.numbering import Numbered, numbered
from clinical.norms.readings import Readings, joined


def of_rows(
    person: list[int], when: list[int], score: list[float], *, by_session: bool = True
) -> Numbered:
    return numbered(
        array("q", person),
        array("q", when),
        score=array("d", score),
        wanted=[True] * (max(person, default=-1) + 1),
        by_session=by_session,
    )


def readings(person: list[int], session: list[int], score: list[float]) -> Readings:
    return of_rows(person, session, score).readings


def test_rows_in_any_order_are_sorted_and_the_first_is_the_intake() -> None:
    found = readings([1, 0, 0, 1, 0], [2, 1, 3, 1, 2], [5, 9, 7, 4, 8])

    assert found.person.tolist() == [0, 0, 1]
    assert found.session.tolist() == [2, 3, 2]
    assert found.score.tolist() == [8, 7, 5]
    assert found.intake.tolist() == [9, 4]
    assert found.intake_of_row.tolist() == [9, 9, 4]
    assert found.rows_per_person.tolist() == [2, 1]
    assert found.time.tolist() == np.log([2, 3, 2]).tolist()


def test_days_are_counted_as_sessions() -> None:
    found = of_rows([0, 0, 0], [900, 7, 30], [3, 1, 2], by_session=False).readings

    assert found.session.tolist() == [2, 3]
    assert (found.intake.tolist(), found.score.tolist()) == ([1], [2, 3])


@pytest.mark.parametrize("by_session", [True, False])
def test_of_two_rows_about_one_session_the_first_counts(by_session: bool) -> None:
    found = of_rows([0, 0, 0], [1, 2, 2], [1, 2, 3], by_session=by_session)

    assert found.readings.score.tolist() == [2]
    assert found.twice.tolist() == [2]


def test_a_course_that_does_not_begin_with_session_1_is_left_out() -> None:
    found = of_rows([0, 0, 1, 1], [2, 3, 1, 2], [1, 2, 3, 4])

    assert found.without_intake.tolist() == [0, 1]
    assert found.persons.tolist() == [1]
    assert found.readings.person.tolist() == [0]


def test_who_is_not_wanted_is_neither_used_nor_looked_at() -> None:
    rows = (array("q", [0, 0, 1, 1]), array("q", [2, 2, 1, 2]))

    found = numbered(
        *rows, score=array("d", [1, 2, 3, 4]), wanted=[False, True], by_session=True
    )

    assert found.persons.tolist() == [1]
    assert (len(found.twice), len(found.without_intake)) == (0, 0)


def test_no_rows_are_no_readings() -> None:
    assert of_rows([], [], []).readings.n_persons == 0


def test_some_people_keep_their_rows_in_the_order_asked_for() -> None:
    found = readings([0, 0, 1, 2, 2, 2], [1, 2, 1, 1, 2, 3], [10, 9, 20, 30, 29, 28])

    part = found.of_persons(np.array([2, 1, 0]))

    assert part.intake.tolist() == [30, 20, 10]
    assert part.person.tolist() == [0, 0, 2]
    assert part.score.tolist() == [29, 28, 9]


def test_people_of_whom_there_is_only_an_intake_can_be_left_out() -> None:
    found = readings([0, 1, 1, 2, 3, 3], [1, 1, 2, 1, 1, 2], [1, 2, 3, 4, 5, 6]).of_seen

    assert found.intake.tolist() == [2, 5]
    assert found.person.tolist() == [0, 1]


def test_what_was_known_earlier_drops_nobody() -> None:
    found = readings([0, 0, 0, 1], [1, 2, 3, 1], [10, 9, 8, 20]).first(2)

    assert found.score.tolist() == [9]
    assert found.n_persons == 2


def test_people_of_several_parts_are_numbered_on() -> None:
    one = readings([0, 0, 1], [1, 2, 1], [10, 9, 8])

    found = joined([one, readings([], [], []), one])

    assert found.intake.tolist() == [10, 8, 10, 8]
    assert found.person.tolist() == [0, 2]
    assert found.score.tolist() == [9, 9]


def test_no_part_has_nobody() -> None:
    assert joined([]).n_persons == 0
