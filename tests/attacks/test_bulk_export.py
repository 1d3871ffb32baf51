"""A bulk export under every misbehaviour: nothing is lost and nothing doubled."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ehr.bulk.door import MOST_TRIES, Door, Surroundings
from ehr.bulk.errors import ExportFailed, FolderUnusable
from ehr.bulk.export import Export, Summary
from ehr.bulk.job import STATE, Job, Request, begun_job, opened_job
from ehr.errors import AccessExpired, EhrRefused, EhrUnreachable
from tests.fault_proxy.clinic import tenant_at
from tests.hostile_ehr.exports import ExportEhr, Fault

PARAMETERS = (("_type", "Observation"), ("_typeFilter", "Observation?category=survey"))
REQUEST = Request("clinic", "Group/7/$export", PARAMETERS, False, "research consent")
STEPS = ("kick-off", "status", "file")


def lines(name: str, count: int) -> bytes:
    return b"".join(
        json.dumps({"resourceType": "Observation", "id": f"{name}-{n}"}).encode()
        + b"\n"
        for n in range(count)
    )


class Interrupted(BaseException):
    """What a kill looks like from inside."""


@dataclass
class Tokens:
    """A new token each time one was refused."""

    given: int = 1

    def token(self, now: datetime) -> str:
        return f"t-{self.given}"

    def forget(self, access_token: str) -> None:
        self.given += 1


@dataclass
class Site:
    """Our side: one folder, and a clock that does not wait."""

    folder: Path
    base: str
    changes: dict[str, Any] = field(default_factory=dict)
    slept: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    tell: Callable[[str], None] = lambda _text: None
    tokens: Tokens = field(default_factory=Tokens)

    def export(self, request: Request = REQUEST) -> Export:
        tenant = replace(tenant_at(self.base), **self.changes)
        job = opened_job(self.folder, request)
        return Export(job, self._door(tenant), base=tenant.issuer)

    def run(self, request: Request = REQUEST) -> Summary:
        return self.export(request).run()

    def files(self) -> dict[str, bytes]:
        return {
            each.relative_to(self.folder).as_posix(): each.read_bytes()
            for each in sorted(self.folder.rglob("*"))
            if each.is_file() and each.name != STATE
        }

    @property
    def job(self) -> Job:
        found = begun_job(self.folder)
        assert found is not None
        return found

    def _door(self, tenant: Any) -> Door:
        def told(text: str) -> None:
            self.said.append(text)
            self.tell(text)

        around = Surroundings(
            lambda: datetime(2026, 11, 25, 10, tzinfo=UTC),
            told=told,
            sleep=self.slept.append,
            chance=lambda: 1.0,
        )
        return Door(tenant, self.tokens, around)


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


def exported(ehr: ExportEhr) -> dict[str, bytes]:
    one, two, three = ehr.files.values()
    return {
        "Observation.0001.ndjson": one,
        "Observation.0002.ndjson": two,
        "QuestionnaireResponse.0001.ndjson": three,
    }


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


@pytest.mark.parametrize("step", STEPS)
def test_a_redirect_is_never_followed(ehr: ExportEhr, site: Site, step: str) -> None:
    foreign = ExportEhr()
    ehr.faults[step] = [Fault(302, {"Location": f"{foreign.base}/files/1/x"})]

    with pytest.raises(ExportFailed, match="sends us on"):
        site.run()

    foreign.close()
    assert foreign.ledger == []


@pytest.mark.req("BD-05")
@pytest.mark.parametrize("token_needed", [True, False])
def test_files_elsewhere_need_the_tenants_leave_and_get_a_token_only_if_needed(
    ehr: ExportEhr, site: Site, token_needed: bool
) -> None:
    store = ExportEhr(files=ehr.files)
    ehr.files_at, ehr.token_needed = store.base, token_needed
    with pytest.raises(ExportFailed, match="bulk_bases"):
        site.run()
    assert store.ledger == []

    site.changes = {"bulk_bases": (store.base,)}
    site.run()

    store.close()
    assert site.files() == exported(ehr)
    assert {"authorization" in each.headers for each in store.ledger} == {token_needed}


@pytest.mark.req("BD-05")
def test_no_token_goes_to_files_that_need_none(ehr: ExportEhr, site: Site) -> None:
    ehr.token_needed = False

    site.run()

    assert not any("authorization" in each.headers for each in ehr.asked("/files/"))


def test_a_refused_token_is_renewed_once(ehr: ExportEhr, site: Site) -> None:
    ehr.faults["file"] = [Fault(401)]

    site.run()

    assert site.files() == exported(ehr)
    used = [each.headers["authorization"] for each in ehr.asked("/files/")]
    assert used[:2] == ["Bearer t-1", "Bearer t-2"]


def test_a_token_refused_for_good_ends_the_run_and_keeps_the_files(
    ehr: ExportEhr, site: Site
) -> None:
    ehr.faults["Observation/2"] = [Fault(401), Fault(401)]

    with pytest.raises(AccessExpired):
        site.run()

    assert "Observation.0001.ndjson" in site.files()


def test_a_refused_export_is_said(ehr: ExportEhr, site: Site) -> None:
    ehr.faults["kick-off"] = [Fault(403)]

    with pytest.raises(EhrRefused):
        site.run()


@pytest.mark.req("BD-05")
def test_a_compressed_file_is_kept_unpacked(ehr: ExportEhr, site: Site) -> None:
    ehr.gzipped = True

    site.run()

    assert site.files() == exported(ehr)


@pytest.mark.req("BD-03")
def test_all_pages_of_the_list_are_read(ehr: ExportEhr, site: Site) -> None:
    ehr.pages = True

    site.run()

    assert site.files() == exported(ehr)


@pytest.mark.req("BD-06")
def test_errors_and_deletions_stand_apart_and_are_counted(
    ehr: ExportEhr, site: Site
) -> None:
    ehr.files["OperationOutcome/8"] = b'{"resourceType":"OperationOutcome"}\n' * 2
    ehr.files["Bundle/9"] = b'{"resourceType":"Bundle"}\n'
    url = f"{ehr.base}/files/1"
    ehr.extra = {
        "output": [],
        "outcome": [{"type": "OperationOutcome", "url": f"{url}/OperationOutcome/8"}],
        "deleted": [{"type": "Bundle", "url": f"{url}/Bundle/9", "count": 1}],
    }

    found = site.run()

    assert (found.lines, found.errors, found.deleted) == (0, 2, 1)
    assert list(site.files()) == [
        "deleted/Bundle.0001.ndjson",
        "errors/OperationOutcome.0001.ndjson",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"output": [{"type": "../../etc/x", "url": "http://x/"}]},
        {"output": [{"type": "Observation"}]},
        {"output": [{"type": "Observation", "url": "http://x/", "count": -1}]},
        {"output": {}},
        {"transactionTime": None},
        {"requiresAccessToken": "yes"},
        {"link": [{"relation": "next"}]},
    ],
)
def test_a_list_that_is_none_is_refused_before_anything_is_fetched(
    ehr: ExportEhr, site: Site, wrong: dict[str, Any]
) -> None:
    ehr.extra = wrong

    with pytest.raises(ExportFailed, match="not readable at"):
        site.run()

    assert ehr.asked("/files/") == []
    assert site.files() == {}


def test_a_folder_of_another_export_is_left_alone(ehr: ExportEhr, site: Site) -> None:
    site.run()

    with pytest.raises(FolderUnusable, match="another export"):
        site.run(replace(REQUEST, path="$export"))

    assert site.files() == exported(ehr)


def test_a_finished_export_asks_nothing_more(ehr: ExportEhr, site: Site) -> None:
    first = site.run()
    seen = len(ehr.ledger)

    again = site.run()

    assert again == first
    assert len(ehr.ledger) == seen


def test_an_export_can_be_cancelled(ehr: ExportEhr, site: Site) -> None:
    ehr.faults["file"] = [Fault(403)] * 99
    with pytest.raises(ExportFailed):
        site.run()

    assert site.export().cancel() is True
    assert site.export().cancel() is False
    assert [each.method for each in ehr.ledger].count("DELETE") == 1
