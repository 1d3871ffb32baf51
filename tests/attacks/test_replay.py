"""Files that an export should not hold: nothing is lost in silence."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clinical.plan import DEMO_PLAN
from ehr.bulk.charts import charts_in
from ehr.bulk.spans import LONGEST_LINE
from server.cli import main
from tests.replay.charts import bundle, export_in, ndjson, people

SECRET = "Anna Beispiel"
CHARTS = people(8)
RESOURCES = sum(map(len, CHARTS.values()))
SCORE = next(each for each in CHARTS["p0"] if "valueQuantity" in each)


def rom(export: Path, *options: str | Path) -> Result:
    given = ["replay", str(export), "--plan", str(DEMO_PLAN), *map(str, options)]
    ended = CliRunner().invoke(main, given)
    assert ended.exception is None or isinstance(ended.exception, SystemExit)
    assert SECRET not in ended.output
    return ended


def figures(export: Path, *options: str | Path) -> Any:
    return json.loads(rom(export, "--json", *options).stdout)


def line(**changes: object) -> bytes:
    """A score of p0 with some members replaced."""
    return ndjson([{**SCORE, "id": "odd", **changes}])  # type: ignore[list-item]  # JSON


NOBODYS = {
    "no JSON": b'{"resourceType": "Observation", ' + SECRET.encode() + b"\n",
    "not UTF-8": b'{"resourceType": "Observation", "id": "\xff\xfe"}\n',
    "a list": b'[{"resourceType": "Observation"}]\n',
    "a word": b'"Observation"\n',
    "brackets": b'{"resourceType": "Observation", "x": ' + b"[" * 200_000 + b"\n",
    "a type with words": json.dumps({"resourceType": SECRET + " <b>"}).encode() + b"\n",
    "no subject": line(subject=None),
    "a group": line(subject={"reference": "Group/p0"}),
    "a urn": line(subject={"reference": "urn:uuid:p0"}),
    "an empty reference": line(subject={"reference": ""}),
    "a subject of text": line(subject=SECRET),
    "a NUL": b"\x00\n",
    "too long": b'{"resourceType":"Observation","x":"' + b"x" * LONGEST_LINE + b'"}\n',
}
OF_A_CHART = {
    "no type": b'{"id": "1", "subject": {"reference": "Patient/p0"}}\n',
    "an item of text": line(code=[SECRET]),
    "a number beyond all bounds": line(valueQuantity={"value": "1e999999999"}),
    "a value of another kind": line(valueQuantity=None, valueString=SECRET),
    "out of range": line(valueQuantity={"value": 4711}),
    "a date that never was": line(effectiveDateTime="2026-02-31"),
    "a day without end": line(effectiveDateTime="0000-00-00T00:00:00Z"),
    "a preliminary one": line(status="preliminary"),
}


@pytest.fixture(scope="module")
def without_it(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return figures(export_in(tmp_path_factory.mktemp("without"), CHARTS))


@pytest.mark.parametrize("name", [*NOBODYS, *OF_A_CHART])
def test_a_line_that_cannot_be_used_is_counted_and_costs_no_other(
    tmp_path: Path, name: str, without_it: Any
) -> None:
    export = export_in(tmp_path, CHARTS)
    body = NOBODYS.get(name) or OF_A_CHART[name]
    (export / "More.ndjson").write_bytes(body)

    ended = rom(export, "--json")

    assert ended.exit_code == 1
    found = json.loads(ended.stdout)
    assert sum(each["count"] for each in found["read"]["unread"]) == 1
    assert found["read"]["lines"] == RESOURCES + 1
    assert found["sessions"] == without_it["sessions"]
    if name in NOBODYS:  # else the person's cards say that something is unread
        assert found["sha256"] == without_it["sha256"]
        [at] = found["read"]["unread_at"]
        assert at.startswith("More.ndjson:1: ")


def test_every_bad_line_is_counted_and_the_first_twenty_are_named(
    tmp_path: Path,
) -> None:
    export = export_in(tmp_path, CHARTS)
    (export / "Bad.ndjson").write_bytes(b"{]\n" * 50 + b"\n" + b"{]")

    found = figures(export)

    assert [each["count"] for each in found["read"]["unread"]] == [51]
    named = found["read"]["unread_at"]
    assert named == [f"Bad.ndjson:{number}: malformed" for number in range(1, 21)]


@pytest.mark.parametrize("patient", ["../../etc/passwd", "p0' OR 1=1", "", "p" * 5_000])
def test_an_odd_patient_id_is_an_id_and_nothing_else(
    tmp_path: Path, patient: str
) -> None:
    export = export_in(tmp_path, CHARTS)
    (export / "Odd.ndjson").write_bytes(
        line(subject={"reference": f"Patient/{patient}"})
    )

    ended = rom(export, "--json")

    assert ended.exit_code in (0, 1)
    assert json.loads(ended.stdout)["read"]["lines"] == RESOURCES + 1


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("Observation.ndjson.gz", gzip.compress(b"{}", mtime=0), "unpack it first"),
        ("notes.json", b'{"resourceType": "Patient"}', "is no FHIR Bundle"),
        ("notes.json", b"[" * 100_000, "is no FHIR Bundle"),
        ("notes.json", b"\xff\xfe", "is no FHIR Bundle"),
        ("notes.txt", b"hello", "holds no *.ndjson"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_name(
    tmp_path: Path, name: str, body: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(body)

    ended = rom(tmp_path)

    assert ended.exit_code == 2
    assert said in ended.stderr


def test_what_lies_beside_the_files_is_named_and_not_read(tmp_path: Path) -> None:
    export = export_in(tmp_path, CHARTS)
    (export / "deleted").mkdir()
    (export / "Observation.0002.ndjson.differs").write_bytes(b"{}\n")
    (export / "export.json").write_bytes(b"{}")
    os.mkfifo(export / "pipe.ndjson")

    found = figures(export)

    left = ["Observation.0002.ndjson.differs", "deleted", "pipe.ndjson"]
    assert found["read"]["not_read"] == left


def test_a_bundle_of_many_people_gives_each_their_own(tmp_path: Path) -> None:
    everybody = [each for chart in CHARTS.values() for each in chart]
    odd = {**SCORE, "id": "nobody", "subject": {}}
    pulse = {"resourceType": "Encounter", "id": "e1"}
    (tmp_path / "all.json").write_bytes(bundle([*everybody, odd, pulse]))  # type: ignore[list-item]  # JSON
    body = json.loads((tmp_path / "all.json").read_bytes())
    body["entry"] += [{"resource": None}, {"resource": {"resourceType": 3}}, 7]
    (tmp_path / "all.json").write_text(json.dumps(body))

    found = figures(tmp_path)

    expected = figures(export_in(tmp_path / "lines", CHARTS))
    assert found["sessions"] == expected["sessions"]
    assert found["sha256"] == expected["sha256"]
    assert sum(each["count"] for each in found["read"]["unread"]) == 3
    assert found["read"]["other_types"] == {"Encounter": 1}


def test_a_record_sent_in_many_versions_counts_once(tmp_path: Path) -> None:
    export = export_in(tmp_path, CHARTS)
    expected = figures(export)
    (export / "Again.ndjson").write_bytes(
        (export / "Observation.0001.ndjson").read_bytes() * 3
    )

    assert figures(export)["sha256"] == expected["sha256"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("patient,at\np0,2026-03-02T10:00:00Z\n", "the header must be"),
        ("patient,at,encounter,clinician\n", "who opened a chart is not read"),
        ("patient,at,encounter\np0,2026-03-02,\n", "row 2, at"),
        ("patient,at,encounter\np0,soon,\n", "row 2, at"),
        ("patient,at,encounter\np0,0001-01-01T00:00:00Z,\n", "row 2, at"),
        ("patient,at,encounter\n,2026-03-02T10:00:00Z,\n", "row 2: give"),
        ("patient,at,encounter\np0\n", "row 2: give"),
        (f"patient,at,encounter\n{'x' * 300},,\n", "is not CSV"),
        ('patient,at,encounter\n"p0', "is not CSV"),
    ],
)
def test_a_list_of_openings_that_cannot_be_used_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    export = export_in(tmp_path / "export", CHARTS)
    (tmp_path / "day.csv").write_text(text)

    ended = rom(export, "--occasions", tmp_path / "day.csv")

    assert ended.exit_code == 2
    assert said in ended.stderr


def test_openings_of_charts_that_are_not_there_are_counted(tmp_path: Path) -> None:
    export = export_in(tmp_path / "export", CHARTS)
    rows = "patient,at,encounter\nstranger,2026-04-06T10:00:00Z,e1\n\n"
    (tmp_path / "day.csv").write_text(rows)

    found = figures(export, "--occasions", tmp_path / "day.csv")

    assert found["read"]["charts_not_in_the_export"] == 1
    assert found["openings"] == 0


def test_memory_holds_places_and_no_content(tmp_path: Path) -> None:
    charts = charts_in(export_in(tmp_path, CHARTS))

    kept = sum(len(each) for each in charts.places.values())
    assert kept == 3 * RESOURCES  # file, offset and length of each line
