"""Histories of invented people as this product writes them, in files of an export."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from fhir_mapping.r4.json import Json, json_bytes
from tests.hook_fixtures import points_for, sitting
from tests.instruments import ALLIANCE_CHECK_IN, PHQ9

FIRST = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KINDS = ("Appointment", "Observation", "QuestionnaireResponse")


def history(person: int, *, sessions: int = 8) -> list[Json]:
    """One person's weekly sessions: PHQ-9 before, alliance after; never the same twice.

    Courses get better, worse or stay; some tick the safety item, some alliances drop.
    Some miss a visit between two sessions; some fill in a form again the same day.
    """
    random, chance = Random(person), Random(-1 - person)
    again = Random(f"again {person}")
    score, drift = random.randint(8, 16), random.choice((-2, 0, 2))
    rating = random.randint(11, 16)
    found: list[Json] = []
    for week in range(random.randint(1, sessions)):
        on = FIRST + timedelta(weeks=person % 3 + week, minutes=person)
        points = points_for(PHQ9, max(0, min(24, score)))
        if random.random() < 0.05:
            points[-1] = 1
        found += sitting(PHQ9, points, on=on, patient=f"p{person}")
        if again.random() < 0.2:
            other = points_for(PHQ9, max(0, min(24, score + again.randint(-6, 6))))
            found += sitting(PHQ9, other, on=on + 2 * HOUR, patient=f"p{person}")
        if random.random() < 0.1:
            rating -= 5
        given = points_for(ALLIANCE_CHECK_IN, max(0, min(16, rating)))
        found += sitting(ALLIANCE_CHECK_IN, given, on=on + HOUR, patient=f"p{person}")
        found.append(appointment(person, on, "fulfilled"))
        if chance.random() < 0.3:
            found.append(appointment(person, on + 3 * DAY, "noshow"))
        score += drift + random.randint(-2, 2)
        rating += random.randint(-1, 1)
    return found


def appointment(person: int, at: datetime, status: str) -> Json:
    """A visit that was planned, and what became of it."""
    actor: Json = {"reference": f"Patient/p{person}"}
    return {
        "resourceType": "Appointment",
        "id": f"a{person}-{at:%m%d}",
        "status": status,
        "start": at.isoformat(),
        "end": (at + HOUR).isoformat(),
        "participant": [{"actor": actor, "status": "accepted"}],
    }


def written(resource: Json) -> datetime:
    """When it came into the chart."""
    text = resource.get("authored") or resource.get("start")
    return datetime.fromisoformat(str(text or resource["effectiveDateTime"]))


def people(count: int) -> dict[str, list[Json]]:
    """Patient -> resources."""
    return {f"p{person}": history(person) for person in range(count)}


def export_in(folder: Path, charts: Mapping[str, Sequence[Json]]) -> Path:
    """The folder as `rom bulk export` leaves it: a file for each type."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        of_kind = (
            each
            for chart in charts.values()
            for each in chart
            if each["resourceType"] == kind
        )
        (folder / f"{kind}.0001.ndjson").write_bytes(ndjson(of_kind))
    return folder


def ndjson(resources: Iterable[Json]) -> bytes:
    return b"".join(json_bytes(each) + b"\n" for each in resources)


def bundle(resources: Iterable[Json]) -> bytes:
    entries = [{"resource": json.loads(json_bytes(each))} for each in resources]
    found = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return json.dumps(found).encode()
