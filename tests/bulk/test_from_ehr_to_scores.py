"""The whole way: an EHR's $export, the files, and scores without names."""

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from tests.exports import in_folder, other, reading
from tests.norm_scores import FOR_WHOM
from tests.publishing.site import Sandbox, new_client_key, sandbox, site_before

SCOPES = "system/Observation.rs system/QuestionnaireResponse.rs"
EXPORT = ("bulk", "export", "--tenant", "sandbox", "--legal-basis", "consent")
PEOPLE, WEEKS = 30, 8


def rom(*options: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in options])


@pytest.fixture
def ehr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    private, public = new_client_key()
    with sandbox(public, tmp_path, scopes=SCOPES) as found:
        site_before(
            tmp_path,
            monkeypatch,
            origin=found.origin,
            fhir_base=f"{found.origin}/fhir",
            client_key=private,
        )
        for person in range(PEOPLE):
            for week in range(WEEKS):
                on = (date(2026, 1, 5) + timedelta(weeks=week)).isoformat()
                name = f"score-{person}-{week}"
                made = reading(f"p{person}", on, 20 - week, name=name)
                assert found.store.inject(made)
        yield found


@pytest.mark.req("BD-01", "BD-04", "BD-07")
@pytest.mark.parametrize("way", [("--group", "clinic"), ("--system", "--post")])
def test_an_export_becomes_scores_without_names(
    ehr: Sandbox, tmp_path: Path, way: tuple[str, ...]
) -> None:
    folder, table = tmp_path / "export", tmp_path / "scores.csv"

    exported = rom(*EXPORT, *way, "--out", folder, "--json")
    extracted = rom(
        *("norms", "extract", folder, "--instrument", "phq-9"),
        *("--legal-basis", "consent", "--out", table, "--json"),
    )

    assert exported.exit_code == 0, exported.output
    assert json.loads(exported.stdout)["lines"] == PEOPLE * WEEKS
    assert len(list(folder.glob("Observation.*.ndjson"))) == 3
    assert extracted.exit_code == 0, extracted.output
    with table.open(encoding="ascii") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["person", "session", "day", "score"]
    assert len(rows) == 1 + PEOPLE * WEEKS
    assert [row[1:] for row in rows[1:4]] == [
        ["1", "0", "20"],
        ["2", "7", "19"],
        ["3", "14", "18"],
    ]
    assert "p1" not in table.read_text("ascii")


def test_an_export_that_is_repeated_fetches_nothing_again(
    ehr: Sandbox, tmp_path: Path
) -> None:
    options = (*EXPORT, "--patients", "--out", tmp_path / "export", "--json")
    first = rom(*options)

    again = rom(*options)

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert again.stdout == first.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--group", "1", "--system"), "--group ID, --patients or --system"),
        (("--group", "../x"), "no id of a FHIR resource"),
        (("--system", "--since", "2026-01-01"), "no instant with an offset"),
        (("--system", "--legal-basis", " "), "--legal-basis is empty"),
        (("--system", "--tenant", "other"), "there are: sandbox"),
    ],
)
def test_a_wrong_wish_is_refused_before_anything_is_asked(
    ehr: Sandbox, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    found = rom(*EXPORT, "--out", tmp_path / "export", *options)

    assert found.exit_code == 2
    assert said in found.stderr


def test_a_type_without_a_scope_is_refused_with_its_exit_code(
    ehr: Sandbox, tmp_path: Path
) -> None:
    found = rom(*EXPORT, "--system", "--type", "Encounter", "--out", tmp_path / "out")

    assert found.exit_code == 5
    assert "HTTP 403" in found.stderr


def test_a_finished_export_has_no_job_to_cancel(ehr: Sandbox, tmp_path: Path) -> None:
    rom(*EXPORT, "--system", "--out", tmp_path / "out")

    found = rom("bulk", "cancel", "--out", tmp_path / "out")

    assert (found.exit_code, found.stdout) == (
        0,
        "the EHR has no such job (any more)\n",
    )


def test_an_export_in_which_nobody_is_found_says_why_and_writes_nothing(
    tmp_path: Path,
) -> None:
    resources = [reading("p1", "2026-03-02", 9, name="1"), other("2")]
    folder, table = in_folder(tmp_path / "export", resources), tmp_path / "s.csv"

    found = rom(
        *("norms", "extract", folder, "--instrument", "phq-9", "--language", "fr"),
        *("--legal-basis", "consent", "--out", table, "--json"),
    )

    assert found.exit_code == 2
    assert "holds no reading of phq-9 1.0.0 (total) in fr; nothing was" in found.stderr
    assert "2 lines: about something else 1, another language 1" in found.stderr
    assert json.loads(found.stdout)["left_out"] == {"another language": 1}
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_what_a_killed_extraction_left_is_named_and_never_taken_for_a_table(
    tmp_path: Path, ending: str
) -> None:
    folder = in_folder(tmp_path / "export", [reading("p", "2026-03-02", 9, name="1")])
    table = tmp_path / f"s{ending}"
    script = (
        "import os, signal; from pathlib import Path;"
        " from server.bulk.score_table import new_table\n"
        f"with new_table(Path({str(table)!r})): os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -signal.SIGKILL
    (rows,) = tmp_path.glob("*.part")
    extract = ("norms", "extract", folder, "--instrument", "phq-9", "--out", table)

    again = rom(*extract, "--legal-basis", "consent")
    fitted = rom("norms", "cells", table, *FOR_WHOM, "--out", tmp_path / "cells.json")
    table.unlink()
    rows_only = rom(*extract, "--legal-basis", "consent")
    rows.unlink()
    whole = rom(*extract, "--legal-basis", "consent")

    assert again.exit_code == 2
    assert f"{table} and {rows}: of a run that was broken off" in again.stderr
    assert fitted.exit_code == 2
    assert "is empty: the run that writes it was broken off" in fitted.stderr
    assert rows_only.exit_code == 2
    assert f"{rows}: of a run that was broken off" in rows_only.stderr
    assert whole.exit_code == 0, whole.output


def test_scores_are_written_once_and_for_a_reason(ehr: Sandbox, tmp_path: Path) -> None:
    folder, table = tmp_path / "export", tmp_path / "scores.csv"
    rom(*EXPORT, "--system", "--out", folder)
    extract = ("norms", "extract", folder, "--instrument", "phq-9", "--out", table)
    table.write_text("mine")

    there = rom(*extract, "--legal-basis", "consent")
    without = rom(*extract)

    assert (there.exit_code, table.read_text()) == (2, "mine")
    assert without.exit_code == 2
    assert "--legal-basis" in without.stderr
