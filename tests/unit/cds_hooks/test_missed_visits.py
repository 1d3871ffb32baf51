"""A missed visit after a decline: the card says so where the site asks for visits."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ehr.tenants import EHR_LAUNCH_SCOPES
from tests.hook_calls import Caller, bundle, call, course
from tests.installation import running
from tests.unit.cds_hooks.conftest import Service

# Worse at the session before the last; in the last one better again.
WORSE_BEFORE = [11, 12, 17, 14]
SCOPES = f'scopes.ehr_launch = "{EHR_LAUNCH_SCOPES} user/Appointment.rs"\n'
ASKED = "The last visit did not take place, and the ratings before it were worse."
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "not-supported"}],
}


@pytest.fixture
def asking(
    tmp_path: Path, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """A service of a site whose EHR tells of appointments."""
    found = running(tmp_path, caller, monkeypatch, tenant=SCOPES)
    yield Service(tmp_path, caller, lambda _: found)
    found.vault.close()


def appointment(status: str, *, hours: float, patient: str = "p1") -> dict[str, Any]:
    """One that was to begin so many hours ago."""
    at = datetime.now(UTC) - timedelta(hours=hours)
    return {
        "resourceType": "Appointment",
        "id": f"{status}-{hours}",
        "status": status,
        "start": at.isoformat(timespec="seconds"),
        "participant": [{"actor": {"reference": f"Patient/{patient}"}}],
    }


MISSED = appointment("noshow", hours=1)


def asks_to_reach_out(service: Service, sent: object) -> bool:
    """Whether the one card of the call is D1's; any other is a failure."""
    body = call(service.keys, course([*WORSE_BEFORE]))
    if sent is None:
        body["prefetch"].pop("appointments", None)
    else:
        body["prefetch"]["appointments"] = sent
    answer = service.post(body)
    assert answer.status_code == 200, answer.text
    said = [each["summary"] for each in answer.get_json()["cards"]]
    assert all(each.startswith(ASKED) for each in said)
    return len(said) == 1


def test_a_site_whose_ehr_tells_of_appointments_asks_for_them(
    asking: Service, service: Service
) -> None:
    assert "appointments" in asking.keys
    assert "appointments" not in service.keys


def test_after_a_missed_visit_the_card_asks_to_reach_out(asking: Service) -> None:
    assert asks_to_reach_out(asking, bundle(MISSED))


@pytest.mark.parametrize(
    "sent",
    [
        bundle(),
        bundle(MISSED, appointment("fulfilled", hours=0.5)),
        bundle(appointment("noshow", hours=-0.1)),
        bundle(appointment("noshow", hours=366 * 24)),
        bundle(appointment("cancelled", hours=1)),
        bundle(appointment("noshow", hours=1, patient="p2")),
    ],
    ids=["none", "came since", "to come", "a year ago", "cancelled", "another patient"],
)
def test_without_a_missed_visit_there_is_no_card(
    asking: Service, sent: dict[str, Any]
) -> None:
    assert not asks_to_reach_out(asking, sent)


@pytest.mark.parametrize(
    "sent",
    [
        None,
        OUTCOME,
        bundle(MISSED) | {"link": [{"relation": "next", "url": "https://x.example"}]},
        bundle(*(MISSED | {"id": f"a{number}"} for number in range(50))),
        bundle(MISSED, OUTCOME),
    ],
    ids=["not sent", "refused", "a page more", "a full page", "in part"],
)
def test_where_not_all_visits_are_told_nothing_is_said_of_them(
    asking: Service, sent: object
) -> None:
    assert not asks_to_reach_out(asking, sent)


def test_an_odd_appointment_costs_only_itself(asking: Service) -> None:
    odd = {"resourceType": "Appointment", "id": "x", "participant": "odd"}

    assert asks_to_reach_out(asking, bundle(MISSED, odd))


def test_a_site_that_does_not_ask_hears_of_no_visit(service: Service) -> None:
    assert not asks_to_reach_out(service, bundle(MISSED))
