"""A search finds what it says, and its pages are opaque and complete."""

from urllib.parse import urlencode

import pytest

from tests.unit.sandbox_ehr.fhir_words import ids_of, issues_of, several, with_changed


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


def test_the_query_survives_encoding(worker, observation):
    several(worker, observation, 1)
    query = urlencode({"identifier": "urn:x|id-1", "_count": "5"})

    assert worker.fhir("GET", f"Observation?{query}").json["total"] == 1
