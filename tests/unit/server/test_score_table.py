"""Scores as a table: written once, read strictly, each fault with its line."""

import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from clinical.norms.courses import Courses
from clinical.norms.pack import AgeBand
from server.bulk.score_table import TableUnusable, new_table
from server.norms.score_file import NobodyLeft, Scores, Wanted, scores_from_file
from server.norms.score_rows import ScoresUnusable
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
        ("person,session,score,mood\n", "x.csv:1: column 4 is unknown"),
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
        ("a,2", "has 2 entries and the header 3"),
        ("a,2,5,9", "has 4 entries and the header 3"),
        ('"a\nb",2,5', "goes on to line 5: is a quote not closed?"),
        (",2,5", "person is empty"),
        ("a,0,5", "session is no number"),
        ("a,one,5", "session is no number"),
        ("a,2,five", "score is no number"),
        ("a,2,nan", "score is no number"),
        ("a,2,inf", "score is no number"),
        ("a,2,1_0", "score is no number"),
        ("a,2,１２", "score is no number"),
        ("a,2,-1", "score is outside 0 to 27"),
        ("a,2,28", "score is outside 0 to 27"),
        ("a,1,6", "session is there twice"),
        ("b,2,6", "the person has no session 1"),
    ],
)
def test_a_row_that_is_no_reading_is_named_by_its_line(
    tmp_path: Path, row: str, said: str
) -> None:
    file = tmp_path / "x.csv"
    text = f"person,session,score\na,1,5\n\n{row}\na,3,4\n"
    file.write_text(text, encoding="utf-8")

    found = read(file)

    assert found.not_used.n_bad == 1
    assert found.not_used.bad[0].startswith(f"x.csv:4: {said}")
    assert found.people.readings.score.tolist() == [4.0]


@pytest.mark.parametrize("age", ["45.5", "forty", "9" * 5_000])
def test_an_age_that_is_none_is_named_by_its_line(tmp_path: Path, age: str) -> None:
    file = tmp_path / "x.csv"
    rows = f"person,session,score,age\na,1,5,45.0\na,2,4,45.0\nb,1,5,{age}\n"
    file.write_text(rows)

    found = read(file)

    assert found.not_used.bad == ("x.csv:4: age is no whole number of years",)
    assert found.people.groups["age"] == ("40-49",)


@pytest.mark.parametrize("parted_by", [",", ";", "\t"])
def test_a_table_as_a_spreadsheet_writes_it_is_read(
    tmp_path: Path, parted_by: str
) -> None:
    file = tmp_path / "x.csv"
    rows = [("Person", "Session", "Score"), ("a", "1", '"5,5"'), ("a", "2", '"4,0"')]
    text = "\r\n".join(parted_by.join(each) for each in rows)
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())

    found = read(file).people.readings

    assert (found.intake.tolist(), found.score.tolist()) == ([5.5], [4.0])


def test_two_people_are_not_joined_because_their_names_are_in_another_encoding(
    tmp_path: Path,
) -> None:
    file = tmp_path / "x.csv"
    rows = "person,session,score\nMüller,1,5\nMöller,2,4\n"
    file.write_bytes(rows.encode("latin-1"))

    with pytest.raises(ScoresUnusable, match=r"x\.csv:2: is not UTF-8"):
        read(file)


def test_a_region_belongs_to_its_language(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    rows = "person,session,score,language\na,1,5,en-GB\nb,1,5,EN\nc,1,5,fr\n"
    file.write_text(rows)

    found = read(file)

    assert found.people.readings.n_persons == 2
    assert found.not_used.left_out == {"persons with another language": 1}


def test_where_nobody_is_left_each_row_says_why(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("person,date,score\na,3.5.2026,5\na,10.5.2026,4\n")

    with pytest.raises(NobodyLeft) as refusal:
        read(file)

    assert refusal.value.not_used.bad == (
        "x.csv:2: date is no 2026-11-25",
        "x.csv:3: date is no 2026-11-25",
    )


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


def test_what_data_frames_write_as_parquet_is_read(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    file = tmp_path / "x.parquet"
    weeks = pyarrow.array([1, 604_800_000_000_001], pyarrow.timestamp("ns"))
    columns = {
        "person": [1.0, 1.0],
        "date": weeks,
        "score": [5.0, 4.0],
        "age": pyarrow.array([float("nan"), 45.0]),
    }
    parquet.write_table(pyarrow.table(columns), file)

    found = read(file)

    assert found.not_used.n_bad == 0
    assert found.people.readings.session.tolist() == [2]


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    file = tmp_path / "x.parquet"
    column = [*range(1_000)]
    table = pyarrow.table({"person": column, "session": column, "score": column})
    parquet.write_table(table, file)
    content = bytearray(file.read_bytes())
    content[100:600] = bytes(500)
    file.write_bytes(content)

    with pytest.raises(ScoresUnusable, match=r"x.parquet: is damaged"):
        read(file)
