"""`rom fidelity`: a list of sessions in, teams out; nobody who treats is read."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from server.teams.export import NO_TEAM
from tests.replay.charts import FIRST, export_in, people
from tests.replay.encounters import CLASS, NORTH, encounter, with_encounters

HEADER = "team,date,outcome,alliance,discussed,refused,crisis\n"
ROW = "North,2026-11-10,yes,yes,yes,no,no\n"


def run(*options: str, text: str | bytes | None = None) -> Result:
    until = () if "--until" in options else ("--until", "2026-11-30")
    return CliRunner().invoke(main, ["fidelity", *options, *until], input=text)


def test_the_table_says_what_is_counted_and_what_a_dash_means(tmp_path: Path) -> None:
    file = tmp_path / "sessions.csv"
    file.write_text("\ufeff" + HEADER + ROW * 20 + ROW.replace("yes,no", "no,no") * 2)

    ended = run(str(file))

    assert ended.exit_code == 0, ended.output
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("Completed sessions after 2026-08-30 until 2026-11-30")
    assert lines[1].split() == [
        *("team", "sessions", "outcome", "alliance", "discussed", "all", "three"),
        *("goal", "90%", "refused", "crisis"),
    ]
    assert lines[2].split() == [
        *("North", "22", "22/22", "(100", "%)", "22/22", "(100", "%)"),
        *("-", "-", "reached", "0", "0"),
    ]
    assert lines[-1].startswith("-: hidden, about fewer than 5")


def test_for_machines_a_hidden_figure_is_null() -> None:
    text = HEADER + ROW * 3 + ROW.replace("North", "South") * 9

    found = json.loads(run("-", "--json", text=text).stdout)

    assert [each["sessions"] for each in found["teams"]] == [None, None]
    assert found["all"]["sessions"] == 12
    assert found["teams"][0]["goal"] == "hidden"


@pytest.mark.parametrize(
    "column", ["clinician", "practitioner", "therapist", "patient"]
)
def test_a_column_about_a_person_is_refused_and_never_skipped(column: str) -> None:
    text = HEADER.replace("crisis", f"crisis,{column}") + ROW.replace("\n", ",Dr A\n")

    ended = run("-", text=text)

    assert ended.exit_code == 2
    assert "column 8 is not one of" in ended.stderr
    assert "nothing about a clinician or a patient is read" in ended.stderr
    assert "Dr A" not in ended.output


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the header lacks team"),
        ("team,date\n", "the header lacks outcome"),
        (HEADER.replace("crisis", "team"), "names a column twice"),
        (HEADER + "North,2026-11-10\n", "row 2 has 2 fields and the header 7"),
        (HEADER + ROW.replace("North", ""), "row 2, team: is empty"),
        (HEADER + ROW + ROW.replace("2026-11-10", "10.11."), "row 3, date"),
        (HEADER + ROW.replace("yes", "perhaps", 1), "row 2, outcome: write yes or no"),
        (HEADER + 'North,"2026', "is not CSV"),
        (HEADER + "N" * 300 + ROW, "short fields"),
        ((HEADER + "N\xf6rth").encode("latin-1"), "is not CSV in UTF-8"),
    ],
)
def test_a_list_that_cannot_be_used_says_where_and_what_to_do(
    text: str | bytes, problem: str
) -> None:
    ended = run("-", text=text)

    assert ended.exit_code == 2
    assert problem in ended.stderr


def test_a_file_that_is_not_there_is_named() -> None:
    ended = run("nowhere.csv")

    assert ended.exit_code == 2
    assert "nowhere.csv: cannot be read" in ended.stderr


CHARTS = people(12)
# The first session of each: their form at its start, their alliance an hour later.
FIRSTS = {
    patient: min(str(each["authored"]) for each in chart if "authored" in each)
    for patient, chart in CHARTS.items()
}
VISITS = [encounter(f"e-{each}", each, FIRSTS[each]) for each in CHARTS]


def of_export(folder: Path, *options: str) -> Any:
    ended = run(str(folder), "--until", "2026-04-30", "--json", *options)
    assert ended.exit_code in (0, 1), ended.output
    return json.loads(ended.stdout)


def test_a_finished_encounter_of_an_export_is_a_session_of_its_team(
    tmp_path: Path,
) -> None:
    unfinished = [
        encounter(f"{status}", "p0", FIRST, status=status)
        for status in ("planned", "in-progress", "cancelled", "entered-in-error")
    ]
    export = with_encounters(tmp_path, CHARTS, [*VISITS, *unfinished])

    found = of_export(export)

    [team] = found["teams"]
    assert (team["team"], team["sessions"]) == ("North", 12)
    assert team["shares"] == {
        "outcome": [12, 12],
        "alliance": [12, 12],
        "discussed": "not known",
        "all three": "not known",
    }
    assert {team[each] for each in ("goal", "refused", "crisis")} == {"not known"}
    assert found["read"]["people"] == 12
    assert found["read"]["people_without_a_session"] == 0


def test_a_form_too_long_before_a_session_is_not_of_that_session(
    tmp_path: Path,
) -> None:
    at = {each: FIRST + timedelta(weeks=30) for each in CHARTS}
    late = [encounter(f"l-{each}", each, at[each]) for each in CHARTS]
    export = with_encounters(tmp_path, CHARTS, [*VISITS, *late])

    ended = run(str(export), "--until", "2026-09-30", "--json")

    [team] = json.loads(ended.stdout)["teams"]
    assert team["sessions"] == 12  # the first ones are more than three months ago
    assert team["shares"]["outcome"] == [0, 12]


def test_the_text_says_what_is_not_known_and_what_was_read(tmp_path: Path) -> None:
    odd = encounter("odd", "p1", "2026-03-02")
    export = with_encounters(tmp_path, CHARTS, [*VISITS, odd])

    ended = run(str(export), "--until", "2026-04-30")

    first, _, team, *_, read, unread, place = ended.stdout.splitlines()
    assert ended.exit_code == 1
    assert first.endswith("crisis contacts are not known, and so counted too.")
    assert team.split()[:2] == ["North", "12"] and team.count("not known") == 5
    assert "people 12, of them without a session 0" in read
    assert unread == "unread: 1 Encounter period.start: no_time"
    assert place == "  Encounter.0001.ndjson:13: no_time at period.start"


def test_a_team_is_named_as_last_shown_and_else_by_its_id(tmp_path: Path) -> None:
    def held_by(provider: dict[str, str] | None, name: str, weeks: int) -> Any:
        at = FIRST + timedelta(weeks=weeks)
        return [
            encounter(f"{name}-{each}", each, at, serviceProvider=provider)
            for each in CHARTS
        ]

    visits = [
        *held_by(NORTH, "a", 0),
        *held_by({**NORTH, "display": "North\x1b[2J and\nmore"}, "b", 2),
        *held_by({"reference": NORTH["reference"]}, "c", 3),  # type: ignore[index,call-overload]  # JSON
        *held_by({"reference": "Organization/south"}, "d", 1),
        *held_by(None, "e", 1),
    ]

    found = of_export(with_encounters(tmp_path, CHARTS, visits))

    assert {each["team"]: each["sessions"] for each in found["teams"]} == {
        "North\ufffd[2J and more": 36,  # the door has taken the escape out
        NO_TEAM: 12,
        "south": 12,
    }


def test_only_encounters_of_a_kind_may_be_counted(tmp_path: Path) -> None:
    other = [
        encounter(f"o-{each}", each, FIRST)
        | {"class": {"system": CLASS, "code": "IMP"}}
        for each in CHARTS
    ]
    export = with_encounters(tmp_path, CHARTS, [*VISITS, *other])

    found = of_export(export, "--encounter-type", f"{CLASS}|AMB")

    assert [each["sessions"] for each in found["teams"]] == [12]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "holds no Encounter that can be read"),
        (("--encounter-type", "AMB"), "SYSTEM|CODE"),
        (("--tenant", "x", "--dialect", "plain-r4"), "brings its own dialect"),
        (("--dialect", "unheard-of"), "no such file"),
        (("--tenant", "x"), "not started"),
    ],
)
def test_an_export_that_cannot_be_used_says_what_to_do(
    tmp_path: Path, options: tuple[str, ...], problem: str
) -> None:
    export = export_in(tmp_path, CHARTS)

    ended = run(str(export), *options)

    assert ended.exit_code == 2
    assert problem in ended.stderr


def test_options_of_an_export_are_refused_beside_a_list() -> None:
    ended = run("-", "--tenant", "x", text=HEADER + ROW)

    assert ended.exit_code == 2
    assert "the others are for a FOLDER" in ended.stderr
