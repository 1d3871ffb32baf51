"""The whole way of Encounters: the sandbox's patients, an export, replay and teams."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clinical.across_episodes.sessions import EventKind, SessionEvent
from clinical.plan import DEMO_PLAN
from ehr.session_events import note_event
from server.cli import main
from server.commands.serve import installation_or_exit
from tests.publishing.site import EHR, Sandbox, new_client_key, sandbox, site_before
from vault.database import open_vault

SCOPES = (
    "system/Observation.rs system/QuestionnaireResponse.rs system/Appointment.rs"
    " system/Encounter.rs"
)


def rom(*options: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in options])


def figures(*options: str | Path) -> Any:
    ended = rom(*options, "--json")
    assert ended.exit_code in (0, 1), ended.output
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def ehr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Path]]:
    """A site and an EHR with its invented patients."""
    private, public = new_client_key()
    folder = tmp_path_factory.mktemp("site")
    with (
        pytest.MonkeyPatch.context() as patch,
        sandbox(public, folder, scopes=SCOPES, seed=True) as found,
    ):
        site_before(
            folder,
            patch,
            origin=found.origin,
            fhir_base=f"{found.origin}/fhir",
            client_key=private,
            more=f'scopes.bulk = "{SCOPES}"',
        )
        yield found, folder


@pytest.fixture(scope="module")
def export(ehr: tuple[Sandbox, Path]) -> Path:
    """Without `--type`: what the scopes allow."""
    folder = ehr[1] / "export"
    ended = rom(
        *("bulk", "export", "--tenant", EHR, "--legal-basis", "quality review"),
        *("--system", "--out", folder),
    )
    assert ended.exit_code == 0, ended.output
    return folder


def encounters(export: Path) -> list[Any]:
    return [
        json.loads(line)
        for file in export.glob("Encounter*.ndjson")
        for line in file.read_text("utf-8").splitlines()
    ]


def test_charts_are_opened_at_the_encounters_of_the_export(export: Path) -> None:
    found = figures("replay", export, "--plan", DEMO_PLAN, "--occasions", "encounters")

    assert found["openings_at"] == "encounters"
    assert found["openings"] == len(encounters(export)) > 50
    assert found["cards"] > 0


def test_teams_are_those_of_the_export(export: Path) -> None:
    found = figures("fidelity", export)

    by_team = {each["team"]: each for each in found["teams"]}
    held = [each["serviceProvider"]["display"] for each in encounters(export)]
    assert set(by_team) == set(held) == {"Outpatient team", "Couples team"}
    couples = by_team["Couples team"]
    assert couples["shares"]["outcome"] == [12, 12]
    assert couples["shares"]["alliance"] == [0, 12]
    assert couples["shares"]["discussed"] == couples["goal"] == "not known"


def test_with_its_tenant_what_people_noted_is_known(
    ehr: tuple[Sandbox, Path], export: Path
) -> None:
    found = installation_or_exit("test")
    vault = open_vault(found.settings.data_folder, found.keys)
    part = vault.for_tenant(EHR)
    for number in range(1, 7):
        for patient in ("odile", "tomasz"):
            kind: EventKind = "looked-together" if number < 6 else "refused"
            now = datetime(2026, 3, 2, 10, tzinfo=UTC)
            event = SessionEvent(kind, now, f"{patient}-s{number}")
            note_event(part, patient, event, by="Dr Test", now=now)

    report = figures("fidelity", export, "--tenant", EHR)

    couples = next(each for each in report["teams"] if each["team"] == "Couples team")
    assert couples["sessions"] == 10
    assert couples["shares"]["discussed"] == [10, 10]
    assert couples["refused"] is None  # two: hidden
    last = [*part.audit.entries()][-1].row
    vault.close()
    assert (last.kind, last.actor) == ("fidelity.counted", "rom fidelity")


def test_notes_that_somebody_changed_are_not_counted(
    ehr: tuple[Sandbox, Path], export: Path
) -> None:
    found = installation_or_exit("test")
    vault = open_vault(found.settings.data_folder, found.keys)
    now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    event = SessionEvent("looked-together", now, "odile-s1")
    note_event(vault.for_tenant(EHR), "odile", event, by="Dr Test", now=now)
    vault.close()
    file = found.settings.data_folder / "main.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "UPDATE audit SET body = zeroblob(64) WHERE kind LIKE 'session.%'"
        )
        connection.commit()

    ended = rom("fidelity", export, "--tenant", EHR)

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert "somebody changed the vault" in ended.stderr
