"""A bulk export under every misbehaviour: nothing is lost and nothing doubled."""

import json
from collections.abc import Iterator
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path

import pytest

from ehr.bulk.door import MOST_TRIES
from ehr.bulk.errors import ExportFailed
from ehr.errors import EhrUnreachable
from tests.bulk_site import REQUEST, Interrupted, Site, exported, lines
from tests.hostile_ehr.exports import ExportEhr, Fault

STEPS = ("kick-off", "status", "file")


@pytest.fixture
def ehr() -> Iterator[ExportEhr]:
    found = ExportEhr(
        files={
            "Observation/1": lines("a", 300),
            "Observation/2": lines("b", 40),
            "QuestionnaireResponse/3": lines("c", 7),
        }
    )
    yield found
    found.close()


@pytest.fixture
def site(ehr: ExportEhr, tmp_path: Path) -> Site:
    return Site(tmp_path / "export", ehr.base)


@pytest.mark.req("BD-02", "BD-03", "BD-04", "BD-06")
def test_an_export_brings_every_file_and_ends_the_job(
    ehr: ExportEhr, site: Site
) -> None:
    found = site.run()

    assert site.files() == exported(ehr)
    assert (found.files, found.lines) == (3, 347)
    assert found.transaction_time == "2026-11-25T10:00:00Z"
    kick_off = ehr.ledger[0]
    assert kick_off.headers["prefer"] == "respond-async"
    assert kick_off.headers["accept"] == "application/fhir+json"
    assert "_typeFilter=Observation%3Fcategory%3Dsurvey" in kick_off.query
    assert ehr.ledger[-1].method == "DELETE"


def test_only_the_owner_can_read_the_folder(ehr: ExportEhr, site: Site) -> None:
    site.run()

    modes = {each.stat().st_mode & 0o077 for each in site.folder.rglob("*")}
    assert modes | {site.folder.stat().st_mode & 0o077} == {0}


@pytest.mark.req("BD-02")
def test_a_posted_export_repeats_its_parameters(ehr: ExportEhr, site: Site) -> None:
    pairs = (("_type", "Observation"), ("_type", "Patient"), ("_since", "2026-01-01Z"))

    site.run(replace(REQUEST, post=True, parameters=pairs))

    sent = json.loads(ehr.ledger[0].body)
    assert sent["parameter"] == [
        {"name": "_type", "valueString": "Observation"},
        {"name": "_type", "valueString": "Patient"},
        {"name": "_since", "valueInstant": "2026-01-01Z"},
    ]


@pytest.mark.req("BD-03")
def test_polling_waits_as_long_as_the_ehr_asks(ehr: ExportEhr, site: Site) -> None:
    ehr.waits, ehr.retry_after = 3, "120"

    site.run()

    assert site.slept == [120.0] * 3
    assert "waiting: half way" in site.said


def test_polling_slows_down_where_the_ehr_asks_for_nothing(
    ehr: ExportEhr, site: Site
) -> None:
    ehr.waits = 5

    site.run()

    assert site.slept == [2.0, 4.0, 8.0, 16.0, 32.0]


@pytest.mark.req("BD-03")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault(429, {"Retry-After": "7"}),
        Fault(429, {"Retry-After": "Wed, 25 Nov 2026 10:00:07 GMT"}),
        Fault(503, {"Retry-After": "nonsense"}),
        Fault(500),
        Fault(408),
        Fault(0),
    ],
    ids=["429", "429-date", "503-nonsense", "500", "408", "no-answer"],
)
def test_a_passing_trouble_at_any_step_costs_nothing(
    ehr: ExportEhr, site: Site, step: str, fault: Fault
) -> None:
    ehr.faults[step] = [fault, fault]

    site.run()

    assert site.files() == exported(ehr)
    if fault.status == 429:
        assert site.slept.count(7.0) == 2


def test_an_ehr_that_never_answers_is_left_and_taken_up_again(
    ehr: ExportEhr, site: Site
) -> None:
    ehr.faults["Observation/2"] = [Fault(500)] * MOST_TRIES
    with pytest.raises(EhrUnreachable):
        site.run()
    assert list(site.files()) == [
        "Observation.0001.ndjson",
        "Observation.0002.ndjson.part",
    ]

    site.run()

    assert site.files() == exported(ehr)
    assert ehr.jobs == 1
    assert len(ehr.asked("Observation/1")) == 1


@pytest.mark.req("BD-08")
@pytest.mark.parametrize(
    ("cut", "here"), [(0, 0), (70_000, 65_536), (200_000, 196_608)]
)
def test_a_file_cut_short_is_continued_where_it_ended(
    ehr: ExportEhr, site: Site, cut: int, here: int
) -> None:
    # What is here comes in pieces of 64 KiB.
    ehr.files["Observation/1"] = lines("a", 6_000)
    ehr.faults["Observation/1"] = [Fault(cut=cut), Fault(cut=70_000)]

    site.run()

    assert site.files() == exported(ehr)
    ranges = [each.headers.get("range") for each in ehr.asked("Observation/1")]
    assert ranges == [
        None,
        f"bytes={here}-" if here else None,
        f"bytes={here + 65_536}-",
    ]


@pytest.mark.parametrize("way", ["no etag", "gzip"])
def test_a_file_cut_short_is_fetched_anew_where_a_rest_proves_nothing(
    ehr: ExportEhr, site: Site, way: str
) -> None:
    ehr.etags, ehr.gzipped = way != "no etag", way == "gzip"
    ehr.faults["Observation/1"] = [Fault(cut=200)]

    site.run()

    assert site.files() == exported(ehr)
    assert not any("range" in each.headers for each in ehr.asked("Observation/1"))


def test_a_file_that_has_changed_meanwhile_is_not_joined_from_two(
    ehr: ExportEhr, site: Site
) -> None:
    ehr.faults["Observation/1"] = [Fault(cut=200)]

    def change(text: str) -> None:
        if "trying again" in text:
            ehr.files["Observation/1"] = lines("new", 300)

    site.tell = change
    site.run()

    assert site.files()["Observation.0001.ndjson"] == lines("new", 300)


def test_a_part_that_was_not_asked_for_is_not_appended(
    ehr: ExportEhr, site: Site
) -> None:
    other = Fault(206, {"Content-Range": "bytes 0-4/9000"}, b"12345")
    ehr.faults["Observation/1"] = [Fault(cut=200), other]

    site.run()

    assert site.files() == exported(ehr)


@pytest.mark.req("BD-08")
def test_a_file_with_other_lines_than_stated_is_set_aside_and_said(
    ehr: ExportEhr, site: Site
) -> None:
    ehr.counts["Observation/2"] = 41

    found = site.run()

    assert found.differing == ("Observation.0002.ndjson",)
    assert "Observation.0002.ndjson" not in site.files()
    assert site.files()["Observation.0002.ndjson.differs"] == lines("b", 40)
    assert "Observation.0002.ndjson: 40 lines where the EHR states 41" in site.said
    assert len(ehr.asked("Observation/2")) == 3


def test_a_file_that_ends_in_the_middle_is_fetched_again(
    ehr: ExportEhr, site: Site
) -> None:
    ehr.counts["Observation/2"] = None
    half = lines("b", 40)[:-20]
    ehr.faults["Observation/2"] = [Fault(200, {}, half)]

    site.run()

    assert site.files() == exported(ehr)


@pytest.mark.req("BD-08")
def test_an_expired_link_is_renewed_and_what_is_here_stays(
    ehr: ExportEhr, site: Site
) -> None:
    ehr.expired.add("/fhir/files/1/Observation/2")

    site.run()

    assert site.files() == exported(ehr)
    assert (ehr.jobs, ehr.lists) == (1, 2)
    assert len(ehr.asked("Observation/1")) == 1


def test_links_that_always_expire_end_the_export_with_a_reason(
    ehr: ExportEhr, site: Site
) -> None:
    ehr.expired |= {f"/fhir/files/{n}/Observation/2" for n in range(20)}

    with pytest.raises(ExportFailed, match="expire"):
        site.run()


def test_another_list_begins_the_export_anew(ehr: ExportEhr, site: Site) -> None:
    ehr.expired.add("/fhir/files/1/Observation/2")

    def shrink(text: str) -> None:
        if "new list" in text:
            ehr.files = {"Observation/9": lines("z", 5)}

    site.tell = shrink
    site.run()

    assert site.files() == {"Observation.0001.ndjson": lines("z", 5)}


def test_a_list_of_another_moment_begins_the_export_anew(
    ehr: ExportEhr, site: Site
) -> None:
    ehr.expired.add("/fhir/files/1/Observation/2")

    def move_on(text: str) -> None:
        if "new list" in text:  # as many files with as many lines, and others in them
            counts = {name: body.count(b"\n") for name, body in ehr.files.items()}
            ehr.files = {name: lines("new", n) for name, n in counts.items()}
            ehr.extra["transactionTime"] = "2026-11-26T10:00:00Z"

    site.tell = move_on
    found = site.run()

    assert site.files() == exported(ehr)
    assert found.transaction_time == "2026-11-26T10:00:00Z"


def test_a_folder_can_be_used_after_the_disk_was_full(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_number: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    with monkeypatch.context() as no_room:
        no_room.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            site.export()

    assert site.run().files == 3


def test_a_forgotten_job_is_begun_again_and_its_files_are_not_mixed(
    ehr: ExportEhr, site: Site
) -> None:
    ehr.expired |= {"/fhir/files/1/Observation/2"}

    def forget(text: str) -> None:
        if "new list" in text:
            ehr.expired.add("/fhir/jobs/1")
            ehr.files = {name: lines("new", 9) for name in ehr.files}

    site.tell = forget
    site.run()

    assert ehr.jobs == 2
    assert set(site.files().values()) == {lines("new", 9)}


@pytest.mark.req("BD-08")
@pytest.mark.parametrize("after", range(1, 7))
def test_a_killed_export_goes_on_where_it_was(
    ehr: ExportEhr, site: Site, after: int
) -> None:
    ehr.faults["Observation/1"] = [Fault(cut=5_000)]
    said = iter(range(1, 99))

    def kill(_text: str) -> None:
        if next(said) == after:
            raise Interrupted

    site.tell = kill
    try:
        site.run()
    except Interrupted:
        site.run()

    assert site.files() == exported(ehr)
    assert ehr.jobs == 1
