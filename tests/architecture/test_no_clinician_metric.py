"""Outcomes and alliance cannot be grouped by clinician: no type, query or export can.

Why: a metric of clinicians changes what people dare to answer, and to ask.
"""

import json
import re
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from clinical.plan import DEMO_PLAN
from fhir_mapping.r4.reading import Resource
from server.cli import main
from server.replay.openings import COLUMNS
from server.teams.export import NO_TEAM
from server.teams.sessions import NEEDED, OPTIONAL
from tests.architecture.clinician_paths import (
    groupings,
    named_persons,
    results_beside_persons,
)
from tests.replay.charts import FIRST, export_in, ndjson, people
from tests.replay.encounters import NORTH, TREATING, encounter, with_encounters
from vault.tables import CALLS, MAIN

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    *("questionnaires", "clinical", "fhir_mapping", "vault", "ehr"),
    *("smart_app", "cds_hooks", "server"),
)
# Whatever computes with results, and whatever reports on teams, knows no such person.
NAMELESS = (
    *sorted((ROOT / "clinical").rglob("*.py")),
    *sorted((ROOT / "questionnaires").rglob("*.py")),
    ROOT / "server/commands/fidelity.py",
    ROOT / "server/teams/words.py",
    ROOT / "server/teams/export.py",
    ROOT / "server/teams/sessions.py",
    *sorted((ROOT / "server/replay").rglob("*.py")),
    ROOT / "server/commands/replay.py",
    ROOT / "fhir_mapping/history.py",
    ROOT / "fhir_mapping/visits.py",
    ROOT / "ehr/bulk/charts.py",
)
# Sums of a person's scores, then of a cell's: what hospitals exchange for norms.
CELLS = ROOT / "clinical/norms/cells_in_database.py"
# `Sitting` and `Submission` are written into the EHR, which wants to know who recorded
# them; nothing reads them back (see the test on what is read).
WRITTEN_ONLY = {"Submission", "Sitting", "ReviewPlace"}


def found(scan, *files: Path) -> list[str]:  # type: ignore[no-untyped-def]  # a scan
    return [
        f"{file.relative_to(ROOT)}:{each}"
        for file in files
        for each in scan(file.read_text(encoding="utf-8"))
    ]


def sources() -> list[Path]:
    return [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]


def test_what_computes_with_results_has_no_name_for_a_person_who_treats() -> None:
    assert len(NAMELESS) > 50
    assert found(named_persons, *NAMELESS) == []


@pytest.mark.hazard("H21")
def test_no_function_and_no_type_puts_results_beside_a_person_who_treats() -> None:
    beside = found(results_beside_persons, *sources())

    assert [each for each in beside if each.split()[-1] not in WRITTEN_ONLY] == []


@pytest.mark.hazard("H21")
def test_no_query_groups_rows_but_those_of_norms() -> None:
    others = [each for each in sources() if each != CELLS]

    assert found(groupings, *others) == []


def test_norms_group_by_person_their_moments_and_cell_alone() -> None:
    keys = re.findall(
        r"group_by(?:=|\()((?:\s*\"\w+\",?)+)", CELLS.read_text(encoding="utf-8")
    )

    named = {each for key in keys for each in re.findall(r"\w+", key)}
    assert named == {"person", "at", "readings"}


def test_no_column_of_the_vault_names_a_person_who_treats() -> None:
    columns = [
        f"{column.name}: int"
        for tables in (MAIN, CALLS)
        for table in tables.tables.values()
        for column in table.columns
    ]

    assert len(columns) > 30
    assert list(named_persons("\n".join(columns))) == []


def test_what_is_read_from_the_chart_cannot_name_a_person_who_treats() -> None:
    fields = [each.name for each in msgspec.structs.fields(Resource)]

    assert len(fields) > 30
    assert list(named_persons("\n".join(f"{each}: int" for each in fields))) == []


def test_the_only_export_has_no_column_for_a_person_and_takes_none() -> None:
    columns = (*NEEDED, *OPTIONAL)
    assert list(named_persons("\n".join(f"{each}: int" for each in columns))) == []

    text = ",".join(columns) + "\nNorth,2026-11-10,yes,yes,yes,no,no\n"
    ended = CliRunner().invoke(
        main, ["fidelity", "-", "--json", "--until", "2026-11-30"], input=text
    )

    [team] = json.loads(ended.stdout)["teams"]
    assert set(team) == {"team", "sessions", "shares", "goal", "refused", "crisis"}


def test_a_replay_takes_no_person_who_treats_and_reports_by_none(
    tmp_path: Path,
) -> None:
    assert list(named_persons("\n".join(f"{each}: int" for each in COLUMNS))) == []

    export = export_in(tmp_path, people(6))
    options = ("--plan", str(DEMO_PLAN), "--json", "--what-if", "rules.gap_days=7")
    ended = CliRunner().invoke(main, ["replay", str(export), *options])

    report = json.loads(ended.stdout)
    assert set(report["by"]) == {"signal", "language", "session", "week"}
    keys = re.findall(r'"(\w+)":', ended.stdout)
    assert list(named_persons("\n".join(f"{each}: int" for each in set(keys)))) == []
    # Whoever recorded or performed something stands in the charts that were read.
    assert "Practitioner/" in ndjson(people(1)["p0"]).decode()
    assert "Practitioner" not in ended.output


def test_the_teams_of_an_export_are_organisations_and_never_people(
    tmp_path: Path,
) -> None:
    charts = people(6)
    alone = TREATING  # an EHR that names a person where the standard wants a team
    visits = [
        encounter(f"{name}-{patient}", patient, FIRST, serviceProvider=each)
        for patient in charts
        for name, each in (("e", NORTH), ("f", alone))
    ]
    export = with_encounters(tmp_path, charts, visits)

    ended = CliRunner().invoke(
        main, ["fidelity", str(export), "--json", "--until", "2026-03-31"]
    )

    report = json.loads(ended.stdout)
    assert {each["team"] for each in report["teams"]} == {"North", NO_TEAM}
    keys = re.findall(r'"(\w+)":', ended.stdout)
    assert list(named_persons("\n".join(f"{each}: int" for each in set(keys)))) == []
    assert "miller" in (export / "Encounter.0001.ndjson").read_text().lower()
    assert "miller" not in ended.output.lower()


@pytest.mark.parametrize(
    ("scan", "planted"),
    [
        (named_persons, "class Session:\n    therapist: str"),
        (named_persons, "class Session:\n    practitioner_id: str"),
        (named_persons, "def outcomes_by_clinician(sessions): ..."),
        (named_persons, "def fidelity(sessions, *, provider): ..."),
        (named_persons, "class TherapistRow: ..."),
        (named_persons, "performer = 1"),
        (results_beside_persons, "def f(author: str) -> Score: ..."),
        (results_beside_persons, "def f(x: list[Episode], *, actor: str): ..."),
        (results_beside_persons, "class Row:\n    clinician: str\n    of: Measurement"),
        (groupings, "text = 'SELECT actor, avg(x) FROM t GROUP  BY actor'"),
        (groupings, "select(t).group_by(t.c.actor)"),
        (groupings, "itertools.groupby(rows, key=by)"),
        (groupings, "func.count().over(partition_by=t.c.x)"),
    ],
)
def test_a_planted_path_is_found(scan, planted: str) -> None:  # type: ignore[no-untyped-def]  # a scan
    assert list(scan(planted))


@pytest.mark.parametrize(
    "innocent",
    [
        "class Measurement:\n    authored: datetime",
        "def is_clinical(score): ...",
        "class Session:\n    respondent: str",
        "def clinically_relevant(x): ...",
    ],
)
def test_words_that_only_look_alike_are_not_found(innocent: str) -> None:
    assert list(named_persons(innocent)) == []
