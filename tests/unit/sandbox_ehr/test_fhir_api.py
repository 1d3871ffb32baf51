"""The sandbox's FHIR API behaves as R4 says, and says no where R4 says no."""

import copy
from urllib.parse import urlencode

import pytest

DISPLAYED = ("resourceType", "status", "code", "subject", "valueQuantity")


def issues_of(answer):
    assert answer.json["resourceType"] == "OperationOutcome", answer.json
    return [
        (each["code"], each.get("expression", [""])[-1])
        for each in answer.json["issue"]
    ]


def ids_of(bundle):
    return [
        e["resource"]["id"]
        for e in bundle.get("entry", [])
        if e["search"]["mode"] == "match"
    ]


def with_changed(resource, **changes):
    changed = copy.deepcopy(resource) | changes
    return {key: value for key, value in changed.items() if value is not None}


def several(worker, observation, number):
    """That many Observations of marta, one a day."""
    for day in range(1, number + 1):
        made = worker.fhir(
            "PUT",
            f"Observation/o{day}",
            with_changed(
                observation,
                id=f"o{day}",
                effectiveDateTime=f"2026-01-{day:02}T10:00:00Z",
                identifier=[{"system": "urn:x", "value": f"id-{day}"}],
            ),
        )
        assert made.status_code == 201


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
    [b"", b"[]", b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff\xfe", b"[" * 9999],
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


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("patient=marta", 3),
        ("patient=Patient/marta", 3),
        ("patient=jonas", 0),
        ("subject=Patient/marta", 3),
        ("category=survey", 3),
        (
            "category=http://terminology.hl7.org/CodeSystem/observation-category|survey",
            3,
        ),
        ("category=vital-signs", 0),
        ("code=http://loinc.org|44261-6", 3),
        ("code=urn:other|44261-6", 0),
        ("code=44261-6,70274-6", 3),
        ("code:not=44261-6", 0),
        ("date=2026-01-02", 1),
        ("date=ge2026-01-02", 2),
        ("date=gt2026-01-02", 1),
        ("date=ge2026-01-02&date=lt2026-01-03", 1),
        ("date=2026-01", 3),
        ("date=lt2026-01-01", 0),
        ("identifier=urn:x|id-2", 1),
        ("identifier=id-2", 1),
        ("identifier=urn:y|id-2", 0),
        ("_id=o1,o3", 2),
        ("status=final", 3),
        ("status=amended", 0),
        ("_lastUpdated=ge2026-03-02", 3),
        ("_lastUpdated=lt2026-03-02", 0),
        ("encounter=e1", 0),
        ("encounter:missing=true", 3),
        ("derived-from=QuestionnaireResponse/q1", 0),
    ],
)
def test_a_search_finds_what_it_says(worker, observation, query, expected):
    several(worker, observation, 3)

    by_get = worker.fhir("GET", f"Observation?{query}")
    by_post = worker.client.post(
        "/fhir/Observation/_search",
        data=query,
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Bearer {worker.token}"},
    )

    assert by_get.status_code == 200, by_get.json
    assert by_get.json["total"] == len(ids_of(by_get.json)) == expected
    assert ids_of(by_post.json) == ids_of(by_get.json)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name=wind", ["marta"]),
        ("family=WINDRÜSH".replace("Ü", "U"), ["marta"]),
        ("name=rush", []),
        ("name:contains=rush", ["marta"]),
        ("_id=jonas", ["jonas"]),
        ("active=true", []),
    ],
)
def test_patients_are_found_by_name(worker, query, expected):
    assert ids_of(worker.fhir("GET", f"Patient?{query}").json) == expected


def test_pages_are_opaque_and_complete_and_in_order(worker, observation):
    several(worker, observation, 7)

    page = worker.fhir("GET", "Observation?patient=marta&_sort=-date&_count=3").json
    seen, pages = ids_of(page), 1
    while links := [each["url"] for each in page["link"] if each["relation"] == "next"]:
        assert "_page=" in links[0]
        assert "marta" not in links[0]
        page = worker.fhir("GET", links[0]).json
        seen += ids_of(page)
        pages += 1

    assert seen == ["o7", "o6", "o5", "o4", "o3", "o2", "o1"]
    assert pages == 3


def test_what_is_written_meanwhile_does_not_shift_the_pages(worker, observation):
    several(worker, observation, 4)
    page = worker.fhir("GET", "Observation?_sort=-date&_count=2").json
    late = with_changed(observation, effectiveDateTime="2026-02-01")
    worker.fhir("POST", "Observation", late)

    following = next(e["url"] for e in page["link"] if e["relation"] == "next")

    assert ids_of(worker.fhir("GET", following).json) == ["o2", "o1"]


def test_a_page_belongs_to_who_searched(app, worker, observation):
    several(worker, observation, 3)
    page = worker.fhir("GET", "Observation?_count=1").json
    following = next(e["url"] for e in page["link"] if e["relation"] == "next")
    other = app.with_token(app.standalone("user/Observation.rs")["access_token"])

    assert other.fhir("GET", following).status_code == 410
    assert app.fhir("GET", following).status_code == 401


def test_an_unknown_parameter_is_told_or_refused(worker):
    lenient = worker.fhir("GET", "Observation?colour=red")
    strict = worker.fhir("GET", "Observation?colour=red", Prefer="handling=strict")

    outcome = lenient.json["entry"][-1]
    assert outcome["search"]["mode"] == "outcome"
    assert outcome["resource"]["issue"][0]["severity"] == "warning"
    assert "colour" not in lenient.json["link"][0]["url"]
    assert strict.status_code == 400
    assert issues_of(strict)


@pytest.mark.parametrize(
    "query", ["date=yesterday", "code:above=1", "_count=many", "code="]
)
def test_a_search_that_cannot_be_meant_is_refused(worker, observation, query):
    several(worker, observation, 1)

    assert worker.fhir("GET", f"Observation?{query}").status_code == 400


def response_and_score(observation):
    response = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "identifier": {"system": "urn:x", "value": "qr"},
        "subject": {"reference": "Patient/marta"},
    }
    score = with_changed(observation, derivedFrom=[{"reference": "urn:uuid:qr-1"}])
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": "urn:uuid:obs-1",
                "resource": score,
                "request": {
                    "method": "POST",
                    "url": "Observation",
                    "ifNoneExist": "identifier=urn:x|one",
                },
            },
            {
                "fullUrl": "urn:uuid:qr-1",
                "resource": response,
                "request": {
                    "method": "POST",
                    "url": "QuestionnaireResponse",
                    "ifNoneExist": "identifier=urn:x|qr",
                },
            },
        ],
    }


def test_a_transaction_rewrites_its_references(worker, observation):
    answer = worker.fhir("POST", "", response_and_score(observation))

    assert answer.status_code == 200
    statuses = [each["response"]["status"] for each in answer.json["entry"]]
    assert statuses == ["201 Created", "201 Created"]
    response = worker.fhir("GET", "QuestionnaireResponse").json["entry"][0]["resource"]
    score = worker.fhir("GET", "Observation").json["entry"][0]["resource"]
    assert score["derivedFrom"] == [
        {"reference": f"QuestionnaireResponse/{response['id']}"}
    ]


def test_a_transaction_sent_twice_stores_once(worker, observation):
    worker.fhir("POST", "", response_and_score(observation))
    again = worker.fhir("POST", "", response_and_score(observation))

    assert {e["response"]["status"] for e in again.json["entry"]} == {"200 OK"}
    assert worker.fhir("GET", "Observation").json["total"] == 1
    assert worker.fhir("GET", "QuestionnaireResponse").json["total"] == 1


@pytest.mark.parametrize(
    ("entry", "change", "status"),
    [
        (1, {"status": "done"}, 422),
        (1, {"subject": {"reference": "Patient/nobody"}}, 422),
        (0, {"derivedFrom": [{"reference": "urn:uuid:none"}]}, 422),
    ],
)
def test_one_fault_undoes_a_whole_transaction(
    worker, observation, entry, change, status
):
    bundle = response_and_score(observation)
    bundle["entry"][entry]["resource"] |= change

    answer = worker.fhir("POST", "", bundle)

    assert answer.status_code == status
    assert answer.json["issue"][0]["expression"][0] == f"Bundle.entry[{entry}]"
    assert worker.fhir("GET", "Observation").json["total"] == 0
    assert worker.fhir("GET", "QuestionnaireResponse").json["total"] == 0


def test_a_stale_update_undoes_a_whole_transaction(worker, observation):
    several(worker, observation, 1)
    bundle = response_and_score(observation)
    bundle["entry"].append(
        {
            "resource": with_changed(observation, id="o1"),
            "request": {"method": "PUT", "url": "Observation/o1", "ifMatch": 'W/"9"'},
        }
    )

    answer = worker.fhir("POST", "", bundle)

    assert answer.status_code == 412
    assert worker.fhir("GET", "QuestionnaireResponse").json["total"] == 0


def test_in_a_batch_each_entry_stands_alone(worker, observation):
    answer = worker.fhir(
        "POST",
        "",
        {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [
                {
                    "resource": with_changed(observation, status=None),
                    "request": {"method": "POST", "url": "Observation"},
                },
                {
                    "resource": observation,
                    "request": {"method": "POST", "url": "Observation"},
                },
                {"request": {"method": "GET", "url": "Observation?patient=marta"}},
                {"request": {"method": "GET", "url": "Medication/1"}},
            ],
        },
    )

    assert answer.status_code == 200
    statuses = [each["response"]["status"] for each in answer.json["entry"]]
    assert statuses == ["422", "201", "200", "404"]
    assert answer.json["entry"][2]["resource"]["total"] == 1


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


def test_the_query_survives_encoding(worker, observation):
    several(worker, observation, 1)
    query = urlencode({"identifier": "urn:x|id-1", "_count": "5"})

    assert worker.fhir("GET", f"Observation?{query}").json["total"] == 1
