"""Rows of many people become arrays, or say what is wrong with them."""

import numpy as np
import pytest

from clinical.norms.readings import readings_of


def test_rows_in_any_order_are_sorted_and_the_first_is_the_intake() -> None:
    found = readings_of(
        ["b", "a", "a", "b", "a"], [2, 1, 3, 1, 2], score=[5, 9, 7, 4, 8]
    )

    assert found.person.tolist() == [0, 0, 1]
    assert found.session.tolist() == [2, 3, 2]
    assert found.score.tolist() == [8, 7, 5]
    assert found.intake.tolist() == [9, 4]
    assert found.intake_of_row.tolist() == [9, 9, 4]
    assert found.rows_per_person.tolist() == [2, 1]
    assert found.time.tolist() == np.log([2, 3, 2]).tolist()


def test_some_people_keep_their_rows_in_the_order_asked_for() -> None:
    found = readings_of(
        [1, 1, 2, 3, 3, 3], [1, 2, 1, 1, 2, 3], score=[10, 9, 20, 30, 29, 28]
    )

    part = found.of_persons(np.array([2, 1, 0]))

    assert part.intake.tolist() == [30, 20, 10]
    assert part.person.tolist() == [0, 0, 2]
    assert part.score.tolist() == [29, 28, 9]


def test_what_was_known_earlier_drops_nobody() -> None:
    found = readings_of([1, 1, 1, 2], [1, 2, 3, 1], score=[10, 9, 8, 20]).first(2)

    assert found.score.tolist() == [9]
    assert found.n_persons == 2


@pytest.mark.parametrize(
    ("session", "score", "said"),
    [
        ([1, 2, 2], [1, 2, 3], "two readings of one session"),
        ([2, 3, 4], [1, 2, 3], "has no reading of session 1"),
        ([1, 2, 0], [1, 2, 3], "begin with 1"),
        ([1, 2, 3], [1, 2, float("nan")], "not a finite number"),
        ([1, 2], [1, 2], "differ in length"),
    ],
)
def test_rows_that_make_no_course_are_refused(
    session: list[int], score: list[float], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        readings_of(["a", "a", "a"], session, score=score)
