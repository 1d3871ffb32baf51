"""The NDJSON files of an export → readings, as `rom norms extract` reads them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from clinical.norms.courses import Courses
from ehr.bulk.errors import FolderUnusable
from ehr.bulk.extract import Wish
from questionnaires.instrument import Instrument
from server.bulk.scores import Choice, scores_from_folder
from server.norms.score_file import (
    Row,
    Scores,
    ScoresUnusable,
    Wanted,
    scores_from_rows,
)


def scores_from_export(
    folder: Path,
    instrument: Instrument,
    wanted: Wanted,
    *,
    instrument_folders: tuple[Path, ...],
    new_course_after_days: int | None,
    told: Callable[[int, int], None],
) -> Scores:
    """The readings of an export; ages are not in it, so nobody is left out by age.

    Args:
        new_course_after_days: a longer gap ends the course that is used.

    Raises:
        ScoresUnusable: no such files, or nobody is left.
    """
    wish = Wish(instrument.id, wanted.score.id, wanted.language, instrument_folders)
    choice = Choice(
        wish, new_course_after_days=new_course_after_days, legal_basis="in the pack"
    )
    try:
        courses, report = scores_from_folder(folder, choice, told=told)
    except FolderUnusable as problem:
        raise ScoresUnusable(str(problem)) from None
    found = scores_from_rows(_rows(courses), wanted, name=folder.name)
    counts = (
        ("older versions", report["older_versions"]),
        ("same sitting", report["same_sitting"]),
        ("disagreeing", report["disagreeing"]),
        ("later courses", report["later_courses"]),
        *report["left_out"].items(),
    )
    return replace(
        found,
        bad=(*report["unread_at"], *found.bad),
        n_bad=sum(int(each["count"]) for each in report["unread"]) + found.n_bad,
        left_out=found.left_out
        | {f"readings ({why})": count for why, count in counts if count},
    )


def _rows(courses: Courses) -> Iterator[Row]:
    columns = (courses.person, courses.session, courses.score)
    rows = zip(*(each.tolist() for each in columns), strict=True)
    for number, row in enumerate(rows):
        person, session, score = (str(each) for each in row)
        yield number, {"person": person, "session": session, "score": score}, True
