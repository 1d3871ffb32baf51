"""`rom questionnaires publish` end to end, over HTTP, to a sandbox EHR."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fhir_mapping.publication import publication_of
from questionnaires.library import load_library
from server.settings import Settings, safe
from server.wsgi import read_installation
from tests.fault_proxy.proxy import FaultProxy
from tests.publishing.site import (
    ALL,
    EHR,
    Door,
    Sandbox,
    Site,
    new_client_key,
    sandbox,
    site_before,
)
from tests.unit.smart_app.licensed_site import write_site_folder
from vault.database import open_vault

PRIVATE, PUBLIC = new_client_key()
WORDED = [each for each in publication_of(load_library()).forms if each.words != "none"]
ONE = ("--instrument", "phq-9")


@pytest.fixture
def ehr(tmp_path: Path) -> Iterator[Sandbox]:
    with sandbox(PUBLIC, tmp_path, scopes=ALL) as found:
        yield found


@pytest.fixture
def site(ehr: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return site_before(
        tmp_path,
        monkeypatch,
        origin=ehr.origin,
        fhir_base=f"{ehr.origin}/fhir",
        client_key=PRIVATE,
    )


def outcomes(site: Site, *options: str) -> dict[str, str]:
    return {
        each["instrument"]: each["outcome"] for each in site.report(*options)["forms"]
    }


def audited(site: Site) -> list[dict[str, str]]:
    found = read_installation(safe(Settings()))  # type: ignore[call-arg]
    vault = open_vault(found.settings.data_folder, found.keys)
    entries = list(vault.for_tenant(EHR).audit.entries())
    vault.close()
    return [json.loads(each.row.details) for each in entries]


def test_everything_with_words_is_created_once_and_found_unchanged_afterwards(
    site: Site, ehr: Sandbox
) -> None:
    first = site.publish()
    before = ehr.held()
    second = site.publish()

    assert first.exit_code == 0, first.output
    assert first.stdout.count("read back and the same") == len(WORDED)
    assert {each["url"] for each in before} == {
        each.instrument.canonical for each in WORDED
    }
    assert second.exit_code == 0
    assert second.stdout.count(": unchanged (Questionnaire/") == len(WORDED)
    # Not even a new version: nothing was written.
    assert ehr.held() == before


def test_what_is_stored_is_what_would_be_exported(site: Site, ehr: Sandbox) -> None:
    site.publish(*ONE)

    stored = ehr.of("phq-9")
    [ours] = publication_of(load_library(), chosen=["phq-9"]).forms
    for key, value in ours.questionnaire.items():
        if key not in ("id", "meta"):
            assert stored[key] == value


def test_each_write_stands_in_the_audit_and_a_look_does_not(site: Site) -> None:
    site.publish(*ONE)
    site.publish(*ONE)

    [row] = audited(site)
    assert row["outcome"] == "Created" and row["place"].startswith("Questionnaire/")
    assert row["canonical"].endswith("/phq-9")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    site: Site, ehr: Sandbox
) -> None:
    found = site.publish(*ONE, "--dry-run")

    assert found.exit_code == 0
    assert "phq-9 1.0.0: would be created" in found.stdout
    assert "nothing was written" in found.stdout
    assert ehr.held() == []
    assert not (site.folder / "data").exists()


def with_other_points(ehr: Sandbox) -> None:
    """Somebody changed what the first answer of the first question is worth."""
    items = ehr.of("phq-9")["item"]
    for extension in items[1]["answerOption"][0]["extension"]:
        extension["valueDecimal"] = 1
    ehr.plant("phq-9", item=items)


def test_other_content_under_the_same_version_is_shown_and_not_replaced(
    site: Site, ehr: Sandbox
) -> None:
    site.publish(*ONE)
    with_other_points(ehr)
    before = ehr.held()

    found = site.publish(*ONE)

    assert found.exit_code == 3
    assert "differs, in its meaning" in found.stdout
    assert "- /44250-9: answer LA6568-5 is worth “0” and no more “1”" in found.stdout
    assert "--replace" in found.stdout
    assert ehr.held() == before


def test_it_is_replaced_where_a_person_says_so(site: Site, ehr: Sandbox) -> None:
    site.publish(*ONE)
    with_other_points(ehr)
    version = ehr.of("phq-9")["meta"]["versionId"]

    found = site.publish(*ONE, "--replace")
    again = site.publish(*ONE)

    assert found.exit_code == 0
    assert "is worth “0” and no more “1”" in found.stdout
    assert int(ehr.of("phq-9")["meta"]["versionId"]) == int(version) + 1
    assert "unchanged" in again.stdout
    assert [each["outcome"] for each in audited(site)] == ["Created", "Replaced"]


def test_a_dry_run_of_a_replacement_shows_it_and_changes_nothing(
    site: Site, ehr: Sandbox
) -> None:
    site.publish(*ONE)
    with_other_points(ehr)
    before = ehr.held()

    found = site.publish(*ONE, "--replace", "--dry-run")

    assert found.exit_code == 0
    assert "It would be replaced" in found.stdout
    assert ehr.held() == before


def test_a_change_of_the_description_alone_is_named_so(
    site: Site, ehr: Sandbox
) -> None:
    site.publish(*ONE)
    ehr.plant("phq-9", publisher="Somebody")

    found = site.publish(*ONE)

    assert found.exit_code == 3
    assert "in its description only" in found.stdout
    assert "form, publisher: “Somebody” becomes “ROM on FHIR”" in found.stdout


def test_an_older_version_stays_beside_the_new_one(site: Site, ehr: Sandbox) -> None:
    site.publish(*ONE)
    ehr.plant("phq-9", version="0.9.0")

    assert outcomes(site, *ONE) == {"phq-9": "created"}
    assert {each["version"] for each in ehr.held()} == {"0.9.0", "1.0.0"}


def test_two_copies_of_one_version_are_left_to_a_person(
    site: Site, ehr: Sandbox
) -> None:
    site.publish(*ONE)
    site.publish("--instrument", "gad-7")
    same = {key: ehr.of("phq-9")[key] for key in ("url", "version")}
    ehr.plant("gad-7", **same)

    found = site.publish(*ONE)

    assert found.exit_code == 5
    assert "has 2 copies of this version" in found.stdout


def test_a_skeleton_is_published_only_if_asked_for_and_as_a_draft(
    site: Site, ehr: Sandbox
) -> None:
    refused = site.publish("--instrument", "ors")
    found = site.publish("--instrument", "ors", "--skeletons")

    assert refused.exit_code == 2 and "structure only" in refused.stderr
    assert found.exit_code == 0
    assert ehr.of("ors")["status"] == "draft"


def with_ors(site: Site, monkeypatch: pytest.MonkeyPatch, *, last_day: str) -> None:
    """The site holds a licence of the ORS until this day."""
    folder = write_site_folder(site.folder / "own", last_day=last_day)
    monkeypatch.setenv("ROM_INSTRUMENT_FOLDERS", json.dumps([str(folder)]))


def test_a_form_that_the_site_holds_a_licence_for_is_published_with_its_words(
    site: Site, ehr: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_ors(site, monkeypatch, last_day="2999-12-31")

    assert outcomes(site, "--instrument", "ors") == {"ors": "created"}
    assert ehr.of("ors")["item"][1]["text"] == "Invented first"


def test_a_form_whose_licence_is_over_is_not_published(
    site: Site, ehr: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_ors(site, monkeypatch, last_day="2026-05-01")

    chosen = site.publish("--instrument", "ors")
    every = site.publish("--dry-run")

    assert chosen.exit_code == 2 and every.exit_code == 0
    assert "its licence ended on 2026-05-01" in chosen.stderr
    assert "left out: ors may not be offered any more" in every.stderr
    assert ehr.held() == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--instrument", "phq-99"), "no instrument 'phq-99'; there are: "),
        (("--instrument", "phq-9", "--language", "de"), "no wording in 'de', only"),
    ],
)
def test_unusable_input_is_named(
    site: Site, options: tuple[str, ...], sentence: str
) -> None:
    found = site.publish(*options)

    assert found.exit_code == 2
    assert sentence in found.stderr


def test_an_unknown_ehr_is_named_with_those_there_are(site: Site) -> None:
    found = site.publish("--tenant", "elsewhere")

    assert found.exit_code == 2
    assert "there are: sandbox" in found.stderr


def test_a_tenant_without_a_key_of_our_own_service_is_told_what_it_needs(
    site: Site,
) -> None:
    file = site.folder / "tenants.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("private_key_jwt", "none"), encoding="utf-8")

    found = site.publish(*ONE)

    assert found.exit_code == 2
    assert "system/Questionnaire.crus" in found.stderr


@pytest.mark.parametrize(
    ("scopes", "sentence"),
    [
        ("system/Questionnaire.rs", "without system/Questionnaire.crs"),
        ("system/Observation.rs", "Register our client there with"),
    ],
)
def test_a_missing_right_is_said_before_anything_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scopes: str, sentence: str
) -> None:
    with sandbox(PUBLIC, tmp_path, scopes=scopes) as ehr:
        site = site_before(
            tmp_path,
            monkeypatch,
            origin=ehr.origin,
            fhir_base=f"{ehr.origin}/fhir",
            client_key=PRIVATE,
        )

        found = site.publish(*ONE)

        assert found.exit_code == 5
        assert sentence in found.stderr
        assert ehr.held() == []


def outcome(**issue: Any) -> dict[str, Any]:
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error"} | issue],
    }


REFUSALS = [
    (403, outcome(code="forbidden"), "does not allow it (HTTP 403). It must grant"),
    (
        422,
        outcome(
            code="invariant", expression=["Questionnaire.item[3]"], diagnostics="que-2"
        ),
        "refused it (HTTP 422): invariant Questionnaire.item[3] que-2",
    ),
    (500, {}, "may or may not be stored: run the same command again"),
]


@pytest.mark.parametrize(("status", "body", "sentence"), REFUSALS)
def test_a_refusal_of_the_ehr_is_said_with_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: dict[str, Any],
    sentence: str,
) -> None:
    door = Door(says=(status, body))
    with sandbox(PUBLIC, tmp_path, scopes=ALL, door=door) as ehr:
        site = site_before(
            tmp_path,
            monkeypatch,
            origin=ehr.origin,
            fhir_base=f"{ehr.origin}/fhir",
            client_key=PRIVATE,
        )

        found = site.publish(*ONE, "--instrument", "gad-7")

        assert found.exit_code == (4 if status == 500 else 5)
        assert sentence in found.stderr
        # Only what is about one form lets the next one be tried.
        tried = found.stderr.count("refused it")
        assert tried == (2 if status == 422 else 0)
        assert ("not tried" in found.stdout) == (status != 422)
        assert ehr.held() == []


def test_an_ehr_that_never_answers_may_have_stored_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(silent=True)
    with sandbox(PUBLIC, tmp_path, scopes=ALL, door=door) as ehr:
        site = site_before(
            tmp_path,
            monkeypatch,
            origin=ehr.origin,
            fhir_base=f"{ehr.origin}/fhir",
            client_key=PRIVATE,
        )

        found = site.publish(*ONE)

        assert found.exit_code == 4
        assert "time-out" in found.stderr and "may or may not" in found.stderr
        assert [each["outcome"] for each in audited(site)] == ["unknown"]


class Fault:
    """One fault for the first request of a method."""

    def __init__(self, method: str, fault: str) -> None:
        self.method = method
        self.fault: str | None = fault

    def choose(self, method: str, path: str) -> str | None:
        if method != self.method or "/Questionnaire" not in path:
            return None
        fault, self.fault = self.fault, None
        return fault


@pytest.mark.parametrize(
    ("method", "fault", "code", "sentence"),
    [
        ("POST", "closed_on_arrival", 4, "may or may not be stored"),
        ("POST", "commit_close", 4, "may or may not be stored"),
        ("POST", "commit_504", 4, "may or may not be stored"),
        ("POST", "503_retry_after", 4, "run the same command again"),
        ("POST", "commit_outcome_error", 5, "refused it (HTTP 200)"),
        ("POST", "redirect", 5, "cannot be used"),
        ("GET", "commit_not_json", 5, "not complete"),
    ],
)
def test_a_fault_is_said_and_the_next_run_ends_with_one_copy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ehr: Sandbox,
    method: str,
    fault: str,
    code: int,
    sentence: str,
) -> None:
    port = int(ehr.origin.rsplit(":", 1)[1])
    with FaultProxy(port, Fault(method, fault)) as proxy:
        site = site_before(
            tmp_path,
            monkeypatch,
            origin=ehr.origin,
            fhir_base=proxy.base,
            client_key=PRIVATE,
        )

        troubled = site.publish(*ONE)
        again = site.publish(*ONE)

    assert troubled.exit_code == code, troubled.output
    assert sentence in troubled.output and "Traceback" not in troubled.output
    assert again.exit_code == 0, again.output
    assert len(ehr.held()) == 1


@pytest.mark.parametrize("fault", ["commit_without_location", "commit_wrong_location"])
def test_a_write_whose_place_is_not_named_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ehr: Sandbox, fault: str
) -> None:
    port = int(ehr.origin.rsplit(":", 1)[1])
    with FaultProxy(port, Fault("POST", fault)) as proxy:
        site = site_before(
            tmp_path,
            monkeypatch,
            origin=ehr.origin,
            fhir_base=proxy.base,
            client_key=PRIVATE,
        )

        assert outcomes(site, *ONE) == {"phq-9": "created"}


def test_a_token_that_is_refused_is_renewed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ehr: Sandbox
) -> None:
    port = int(ehr.origin.rsplit(":", 1)[1])
    with FaultProxy(port, Fault("POST", "401")) as proxy:
        site = site_before(
            tmp_path,
            monkeypatch,
            origin=ehr.origin,
            fhir_base=proxy.base,
            client_key=PRIVATE,
        )

        assert outcomes(site, *ONE) == {"phq-9": "created"}


def test_an_ehr_that_is_down_is_named(site: Site, ehr: Sandbox) -> None:
    file = site.folder / "tenants.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(ehr.origin, "http://127.0.0.1:9"), encoding="utf-8")

    found = site.publish(*ONE)

    assert found.exit_code == 4
    assert "cannot be reached" in found.stderr
