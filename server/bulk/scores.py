"""A folder of an export → courses of one score, and a report of what was left out."""

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from clinical.norms.courses import Courses
from ehr.bulk.extract import Extraction, Wish, extract
from ehr.bulk.gathered import Gathered
from fhir_mapping.bulk_line import Wanted


class Report(TypedDict):
    """What was read, and every reason why something was not.

    Nothing in it is about one person but the numbers of the lines to look at.
    """

    instrument: str
    version: str
    score: str
    language: str | None
    legal_basis: str
    files: list[str]
    bytes: int
    lines: int
    about_something_else: int
    readings: int
    persons: int
    estimated: int
    unread: list[dict[str, str | int]]
    unread_at: list[str]
    left_out: dict[str, int]
    older_versions: int
    same_sitting: int
    same_day: int
    disagreeing: int
    later_courses: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Which readings a norm is to be made of; the site's decision.

    Attributes:
        new_course_after_days: a longer gap ends the course that is used.
        legal_basis: on which the site uses these data for norms.
    """

    wish: Wish
    new_course_after_days: int | None
    legal_basis: str


def scores_from_folder(
    folder: Path,
    choice: Choice,
    *,
    take: Callable[[Courses], None],
    processes: int = 2,
    told: Callable[[int, int], None] = lambda _done, _size: None,
) -> Report:
    """Courses of one score from `Observation*.ndjson`, `QuestionnaireResponse*.ndjson`.

    Args:
        take: what is done with the courses; called for some people at a time, each of
            them once, so that memory need not grow with the export.

    Raises:
        UnknownInstrument, UnknownScore, InstrumentFileError: see `Wish.wanted`.
        FolderUnusable, OSError: the files cannot be read, or there is no room for
            temporary ones.
    """
    wanted = choice.wish.wanted()
    counts: Counter[str] = Counter()
    with closing(Gathered()) as gathered:
        found = extract(
            folder, choice.wish, processes=processes, told=told, take=gathered.add
        )
        for courses in gathered.courses(
            new_course_after_days=choice.new_course_after_days
        ):
            take(courses)
            counts["readings"] += len(courses.score)
            counts["persons"] += courses.n_persons
            counts["same_sitting"] += courses.same_sitting
            counts["same_day"] += courses.same_day
            counts["disagreeing"] += courses.disagreeing
            counts["later_courses"] += courses.later_courses
        counts["older_versions"] = gathered.older_versions
    return _report(found, counts, wanted, choice)


def _report(
    found: Extraction, counts: Counter[str], wanted: Wanted, choice: Choice
) -> Report:
    return {
        "instrument": wanted.instrument.id,
        "version": wanted.instrument.version,
        "score": wanted.rule.id,
        "language": choice.wish.language,
        "legal_basis": choice.legal_basis,
        "files": found.files,
        "bytes": found.size,
        "lines": found.lines,
        "about_something_else": found.others,
        "readings": counts["readings"],
        "persons": counts["persons"],
        "estimated": found.estimated,
        "unread": [
            {"type": kind, "place": place, "reason": reason, "count": count}
            for (kind, place, reason), count in sorted(found.unread.items())
        ],
        "unread_at": [
            f"{each.file}:{each.line}: {each.reason}"
            + (f" at {each.place}" if each.place else "")
            for each in found.unread_at
        ],
        "left_out": dict(sorted(found.left_out.items())),
        "older_versions": counts["older_versions"],
        "same_sitting": counts["same_sitting"],
        "same_day": counts["same_day"],
        "disagreeing": counts["disagreeing"],
        "later_courses": counts["later_courses"],
    }
