"""A missed visit on the clinician's pages, or the words that visits are not known."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ehr.queries import ChartQuery, appointments_of_a_year, chart_queries
from ehr.tenants import EHR_LAUNCH_SCOPES
from fhir_mapping.dialect import load_dialect
from server.settings import Settings
from server.wsgi import create_app, read_installation
from smart_app.services import EXTENSION
from tests.hook_calls import ISSUER, course, environment, write_files
from tests.installation import STAFF
from tests.unit.ehr.canned import Canned, CannedEhr, bundle
from tests.unit.smart_app.conftest import CALLER, Clinic

NOW = datetime.now().astimezone()
SCOPES = f"{EHR_LAUNCH_SCOPES} user/Appointment.rs"
REACH_OUT = "Reach out to this person?"
NOT_KNOWN = "Visits are not known here; nothing is said about missed ones."
MISSED = {
    "resourceType": "Appointment",
    "id": "a1",
    "status": "noshow",
    "start": (NOW - timedelta(hours=1)).isoformat(timespec="seconds"),
    "participant": [{"actor": {"reference": "Patient/p1"}}],
}
ODD = {"resourceType": "Appointment", "id": "a2", "start": 7}


@pytest.fixture
def page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., str]]:
    """A page of a course that was worse before its last session."""
    ehr = CannedEhr()
    write_files(tmp_path, CALLER)
    file = tmp_path / "tenants.toml"
    file.write_text(file.read_text().replace(ISSUER, ehr.issuer))
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    found = create_app(
        read_installation(Settings()),  # type: ignore[call-arg]  # from the environment
        clock=lambda: NOW,
    )
    clinic = Clinic(found.app.extensions[EXTENSION], found.app)

    def says(query: ChartQuery, answer: Canned) -> None:
        told = query.search_parameters("p1").items()
        pairs = [
            f"{name}={each}"
            for name, value in told
            for each in (value if isinstance(value, tuple) else (value,))
        ]
        ehr.says(f"{query.resource_type}?{'&'.join(pairs)}", answer)

    def shown(appointments: Canned, *, scopes: str = SCOPES, of: str = "") -> str:
        ehr.says("Patient/p1", Canned(200, {"resourceType": "Patient", "id": "p1"}))
        for place, query in enumerate(chart_queries(load_dialect("plain-r4"))):
            scores: list[Any] = course([11, 12, 17, 14]) if place == 0 else []
            says(query, bundle(*scores))
        says(appointments_of_a_year(NOW.date()), appointments)
        browser = clinic.client()
        answer = browser.get(clinic.launch(browser, scopes=scopes) + of, base_url=STAFF)
        assert answer.status_code == 200, answer.text
        return answer.text

    yield shown
    found.vault.close()
    ehr.close()


def test_after_a_missed_visit_the_page_asks_to_reach_out(
    page: Callable[..., str],
) -> None:
    text = page(bundle(MISSED))

    assert REACH_OUT in text
    assert NOT_KNOWN not in text


def test_the_support_path_opens_where_the_missed_visit_points(
    page: Callable[..., str],
) -> None:
    text = page(bundle(MISSED), of="support")

    assert 'data-signal="D1"' in text
    for domain in ("alliance", "life-events"):
        assert f'data-domain="{domain}" data-pointed' in text


def test_where_the_last_visit_was_kept_nothing_is_said_of_visits(
    page: Callable[..., str],
) -> None:
    text = page(bundle(MISSED | {"status": "fulfilled"}))

    assert REACH_OUT not in text
    assert NOT_KNOWN not in text


@pytest.mark.parametrize(
    ("answer", "scopes"),
    [
        (bundle(MISSED), EHR_LAUNCH_SCOPES),
        (bundle(MISSED, next_url="https://else.example/"), SCOPES),
        *((Canned(status), SCOPES) for status in (400, 403, 404, 503)),
    ],
    ids=["no scope", "in part", "400", "403", "404", "503"],
)
@pytest.mark.hazard("H16")
def test_what_cannot_be_had_whole_is_called_not_known(
    page: Callable[..., str], answer: Canned, scopes: str
) -> None:
    text = page(answer, scopes=scopes)

    assert NOT_KNOWN in text
    assert REACH_OUT not in text


def test_an_appointment_that_cannot_be_read_is_named(page: Callable[..., str]) -> None:
    text = page(bundle(MISSED, ODD))

    assert REACH_OUT in text
    assert "Appointment a2, at start: not of the shape that FHIR asks for" in text
