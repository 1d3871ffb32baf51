"""Readings in no order, of people without a name → courses with numbered sessions.

What joined the readings, hashes of ids and instants, ends here: people get numbers in
an order that says nothing, and dates become days since the person's first reading.
"""

from array import array
from dataclasses import dataclass

import numpy as np

from clinical.norms.readings import BoolArray, FloatArray, IntArray, Readings


@dataclass(frozen=True, slots=True, eq=False)
class FoundReadings:
    """Readings as they were found; every array is (n_found,).

    Attributes:
        patient, record: hashes of ids; equal means the same, nothing else.
        instant: seconds; names the sitting and decides the order.
        day: the date as it was written, in days.
        updated: seconds; of one record the latest version counts.
        value: score points; NaN: this version of the record counts for nothing.
        answered: 1 where the answers are known, which win over a bare score.
    """

    patient: np.ndarray
    record: np.ndarray
    instant: np.ndarray
    day: np.ndarray
    updated: np.ndarray
    value: np.ndarray
    answered: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Courses:
    """Courses of people without a name, sorted by person, then by session.

    Attributes:
        person: (n_rows,) 0 to n_persons - 1, ascending.
        session: (n_rows,) 1 is the intake; the readings of a person, counted.
        day: (n_rows,) days since the person's first reading.
        score: (n_rows,) score points.
        older_versions: rows that a later version of the same record replaced.
        same_sitting: further rows about a sitting that is there already.
        disagreeing: sittings whose rows state different scores.
        later_courses: readings left out because they belong to a later course.
    """

    person: IntArray
    session: IntArray
    day: IntArray
    score: FloatArray
    older_versions: int = 0
    same_sitting: int = 0
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
) -> FoundReadings:
    """Columns as the reader of an export fills them, without a copy.

    Args:
        patient, record, instant, day, updated, value, answered: of types q, q, q, i, I,
            d and b.
    """
    return FoundReadings(
        patient=np.frombuffer(patient, dtype=np.int64),
        record=np.frombuffer(record, dtype=np.int64),
        instant=np.frombuffer(instant, dtype=np.int64),
        day=np.frombuffer(day, dtype=np.int32),
        updated=np.frombuffer(updated, dtype=np.uint32),
        value=np.frombuffer(value, dtype=np.float64),
        answered=np.frombuffer(answered, dtype=np.int8),
    )


def courses_from(
    found: FoundReadings, *, new_course_after_days: int | None = None
) -> Courses:
    """One course per person: each sitting once, in the order of dates.

    Args:
        new_course_after_days: a gap longer than this begins another course; only the
            first course of a person is kept. None: all readings are one course.
    """
    rows = _newest_versions(found)
    older = len(found.value) - len(rows)
    rows = rows[~np.isnan(found.value[rows])]
    _, person = np.unique(found.patient[rows], return_inverse=True)
    rows, person = _by_sitting(found, rows, person.astype(np.int64))
    instant, value = found.instant[rows], found.value[rows]
    again = np.zeros(len(rows), dtype=np.bool_)
    again[1:] = (person[1:] == person[:-1]) & (instant[1:] == instant[:-1])
    differs = np.zeros(len(rows), dtype=np.bool_)
    differs[1:] = again[1:] & (value[1:] != value[:-1])
    sittings = np.cumsum(~again)
    disagreeing = len(np.unique(sittings[differs]))
    person, value = person[~again], value[~again]
    day = found.day[rows][~again].astype(np.int64)
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
        value[kept].astype(np.float64),
        older_versions=older,
        same_sitting=int(again.sum()),
        disagreeing=disagreeing,
        later_courses=int((~kept).sum()),
    )


def _newest_versions(found: FoundReadings) -> IntArray:
    """The rows that count, one per record, in any order."""
    order = np.argsort(found.record)
    record = found.record[order]
    same = record[1:] == record[:-1]
    if not same.any():
        return np.arange(len(order))
    # Few are there twice: only these are sorted by all that tells them apart.
    twice = np.zeros(len(order), dtype=np.bool_)
    twice[1:] |= same
    twice[:-1] |= same
    some = order[twice]
    by_all = np.lexsort(
        (
            found.value[some],
            found.instant[some],
            found.updated[some],
            found.record[some],
        )
    )
    some = some[by_all]
    last = np.ones(len(some), dtype=np.bool_)
    last[:-1] = found.record[some][1:] != found.record[some][:-1]
    newest: IntArray = np.concatenate((order[~twice], some[last]))
    return newest


def _by_sitting(
    found: FoundReadings, rows: IntArray, person: IntArray
) -> tuple[IntArray, IntArray]:
    """Sorted by person and instant; of one sitting, the row to trust comes first."""
    order = np.lexsort((found.instant[rows], person))
    rows, person = rows[order], person[order]
    instant = found.instant[rows]
    same = (person[1:] == person[:-1]) & (instant[1:] == instant[:-1])
    if same.any():
        tied = np.zeros(len(rows), dtype=np.bool_)
        tied[1:] |= same
        tied[:-1] |= same
        some, who = rows[tied], person[tied]
        order = np.lexsort(
            (
                found.value[some],
                -found.updated[some].astype(np.int64),
                -found.answered[some].astype(np.int64),
                found.instant[some],
                who,
            )
        )
        # Ties stand together, so sorting them among themselves moves none away.
        rows[tied], person[tied] = some[order], who[order]
    return rows, person


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
