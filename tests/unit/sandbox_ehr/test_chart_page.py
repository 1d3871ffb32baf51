"""The chart shows what the record and decision support say, and opens the app."""

import json
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from joserfc import jwt
from joserfc.jwk import KeySet

from sandbox_ehr.app import create_app
from tests.unit.sandbox_ehr.conftest import BASE, CHALLENGE, FHIR, REDIRECT, callback

CDS = "http://cds.example/sandbox"
SERVICE = f"{CDS}/cds-services/progress"
CARD = {
    "uuid": "c-1",
    "summary": "Worse than at the start by more than measurement error",
    "indicator": "warning",
    "detail": "From **12** to **19**.\n\n- <b>raw</b>\n- second",
    "source": {"label": "ROM on FHIR"},
    "links": [
        {
            "label": "Look together",
            "type": "smart",
            "url": "http://app.example/launch/sandbox",
            "appContext": "opaque-7",
        }
    ],
    "overrideReasons": [
        {"code": "already-discussed", "system": "urn:r", "display": "Already discussed"}
    ],
}
DISCOVERY = {
    "services": [
        {
            "hook": "patient-view",
            "id": "progress",
            "title": "Progress",
            "description": "Progress",
            "prefetch": {
                "patient": "Patient/{{context.patientId}}",
                "scores": "Observation?patient={{context.patientId}}&category=survey",
                "user": "{{context.userId}}",
                "unknown": "Patient/{{userPatientId}}",
            },
        },
        {"hook": "order-sign", "id": "other", "description": "not for this page"},
    ]
}


@pytest.fixture
def ehr(config):
    two = ("amina", "bartholomew")
    return create_app(replace(config, seed=True, patients=two, cds_base_url=CDS))


@pytest.fixture
def browser(ehr):
    return ehr.test_client()


@pytest.fixture
def service():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{CDS}/cds-services", json=DISCOVERY)
        mock.post(SERVICE, json={"cards": [CARD]})
        mock.post(f"{SERVICE}/feedback", status=200)
        yield mock


def asked(service, url=SERVICE):
    return [call.request for call in service.calls if call.request.url == url]


def opened(browser, patient="amina"):
    answer = browser.post(f"/patients/{patient}/open")
    assert answer.status_code == 303
    return answer.location


def visit_of(location):
    return parse_qs(urlsplit(location).query)["visit"][0]


def test_the_list_names_every_patient(browser):
    page = unescape(browser.get("/").get_data(as_text=True))

    for name in ("Amina Saltmarsh", "Bartholomew Inkling"):
        assert name in page


def test_opening_a_chart_starts_a_visit_and_reloading_keeps_it(browser, service):
    first = opened(browser)
    browser.get(first)
    browser.get(first)
    contexts = [json.loads(each.body)["context"] for each in asked(service)]

    second = opened(browser)

    assert {each["encounterId"] for each in contexts} == {visit_of(first)}
    assert visit_of(second) != visit_of(first)


def test_one_visit_is_in_progress_at_a_time(browser, app):
    opened(browser)
    latest = visit_of(opened(browser))

    found = app.as_worker("system/Encounter.rs").fhir(
        "GET", "Encounter?patient=amina&status=in-progress"
    )

    assert [e["resource"]["id"] for e in found.json["entry"]] == [latest]


def test_an_unknown_patient_is_not_found(browser):
    assert browser.get("/patients/nobody").status_code == 404
    assert browser.post("/patients/nobody/open").status_code == 404


def test_a_card_is_shown_with_its_words_and_without_its_html(browser, service):
    page = browser.get(opened(browser)).get_data(as_text=True)

    assert 'data-card="c-1"' in page
    assert "Please look" in page
    assert CARD["summary"] in page
    assert "<strong>19</strong>" in page
    assert "&lt;b&gt;raw&lt;/b&gt;" in page
    assert "<b>raw" not in page
    assert "Already discussed" in page


def test_decision_support_is_asked_in_the_readers_language(browser, service):
    browser.get(opened(browser), headers={"Accept-Language": "de-CH,de;q=0.9"})

    assert asked(service)[0].headers["Accept-Language"] == "de-CH,de;q=0.9"


def test_the_hook_call_is_what_the_specification_says(browser, service):
    browser.get(opened(browser))

    request = asked(service)[0]
    body = json.loads(request.body)

    assert body["hook"] == "patient-view"
    assert body["context"]["userId"] == "Practitioner/okafor"
    assert body["context"]["patientId"] == "amina"
    assert body["prefetch"].keys() == {"patient", "scores", "user"}
    assert body["prefetch"]["patient"]["id"] == "amina"
    assert body["prefetch"]["scores"]["total"] == 10
    assert body["fhirServer"] == FHIR
    assert body["fhirAuthorization"]["token_type"] == "Bearer"
    assert body["fhirAuthorization"]["patient"] == "amina"


def test_the_hook_call_is_signed_for_its_service(browser, service, clock):
    browser.get(opened(browser))
    browser.get(opened(browser))

    keys = KeySet.import_key_set(browser.get("/jwks").json)
    tokens = [
        jwt.decode(
            each.headers["Authorization"].removeprefix("Bearer "),
            keys,
            algorithms=["ES384"],
        )
        for each in asked(service)
    ]

    claims = tokens[0].claims
    assert claims["iss"] == BASE
    assert claims["aud"] == SERVICE
    assert claims["exp"] - claims["iat"] == 300
    assert tokens[0].header["jku"] == f"{BASE}/jwks"
    assert tokens[0].claims["jti"] != tokens[1].claims["jti"]


def test_the_hooks_token_reads_the_record_and_nothing_else(browser, service, app):
    browser.get(opened(browser))
    access = json.loads(asked(service)[0].body)["fhirAuthorization"]["access_token"]

    caller = app.with_token(access)

    assert caller.fhir("GET", "Observation?patient=amina").status_code == 200
    assert caller.fhir("POST", "Observation", {}).status_code == 403


def test_without_fhir_access_the_hook_has_prefetch_alone(config, service):
    ehr = create_app(
        replace(
            config,
            seed=True,
            patients=("amina",),
            cds_base_url=CDS,
            hook_fhir_access=False,
        )
    )
    browser = ehr.test_client()

    browser.get(opened(browser))

    body = json.loads(asked(service)[0].body)
    assert "fhirServer" not in body
    assert "fhirAuthorization" not in body


def test_dismissing_a_card_tells_the_service_why(browser, service, clock):
    location = opened(browser)
    browser.get(location)
    form = {"visit": visit_of(location), "reason": "already-discussed", "comment": ""}

    answer = browser.post("/patients/amina/cards/c-1/dismiss", data=form)
    page = browser.get(answer.location).get_data(as_text=True)

    feedback = json.loads(asked(service, f"{SERVICE}/feedback")[0].body)["feedback"]
    assert feedback == [
        {
            "card": "c-1",
            "outcome": "overridden",
            "outcomeTimestamp": "2026-03-02T09:00:00.000Z",
            "overrideReason": {"reason": CARD["overrideReasons"][0]},
        }
    ]
    assert 'data-card="c-1"' not in page
    assert "Dismissed (Already discussed)." in page


def test_a_suggestion_is_carried_out_and_reported(browser, service, app):
    task = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "proposal",
        "for": {"reference": "Patient/amina"},
    }
    action = {"type": "create", "description": "Plan review", "resource": task}
    card = CARD | {
        "selectionBehavior": "any",
        "suggestions": [{"uuid": "s-1", "label": "Plan a review", "actions": [action]}],
    }
    service.replace(responses.POST, SERVICE, json={"cards": [card]})
    location = opened(browser)
    browser.get(location)

    form = {"visit": visit_of(location), "suggestion": "s-1"}
    browser.post("/patients/amina/cards/c-1/accept", data=form)

    tasks = app.as_worker("system/Task.rs").fhir("GET", "Task?patient=amina")
    assert tasks.json["total"] == 1
    feedback = json.loads(asked(service, f"{SERVICE}/feedback")[0].body)["feedback"]
    assert feedback[0]["outcome"] == "accepted"
    assert feedback[0]["acceptedSuggestions"] == [{"id": "s-1"}]


def test_a_card_without_uuid_cannot_be_dismissed(browser, service):
    card = {key: value for key, value in CARD.items() if key != "uuid"}
    service.replace(responses.POST, SERVICE, json={"cards": [card]})

    page = browser.get(opened(browser)).get_data(as_text=True)

    assert CARD["summary"] in page
    assert "data-card-dismiss" not in page


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ({"status": 503}, "answered 503"),
        ({"body": b"<html>"}, "gave no valid answer"),
        ({"json": {}}, "gave no valid answer"),
        ({"json": {"cards": "none"}}, "gave no valid answer"),
        ({"json": {"cards": [CARD | {"summary": "x" * 140}]}}, "card.summary"),
        ({"json": {"cards": [CARD | {"indicator": "red"}]}}, "card.indicator"),
        ({"json": {"cards": [CARD | {"links": []}]}}, "card.links"),
        ({"json": {"cards": [CARD | {"source": {"url": "x"}}]}}, "card.source.label"),
    ],
)
def test_the_chart_stands_when_decision_support_fails(browser, service, failure, words):
    service.replace(responses.POST, SERVICE, **failure)

    answer = browser.get(opened(browser))

    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Decision support is not available" in page
    assert words in page
    assert "amina-s5-phq-9-total" in page


def test_the_chart_stands_when_decision_support_is_down(browser):
    with responses.RequestsMock():  # nothing answers: every connection fails
        page = browser.get(opened(browser)).get_data(as_text=True)

    assert "cannot be reached" in page


def test_the_record_lists_the_newest_first(browser, service):
    page = browser.get(opened(browser)).get_data(as_text=True)

    places = [
        page.index(f'data-resource="Observation/amina-s{n}-phq-9-total"')
        for n in (5, 4, 3, 2, 1)
    ]
    assert places == sorted(places)
    assert 'data-resource="QuestionnaireResponse/amina-s5-phq-9"' in page


def test_a_record_with_unreadable_entries_is_still_shown(browser, service):
    page = browser.get(opened(browser, "bartholomew")).get_data(as_text=True)

    assert "no date" in page
    assert "2026-13-02T10:00:00Z" in page


def test_the_app_is_launched_for_this_patient_and_visit(browser, app):
    location = opened(browser)
    form = {
        "visit": visit_of(location),
        "url": "http://app.example/launch/sandbox",
        "app_context": "opaque-7",
    }

    launched = browser.post("/patients/amina/launch", data=form)
    query = parse_qs(urlsplit(launched.location).query)
    returned = callback(
        app.authorize(scope="launch openid user/Patient.rs", launch=query["launch"][0])
    )
    token = app.exchange(returned["code"]).json

    assert launched.location.startswith("http://app.example/launch/sandbox?")
    assert query["iss"] == [FHIR]
    assert token["patient"] == "amina"
    assert token["encounter"] == visit_of(location)
    assert token["appContext"] == "opaque-7"
    assert token["need_patient_banner"] is False


def test_a_launch_id_is_good_once(browser, app):
    launched = browser.post("/patients/amina/launch", data={})
    launch = parse_qs(urlsplit(launched.location).query)["launch"][0]
    wanted = {"scope": "launch user/Patient.rs", "launch": launch}

    first = callback(app.authorize(**wanted))
    second = callback(app.authorize(**wanted))

    assert "code" in first
    assert second["error"] == "invalid_request"


def test_a_launch_may_be_asked_for_by_post(browser, app):
    launched = browser.post("/patients/amina/launch", data={})
    launch = parse_qs(urlsplit(launched.location).query)["launch"][0]

    answer = app.client.post(
        "/authorize",
        data={
            "response_type": "code",
            "client_id": "app",
            "redirect_uri": REDIRECT,
            "scope": "launch user/Patient.rs",
            "state": "s",
            "aud": FHIR,
            "launch": launch,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        },
    )

    assert "code" in callback(answer)


def test_only_the_registered_app_is_launched(browser):
    form = {"url": "http://evil.example/launch"}

    assert browser.post("/patients/amina/launch", data=form).status_code == 400


def test_the_page_frames_the_app_and_nobody_frames_the_page(browser, service):
    policy = browser.get(opened(browser)).headers["Content-Security-Policy"]

    assert "frame-src 'self' http://app.example;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


def test_another_site_cannot_start_a_visit(browser):
    answer = browser.post(
        "/patients/amina/open", headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert answer.status_code == 403
