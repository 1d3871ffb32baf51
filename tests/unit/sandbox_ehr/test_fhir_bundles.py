"""A transaction is all or nothing; in a batch each entry stands alone."""

import pytest

from tests.unit.sandbox_ehr.fhir_words import several, with_changed


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
