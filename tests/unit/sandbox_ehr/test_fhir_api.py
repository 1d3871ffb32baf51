"""The FHIR API behaves as R4 says, and says no where R4 says no."""

import pytest

from tests.unit.sandbox_ehr.fhir_words import issues_of, with_changed

DISPLAYED = ("resourceType", "status", "code", "subject", "valueQuantity")


def test_a_created_resource_is_read_back_with_its_version(worker, observation):
    made = worker.fhir("POST", "Observation", observation)

    assert made.status_code == 201
    assert made.headers["ETag"] == 'W/"1"'
    assert made.headers["Location"].endswith("/_history/1")
    read = worker.fhir("GET", f"Observation/{made.json['id']}")
    assert {k: read.json[k] for k in DISPLAYED} == {
        k: observation[k] for k in DISPLAYED
    }
    assert read.headers["ETag"] == 'W/"1"'
    assert read.headers["Content-Type"].startswith("application/fhir+json")


def test_decimals_keep_their_digits(worker, observation):
    text = worker.client.post(
        "/fhir/Observation",
        data='{"resourceType": "Observation", "status": "final",'
        ' "code": {"text": "x"}, "subject": {"reference": "Patient/marta"},'
        ' "valueQuantity": {"value": 7.10}}',
        headers={"Authorization": f"Bearer {worker.token}"},
        content_type="application/fhir+json",
    )

    read = worker.fhir("GET", f"Observation/{text.json['id']}")
    assert '"value":7.10' in read.get_data(as_text=True)


@pytest.mark.parametrize(
    ("prefer", "kind"),
    [
        ("return=minimal", None),
        ("return=representation", "Observation"),
        ("return=OperationOutcome", "OperationOutcome"),
    ],
)
def test_the_answer_to_a_create_is_as_preferred(worker, observation, prefer, kind):
    made = worker.fhir("POST", "Observation", observation, Prefer=prefer)

    body = made.get_json(silent=True)
    assert (body or {}).get("resourceType") == kind


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"status": None}, ("required", "Observation.status")),
        ({"status": "done"}, ("code-invalid", "Observation.status")),
        ({"code": None}, ("required", "Observation.code")),
        ({"score": 12}, ("structure", "Observation.score")),
        ({"category": {"text": "survey"}}, ("structure", "Observation.category")),
        ({"category": []}, ("structure", "Observation.category")),
        ({"valueInteger": 12}, ("structure", "Observation.valueQuantity")),
        (
            {"effectiveDateTime": "2026-02-30"},
            ("value", "Observation.effectiveDateTime"),
        ),
        (
            {"effectiveDateTime": "2026-02-27T10:40:00"},
            ("value", "Observation.effectiveDateTime"),
        ),
        (
            {"valueQuantity": {"value": "12"}},
            ("value", "Observation.valueQuantity.value"),
        ),
        (
            {"valueQuantity": {"points": 12}},
            ("structure", "Observation.valueQuantity.points"),
        ),
        (
            {"valueQuantity": {"value": 1, "code": "1"}},
            ("invariant", "Observation.valueQuantity"),
        ),
        ({"dataAbsentReason": {"text": "x"}}, ("invariant", "Observation")),
        (
            {"subject": {"reference": "Patient/nobody"}},
            ("not-found", "Observation.subject.reference"),
        ),
        (
            {"subject": {"reference": "Practitioner/okafor"}},
            ("structure", "Observation.subject.reference"),
        ),
        (
            {"subject": {"reference": "urn:uuid:1"}},
            ("not-found", "Observation.subject.reference"),
        ),
        ({"note": [{"text": ""}]}, ("value", "Observation.note[0].text")),
        (
            {"text": {"status": "generated", "div": "<div>x</div>"}},
            ("value", "Observation.text.div"),
        ),
    ],
)
def test_what_r4_forbids_is_refused_with_its_place(worker, observation, change, found):
    answer = worker.fhir("POST", "Observation", with_changed(observation, **change))

    assert answer.status_code == 422
    assert found in issues_of(answer)
    assert worker.fhir("GET", "Observation").json["total"] == 0


def test_a_questionnaire_with_the_same_link_id_twice_is_refused(worker):
    item = {"linkId": "1", "text": "How was it?", "type": "string"}

    answer = worker.fhir(
        "POST",
        "Questionnaire",
        {
            "resourceType": "Questionnaire",
            "status": "active",
            "item": [item, {"linkId": "2", "type": "group", "item": [item]}],
        },
    )

    assert answer.status_code == 422
    assert ("invariant", "Questionnaire.item[1].item[0].linkId") in issues_of(answer)


@pytest.mark.parametrize("status", ["final", "complete", ""])
def test_a_response_needs_a_status_of_its_own_list(worker, status):
    answer = worker.fhir(
        "POST",
        "QuestionnaireResponse",
        {"resourceType": "QuestionnaireResponse", "status": status},
    )

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b"\xff\xfe",
        b"[" * 9999,
        b'{"\\ud800": 1}',
    ],
)
def test_what_is_not_one_json_object_is_refused(worker, body):
    answer = worker.client.post(
        "/fhir/Observation",
        data=body,
        headers={"Authorization": f"Bearer {worker.token}"},
        content_type="application/fhir+json",
    )

    assert answer.status_code == 400
    assert issues_of(answer)


def test_another_media_type_is_refused(worker):
    answer = worker.client.post(
        "/fhir/Observation",
        data="<Observation/>",
        headers={"Authorization": f"Bearer {worker.token}"},
        content_type="application/fhir+xml",
    )

    assert answer.status_code == 415


def test_a_body_of_another_type_is_refused(worker, observation):
    answer = worker.fhir("POST", "QuestionnaireResponse", observation)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "Observation/none", 404),
        ("GET", "Observation/none/_history", 404),
        ("GET", "Medication", 404),
        ("GET", "nonsense", 404),
        ("DELETE", "Patient/marta", 405),
        ("PATCH", "Patient/marta", 405),
        ("GET", "Patient/marta/$everything", 405),
    ],
)
def test_what_is_not_there_is_an_operation_outcome(worker, method, path, status):
    answer = worker.fhir(method, path)

    assert answer.status_code == status
    assert issues_of(answer)


def test_an_update_makes_a_version_and_keeps_the_old_one(worker, observation):
    identity = worker.fhir("POST", "Observation", observation).json["id"]
    amended = with_changed(observation, id=identity, status="amended")

    answer = worker.fhir("PUT", f"Observation/{identity}", amended, If_Match='W/"1"')

    assert answer.status_code == 200
    assert answer.headers["ETag"] == 'W/"2"'
    old = worker.fhir("GET", f"Observation/{identity}/_history/1")
    assert old.json["status"] == "final"
    history = worker.fhir("GET", f"Observation/{identity}/_history").json
    assert [e["resource"]["status"] for e in history["entry"]] == ["amended", "final"]


def test_a_stale_if_match_changes_nothing(worker, observation):
    identity = worker.fhir("POST", "Observation", observation).json["id"]
    body = with_changed(observation, id=identity)
    worker.fhir("PUT", f"Observation/{identity}", body, If_Match='W/"1"')

    stale = worker.fhir(
        "PUT",
        f"Observation/{identity}",
        with_changed(body, status="amended"),
        If_Match='W/"1"',
    )

    assert stale.status_code == 412
    assert worker.fhir("GET", f"Observation/{identity}").json["status"] == "final"


def test_an_update_needs_the_same_id_in_url_and_body(worker, observation):
    answer = worker.fhir("PUT", "Observation/a", with_changed(observation, id="b"))

    assert answer.status_code == 400


def test_an_id_outside_the_pattern_is_refused(worker, observation):
    answer = worker.fhir("PUT", "Observation/a_b", with_changed(observation, id="a_b"))

    assert answer.status_code == 400


def test_a_conditional_create_stores_once(worker, observation):
    condition = "identifier=urn:x|one"

    first = worker.fhir("POST", "Observation", observation, If_None_Exist=condition)
    second = worker.fhir("POST", "Observation", observation, If_None_Exist=condition)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["id"] == second.json["id"]
    assert worker.fhir("GET", "Observation").json["total"] == 1


def test_a_conditional_create_that_matches_several_is_refused(worker, observation):
    worker.fhir("POST", "Observation", observation)
    worker.fhir("POST", "Observation", observation)

    answer = worker.fhir(
        "POST", "Observation", observation, If_None_Exist="identifier=urn:x|one"
    )

    assert answer.status_code == 412
    assert worker.fhir("GET", "Observation").json["total"] == 2


@pytest.mark.parametrize("condition", ["", "colour=red", "_count=1"])
def test_a_condition_that_says_nothing_is_refused(worker, observation, condition):
    answer = worker.fhir("POST", "Observation", observation, If_None_Exist=condition)

    assert answer.status_code == 400


def test_the_server_says_what_it_can_without_a_token(app):
    statement = app.client.get("/fhir/metadata").json

    assert statement["fhirVersion"] == "4.0.1"
    kinds = {each["type"]: each for each in statement["rest"][0]["resource"]}
    assert kinds["Observation"]["conditionalCreate"] is True
    names = {each["name"] for each in kinds["QuestionnaireResponse"]["searchParam"]}
    assert {"questionnaire", "authored", "patient", "identifier"} <= names


def test_without_a_token_nothing_is_shown(app):
    answer = app.client.get("/fhir/Patient/marta")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert issues_of(answer)


def test_an_expired_token_is_refused(worker, clock):
    clock.forward(seconds=301)

    answer = worker.fhir("GET", "Patient/marta")

    assert answer.status_code == 401
    assert "invalid_token" in answer.headers["WWW-Authenticate"]
