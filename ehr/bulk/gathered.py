"""Readings of an export, piece by piece → courses, some people at a time."""

from collections.abc import Iterator

from clinical.norms.courses import Courses, courses_of, found_in, newest_versions
from ehr.bulk.piles import HELD, Piles
from ehr.bulk.scan import Columns


class Gathered:
    """Takes all readings, then gives the courses.

    Two records may say different patients in their versions, so records are looked at
    first, and people only then.

    Attributes:
        older_versions: rows that a later version of the same record replaced; known
            once the courses begin.
    """

    def __init__(self, *, held: int = HELD) -> None:
        self._records = Piles("record", held=held)
        self._people = Piles("patient", held=held)
        self.older_versions = 0

    def close(self) -> None:
        """Gives the disk back."""
        self._records.close()
        self._people.close()

    def add(self, columns: Columns) -> None:
        """The readings of one piece.

        Raises:
            FolderUnusable: there is no room for temporary files.
        """
        self._records.add(
            found_in(
                columns.patient,
                columns.record,
                instant=columns.instant,
                day=columns.day,
                updated=columns.updated,
                value=columns.value,
                answered=columns.answered,
            )
        )

    def courses(self, *, new_course_after_days: int | None = None) -> Iterator[Courses]:
        """Everybody's course once, each time of some people; see `courses_of`.

        Raises:
            FolderUnusable: there is no room for temporary files.
        """
        for pile in self._records.piles():
            newest, replaced = newest_versions(pile)
            self.older_versions += replaced
            self._people.add(newest)
        for pile in self._people.piles():
            yield courses_of(pile, new_course_after_days=new_course_after_days)
