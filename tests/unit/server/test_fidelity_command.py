"""`rom fidelity`: a list of sessions in, teams out; nobody who treats is read."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main

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
