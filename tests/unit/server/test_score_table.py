"""Scores as a table: written once, read strictly, each fault with its line."""

import stat
from importlib.util import find_spec
from pathlib import Path

import pytest

from server.bulk.score_table import TableUnusable, courses_from_table, write_table
from tests.exports import courses_in, in_folder, reading, table

WITH_PYARROW = find_spec("pyarrow") is not None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return in_folder(
        tmp_path / "export",
        [
            reading("anna", "2026-03-02", 17, name="1"),
            reading("anna", "2026-03-09", 12.5, name="2"),
            reading("bert", "2026-03-02", 9, name="3"),
        ],
    )


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_what_is_written_is_read_again(folder: Path, ending: str) -> None:
    if ending == ".parquet" and not WITH_PYARROW:
        pytest.skip("pyarrow is absent (extra `parquet`)")
    file, courses = folder / f"scores{ending}", courses_in(folder)

    write_table(courses, file)

    assert table(courses_from_table(file)) == table(courses)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_table_is_never_overwritten(folder: Path) -> None:
    (folder / "scores.csv").write_text("mine")

    with pytest.raises(FileExistsError):
        write_table(courses_in(folder), folder / "scores.csv")


def test_another_ending_is_refused_before_anything_is_written(folder: Path) -> None:
    with pytest.raises(TableUnusable, match=r"\.csv or \.parquet"):
        write_table(courses_in(folder), folder / "scores.xlsx")

    assert not (folder / "scores.xlsx").exists()


@pytest.mark.skipif(WITH_PYARROW, reason="pyarrow is here")
def test_parquet_without_its_library_says_what_to_install(folder: Path) -> None:
    with pytest.raises(TableUnusable, match=r"rom-on-fhir\[parquet\]"):
        write_table(courses_in(folder), folder / "scores.parquet")

    assert not (folder / "scores.parquet").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("person,score\n", "x.csv:1: no column session"),
        ("person,session,score\n", "holds no reading"),
        ("person,session,score\na,1,5\na,2\n", "x.csv:3: has not as many"),
        ("person,session,score\na,1,5,9\n", "x.csv:2: has not as many"),
        ("person,session,score\n,1,5\n", "x.csv:2: person is empty"),
        ("person,session,score\na,0,5\n", "x.csv:2: session is below 1"),
        ("person,session,score\na,one,5\n", "x.csv:2: session is not a whole"),
        ("person,session,score\na,1,five\n", "x.csv:2: score is not a number"),
        ("person,session,score\na,1,nan\n", "x.csv:2: score is out of any range"),
        ("person,session,day,score\na,1,-1,5\n", "x.csv:2: day is not a whole"),
        ("person,session,score\na,2,5\n", "sessions are not 1, 2, 3"),
        ("person,session,score\na,1,5\na,1,6\n", "sessions are not 1, 2, 3"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.csv"
    file.write_text(text, encoding="ascii")

    with pytest.raises(TableUnusable) as refusal:
        courses_from_table(file)

    assert said in str(refusal.value)


def test_a_table_without_days_is_read(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("session,person,score\n2,b,4\n1,b,5.5\n1,a,6\n", encoding="ascii")

    found = courses_from_table(file)

    assert table(found) == [(0, 1, 0, 6.0), (1, 1, 0, 5.5), (1, 2, 0, 4.0)]
    assert found.readings.n_persons == 2
