"""The sandbox's $export: who may ask, and what comes."""

import json

import pytest

from tests.unit.sandbox_ehr.conftest import App

SCOPES = "system/Observation.rs system/Patient.rs"
ASYNC = {"Prefer": "respond-async"}


def exported(app: App, query: str = "_type=Patient") -> dict[str, object]:
    begun = app.fhir("GET", f"$export?{query}", **ASYNC)
    assert begun.status_code == 202, begun.text
    place = begun.headers["Content-Location"].partition("/fhir/")[2]
    waiting = app.fhir("GET", place)
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, "1")
    found = app.fhir("GET", place)
    assert found.status_code == 200
    return {**json.loads(found.text), "place": place}


def path_of(manifest: dict[str, object]) -> str:
    output = manifest["output"]
    assert isinstance(output, list)
    return str(output[0]["url"]).partition("/fhir/")[2]


def test_an_export_lists_files_with_their_lines(app: App) -> None:
    worker = app.as_worker(SCOPES)
    manifest = exported(worker)

    file = worker.fhir("GET", path_of(manifest))

    output = manifest["output"]
    assert isinstance(output, list)
    assert output[0]["count"] == file.text.count("\n") > 0
    assert {json.loads(each)["resourceType"] for each in file.text.splitlines()} == {
        "Patient"
    }


def test_a_rest_of_a_file_can_be_asked_for(app: App) -> None:
    worker = app.as_worker(SCOPES)
    path = path_of(exported(worker))
    whole = worker.fhir("GET", path)

    rest = worker.fhir("GET", path, Range="bytes=10-", If_Range=whole.headers["ETag"])

    assert (rest.status_code, rest.data) == (206, whole.data[10:])


def test_a_deleted_job_is_gone_with_its_files(app: App) -> None:
    worker = app.as_worker(SCOPES)
    manifest = exported(worker)

    gone = worker.fhir("DELETE", str(manifest["place"]))

    assert gone.status_code == 202
    assert worker.fhir("GET", str(manifest["place"])).status_code == 404
    assert worker.fhir("GET", path_of(manifest)).status_code == 404


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("_type=Patient", {}, 400),
        ("_type=Nothing", ASYNC, 400),
        ("_elements=id", ASYNC, 400),
        ("_type=Encounter", ASYNC, 403),
    ],
)
def test_an_export_that_is_not_allowed_or_understood_is_refused(
    app: App, query: str, headers: dict[str, str], status: int
) -> None:
    worker = app.as_worker(SCOPES)

    answer = worker.fhir("GET", f"$export?{query}", **headers)

    assert answer.status_code == status


def test_without_a_token_nothing_is_exported(app: App) -> None:
    assert app.fhir("GET", "$export", **ASYNC).status_code == 401
