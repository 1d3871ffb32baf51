"""A submission that works, and ways to break one thing of a resource."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

from fhir_mapping.dialect import load_dialect
from fhir_mapping.episode import ChartReading, chart_reading
from fhir_mapping.r4.json import Json, json_bytes
from fhir_mapping.r4.reading import Resource, resource_from_bytes
from fhir_mapping.submission import (
    Submission,
    SubmissionResources,
    resources_from_submission,
    with_response_reference,
)
from questionnaires.answers import answers_from_offered
from questionnaires.library import load_library

LIBRARY = load_library()
PLAIN = load_dialect("plain-r4")
WITH_ITEMS = replace(PLAIN, items=True, panel=True)
PHQ9 = LIBRARY.instrument("phq-9")
ALLIANCE = LIBRARY.instrument("session-alliance")

FIXTURES = Path(__file__).parents[2] / "fixtures" / "fhir"
BERLIN_SUMMER = timezone(timedelta(hours=2))
ANSWERED = datetime(2026, 5, 4, 9, 30, 15, tzinfo=BERLIN_SUMMER)


def phq9_points(*points: int | None) -> dict[str, object]:
    """Points in the order of the form; None is a blank."""
    link_ids = [item.link_id for item in PHQ9.items]
    return dict(zip(link_ids, points, strict=False))


TWELVE = phq9_points(2, 2, 2, 2, 1, 1, 2, 0, 0, 1)


def submission(
    given: Mapping[str, object] = TWELVE,
    *,
    instrument_id: str = "phq-9",
    number: int = 1,
    authored: datetime = ANSWERED,
) -> Submission:
    """A patient's answers on the kiosk, recorded in the clinician's launch."""
    instrument = LIBRARY.instrument(instrument_id)
    return Submission(
        id=UUID(int=number),
        tenant="hospital",
        patient="p1",
        encounter="e1",
        author="Practitioner/7",
        source="Patient/p1",
        mode="kiosk",
        answers=answers_from_offered(instrument, given, language="en"),
        authored=authored,
    )


def stored(sent: Submission, *, dialect=PLAIN) -> list[Json]:
    """What an EHR holds after taking the submission, with ids of its own."""
    built = resources_from_submission(sent, LIBRARY, dialect)
    number = sent.id.int
    response_id = f"r{number}"
    built = with_response_reference(built, f"QuestionnaireResponse/{response_id}")
    return [
        built.response | {"id": response_id},
        *(
            each | {"id": f"o{number}-{index}"}
            for index, each in enumerate(built.observations)
        ),
    ]


def built(sent: Submission, *, dialect=PLAIN) -> SubmissionResources:
    return resources_from_submission(sent, LIBRARY, dialect)


def as_read(resource: Json) -> Resource:
    return resource_from_bytes(json_bytes(resource))


def reading_of(resources: Sequence[Json | Resource], **changes: object) -> ChartReading:
    """The chart of patient p1 with these resources."""
    read = [each if isinstance(each, Resource) else as_read(each) for each in resources]
    given = {"patient": "p1", "library": LIBRARY, "dialect": PLAIN} | changes
    return chart_reading(read, **given)


def with_changed(resource: Json, place: str, value: object) -> Json:
    """A copy with one place set ("item[0].answer[0].valueCoding.code")."""
    changed = copy.deepcopy(resource)
    *steps, last = place.replace("[", ".[").split(".")
    target: object = changed
    for step in steps:
        target = target[_key(step)]
    target[_key(last)] = value
    return changed


def without(resource: Json, field: str) -> Json:
    return {key: value for key, value in resource.items() if key != field}


def official(path: Path) -> Json:
    return json.loads(path.read_text(encoding="utf-8"))


def _key(step: str) -> str | int:
    return int(step[1:-1]) if step.startswith("[") else step
