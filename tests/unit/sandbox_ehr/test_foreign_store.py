"""The same door before another FHIR server: tokens here, data there."""

import threading
from dataclasses import replace

import pytest
from flask import Flask, Response, request
from werkzeug.serving import make_server

from sandbox_ehr.app import create_app
from sandbox_ehr.errors import FhirRefusal, operation_outcome
from sandbox_ehr.json_text import parsed, text_of
from sandbox_ehr.store.database import Database
from sandbox_ehr.store.interface import FhirAnswer, FhirRequest
from sandbox_ehr.store.local import LocalStore
from tests.unit.sandbox_ehr.conftest import FHIR, App


@pytest.fixture
def behind(clock):
    """A FHIR server without any access control, on a port of its own."""
    server_app = Flask("behind")
    server = make_server("127.0.0.1", 0, server_app, threaded=True)
    base = f"http://127.0.0.1:{server.server_port}/r4"
    store = LocalStore(Database(":memory:"), base_url=base, clock=clock)

    @server_app.route("/r4", defaults={"path": ""}, methods=["GET", "POST"])
    @server_app.route("/r4/<path:path>", methods=["GET", "POST", "PUT"])
    def answer(path):
        body = parsed(request.get_data()) if request.is_json else None
        query = [*request.args.items(multi=True), *request.form.items(multi=True)]
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = FhirRequest(request.method, path, tuple(query), headers, body)
        try:
            found = store.answer(asked)
        except FhirRefusal as refusal:
            found = FhirAnswer(refusal.status, operation_outcome(refusal.issues))
        text = text_of(found.body) if found.body is not None else ""
        return Response(
            text, found.status, dict(found.headers), mimetype="application/fhir+json"
        )

    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield base
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def worker(config, behind, clock):
    two = ("marta", "bartholomew")
    ehr = create_app(replace(config, seed=True, patients=two, fhir_backend=behind))
    return App(ehr.test_client(), clock).as_worker()


def test_its_patients_are_put_there_at_start_under_their_own_ids(worker):
    assert worker.fhir("GET", "Patient/marta").json["name"][0]["family"] == "Windrush"


def test_a_server_with_other_people_in_it_gets_the_bundled_ones_too(
    config, behind, clock
):
    marta, both = ("marta",), ("marta", "noor")
    create_app(replace(config, seed=True, patients=marta, fhir_backend=behind))

    ehr = create_app(replace(config, seed=True, patients=both, fhir_backend=behind))

    worker = App(ehr.test_client(), clock).as_worker()
    assert worker.fhir("GET", "Patient/noor").status_code == 200
    marta_now = worker.fhir("GET", "Patient/marta").json
    assert marta_now["meta"]["versionId"] == "1"


def test_what_a_strict_server_refuses_is_left_out_and_said(worker):
    left_out = worker.client.get("/sandbox/ledger").json["left_out"]

    assert "bartholomew-odd-word" in left_out
    assert "bartholomew-odd-too-high" not in left_out


def test_no_answer_names_the_server_behind(worker, behind, observation):
    made = worker.fhir("POST", "Observation", observation)
    page = worker.fhir("GET", "Observation?patient=marta&_count=5")

    assert made.headers["Location"].startswith(f"{FHIR}/Observation/")
    assert behind not in page.get_data(as_text=True)
    assert page.json["entry"][0]["fullUrl"].startswith(f"{FHIR}/Observation/")


def test_pages_of_the_server_behind_are_turned_here(worker):
    bundle = worker.fhir("GET", "Observation?patient=marta&_count=5").json
    seen = [e["resource"]["id"] for e in bundle["entry"]]
    while links := [e["url"] for e in bundle["link"] if e["relation"] == "next"]:
        assert links[0].startswith(f"{FHIR}?_page=")
        bundle = worker.fhir("GET", links[0]).json
        seen += [e["resource"]["id"] for e in bundle["entry"]]

    assert len(seen) == len(set(seen)) == 12


def test_token_and_scope_are_checked_before_anything_goes_through(worker, config):
    reader = worker.as_worker("system/Patient.r")

    assert worker.client.get("/fhir/Patient/marta").status_code == 401
    assert reader.fhir("GET", "Observation?patient=marta").status_code == 403
    assert reader.fhir("GET", "Patient/marta").status_code == 200


def test_a_refusal_behind_arrives_as_it_was_said(worker, observation):
    answer = worker.fhir("POST", "Observation", observation | {"status": "done"})

    assert answer.status_code == 422
    assert answer.json["issue"][0]["expression"] == ["Observation.status"]


def test_posted_searches_and_conditional_creates_go_through(worker, observation):
    condition = "identifier=urn:x|one"
    first = worker.fhir("POST", "Observation", observation, If_None_Exist=condition)
    second = worker.fhir("POST", "Observation", observation, If_None_Exist=condition)
    found = worker.client.post(
        "/fhir/Observation/_search",
        data={"identifier": "urn:x|one"},
        headers={"Authorization": f"Bearer {worker.token}"},
    )

    assert (first.status_code, second.status_code) == (201, 200)
    assert found.json["total"] == 1


def test_a_server_behind_that_is_gone_is_told(config, clock):
    ehr = create_app(replace(config, fhir_backend="http://127.0.0.1:9/r4"))

    answer = App(ehr.test_client(), clock).as_worker().fhir("GET", "Patient/marta")

    assert answer.status_code == 502
    assert answer.json["resourceType"] == "OperationOutcome"
