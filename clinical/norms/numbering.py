"""Rows of a table, in any order → readings with numbered sessions, and what is none."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clinical.norms.readings import IntArray, Readings


@dataclass(frozen=True, slots=True, eq=False)
class Numbered:
    """Readings, and the rows that could not become any.

    Attributes:
        persons: (readings.n_persons,) who they are in the rows, ascending.
        twice: rows about a session or day that an earlier row is about.
        without_intake: rows of people whose sessions do not begin with 1.
    """

    readings: Readings
    persons: IntArray
    twice: IntArray
    without_intake: IntArray


def numbered(
    person: "array[int]",
    when: "array[int]",
    *,
    score: "array[float]",
    wanted: Sequence[bool],
    by_session: bool,
) -> Numbered:
    """The readings of those who are wanted.

    Args:
        person: (n_rows,) of type q; people are numbered from 0 without a gap.
        when: (n_rows,) of type q: the session's number, or a day.
        score: (n_rows,) of type d, score points.
        wanted: (n_people,)
        by_session: whether `when` numbers sessions; else days are counted.
    """
    people = np.frombuffer(person, dtype=np.int64)
    times = np.frombuffer(when, dtype=np.int64)
    rows = np.flatnonzero(np.asarray(wanted, dtype=np.bool_)[people])
    rows = rows[np.lexsort((times[rows], people[rows]))]
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = people[rows[1:]] != people[rows[:-1]]
    again = np.zeros(len(rows), dtype=np.bool_)
    again[1:] = ~new[1:] & (times[rows[1:]] == times[rows[:-1]])
    twice, rows, new = rows[again], rows[~again], new[~again]
    place = np.cumsum(new) - 1
    if by_session:
        session = times[rows]
        begun = session[new] == 1
    else:
        session = np.arange(1, len(rows) + 1) - np.flatnonzero(new)[place]
        begun = np.ones(int(new.sum()), dtype=np.bool_)
    usable = begun[place]
    without_intake, persons = rows[~usable], people[rows[new]][begun]
    rows, new, session = rows[usable], new[usable], session[usable]
    scores = np.frombuffer(score, dtype=np.float64)[rows]
    place = np.cumsum(new) - 1
    return Numbered(
        Readings(place[~new], session[~new], score=scores[~new], intake=scores[new]),
        persons,
        twice,
        without_intake,
    )
