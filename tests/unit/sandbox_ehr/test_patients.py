"""Every bundled patient loads, is consistent, and never ages."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from sandbox_ehr.app import create_app
from sandbox_ehr.json_text import parsed
from sandbox_ehr.seeding import instruments, patient_files, resources_of
from sandbox_ehr.store.validation import check_resource
from tests.unit.sandbox_ehr.conftest import App

FILES = patient_files()
TWO = ("marta", "bartholomew")


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def story(request):
    return parsed(request.param.read_bytes())


@pytest.fixture
def resources(story, clock):
    return resources_of(story, user="okafor", now=clock.now)


def test_there_are_at_least_eight():
    assert len(FILES) >= 8


def test_everything_of_a_patient_is_valid_r4(resources):
    for resource in resources:
        check_resource(resource, kind=resource["resourceType"])


def test_each_total_is_the_sum_of_its_answers(resources):
    by_reference = {f"{r['resourceType']}/{r['id']}": r for r in resources}
    points = {
        (coding["system"], coding["code"]): number
        for meaning in instruments().values()
        for number, coding in enumerate(meaning["answers"])
    }
    totals = [r for r in resources if r["resourceType"] == "Observation"]

    for total in totals:
        response = by_reference[total["derivedFrom"][0]["reference"]]
        codings = [item["answer"][0]["valueCoding"] for item in response["item"]]
        score = sum(points[each["system"], each["code"]] for each in codings)
        assert total["valueQuantity"]["value"] == score
        assert total["effectiveDateTime"] == response["authored"]


def test_a_patient_never_ages(story, clock):
    before = resources_of(story, user="okafor", now=clock.now)
    clock.forward(days=400)
    after = resources_of(story, user="okafor", now=clock.now)

    starts = [
        [
            date_of(r["period"]["start"])
            for r in each
            if r["resourceType"] == "Encounter"
        ]
        for each in (before, after)
    ]
    assert [(later - sooner).days for sooner, later in zip(*starts, strict=True)] == [
        400
    ] * len(starts[0])


def date_of(text: str) -> date:
    return datetime.fromisoformat(text).date()


def scores(path_stem, instrument):
    path = next(path for path in FILES if path.stem == path_stem)
    sessions = parsed(path.read_bytes())["sessions"]
    return [sum(each[instrument]) for each in sessions if instrument in each]


def test_the_stories_are_what_they_are_called():
    amina, kwame, ines = (
        scores("amina", "phq-9"),
        scores("kwame", "session-alliance"),
        scores("ines", "session-alliance"),
    )

    assert amina[-1] - amina[0] >= 6
    assert min(kwame[:-1]) - kwame[-1] >= 4
    assert ines[4] <= ines[3] - 4
    assert ines[-1] >= ines[3] - 1
    assert len(scores("teodor", "phq-9")) > 5
    assert max(scores("teodor", "phq-9")) - min(scores("teodor", "phq-9")) < 6
    assert len(scores("noor", "phq-9")) == 1
    assert scores("yuki", "phq-9") == []
    ravi = scores("ravi", "phq-9")
    assert ravi[-2] - ravi[0] >= 6 > ravi[-1] - ravi[0]
    jonas = parsed(next(p for p in FILES if p.stem == "jonas").read_bytes())
    assert jonas["sessions"][-1]["phq-9"][8] > 0
    assert all(each["phq-9"][8] == 0 for each in jonas["sessions"][:-1])


def test_the_record_holds_the_unreadable_entries_too(config, clock):
    app = App(create_app(replace(config, seed=True, patients=TWO)).test_client(), clock)

    found = app.as_worker().fhir("GET", "Observation?patient=bartholomew&_count=200")

    ids = {entry["resource"]["id"] for entry in found.json["entry"]}
    assert {"bartholomew-odd-word", "bartholomew-odd-no-date"} <= ids


def test_a_kept_record_is_not_filled_twice(config, tmp_path):
    again = replace(
        config, seed=True, patients=("noor",), database=str(tmp_path / "ehr.sqlite")
    )

    counts = [
        create_app(again).test_client().get("/sandbox/ledger").json["resources"]
        for _ in range(2)
    ]

    assert counts[0] == counts[1]


def test_reset_brings_the_bundled_record_back(config, clock):
    app = App(create_app(replace(config, seed=True, patients=TWO)).test_client(), clock)
    before = app.client.get("/sandbox/ledger").json["resources"]
    app.client.post("/patients/marta/open")

    app.client.post("/sandbox/reset")

    assert app.client.get("/sandbox/ledger").json["resources"] == before


def test_the_ledger_needs_its_flag(config):
    client = create_app(replace(config, admin=False)).test_client()

    assert client.get("/sandbox/ledger").status_code == 404
    assert client.post("/sandbox/reset").status_code in (404, 405)
