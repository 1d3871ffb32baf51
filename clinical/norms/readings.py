"""Readings of many people as arrays: what every fit and every check takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Readings after the intake, sorted by person, then by session.

    Attributes:
        person: (n_rows,) number of the person, 0 to n_persons - 1, ascending.
        session: (n_rows,) session number; 2 or more, as the intake is session 1.
        score: (n_rows,) score points.
        intake: (n_persons,) first score of each person, in score points.
    """

    person: IntArray
    session: IntArray
    score: FloatArray
    intake: FloatArray

    @property
    def n_persons(self) -> int:
        """People with an intake, also those without any further reading."""
        return len(self.intake)

    @property
    def time(self) -> FloatArray:
        """(n_rows,) L: the natural logarithm of the session number."""
        return np.log(self.session)

    @property
    def intake_of_row(self) -> FloatArray:
        """(n_rows,) the intake of the person whose reading it is."""
        return self.intake[self.person]

    @property
    def rows_per_person(self) -> IntArray:
        """(n_persons,) how many readings after the intake."""
        return np.bincount(self.person, minlength=self.n_persons)

    @property
    def of_seen(self) -> "Readings":
        """Without the people of whom there is only an intake."""
        seen = self.rows_per_person > 0
        number = np.cumsum(seen) - 1
        return replace(self, person=number[self.person], intake=self.intake[seen])

    def of_persons(self, wanted: IntArray) -> "Readings":
        """The readings of these people, renumbered in the given order."""
        counts = self.rows_per_person
        starts = np.cumsum(counts) - counts
        taken = counts[wanted]
        rows = np.repeat(starts[wanted] - np.cumsum(taken) + taken, taken)
        rows += np.arange(len(rows))
        return Readings(
            np.repeat(np.arange(len(wanted)), taken),
            self.session[rows],
            score=self.score[rows],
            intake=self.intake[wanted],
        )

    def first(self, last_session: int) -> "Readings":
        """What was known after this session; no person is dropped."""
        rows = self.session <= last_session
        return Readings(
            self.person[rows],
            self.session[rows],
            score=self.score[rows],
            intake=self.intake,
        )


def joined(parts: Sequence[Readings]) -> Readings:
    """The people of all parts, numbered on from part to part."""
    before = np.cumsum([0, *(each.n_persons for each in parts)])
    pairs = zip(parts, before.tolist(), strict=False)
    nobody = np.empty(0, dtype=np.int64)
    return Readings(
        np.concatenate([nobody, *(each.person + start for each, start in pairs)]),
        np.concatenate([nobody, *(each.session for each in parts)]),
        score=np.concatenate([np.empty(0), *(each.score for each in parts)]),
        intake=np.concatenate([np.empty(0), *(each.intake for each in parts)]),
    )
