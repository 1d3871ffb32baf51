"""Our delivery against a FHIR server that nobody here wrote, with nothing between.

HAPI itself is asked what it holds. Each way of writing that HAPI's statement allows is
tried: an update to an id of ours, and a transaction of conditional creates.
"""

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from ehr.server import FhirServer
from ehr.wire.egress import GuardedSession
from fhir_mapping.r4.codes import SUBMISSION_SYSTEM
from fhir_mapping.submission import identifier_of, resources_from_submission
from tests.fault_proxy.clinic import DIALECT, Clinic
from tests.fault_proxy.proxy import FaultProxy
from tests.interop.carrier import carry, clinic_at

pytestmark = pytest.mark.interop

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Way:
    """How the ladder will write: by our scopes, and by what a probe has found."""

    scopes: str
    unique: bool = False

    @property
    def arguments(self) -> list[str]:
        return [self.scopes, *(["unique"] if self.unique else [])]


CREATE = "user/QuestionnaireResponse.crs user/Observation.crs"
UPDATE = "user/QuestionnaireResponse.crus user/Observation.crus"
WAYS = {
    "update-as-create": Way(UPDATE),
    "transaction": Way(CREATE),
    "transaction-probed": Way(CREATE, unique=True),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


@dataclass(frozen=True, slots=True)
class Sitting:
    """A clinic with one sealed PHQ-9 of a patient whom HAPI knows."""

    clinic: Clinic
    way: Way

    def stored(self, hapi: str) -> list[dict[str, Any]]:
        """What HAPI holds of it: response, then score, each under its identifier."""
        [submission] = self.clinic.acknowledged
        built = resources_from_submission(submission, self.clinic.library, DIALECT)
        return [
            found
            for each in (built.response, *built.observations)
            for found in held(hapi, str(each["resourceType"]), identifier_of(each))
        ]

    def at(self, base: str, folder: Path) -> Clinic:
        """The same vault, copied, before an EHR at another address."""
        shutil.copytree(self.clinic.folder, folder)
        return clinic_at(folder, base, scopes=self.way.scopes)


@dataclass(slots=True)
class KillAt:
    """kill -9 when the first request of this method arrives; it is still carried out.

    Attributes:
        after: a request of this method must have come before.
    """

    method: str
    after: str = ""
    victim: int = 0

    def choose(self, method: str, path: str) -> str | None:
        if method in self.after.split():
            self.after = ""
        if self.victim and not self.after and method in self.method.split():
            os.kill(self.victim, signal.SIGKILL)
            self.victim = 0
        return None


def put(hapi: str, resource: dict[str, str]) -> None:
    place = f"{hapi}/{resource['resourceType']}/{resource['id']}"
    answer = requests.put(place, json=resource, timeout=60)
    assert answer.status_code in (200, 201), answer.text


def held(hapi: str, kind: str, identifier: str) -> list[dict[str, Any]]:
    answer = requests.get(
        f"{hapi}/{kind}",
        params={"identifier": f"{SUBMISSION_SYSTEM}|{identifier}"},
        headers={"Cache-Control": "no-cache"},
        timeout=60,
    )
    answer.raise_for_status()
    return [each["resource"] for each in answer.json().get("entry", [])]


@pytest.fixture
def patient(hapi: str) -> str:
    """Somebody new, and the practitioner who records."""
    name = f"p-{uuid.uuid4()}"
    put(hapi, {"resourceType": "Patient", "id": name})
    put(hapi, {"resourceType": "Practitioner", "id": "dr-17"})
    return name


def seal_one(clinic: Clinic, patient: str) -> None:
    form = clinic.answer("phq-9", patient=patient)
    form = replace(form, id=uuid.uuid4(), author="Practitioner/dr-17")
    clinic.seal(form, context_id=clinic.launch(patient))


@pytest.fixture
def sitting(hapi: str, patient: str, way: Way, tmp_path: Path) -> Iterator[Sitting]:
    clinic = clinic_at(tmp_path / "vault", hapi, scopes=way.scopes)
    seal_one(clinic, patient)
    yield Sitting(clinic, way)
    clinic.close()


def is_one_response_and_its_score(stored: list[dict[str, Any]]) -> bool:
    kinds = [each["resourceType"] for each in stored]
    if kinds != ["QuestionnaireResponse", "Observation"]:
        return False
    response, score = stored
    derived = score["derivedFrom"][0]["reference"]
    return bool(derived == f"QuestionnaireResponse/{response['id']}")


def test_a_submission_is_stored_and_read_back(hapi: str, sitting: Sitting) -> None:
    assert sitting.stored(hapi) == []

    carry(sitting.clinic, unique=sitting.way.unique)

    assert sitting.clinic.held() == {}
    stored = sitting.stored(hapi)
    assert is_one_response_and_its_score(stored), stored
    answers = [each["answer"][0]["valueCoding"] for each in stored[0]["item"]]
    points = [each["extension"][0]["valueDecimal"] for each in answers]
    assert stored[1]["valueQuantity"]["value"] == sum(points[:9])


@pytest.mark.req("RW-01", "RW-04")
@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(("POST PUT", ""), id="while-it-writes"),
        pytest.param(("GET", "POST PUT"), id="before-it-has-verified"),
    ],
)
def test_a_carrier_killed_and_started_again_leaves_one(
    hapi: str, sitting: Sitting, tmp_path: Path, plan: tuple[str, str]
) -> None:
    kill = KillAt(*plan)
    folder = tmp_path / "copy"
    with FaultProxy(urlsplit(hapi).port or 0, kill) as proxy:
        copy = sitting.at(proxy.base, folder)
        copy.close()
        command = [sys.executable, "-m", "tests.interop.carrier", str(folder)]
        command += [proxy.base, *sitting.way.arguments]
        with subprocess.Popen(command, cwd=ROOT) as first:
            kill.victim = first.pid
        second = subprocess.run(command, cwd=ROOT, timeout=120, check=False)

    assert first.returncode == -signal.SIGKILL
    assert second.returncode == 0
    stored = sitting.stored(hapi)
    assert is_one_response_and_its_score(stored), stored


@pytest.mark.req("RW-01")
def test_a_vault_and_its_restored_backup_deliver_at_once_and_leave_one(
    hapi: str, sitting: Sitting, tmp_path: Path
) -> None:
    backup = sitting.at(hapi, tmp_path / "backup")
    both = (sitting.clinic, backup)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda each: carry(each, unique=sitting.way.unique), both))

    held_back = [each.held() for each in both]
    backup.close()
    assert held_back == [{}, {}]
    stored = sitting.stored(hapi)
    assert is_one_response_and_its_score(stored), stored


def test_a_chart_read_a_moment_ago_shows_what_was_written_since(
    hapi: str, patient: str, tmp_path: Path
) -> None:
    clinic = clinic_at(tmp_path / "vault", hapi, scopes=CREATE)
    chart = FhirServer(
        clinic.tenant, GuardedSession(fence=clinic.tenant.fhir_fence), lambda: "t"
    )
    asked = {"patient": patient, "category": "survey", "_sort": "-date"}
    before = chart.search("Observation", asked)
    seal_one(clinic, patient)
    carry(clinic, unique=True)
    clinic.close()

    after = chart.search("Observation", asked)

    assert (len(before.resources), len(after.resources)) == (0, 1)


def test_all_pages_of_a_chart_are_read(hapi: str, patient: str, tmp_path: Path) -> None:
    clinic = clinic_at(tmp_path / "vault", hapi, scopes=CREATE)
    for _ in range(5):
        seal_one(clinic, patient)
    carry(clinic, unique=True)
    chart = FhirServer(
        clinic.tenant, GuardedSession(fence=clinic.tenant.fhir_fence), lambda: "t"
    )
    clinic.close()

    found = chart.search(
        "Observation", {"patient": patient, "_sort": "-date", "_count": "2"}
    )

    assert len(found.resources) == 5
    assert not found.partial
    assert found.unread == ()
