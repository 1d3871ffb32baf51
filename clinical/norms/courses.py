"""Readings in no order, of people without a name → courses with numbered sessions.

In two steps, each for as many rows as may be looked at together: of every record the
newest version, which needs all rows of that record; then courses, which need all rows
of a person. What joined the rows, hashes of ids and instants, ends here: people get
numbers in an order that says nothing, and dates become days since the person's first
reading.
"""

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clinical.norms.readings import BoolArray, FloatArray, IntArray, Readings

# A reading as it was found.
# patient, record: hashes of ids; equal means the same, nothing else.
# instant: seconds; names the sitting and decides the order.
# day: the date as it was written, in days.
# updated: seconds; of one record the latest version counts.
# value: score points; NaN: this version of the record counts for nothing.
# answered: 1 where the answers are known, which win over a bare score.
FOUND = np.dtype(
    [
        ("patient", np.uint64),
        ("record", np.uint64),
        ("instant", np.int64),
        ("day", np.int32),
        ("updated", np.uint32),
        ("value", np.float64),
        ("answered", np.int8),
    ]
)
FoundArray = NDArray[Any]  # (n_found,) of `FOUND`


@dataclass(frozen=True, slots=True, eq=False)
class Courses:
    """Courses of people without a name, sorted by person, then by session.

    Attributes:
        person: (n_rows,) 0 to n_persons - 1, ascending.
        session: (n_rows,) 1 is the intake; the days of a person with a reading,
            counted as `clinical.trajectory` counts them.
        day: (n_rows,) days since the person's first reading.
        score: (n_rows,) score points.
        same_sitting: further rows about a sitting that is there already.
        same_day: sittings that a later one of the same day stands for.
        disagreeing: sittings whose rows state different scores.
        later_courses: readings left out because they belong to a later course.
    """

    person: IntArray
    session: IntArray
    day: IntArray
    score: FloatArray
    same_sitting: int = 0
    same_day: int = 0
    disagreeing: int = 0
    later_courses: int = 0

    @property
    def n_persons(self) -> int:
        return int(self.person[-1]) + 1 if len(self.person) else 0

    @property
    def readings(self) -> Readings:
        """What a fit takes: the intake apart from what came after."""
        first = self.session == 1
        return Readings(
            self.person[~first],
            self.session[~first],
            score=self.score[~first],
            intake=self.score[first],
        )


def found_in(
    patient: "array[int]",
    record: "array[int]",
    *,
    instant: "array[int]",
    day: "array[int]",
    updated: "array[int]",
    value: "array[float]",
    answered: "array[int]",
) -> FoundArray:
    """Columns as the reader of an export fills them, as rows.

    Args:
        patient, record, instant, day, updated, value, answered: of types q, q, q, i, I,
            d and b.
    """
    found = np.empty(len(value), dtype=FOUND)
    found["patient"] = np.frombuffer(patient, dtype=np.uint64)
    found["record"] = np.frombuffer(record, dtype=np.uint64)
    found["instant"] = np.frombuffer(instant, dtype=np.int64)
    found["day"] = np.frombuffer(day, dtype=np.int32)
    found["updated"] = np.frombuffer(updated, dtype=np.uint32)
    found["value"] = np.frombuffer(value, dtype=np.float64)
    found["answered"] = np.frombuffer(answered, dtype=np.int8)
    return found


def newest_versions(found: FoundArray) -> tuple[FoundArray, int]:
    """The latest version of each record, where it counts, and how many it replaced.

    Args:
        found: with all rows of any record that is among them.

    Returns:
        Rows in any order, and the number of rows that a later version replaced.
    """
    record = found["record"]
    ordered = np.sort(record)
    # Few are there twice: only these are sorted by all that tells them apart.
    twice = np.isin(record, ordered[1:][ordered[1:] == ordered[:-1]])
    some = np.flatnonzero(twice)
    # The day and the patient only make the choice the same in any order of rows.
    keys = ("patient", "day", "value", "instant", "updated", "record")
    some = some[np.lexsort([found[each][some] for each in keys])]
    last = np.ones(len(some), dtype=np.bool_)
    last[:-1] = record[some[1:]] != record[some[:-1]]
    newest = ~twice
    newest[some[last]] = True
    counts = newest & ~np.isnan(found["value"])
    return np.compress(counts, found), len(found) - int(newest.sum())


def courses_of(
    found: FoundArray, *, new_course_after_days: int | None = None
) -> Courses:
    """One course per person: the last sitting of each day, in the order of dates.

    Args:
        found: one row per record, with all rows of any person who is among them.
        new_course_after_days: a gap longer than this begins another course; only the
            first course of a person is kept. None: all readings are one course.
    """
    found, person = _by_sitting(found)
    instant, value = found["instant"], found["value"]
    again = np.zeros(len(found), dtype=np.bool_)
    again[1:] = (person[1:] == person[:-1]) & (instant[1:] == instant[:-1])
    differs = np.zeros(len(found), dtype=np.bool_)
    differs[1:] = again[1:] & (value[1:] != value[:-1])
    sittings = np.cumsum(~again)
    disagreeing = len(np.unique(sittings[differs]))
    person, value = person[~again], value[~again]
    day = found["day"][~again].astype(np.int64)
    stands = np.ones(len(person), dtype=np.bool_)
    stands[:-1] = (person[1:] != person[:-1]) | (day[1:] != day[:-1])
    person, value, day = person[stands], value[stands], day[stands]
    starts = _first_of_each(person)
    first = starts[person]
    # Dates in two time zones may run against the instants by a day.
    day = np.maximum(day - day[first], 0)
    session = np.arange(1, len(person) + 1) - first
    kept = _first_course(person, day, session, new_course_after_days)
    return Courses(
        person[kept],
        session[kept],
        day[kept],
        value[kept],
        same_sitting=int(again.sum()),
        same_day=int((~stands).sum()),
        disagreeing=disagreeing,
        later_courses=int((~kept).sum()),
    )


def _by_sitting(found: FoundArray) -> tuple[FoundArray, IntArray]:
    """Sorted by person and instant; of one sitting, the row to trust comes first.

    Returns:
        The rows, and of each the number of its person, in the order of their hashes.
    """
    # Rows are taken by `take`, which is ten times as fast as brackets for such a type.
    found = np.take(found, np.lexsort((found["instant"], found["patient"])))
    new = np.ones(len(found), dtype=np.bool_)
    new[1:] = found["patient"][1:] != found["patient"][:-1]
    person = np.cumsum(new) - 1
    same = ~new[1:] & (found["instant"][1:] == found["instant"][:-1])
    tied = np.zeros(len(found), dtype=np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    some, who = np.compress(tied, found), person[tied]
    order = np.lexsort(
        (
            some["day"],
            some["value"],
            -some["updated"].astype(np.int64),
            -some["answered"].astype(np.int64),
            some["instant"],
            who,
        )
    )
    # Ties stand together and are one person's, so sorting them moves none away.
    found[tied] = np.take(some, order)
    return found, person


def _first_of_each(person: IntArray) -> IntArray:
    """Where the rows of each person begin; people are numbered without a gap."""
    counts = np.bincount(person)
    starts: IntArray = np.cumsum(counts) - counts
    return starts


def _first_course(
    person: IntArray, day: IntArray, session: IntArray, longest: int | None
) -> BoolArray:
    if longest is None or not len(day):
        return np.ones(len(day), dtype=np.bool_)
    gap = np.zeros(len(day), dtype=np.int64)
    gap[1:] = (day[1:] - day[:-1] > longest) & (session[1:] > 1)
    gaps = np.cumsum(gap)
    kept: BoolArray = gaps == gaps[_first_of_each(person)][person]
    return kept
