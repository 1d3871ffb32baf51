"""A signal set aside on the page is a card answered: the same rest, the same return."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_hooks.shown_cards import before
from clinical.interruptions import SET_ASIDE_REASONS
from clinical.plan import DEMO_PLAN
from ehr.queries import ChartQuery, chart_queries
from fhir_mapping.dialect import load_dialect
from server.settings import Settings
from server.wsgi import create_app, read_installation
from smart_app.services import EXTENSION
from tests.hook_calls import ISSUER, TENANT, call, course, environment, write_files
from tests.installation import STAFF
from tests.unit.ehr.canned import Canned, CannedEhr, bundle
from tests.unit.smart_app.conftest import CALLER, OWN, Clinic

WORSE: list[object] = [12, 13, 15, 18, 19]
HOOK = f"/{TENANT}/cds-services/progress"
FORM = re.compile(
    r'action="([^"]*/set-aside[^"]*)">\s*<input type="hidden" name="token"'
    r' value="([^"]*)">'
)


@dataclass
class Desk:
    """One patient's chart: the EHR's calls about it, and the page in a browser."""

    clinic: Clinic
    ehr: CannedEhr
    browser: FlaskClient
    path: str

    def cards(self, values: list[object], *, encounter: str) -> list[Any]:
        hook = self.clinic.client()
        table = hook.get(f"/{TENANT}/cds-services", base_url=STAFF).get_json()
        keys = [each for each in table["services"][0]["prefetch"] if each != "patient"]
        body = call(keys, course(values), encounter=encounter)
        body.pop("fhirServer", None)
        answer = self.hook(HOOK, body)
        assert answer.status_code == 200, answer.text
        found: list[Any] = answer.get_json()["cards"]
        return found

    def hook(self, path: str, body: object) -> TestResponse:
        return self.clinic.client().post(
            path,
            json=body,
            base_url=STAFF,
            headers={"Authorization": f"Bearer {CALLER.token()}"},
        )

    def page(self, values: list[object]) -> str:
        for place, query in enumerate(chart_queries(load_dialect("plain-r4"))):
            self.ehr.says(
                path_of(query), bundle(*(course(values) if not place else ()))
            )
        answer = self.browser.get(self.path, base_url=STAFF)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, page: str, *, reason: str = "", **other: Any) -> TestResponse:
        """The form beside the signal, whichever of the two it is."""
        [(path, token)] = FORM.findall(page)
        form = {"token": token, "reason": reason}
        browser = other.get("browser", self.browser)
        path = path.replace(self.path, other.get("path", self.path))
        return browser.post(path, data=form, base_url=STAFF, headers=OWN)

    def audited(self) -> list[tuple[str, str]]:
        return [
            (each.row.kind, each.row.actor)
            for each in self.clinic.vault.audit.entries()
            if each.row.kind.startswith("card.")
        ]


Start = Callable[..., Desk]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    ehr, opened = CannedEhr(), []
    ehr.says("Patient/p1", Canned(200, {"resourceType": "Patient", "id": "p1"}))

    def begin(plan: str = "") -> Desk:
        write_files(tmp_path, CALLER, plan=plan)
        file = tmp_path / "tenants.toml"
        file.write_text(file.read_text().replace(ISSUER, ehr.issuer))
        for name, value in environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        settings = Settings()  # type: ignore[call-arg]  # from the environment
        opened.append(create_app(read_installation(settings)))
        clinic = Clinic(opened[-1].app.extensions[EXTENSION], opened[-1].app)
        browser = clinic.client()
        return Desk(clinic, ehr, browser, clinic.launch(browser))

    yield begin
    for each in opened:
        each.vault.close()
    ehr.close()


def path_of(query: ChartQuery) -> str:
    told = query.search_parameters("p1").items()
    pairs = [
        f"{name}={each}"
        for name, value in told
        for each in (value if isinstance(value, tuple) else (value,))
    ]
    return f"{query.resource_type}?{'&'.join(pairs)}"


@pytest.mark.hazard("H15")
def test_what_is_set_aside_on_the_page_rests_until_it_is_worse(start: Start) -> None:
    desk = start()
    assert len(desk.cards(WORSE, encounter="e1")) == 1

    answer = desk.send(desk.page(WORSE), reason="expected-dip")

    assert answer.status_code == 303
    assert desk.cards(WORSE, encounter="e2") == []
    assert desk.cards([*WORSE, 21], encounter="e3") == []
    [card] = desk.cards([*WORSE, 22], encounter="e4")
    history = desk.clinic.vault.cards.known("p1")
    [logged] = [each for each in history.rows if each.row.uuid == card["uuid"]]
    [known] = before(logged, history).answers
    assert (known.reason, known.level) == ("expected-dip", "-7")


def test_it_is_the_answer_that_the_ehr_would_have_sent(start: Start) -> None:
    desk = start()
    [card] = desk.cards(WORSE, encounter="e1")

    desk.send(desk.page(WORSE), reason="external-event")

    [found] = desk.clinic.vault.cards.acknowledgements("p1")
    assert (found.card, found.outcome, found.reason) == (
        card["uuid"],
        "overridden",
        "external-event",
    )
    assert desk.audited() == [("card.answered", "Practitioner/1")]
    page = desk.page(WORSE)
    assert "Seen by Practitioner/1" in page and ": External event." in page


def test_the_same_form_sent_twice_is_one_answer(start: Start) -> None:
    desk = start()
    page = desk.page(WORSE)

    answers = [desk.send(page, reason="already-discussed") for _ in range(3)]

    assert [each.status_code for each in answers] == [303] * 3
    assert len(desk.clinic.vault.cards.acknowledgements("p1")) == 1
    assert len(desk.audited()) == 1


def test_what_was_never_a_card_can_be_set_aside_and_is_no_card_in_the_log(
    start: Start,
) -> None:
    desk = start()

    desk.send(desk.page(WORSE))

    [logged] = desk.clinic.vault.cards.known("p1").rows
    assert (logged.times, logged.row.served) == (0, False)
    assert desk.cards(WORSE, encounter="e1") == []


def test_what_is_taken_back_is_a_card_with_all_that_explains_it(start: Start) -> None:
    desk = start()
    desk.send(desk.page(WORSE))
    page = desk.page(WORSE)

    answers = [desk.send(page) for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 303]
    assert desk.audited()[1:] == [("card.answer-taken-back", "Practitioner/1")]
    [card] = desk.cards(WORSE, encounter="e1")
    kept = desk.clinic.vault.cards.explained(card["uuid"])
    assert kept.explanation is not None and kept.acknowledgements == ()
    assert (kept.logged.times, kept.logged.row.served) == (1, True)
    assert kept.logged.first_at == kept.logged.last_at


def test_what_was_answered_in_the_ehr_is_said_and_only_the_ehr_can_undo_it(
    start: Start,
) -> None:
    desk = start()
    [card] = desk.cards(WORSE, encounter="e1")
    at = datetime.now().astimezone().isoformat()
    reason = {"reason": {"code": "of-another-list", "system": "urn:x"}}
    entry = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": at}
    told = {"feedback": [entry | {"overrideReason": reason}]}
    assert desk.hook(f"{HOOK}/feedback", told).status_code == 200

    page = desk.page(WORSE)

    assert "Card answered in the EHR" in page
    assert "of-another-list" not in page
    assert FORM.findall(page) == []


@pytest.mark.hazard("H01")
def test_no_patient_no_other_chart_and_no_other_reason(start: Start) -> None:
    desk = start()
    page = desk.page(WORSE)
    patients, others = desk.clinic.client(), desk.clinic.client()
    own = desk.clinic.launch(patients, user="Patient/p1")
    other = desk.clinic.launch(others, patient="p2")

    by_patient = desk.send(page, browser=patients, path=own)
    elsewhere = desk.send(page, browser=others, path=other)
    made_up = desk.send(page, reason="I say so")

    assert (by_patient.status_code, elsewhere.status_code) == (403, 409)
    assert made_up.status_code == 403
    assert desk.audited() == []
    for patient in ("p1", "p2"):
        assert desk.clinic.vault.cards.acknowledgements(patient) == ()


@pytest.mark.parametrize("switch", ["speaking", "decision_support"])
def test_where_no_card_is_shown_there_is_nothing_to_set_aside(
    start: Start, switch: str
) -> None:
    plan = DEMO_PLAN.read_text(encoding="utf-8")
    desk = start(plan.replace(f"{switch} = true", f"{switch} = false"))

    assert "set-aside" not in desk.page(WORSE)


def test_the_page_gives_the_reasons_that_the_card_gives(start: Start) -> None:
    desk = start()
    [card] = desk.cards(WORSE, encounter="e1")
    page = desk.page(WORSE)

    for each in card["overrideReasons"]:
        assert f'<option value="{each["code"]}">{each["display"]}</option>' in page
    assert len(card["overrideReasons"]) == len(SET_ASIDE_REASONS)
