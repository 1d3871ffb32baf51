"""The patient-view service, over the whole application."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest

from clinical.plan import DEMO_PLAN
from tests.hook_calls import ALLIANCE, AUDIENCE, PHQ_9, bundle, call, course, score
from tests.shared_material import shared
from tests.unit.cds_hooks.conftest import PATH, Service

WORSE: list[object] = [12, 13, 15, 18, 19]
BETTER: list[object] = [18, 16, 14, 12, 11]


def plan_with(old: str, new: str) -> str:
    text = DEMO_PLAN.read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new)


def empty_members(value: object, place: str = "$") -> list[str]:
    """Where null, "", [] or {} stand; only an empty list of cards may."""
    if value in (None, "", [], {}):
        return [place]
    if isinstance(value, dict):
        return [x for k, v in value.items() for x in empty_members(v, f"{place}.{k}")]
    if isinstance(value, list):
        return [
            x for n, v in enumerate(value) for x in empty_members(v, f"{place}[{n}]")
        ]
    return []


@pytest.mark.req("CH-01", "CH-02", "CH-04", "CH-14")
def test_discovery_is_open_and_holds_nothing_empty(service: Service) -> None:
    table = service.get("/cds-services").get_json()

    [found] = table["services"]
    assert (found["hook"], found["id"]) == ("patient-view", "progress")
    assert found["prefetch"]["patient"] == "Patient/{{context.patientId}}"
    assert empty_members(table) == []


@pytest.mark.req("CH-30")
def test_a_patient_on_track_gets_no_card(service: Service) -> None:
    assert service.cards(course(BETTER)) == []


@pytest.mark.req("CH-31", "CH-32", "CH-33", "CH-35", "CH-38", "CH-39")
def test_a_card_says_what_is_worse_and_where_to_look(service: Service) -> None:
    [card] = service.cards(course(WORSE))

    assert card["summary"].startswith("PHQ-9 is worse than at the start")
    assert len(card["summary"]) < 140
    assert card["indicator"] == "warning"
    assert card["source"]["label"] and card["source"]["url"].startswith("https://")
    assert card["links"] == [
        {
            "label": "Open the graph",
            "url": "http://localhost:8702/launch/clinic",
            "type": "smart",
            "appContext": card["uuid"],
        }
    ]
    assert all(
        set(each) == {"code", "system", "display"} for each in card["overrideReasons"]
    )
    assert 0 < len(card["overrideReasons"]) <= 8
    assert "<" not in card["detail"] and "|" not in card["detail"]
    assert empty_members(card) == []


def test_a_fall_of_the_alliance_is_a_card(service: Service) -> None:
    [card] = service.cards(course([13, 14, 13, 14, 14, 7], coding=ALLIANCE))

    assert card["summary"].startswith("Alliance rating is far below")


@pytest.mark.hazard("H15")
def test_a_thousand_openings_without_new_data_show_one_card(service: Service) -> None:
    shown = [len(service.cards(course(WORSE))) for _ in range(1000)]

    assert sum(shown) == 1 and shown[0] == 1


def test_a_new_visit_shows_the_card_again(service: Service) -> None:
    first = service.cards(course(WORSE), encounter="e1")
    second = service.cards(course(WORSE), encounter="e2")

    assert len(first) == len(second) == 1
    assert first[0]["uuid"] != second[0]["uuid"]


def test_until_acknowledged_keeps_its_id_and_goes_when_answered(
    service: Service,
) -> None:
    service.restart(plan_with('"once_per_encounter"', '"until_acknowledged"'))
    [first] = service.cards(course(WORSE), encounter="e1")
    [second] = service.cards(course(WORSE), encounter="e2")
    assert first["uuid"] == second["uuid"]

    answer = service.post(feedback(first["uuid"]), path=f"{PATH}/feedback")

    assert answer.status_code == 200
    assert service.cards(course(WORSE), encounter="e3") == []


def test_silent_mode_says_nothing_and_logs_what_it_would_have_said(
    service: Service,
) -> None:
    service.restart(plan_with("speaking = true", "speaking = false"))

    assert service.cards(course(WORSE)) == []

    [logged] = service.running.vault.for_tenant("clinic").cards.known("p1").rows
    assert logged.row.rule == "S2" and not logged.row.served


def test_recording_only_makes_no_card(service: Service) -> None:
    service.restart(plan_with("decision_support = true", "decision_support = false"))

    assert service.cards(course(WORSE)) == []


@pytest.mark.parametrize("user", ["Patient/p1", "RelatedPerson/r1"])
@pytest.mark.req("CH-21")
def test_a_patient_or_carer_gets_no_clinicians_card(
    service: Service, user: str
) -> None:
    body = call(service.keys, course(WORSE))
    body["context"]["userId"] = user

    assert service.post(body).get_json() == {"cards": []}


@pytest.mark.req("CH-15", "CH-16")
def test_what_was_not_sent_and_cannot_be_asked_is_missing(service: Service) -> None:
    body = call(service.keys, course(WORSE))
    del body["prefetch"][service.keys[0]]

    answer = service.post(body)

    assert answer.status_code == 412
    assert answer.get_json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("sent", [None, bundle()])
@pytest.mark.req("CH-15")
def test_null_and_an_empty_bundle_are_answers(service: Service, sent: Any) -> None:
    body = call(service.keys, [])
    body["prefetch"][service.keys[0]] = sent

    assert service.post(body).get_json() == {"cards": []}


@pytest.mark.req("CH-15")
def test_an_outcome_instead_of_data_is_no_answer(service: Service) -> None:
    body = call(service.keys, [])
    body["prefetch"][service.keys[0]] = {
        "resourceType": "OperationOutcome",
        "issue": [],
    }

    assert service.post(body).status_code == 412


@pytest.mark.req("CH-17")
@pytest.mark.hazard("H01")
def test_another_patients_scores_raise_nothing(service: Service) -> None:
    assert service.cards(course(WORSE, patient="somebody-else")) == []


def test_one_odd_entry_costs_only_itself(service: Service) -> None:
    odd = score(
        PHQ_9, 19, on=__import__("datetime").date.today(), patient="p1", number=99
    )
    odd["valueQuantity"] = "nineteen"

    [card] = service.cards([*course(WORSE), odd])

    assert "1 entry in the record could not be read" in card["detail"]


def feedback(card: str, **extra: Any) -> dict[str, Any]:
    return {
        "feedback": [
            {
                "card": card,
                "outcome": "overridden",
                "overrideReason": {"reason": {"code": "expected-dip", "system": "x"}},
                "outcomeTimestamp": "2026-11-24T10:00:00Z",
            }
            | extra
        ]
    }


@pytest.mark.req("CH-45")
def test_feedback_twice_is_one_and_an_unknown_card_is_tolerated(
    service: Service,
) -> None:
    [card] = service.cards(course(WORSE))
    for _ in range(2):
        sent = service.post(feedback(card["uuid"]), path=f"{PATH}/feedback")
        assert sent.status_code == 200
    unknown = service.post(feedback(str(uuid4())), path=f"{PATH}/feedback")

    cards = service.running.vault.for_tenant("clinic").cards
    assert unknown.status_code == 200
    assert len(cards.acknowledgements("p1")) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"feedback": []}, {"feedback": "x"}, feedback("no-uuid"), feedback("x" * 99)],
)
def test_malformed_feedback_stores_nothing(service: Service, body: Any) -> None:
    assert service.post(body, path=f"{PATH}/feedback").status_code == 400


def forgeries(service: Service) -> dict[str, str]:
    """Tokens that must not be believed, one broken thing each."""
    good, now = service.caller.token, int(time.time())
    head, claims, signature = good().split(".")
    return {
        "none at all": "",
        "no token": "not.a.token",
        "unsigned": f"{head}.{claims}.",
        "other claims": f"{head}.{good(iss='https://evil.example').split('.')[1]}.{signature}",
        "other issuer": good(iss="https://evil.example"),
        "other audience": good(aud="https://evil.example"),
        "several audiences": good(aud=[AUDIENCE, "https://evil.example"]),
        "expired": good(iat=now - 900, exp=now - 700),
        "from the future": good(iat=now + 900, exp=now + 1000),
        "too long a life": good(exp=now + 4000),
        "no id": good(jti=None),
        "no expiry": good(exp=None),
        "no issue time": good(iat=None),
        "absurd expiry": good(exp=10**300),
        "text as expiry": good(exp="tomorrow"),
        "PS384": service.caller.token("RS384").replace("eyJ", "eyK", 1),
        "huge": good(extra="x" * 20_000),
    }


@pytest.mark.req("CH-50", "CH-51", "CH-52", "CH-54", "CH-55")
def test_no_forged_token_is_believed_and_none_learns_why(service: Service) -> None:
    body = call(service.keys, course(WORSE))
    answers = {
        name: service.post(body, token=token)
        for name, token in forgeries(service).items()
    }

    assert len(answers) >= 12
    assert {name: each.status_code for name, each in answers.items()} == dict.fromkeys(
        answers, 401
    )
    assert len({each.data for each in answers.values()}) == 1
    assert len(service.cards(course(WORSE))) == 1, "the good twin is believed"


@pytest.mark.req("CH-55")
def test_a_token_is_good_once_also_after_a_restart(service: Service) -> None:
    token, body = service.caller.token(), call(service.keys, course(WORSE))
    assert service.post(body, token=token).status_code == 200

    assert service.post(body, token=token).status_code == 401
    service.restart()
    assert service.post(body, token=token).status_code == 401


@pytest.mark.req("CH-58")
def test_only_listed_origins_may_call_from_a_browser(service: Service) -> None:
    listed = service.get("/cds-services", headers={"Origin": "https://cds.example"})
    other = service.get("/cds-services", headers={"Origin": "https://evil.example"})

    name = "Access-Control-Allow-Origin"
    assert listed.headers[name] == "https://cds.example"
    assert name not in other.headers


@pytest.mark.parametrize(
    "change",
    [
        {"hook": "order-sign"},
        {"hook": 7},
        {"hookInstance": "no-uuid"},
        {"context": None},
        {"context": {"userId": "Practitioner/1"}},
        {"context": {"userId": "1", "patientId": "p1"}},
        {"context": {"userId": "Practitioner/1", "patientId": "Patient/p1"}},
        {"context": {"userId": "Practitioner/1", "patientId": "../p1"}},
        {"fhirServer": "https://evil.example/fhir"},
        {"prefetch": "x"},
        {"fhirAuthorization": {"access_token": "t"}},
    ],
)
def test_a_malformed_call_is_a_clear_400(service: Service, change: Any) -> None:
    answer = service.post(call(service.keys, course(WORSE)) | change)

    assert answer.status_code == 400
    assert "malformed at" in answer.get_json()["issue"][0]["diagnostics"]


def test_other_tenants_methods_types_and_sizes_are_refused(service: Service) -> None:
    assert service.post({}, path="/nobody/cds-services/progress").status_code == 404
    assert service.get("/cds-services/progress").status_code == 405
    assert service.post(b"<a/>", content_type="text/xml").status_code == 415
    assert service.post(b" " * 4_000_001).status_code == 413
    assert service.post(b"[" * 100_000).status_code == 400


def test_no_broken_json_brings_the_service_down(service: Service) -> None:
    files = sorted(shared("corpora/JSONTestSuite/test_parsing").glob("*.json"))
    whole = json.dumps(call(service.keys, course(WORSE))).encode()
    statuses = []
    for file in files:
        text = file.read_bytes()
        statuses.append(service.post(text).status_code)
        planted = whole.replace(b'"nineteen"', b"") + text
        statuses.append(service.post(planted).status_code)
        statuses.append(service.post(text, path=f"{PATH}/feedback").status_code)

    assert len(files) > 300
    assert max(statuses) < 500


@pytest.mark.parametrize(
    "folder",
    ["spec/fhir-examples", "spec/us-core/9.0.0/examples", "corpora/fhir-test-cases"],
)
def test_official_resources_are_read_or_reported_never_a_crash(
    service: Service, folder: str
) -> None:
    files = sorted(shared(folder).rglob("*.json"))
    statuses = []
    for file in files:
        whole = json.dumps(call(service.keys, [{"planted": 1}])).encode()
        body = whole.replace(b'{"planted": 1}', file.read_bytes())
        statuses.append(service.post(body).status_code)

    assert len(files) > 10
    assert max(statuses) < 500
    assert statuses.count(200) > len(files) // 2
