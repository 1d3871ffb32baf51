"""Where an export may lead, who is shown a token, and what a list may say."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ehr.bulk.errors import ExportFailed, FolderUnusable
from ehr.errors import AccessExpired, EhrRefused
from tests.bulk_site import REQUEST, Site, exported, lines
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
