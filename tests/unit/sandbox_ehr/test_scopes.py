"""A token opens what its scopes say, and for the patient it was given for."""

import pytest

from sandbox_ehr.authorization.scopes import granted_words, scope_from

SURVEY = (
    "user/Observation.rs?category="
    "http://terminology.hl7.org/CodeSystem/observation-category|survey"
)


def reader(app, scope, *, patient=None):
    return app.with_token(app.standalone(scope, patient=patient)["access_token"])


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("user/Patient.r", "GET", "Patient/marta", 200),
        ("user/Patient.r", "GET", "Patient?name=wind", 403),
        ("user/Patient.s", "GET", "Patient?name=wind", 200),
        ("user/Patient.s", "GET", "Patient/marta", 403),
        ("user/Patient.rs", "GET", "Observation", 403),
        ("user/Patient.rs", "GET", "Patient/marta/_history", 200),
        ("user/Patient.r", "GET", "Patient/marta/_history", 403),
        ("user/*.rs", "GET", "Observation", 200),
        ("user/Observation.read", "GET", "Observation", 200),
        ("user/Observation.write", "GET", "Observation", 403),
    ],
)
def test_a_scope_permits_its_type_and_interaction_only(
    app, scope, method, path, status
):
    answer = reader(app, scope).fhir(method, path)

    assert answer.status_code == status


@pytest.mark.parametrize(("rights", "status"), [("rs", 403), ("c", 201), ("u", 403)])
def test_writing_needs_its_own_right(app, observation, rights, status):
    answer = reader(app, f"user/Observation.{rights}").fhir(
        "POST", "Observation", observation
    )

    assert answer.status_code == status


def test_update_as_create_needs_the_right_to_update(app, observation):
    answer = reader(app, "user/Observation.c").fhir(
        "PUT", "Observation/new", observation | {"id": "new"}
    )

    assert answer.status_code == 403


def test_a_patient_scope_shows_the_launch_patient_alone(app, worker, observation):
    other = observation | {"subject": {"reference": "Patient/jonas"}}
    theirs = worker.fhir("POST", "Observation", other).json["id"]
    own = worker.fhir("POST", "Observation", observation).json["id"]

    patient = reader(app, "launch/patient patient/*.rs", patient="marta")

    assert patient.fhir("GET", "Patient/marta").status_code == 200
    assert patient.fhir("GET", "Patient/jonas").status_code == 403
    assert patient.fhir("GET", f"Observation/{own}").status_code == 200
    assert patient.fhir("GET", f"Observation/{theirs}").status_code == 403
    assert patient.fhir("GET", f"Observation/{theirs}/_history").status_code == 403
    assert patient.fhir("GET", f"Observation/{theirs}/_history/1").status_code == 403
    assert patient.fhir("GET", "Observation").json["total"] == 1
    assert patient.fhir("GET", "Observation?patient=jonas").json["total"] == 0
    assert patient.fhir("GET", "Patient").json["total"] == 1


def test_a_patient_scope_writes_for_the_launch_patient_alone(app, observation):
    scope = "launch/patient patient/Observation.crs"
    patient = reader(app, scope, patient="marta")
    other = observation | {"subject": {"reference": "Patient/jonas"}}

    assert patient.fhir("POST", "Observation", observation).status_code == 201
    assert patient.fhir("POST", "Observation", other).status_code == 403


def test_a_patient_scope_cannot_take_over_another_patients_resource(
    app, worker, observation
):
    other = observation | {"subject": {"reference": "Patient/jonas"}, "id": "theirs"}
    worker.fhir("PUT", "Observation/theirs", other)
    taken = observation | {"id": "theirs"}
    own = observation | {"id": "own"}

    patient = reader(app, "launch/patient patient/Observation.crus", patient="marta")

    assert patient.fhir("PUT", "Observation/own", own).status_code == 201
    assert patient.fhir("PUT", "Observation/theirs", taken).status_code == 403
    kept = worker.fhir("GET", "Observation/theirs").json
    assert kept["subject"] == {"reference": "Patient/jonas"}


def test_a_transaction_needs_every_right_inside_it(app, worker, observation):
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": observation,
                "request": {"method": "POST", "url": "Observation"},
            },
            {
                "resource": {"resourceType": "Flag", "status": "active"},
                "request": {"method": "POST", "url": "Flag"},
            },
        ],
    }

    answer = reader(app, "user/Observation.c").fhir("POST", "", bundle)

    assert answer.status_code == 403
    assert worker.fhir("GET", "Observation").json["total"] == 0


def test_in_a_batch_the_forbidden_entry_alone_is_refused(app, observation):
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {"request": {"method": "GET", "url": "Patient/marta"}},
            {
                "resource": observation,
                "request": {"method": "POST", "url": "Observation"},
            },
        ],
    }

    answer = reader(app, "user/Patient.r").fhir("POST", "", bundle)

    statuses = [each["response"]["status"] for each in answer.json["entry"]]
    assert statuses == ["200", "403"]


def test_a_granular_scope_hides_what_it_does_not_name(app, worker, observation):
    survey = worker.fhir("POST", "Observation", observation).json["id"]
    vital = [{"coding": [{"code": "vital-signs"}]}]
    pulse = worker.fhir("POST", "Observation", observation | {"category": vital})

    found = reader(app, SURVEY)

    assert found.fhir("GET", "Observation").json["total"] == 1
    assert found.fhir("GET", f"Observation/{survey}").status_code == 200
    assert found.fhir("GET", f"Observation/{pulse.json['id']}").status_code == 403


@pytest.mark.parametrize(
    ("asked", "registered", "granted"),
    [
        ("user/Observation.rs", "user/Observation.cruds", "user/Observation.rs"),
        ("user/Observation.cruds", "user/Observation.rs", "user/Observation.rs"),
        ("user/*.rs", "user/Patient.rs user/Task.r", "user/Patient.rs user/Task.r"),
        ("user/Patient.rs", "user/*.r", "user/Patient.r"),
        ("user/Patient.read", "user/Patient.rs", "user/Patient.read"),
        ("user/Patient.write", "user/Patient.rs", ""),
        ("patient/Patient.rs", "user/Patient.rs", ""),
        ("user/Observation.rs", SURVEY, SURVEY),
        (SURVEY, "user/Observation.rs", SURVEY),
        ("user/Patient.sr", "user/Patient.rs", ""),
        ("openid profile", "openid", "openid"),
    ],
)
def test_granted_is_the_overlap_of_asked_and_registered(asked, registered, granted):
    words = granted_words(asked, registered, levels=frozenset({"user", "patient"}))

    assert " ".join(words) == granted


@pytest.mark.parametrize("text", ["user/Patient.rs", "system/*.cruds", SURVEY])
def test_a_scope_reads_back_as_it_was_written(text):
    scope = scope_from(text)

    assert scope is not None
    assert scope.text == text
