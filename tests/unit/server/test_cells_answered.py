"""What a database answered becomes the same file as the same readings do here."""

import csv
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from clinical.norms.cells import COLUMNS
from clinical.norms.cells_answer import COUNTS
from clinical.norms.cells_json import cells_from_json
from tests.norm_scores import FOR_WHOM, run, write_scores

QUESTION = "phq-9 1.0.0 from 0 to 27, no knot"
URL = "postgres://ada:s3cret@127.0.0.1:1/records"


@pytest.fixture(scope="module")
def at_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    out = folder / "cells.json"
    found = run("cells", write_scores(folder / "scores.csv"), *FOR_WHOM, "--out", out)
    assert found.exit_code == 0, found.output
    return out


def written(at_home: Path, answer: Path, **counts: int) -> Path:
    """The cells at home as a database answers them, from the last to the first."""
    cells = cells_from_json(at_home.read_text("ascii")).cells
    rows = zip(*(getattr(cells, name).tolist() for name in COLUMNS), strict=True)
    told = [counts.get(name, 0) for name in COUNTS]
    with answer.open("w", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow([each.upper() for each in (*COLUMNS, *COUNTS, "asked")])
        writer.writerows([*row, *told, QUESTION] for row in reversed(list(rows)))
    return answer


def test_an_answer_gives_the_file_that_its_readings_give(
    tmp_path: Path, at_home: Path
) -> None:
    answer = written(at_home, tmp_path / "answer.csv", rows_read=2000)
    out = tmp_path / "cells.json"

    found = run("cells", "--answer", answer, *FOR_WHOM, "--out", out)

    assert found.exit_code == 0, found.output
    assert "0 persons in 0 cells of fewer than 5 were kept back" in found.stdout
    assert out.read_bytes() == at_home.read_bytes()


def test_small_cells_of_an_answer_are_kept_back_and_their_cost_is_told(
    tmp_path: Path, at_home: Path
) -> None:
    answer = written(at_home, tmp_path / "answer.csv", rows_read=2000)
    lonely = [900, 2, *[0] * (len(COLUMNS) - 2), 2000, *[0] * 6, QUESTION]
    with answer.open("a") as stream:
        stream.write(";".join(map(str, lonely)) + "\n")
    out = tmp_path / "cells.json"

    found = run("cells", "--answer", answer, *FOR_WHOM, "--out", out)

    assert "2 persons in 1 cells of fewer than 5 were kept back" in found.stdout
    assert out.read_bytes() == at_home.read_bytes()


def test_rows_that_are_no_readings_are_told_and_left_out_only_if_wanted(
    tmp_path: Path, at_home: Path
) -> None:
    counts = {"no_score": 3, "out_of_range": 2, "there_twice": 1}
    answer = written(at_home, tmp_path / "answer.csv", rows_read=2000, **counts)
    given = ("cells", "--answer", answer, *FOR_WHOM, "--out", tmp_path / "cells.json")

    refused = run(*given)
    gone_on = run(*given, "--leave-out-bad-rows")

    assert (refused.exit_code, gone_on.exit_code) == (2, 0)
    assert "2 rows: score is outside 0 to 27" in gone_on.stderr
    assert "6 rows are no readings" in refused.stderr


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"rows_read": 9, "there_twice": 1, "disagreeing": 1}, "only the site can say"),
        ({"rows_read": 0}, "the table holds no row"),
    ],
)
def test_what_no_option_can_mend_is_refused(
    tmp_path: Path, at_home: Path, counts: dict[str, int], said: str
) -> None:
    answer = written(at_home, tmp_path / "answer.csv", **counts)
    out = tmp_path / "cells.json"

    given = ("cells", "--answer", answer, *FOR_WHOM, "--out", out)
    found = run(*given, "--leave-out-bad-rows")

    assert (found.exit_code, out.exists()) == (2, False)
    assert said in found.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no column"),
        (b"readings;persons\n1;2;3\n", "rows of another length"),
        (b"readings,readings\n1,2\n", "has no header"),
        (b"readings,\xff\n", "is not UTF-8"),
        (b"x" * 1_000_001, "is larger than"),
    ],
)
def test_a_file_that_is_no_answer_is_refused(
    tmp_path: Path, content: bytes, said: str
) -> None:
    answer = tmp_path / "answer.csv"
    answer.write_bytes(content)
    out = tmp_path / "cells.json"

    found = run("cells", "--answer", answer, *FOR_WHOM, "--out", out)

    assert (found.exit_code, out.exists()) == (2, False)
    assert said in found.stderr


def test_the_answer_to_another_question_is_refused(
    tmp_path: Path, at_home: Path
) -> None:
    answer = written(at_home, tmp_path / "answer.csv", rows_read=2000)

    given = ("cells", "--answer", answer, *FOR_WHOM, "--out", tmp_path / "cells.json")
    found = run(*given, "--knot", "4")

    assert found.exit_code == 2
    assert "is not 'phq-9 1.0.0 from 0 to 27, knot 4'" in found.stderr


@pytest.mark.parametrize(
    "given",
    [
        ("--table", "readings", "--database", URL, "--out", "cells.json"),
        ("--table", "readings", "--print-sql", "snowflake"),
    ],
)
def test_without_the_extra_one_sentence_says_so_and_no_password(
    given: Iterable[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ibis", None)
    monkeypatch.chdir(tmp_path)

    found = run("cells", *FOR_WHOM, *given)

    assert found.exit_code == 2
    assert "install rom-on-fhir[ibis]" in found.stderr
    assert "s3cret" not in found.output


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "either SCORES, or --table, or --answer"),
        (("--table", "t", "--answer", __file__), "either SCORES, or --table"),
        (("--print-sql", "duckdb", "--answer", __file__), "--table is missing"),
        (("--table", "t"), "--out is missing"),
        (("--table", "t", "--out", "cells.json"), "--database is missing"),
    ],
)
def test_where_the_readings_are_is_said_once(
    given: Iterable[str], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ROM_DATABASE_URL", raising=False)

    found = run("cells", *FOR_WHOM, *given)

    assert found.exit_code == 2
    assert said in found.stderr
