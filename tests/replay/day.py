"""A day of calls to the running service, and what its card log holds afterwards."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clinical.norms.pack import pack_bytes
from clinical.plan import DEMO_PLAN
from ehr.queries import chart_queries
from ehr.tenants import EHR_LAUNCH_SCOPES
from fhir_mapping.dialect import load_dialect
from fhir_mapping.r4.json import Json, json_bytes
from tests.hook_calls import CALLER, TENANT, Caller, bundle, call, new_caller
from tests.installation import STAFF, running
from tests.norm_packs import norms_toml, pack, signed
from tests.replay.charts import FIRST, written

PLAIN = load_dialect("plain-r4")
SCOPES = f'scopes.ehr_launch = "{EHR_LAUNCH_SCOPES} user/Appointment.rs"'
CALLING = new_caller()
DAY = FIRST + timedelta(weeks=5)  # a session of everybody who has come so far
CardKey = tuple[str, str, str, str]  # patient, cause, hash of the data, occasion
Words = tuple[str, str, str]  # summary, detail, indicator


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody opens a chart; no encounter where the EHR names none."""

    patient: str
    at: datetime
    encounter: str


def calls_of(charts: Mapping[str, Sequence[Json]]) -> list[Call]:
    """Each chart is opened before the session, in it, and again at the end of the day.

    Half of the calls name no encounter.
    """
    found = []
    for number, patient in enumerate(charts):
        encounter = f"e{number}" if number % 2 else ""
        for hours in (-2, 0.6, 6, 7):
            at = DAY + timedelta(hours=hours, seconds=number)
            found.append(Call(patient, at, encounter))
    return sorted(found, key=lambda each: each.at)


def plan_text(*, speaking: bool) -> str:
    """The demonstration's plan with a signed pack; every card once an encounter."""
    text = DEMO_PLAN.read_text(encoding="utf-8")
    if not speaking:
        text = text.replace("speaking = true", "speaking = false")
    return text + norms_toml(signed(pack()))


def known_at(chart: Sequence[Json], at: datetime) -> list[Json]:
    """What the EHR holds at that time."""
    return [each for each in chart if written(each) <= at]


class Service:
    """The whole application over a vault, with a clock that stands."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, speaking: bool
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pack-0.json").write_bytes(pack_bytes(signed(pack())))
        self.now = DAY
        self.plan = folder / "measurement_plan.toml"
        self.caller: Caller = CALLING
        self.running = running(
            folder,
            CALLING,
            monkeypatch,
            plan=plan_text(speaking=speaking),
            tenant=SCOPES,
            clock=lambda: self.now,
        )
        self.client = self.running.app.test_client()

    def words(self, opening: Call, chart: Sequence[Json], person: Json) -> list[Words]:
        """The cards of one call, as the EHR is given them."""
        self.now = opening.at
        begun = int(self.now.timestamp())
        answer = self.client.post(
            f"/{TENANT}/cds-services/progress",
            base_url=STAFF,
            content_type="application/json",
            headers={
                "Authorization": "Bearer "
                + self.caller.token(iss=CALLER, iat=begun, exp=begun + 240)
            },
            data=json_bytes(_body(opening, chart, person)),
        )
        assert answer.status_code == 200, answer.text
        return [
            (each["summary"], each["detail"], each["indicator"])
            for each in answer.get_json()["cards"]
        ]

    def logged(self, patients: Sequence[str]) -> Counter[CardKey]:
        """Every card of the log, as often as it was withheld or shown."""
        log = self.running.vault.for_tenant(TENANT).cards
        return Counter(
            {
                (patient, each.row.cause, each.row.data_hash, each.row.encounter): (
                    each.times
                )
                for patient in patients
                for each in log.known(patient).rows
            }
        )


@contextmanager
def service(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, speaking: bool
) -> Iterator[Service]:
    found = Service(folder, monkeypatch, speaking=speaking)
    try:
        yield found
    finally:
        found.running.vault.close()


def write_openings(file: Path, calls: Sequence[Call]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("patient", "at", "encounter"))
        rows.writerows(
            (each.patient, each.at.isoformat(), each.encounter) for each in calls
        )
    return file


def _body(opening: Call, chart: Sequence[Json], person: Json) -> dict[str, Any]:
    body = call(
        [each.key for each in chart_queries(PLAIN)],
        [],
        patient=opening.patient,
        encounter=opening.encounter or None,
    )
    for key, kind in (
        ("scores", "Observation"),
        ("responses", "QuestionnaireResponse"),
        ("appointments", "Appointment"),
    ):
        of_kind = [each for each in chart if each["resourceType"] == kind]
        body["prefetch"][key] = bundle(*of_kind)
    body["prefetch"]["patient"] = person
    return body
