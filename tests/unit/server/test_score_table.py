"""Scores as a table: written once, read strictly, each fault with its line."""

import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from clinical.norms.courses import Courses
from clinical.norms.pack import AgeBand
from server.bulk.score_table import TableUnusable, new_table
from server.norms.score_file import Scores, ScoresUnusable, Wanted, scores_from_file
from tests.exports import courses_in, in_folder, reading
from tests.instruments import PHQ9


def read(file: Path) -> Scores:
    wanted = Wanted(PHQ9.total, "en", AgeBand(18, 64))
    return scores_from_file(file, wanted, told=lambda _done, _size: None)


def write(file: Path, parts: Iterable[Courses]) -> None:
    with new_table(file) as take:
        for each in parts:
            take(each)


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
    file, courses = folder / f"scores{ending}", courses_in(folder)

    write(file, [courses])

    found, written = read(file).people.readings, courses.readings
    assert found.n_persons == 2
    assert found.session.tolist() == written.session.tolist()
    assert found.score.tolist() == written.score.tolist()
    assert sorted(found.intake) == sorted(written.intake)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_people_of_several_parts_are_numbered_on(folder: Path, ending: str) -> None:
    file, courses = folder / f"scores{ending}", courses_in(folder)

    write(file, [courses, courses])

    found, part = read(file).people.readings, courses.readings
    assert found.n_persons == 2 * part.n_persons
    assert found.score.tolist() == [*part.score, *part.score]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_of_a_table_that_cannot_be_written_whole_nothing_is_left(
    folder: Path, ending: str
) -> None:
    before = sorted(folder.iterdir())

    def interrupted() -> Iterator[Courses]:
        yield courses_in(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(folder / f"x{ending}", interrupted())

    assert sorted(folder.iterdir()) == before


def test_a_table_is_never_overwritten(folder: Path) -> None:
    (folder / "scores.csv").write_text("mine")

    with pytest.raises(FileExistsError):
        write(folder / "scores.csv", [courses_in(folder)])


def test_another_ending_is_refused_before_anything_is_written(folder: Path) -> None:
    with pytest.raises(TableUnusable, match=r"\.csv or \.parquet"):
        write(folder / "scores.xlsx", [courses_in(folder)])

    assert not (folder / "scores.xlsx").exists()


def test_parquet_without_its_library_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed

    with pytest.raises(TableUnusable, match=r"rom-on-fhir\[parquet\]"):
        write(folder / "scores.parquet", [courses_in(folder)])

    assert not (folder / "scores.parquet").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("person,score\n", "x.csv:1: no column session or date"),
        ("person,session,score,mood\n", "x.csv:1: 1 columns are unknown"),
        ("person,session,score\n", "x.csv: holds nobody's course"),
        ('person,session,score\na,1,"5\n', "x.csv:2: "),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "x.csv"
    file.write_text(text, encoding="ascii")

    with pytest.raises(ScoresUnusable) as refusal:
        read(file)

    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,2", "has not as many"),
        ("a,2,5,9", "has not as many"),
        (",2,5", "person is empty"),
        ("a,0,5", "session is no number"),
        ("a,one,5", "session is no number"),
        ("a,2,five", "score is no number"),
        ("a,2,nan", "score is outside 0 to 27"),
        ("a,2,28", "score is outside 0 to 27"),
        ("a,1,6", "session is there twice"),
        ("b,2,6", "the person has no session 1"),
    ],
)
def test_a_row_that_is_no_reading_is_named_by_its_line(
    tmp_path: Path, row: str, said: str
) -> None:
    file = tmp_path / "x.csv"
    file.write_text(f"person,session,score\na,1,5\n\n{row}\na,3,4\n")

    found = read(file)

    assert found.not_used.n_bad == 1
    assert found.not_used.bad[0].startswith(f"x.csv:4: {said}")
    assert found.people.readings.score.tolist() == [4.0]


def test_rows_in_any_order_are_read(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("session,person,score\n2,b,4\n1,b,5.5\n1,a,6\n")

    found = read(file).people.readings

    assert (found.n_persons, found.session.tolist()) == (2, [2])


def test_a_row_of_a_parquet_file_is_named_by_its_number(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    file = tmp_path / "x.parquet"
    columns = {"person": [1, 1, 1], "session": [1, 2, 3], "score": [5.0, None, 99.0]}
    parquet.write_table(pyarrow.table(columns), file)

    found = read(file)

    assert found.not_used.bad == (
        "x.parquet:2: score is no number",
        "x.parquet:3: score is outside 0 to 27",
    )


def test_what_only_calls_itself_parquet_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    file.write_bytes(b"person,session,score")

    with pytest.raises(ScoresUnusable, match="is no Parquet file"):
        read(file)
