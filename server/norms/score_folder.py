"""The NDJSON files of an export → readings, as `rom norms extract` reads them."""

from collections.abc import Callable
from pathlib import Path

from clinical.norms.readings import Readings
from ehr.bulk.errors import FolderUnusable
from ehr.bulk.extract import Wish
from questionnaires.instrument import Instrument
from server.bulk.scores import Choice, scores_from_folder
from server.norms.score_file import NobodyLeft, NotUsed, Wanted
from server.norms.score_rows import ScoresUnusable


def readings_from_export(
    folder: Path,
    instrument: Instrument,
    wanted: Wanted,
    *,
    instrument_folders: tuple[Path, ...],
    new_course_after_days: int | None,
    take: Callable[[Readings], None],
    told: Callable[[int, int], None],
) -> NotUsed:
    """The readings of an export; ages are not in it, so nobody is left out by age.

    Args:
        new_course_after_days: a longer gap ends the course that is used.
        take: what is done with the readings; called for some people at a time.

    Raises:
        ScoresUnusable: no such files, nobody in them, or no room for temporary ones.
    """
    wish = Wish(instrument.id, wanted.score.id, wanted.language, instrument_folders)
    choice = Choice(
        wish, new_course_after_days=new_course_after_days, legal_basis="in the pack"
    )
    try:
        report = scores_from_folder(
            folder, choice, take=lambda courses: take(courses.readings), told=told
        )
    except FolderUnusable as problem:
        raise ScoresUnusable(str(problem)) from None
    counts = (
        ("older versions", report["older_versions"]),
        ("same sitting", report["same_sitting"]),
        ("filled in again the same day", report["same_day"]),
        ("disagreeing", report["disagreeing"]),
        ("later courses", report["later_courses"]),
        *report["left_out"].items(),
    )
    not_used = NotUsed(
        tuple(report["unread_at"]),
        sum(int(each["count"]) for each in report["unread"]),
        {f"readings ({why})": count for why, count in counts if count},
    )
    if not report["persons"]:
        raise NobodyLeft(folder.name, not_used)
    return not_used
