"""Encounters beside the invented histories, as an EHR exports them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from fhir_mapping.r4.json import Json
from tests.replay.charts import export_in, ndjson

CLASS = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
NORTH: Json = {"reference": "Organization/north", "display": "North"}
TREATING: Json = {"reference": "Practitioner/miller", "display": "Dr Miller"}


def encounter(
    name: str,
    patient: str,
    at: datetime | str,
    *,
    status: str = "finished",
    **changes: object,
) -> Json:
    """A visit of an hour; who treats stands wherever R4 has a place for it."""
    begin = at if isinstance(at, str) else at.isoformat()
    found: dict[str, object] = {
        "resourceType": "Encounter",
        "id": name,
        "status": status,
        "class": {"system": CLASS, "code": "AMB"},
        "type": [{"coding": [{"system": "urn:oid:2.999.7", "code": "therapy"}]}],
        "subject": {"reference": f"Patient/{patient}"},
        "participant": [{"individual": TREATING}],
        "period": {"start": begin},
        "serviceProvider": NORTH,
    }
    return {**found, **changes}  # type: ignore[dict-item]  # JSON


def with_encounters(
    folder: Path, charts: Mapping[str, Sequence[Json]], visits: Iterable[Json]
) -> Path:
    """The folder of an export of both."""
    export_in(folder, charts)
    (folder / "Encounter.0001.ndjson").write_bytes(ndjson(visits))
    return folder
