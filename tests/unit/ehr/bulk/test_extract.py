"""What a folder of an export gives: readings, and every reason why there is none."""

import json
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from ehr.bulk.errors import FolderUnusable, UnknownScore
from ehr.bulk.extract import Wish, extract
from ehr.bulk.scan import Scanned, Scanner
from ehr.bulk.spans import LONGEST_LINE, Span, blocks_of
from questionnaires.errors import UnknownInstrument
from tests.exports import (
    courses_and_older,
    courses_in,
    in_folder,
    ndjson,
    other,
    reading,
    table,
)

FIXTURES = Path(__file__).parents[3] / "fixtures/fhir/rom-on-fhir"
TRANSACTION = FIXTURES / "phq-9-transaction.json"


def test_readings_become_courses_with_sessions_and_days(tmp_path: Path) -> None:
    folder = in_folder(
        tmp_path,
        [
            reading("anna", "2026-03-09", 12, name="2"),
            other("3"),
            reading("anna", "2026-03-02", 17, name="1"),
            reading("bert", "2026-05-05", 9, name="4"),
        ],
    )

    rows = {row[1:] for row in table(courses_in(folder))}

    assert rows == {(1, 0, 17.0), (2, 7, 12.0), (1, 0, 9.0)}


def test_no_name_id_or_date_is_left_in_what_was_found(tmp_path: Path) -> None:
    folder = in_folder(tmp_path, [reading("anna", "2026-03-02", 17, name="record-1")])

    found = extract(folder, Wish("phq-9"))

    text = repr(found)
    assert "anna" not in text
    assert "record-1" not in text
    assert "2026" not in text


def test_another_process_gives_other_hashes(tmp_path: Path) -> None:
    folder = in_folder(tmp_path, [reading("anna", "2026-03-02", 17, name="1")])

    here = extract(folder, Wish("phq-9")).columns
    elsewhere = extract(folder, Wish("phq-9"), processes=2, alone_below=0).columns

    assert here.patient != elsewhere.patient
    assert here.record != elsewhere.record


@pytest.mark.parametrize(
    ("fields", "place", "reason"),
    [
        ({"status": "preliminary"}, "status", "not_final"),
        ({"subject": None}, "subject", "malformed"),
        ({"subject": {"reference": "Group/1"}}, "subject", "malformed"),
        ({"effectiveDateTime": "2026-03"}, "effectiveDateTime", "no_date"),
        ({"effectiveDateTime": "2026-03-02T10:00:00"}, "effectiveDateTime", "no_date"),
        ({"effectiveDateTime": None}, "effectiveDateTime", "no_date"),
        ({"modifierExtension": [{"url": "x"}]}, "modifierExtension", "not_interpreted"),
        ({"valueQuantity": {"value": 28}}, "valueQuantity.value", "out_of_range"),
        ({"valueQuantity": {"value": "NaN"}}, "valueQuantity.value", "malformed"),
        (
            {"valueQuantity": {"value": 5, "unit": "mm[Hg]"}},
            "valueQuantity.unit",
            "unit",
        ),
        ({"valueQuantity": None, "valueString": "12"}, "valueString", "malformed"),
        ({"valueQuantity": "12"}, "valueQuantity", "malformed"),
    ],
)
def test_a_line_that_cannot_be_used_is_reported_with_its_file_and_line(
    tmp_path: Path, fields: dict[str, Any], place: str, reason: str
) -> None:
    good = reading("anna", "2026-03-02", 17, name="1")
    folder = in_folder(
        tmp_path,
        [other("0"), good, reading("anna", "2026-03-09", 12, name="2", **fields)],
    )

    found = extract(folder, Wish("phq-9"))

    (at,) = found.unread_at
    assert (at.file, at.line) == ("Observation.1.ndjson", 3)
    assert (at.place, at.reason) == (place, reason)
    assert found.unread == {("Observation", place, reason): 1}
    assert len(found.columns.value) == 1


@pytest.mark.parametrize(
    "broken",
    [
        b'{"resourceType":"Observation","code":{"coding":[{"code":"44261-6"}]\n',
        b'{"resourceType":"Observation","code":{"coding":[{"code":"44261-6"}]},"\xff"\n',
        b'["44261-6"]\n',
        b'{"resourceType":"Observation","id":"7","status":"fi',
    ],
)
def test_a_broken_line_is_counted_and_costs_only_itself(
    tmp_path: Path, broken: bytes
) -> None:
    first = ndjson([reading("anna", "2026-03-02", 17, name="1")])
    second = ndjson([reading("anna", "2026-03-09", 12, name="2")])
    in_folder(tmp_path, [])
    file = tmp_path / "Observation.1.ndjson"
    whole = broken.endswith(b"\n")
    file.write_bytes(first + broken + second if whole else first + second + broken)

    found = extract(tmp_path, Wish("phq-9"))

    assert [each.line for each in found.unread_at] == [2 if whole else 3]
    assert len(found.columns.value) == 2


def test_a_last_line_without_its_end_is_read(tmp_path: Path) -> None:
    text = ndjson([reading("anna", "2026-03-02", 17, name="1")]).rstrip()
    (tmp_path / "Observation.ndjson").write_bytes(text)

    found = extract(tmp_path, Wish("phq-9"))

    assert list(found.columns.value) == [17.0]


def test_a_line_longer_than_a_line_may_be_is_reported_and_passed(
    tmp_path: Path,
) -> None:
    note = [{"text": "x" * (LONGEST_LINE + 1)}]
    long = reading("anna", "2026-03-02", 17, name="1", note=note)
    folder = in_folder(tmp_path, [long, reading("anna", "2026-03-09", 12, name="2")])

    found = extract(folder, Wish("phq-9"))

    assert [each.line for each in found.unread_at] == [1]
    assert list(found.columns.value) == [12.0]


def test_a_code_spelt_in_escapes_is_found(tmp_path: Path) -> None:
    text = ndjson([reading("anna", "2026-03-02", 17, name="1")])
    spelt = text.replace(b"44261-6", b"4426\\u0031\\u002d6")
    (tmp_path / "Observation.ndjson").write_bytes(spelt)

    found = extract(tmp_path, Wish("phq-9"))

    assert b"44261-6" not in spelt
    assert list(found.columns.value) == [17.0]


def test_what_is_left_out_on_purpose_is_counted_by_its_reason(tmp_path: Path) -> None:
    own = "https://rom-on-fhir.example/fhir/CodeSystem/score"
    old = [{"system": own, "code": "phq-9.total", "version": "0.1.0"}]
    absent = {"coding": [{"code": "not-performed"}]}
    folder = in_folder(
        tmp_path,
        [
            reading("a", "2026-03-02", 1, name="1", status="entered-in-error"),
            reading("a", "2026-03-02", 1, name="2", code={"coding": old}),
            reading("a", "2026-03-02", 1, name="3", language="de-CH"),
            reading(
                "a", "2026-03-02", 1, name="4", valueQuantity=None,
                dataAbsentReason=absent,
            ),
            other("5") | {"note": [{"text": "not a 44261-6"}]},
        ],
    )  # fmt: skip

    found = extract(folder, Wish("phq-9", language="en"))

    assert found.left_out == {
        "entered in error": 1,
        "another version of the instrument": 1,
        "another language": 1,
        "no score: too much is blank": 1,
    }
    assert courses_in(folder).n_persons == 1  # without a wish for a language


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [("en", 3), ("EN", 3), ("en-US", 2), ("en_US", 2), ("e", 0), ("en-GB", 0)],
)
def test_a_wanted_language_is_taken_however_it_is_written(
    tmp_path: Path, wanted: str, taken: int
) -> None:
    spelt = ("en", "en-US", "en_us", "de")
    folder = in_folder(
        tmp_path,
        [reading(each, "2026-03-02", 1, name=each, language=each) for each in spelt],
    )

    found = extract(folder, Wish("phq-9", language=wanted))

    assert found.left_out["another language"] == len(spelt) - taken


def test_of_one_record_the_latest_version_counts(tmp_path: Path) -> None:
    def version(number: int, value: int, **fields: Any) -> dict[str, Any]:
        meta = {"lastUpdated": f"2026-03-0{number}T08:00:00.5Z"}
        return reading("anna", "2026-03-01", value, name="1", meta=meta, **fields)

    folder = in_folder(tmp_path / "new", [version(3, 12), version(2, 17)])
    withdrawn = in_folder(
        tmp_path / "withdrawn",
        [version(2, 17), version(3, 17, status="entered-in-error")],
    )

    kept, gone = courses_and_older(folder), courses_and_older(withdrawn)

    assert (table(kept[0]), kept[1]) == ([(0, 1, 0, 12.0)], 1)
    assert (table(gone[0]), gone[1]) == ([], 1)


def test_a_response_and_its_score_are_one_reading(tmp_path: Path) -> None:
    entries = json.loads(TRANSACTION.read_text("utf-8"))["entry"]
    resources = [each["resource"] for each in entries]
    for kind in ("Observation", "QuestionnaireResponse"):
        of_kind = [
            each | {"id": f"{kind}-{number}"}
            for number, each in enumerate(resources)
            if each["resourceType"] == kind
        ]
        in_folder(tmp_path, of_kind, f"{kind}.ndjson")
    score = next(each for each in resources if "valueQuantity" in each)

    courses = courses_in(tmp_path)

    assert table(courses) == [(0, 1, 0, float(score["valueQuantity"]["value"]))]
    assert (courses.same_sitting, courses.disagreeing) == (1, 0)


def test_a_carers_response_is_left_out_and_counted(tmp_path: Path) -> None:
    entries = json.loads(TRANSACTION.read_text("utf-8"))["entry"]
    resources = [each["resource"] for each in entries]
    [response] = [
        each for each in resources if each["resourceType"] == "QuestionnaireResponse"
    ]
    carers = response | {"id": "r2", "source": {"reference": "RelatedPerson/mother"}}
    in_folder(tmp_path, [carers], "QuestionnaireResponse.ndjson")

    found = extract(tmp_path, Wish("phq-9"))

    assert found.left_out == {"answered by a carer": 1}
    assert courses_in(tmp_path).n_persons == 0


def test_two_scores_of_one_sitting_that_disagree_are_said(tmp_path: Path) -> None:
    folder = in_folder(
        tmp_path,
        [
            reading("anna", "2026-03-01", 12, name="1"),
            reading("anna", "2026-03-01", 17, name="2"),
        ],
    )

    courses = courses_in(folder)

    assert (len(courses.score), courses.disagreeing) == (1, 1)


def test_only_the_first_course_is_kept_after_a_long_gap(tmp_path: Path) -> None:
    folder = in_folder(
        tmp_path,
        [
            reading("anna", "2026-01-01", 17, name="1"),
            reading("anna", "2026-01-08", 15, name="2"),
            reading("anna", "2026-09-01", 20, name="3"),
            reading("anna", "2026-09-08", 19, name="4"),
        ],
    )

    courses = courses_in(folder, new_course_after_days=90)

    assert [row[3] for row in table(courses)] == [17.0, 15.0]
    assert courses.later_courses == 2


def test_a_compressed_or_empty_folder_is_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(FolderUnusable, match=r"Observation\*\.ndjson"):
        extract(tmp_path, Wish("phq-9"))
    (tmp_path / "Observation.ndjson.gz").write_bytes(b"")
    with pytest.raises(FolderUnusable, match="gunzip"):
        extract(tmp_path, Wish("phq-9"))


def test_an_unknown_instrument_or_score_is_refused(tmp_path: Path) -> None:
    folder = in_folder(tmp_path, [other("1")])
    with pytest.raises(UnknownInstrument):
        extract(folder, Wish("phq-99"))
    with pytest.raises(UnknownScore, match="total"):
        extract(folder, Wish("phq-9", "bond"))


def test_two_processes_find_what_one_finds(tmp_path: Path) -> None:
    for day in range(1, 25):
        row = reading(f"p{day % 7}", f"2026-03-{day:02}", day, name=f"{day}")
        in_folder(tmp_path, [row], f"Observation.{day}.ndjson")
    told: list[tuple[int, int]] = []

    def tell(done: int, size: int) -> None:
        told.append((done, size))

    two = extract(tmp_path, Wish("phq-9"), processes=2, alone_below=0, told=tell)
    one = extract(tmp_path, Wish("phq-9"), processes=1)

    assert sorted(two.columns.value) == sorted(one.columns.value)
    assert sorted(two.columns.instant) == sorted(one.columns.instant)
    assert len(set(two.columns.patient)) == len(set(one.columns.patient)) == 7
    assert told[-1] == (one.size, one.size)


@pytest.mark.parametrize("another_key", [True, False])
def test_a_process_that_is_ended_meanwhile_gives_no_half_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, another_key: bool
) -> None:
    folder = in_folder(tmp_path, [reading("anna", "2026-03-02", 17, name="1")])
    span = Span(folder / "Observation.1.ndjson", "Observation", 0, 1)

    def half(*_: object, processes: int) -> Iterator[Scanned]:
        yield Scanned(span)
        if another_key:  # of a process that was not copied from the same one
            yield Scanned(span, key_seen=Scanned(span).key_seen + 1)
        else:
            raise BrokenProcessPool

    monkeypatch.setattr("ehr.bulk.extract._scanned", half)

    with pytest.raises(FolderUnusable, match="ended from outside"):
        extract(folder, Wish("phq-9"))


def test_a_file_cut_at_any_byte_gives_the_same_lines(tmp_path: Path) -> None:
    resources = [reading("anna", "2026-03-02", 17, name="1"), other("2")] * 2
    file = in_folder(tmp_path, resources) / "Observation.1.ndjson"
    size = file.stat().st_size
    whole = lines_of(Span(file, "Observation", 0, size))

    for cut in range(1, size):
        parts = [
            line
            for start, end in ((0, cut), (cut, size))
            for line in lines_of(Span(file, "Observation", start, end))
        ]
        assert parts == whole, f"cut at byte {cut}"


def lines_of(span: Span) -> list[tuple[int, bytes | None]]:
    return [
        (block.offset_of(number), line)
        for block in blocks_of(span)
        for number, line in enumerate(block.lines)
    ]


def test_a_scanner_counts_each_piece_by_itself(tmp_path: Path) -> None:
    file = in_folder(tmp_path, [other("1")]) / "Observation.1.ndjson"
    scanner = Scanner(Wish("phq-9").wanted())

    pieces = [scanner.scan(Span(file, "Observation", 0, 10)) for _ in range(2)]

    assert [(each.lines, each.others) for each in pieces] == [(1, 1), (1, 1)]


def test_a_withdrawn_first_line_moves_no_column(tmp_path: Path) -> None:
    withdrawn = reading("anna", "2026-03-02", 1, name="1", status="entered-in-error")
    folder = in_folder(
        tmp_path, [withdrawn, reading("bert", "2026-03-02", 2, name="2")]
    )

    columns = extract(folder, Wish("phq-9")).columns

    rows = len(columns.value)
    assert rows == 2
    assert len(columns.patient) == len(columns.record) == rows
