"""Folders as a bulk export leaves them, of invented people."""

import json
from collections.abc import Iterable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from clinical.norms.courses import Courses
from ehr.bulk.extract import Wish, extract
from ehr.bulk.gathered import Gathered
from tests.hook_calls import PHQ_9, score


def reading(
    patient: str, on: str, value: object, *, name: str, **fields: Any
) -> dict[str, Any]:
    """A PHQ-9 total as an Observation; `fields` replace its own, None removes them."""
    made = score(PHQ_9, value, on=date.fromisoformat(on), patient=patient, number=0) | {
        "id": name,
        "language": "en",
    }
    return {key: each for key, each in (made | fields).items() if each is not None}


def other(name: str) -> dict[str, Any]:
    """An Observation about something else."""
    pulse = {"system": "http://loinc.org", "code": "8867-4"}
    return score(pulse, 71, on=date(2026, 1, 1), patient="p", number=0) | {"id": name}


def ndjson(resources: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(
        json.dumps(each, separators=(",", ":")).encode() + b"\n" for each in resources
    )


def in_folder(
    folder: Path,
    resources: Iterable[dict[str, Any]],
    file: str = "Observation.1.ndjson",
) -> Path:
    """Writes one file of Observations into a folder and returns the folder."""
    folder.mkdir(exist_ok=True)
    (folder / file).write_bytes(ndjson(resources))
    return folder


def courses_in(folder: Path, **options: Any) -> Courses:
    """The PHQ-9 courses of a small folder."""
    return courses_and_older(folder, **options)[0]


def courses_and_older(folder: Path, **options: Any) -> tuple[Courses, int]:
    """The same, and how many rows a later version of their record replaced."""
    with closing(Gathered()) as gathered:
        extract(folder, Wish("phq-9"), take=gathered.add)
        (courses,) = gathered.courses(**options)
        return courses, gathered.older_versions


def table(courses: Courses) -> list[tuple[int, int, int, float]]:
    """Person, session, day and score of each row."""
    return [
        (int(person), int(session), int(day), float(score_))
        for person, session, day, score_ in zip(
            courses.person, courses.session, courses.day, courses.score, strict=True
        )
    ]


def joined_table(parts: Iterable[Courses]) -> list[tuple[int, int, int, float]]:
    """The same of several parts, people numbered on."""
    rows: list[tuple[int, int, int, float]] = []
    before = 0
    for part in parts:
        rows += [(before + person, *rest) for person, *rest in table(part)]
        before += part.n_persons
    return rows
