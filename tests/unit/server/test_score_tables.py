"""`rom score --csv` and `--fhir`: many forms, each scored or named with its reason."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fhir_mapping.r4.json import json_bytes
from questionnaires.library import load_library
from server.cli import main
from server.scoring.lines import (
    LONGEST_LINE,
    MOST_LINES,
    InputUnusable,
    bounded_lines,
    first_bytes,
)
from server.scoring.responses import ScoredResponse, scored_responses
from server.scoring.rows import EVERY, scored_rows, write_rows
from tests.instruments import GAD7
from tests.unit.fhir_mapping.material import (
    FIXTURES,
    built,
    phq9_points,
    stored,
    submission,
    with_changed,
)
from tests.unit.questionnaires.conftest import Site

HEADER = ",".join(f"q{number}" for number in range(1, 8))
LIBRARY = load_library()


class Counting(io.BytesIO):
    """A file that knows how much of it was read, and the largest single request."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.given = self.largest = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None and size >= 0, "reads without a bound"
        self.largest = max(self.largest, size)
        found = super().read(size)
        self.given += len(found)
        return found

    def readline(self, size: int | None = -1) -> bytes:
        assert size is not None and size >= 0, "reads without a bound"
        self.largest = max(self.largest, size)
        found = super().readline(size)
        self.given += len(found)
        return found


def run(*options: str, text: str | bytes = "") -> Result:
    return CliRunner().invoke(main, ["score", *options], input=text)


def rows(text: str | bytes, *, kept: tuple[str, ...] = ()):
    body = text.encode() if isinstance(text, str) else text
    return list(scored_rows(io.BytesIO(body), GAD7, renamed={}, kept=kept))


def test_each_row_is_scored_and_other_columns_go_through() -> None:
    header = HEADER.replace("q1", "worry", 1)
    found = run(
        *("gad-7", "--csv", "-", "--keep", "who", "--column", "worry=q1"),
        text=f"who,{header}\nA,1,1,1,1,1,1,1\nB,3,3,3,3,3,3,3\n",
    )

    table = list(csv.DictReader(io.StringIO(found.stdout)))
    assert [(each["who"], each["total"], each["band"]) for each in table] == [
        ("A", "7", "mild"),
        ("B", "21", "severe"),
    ]
    assert [each["line"] for each in table] == ["2", "3"]
    assert found.exit_code == 0 and "2 rows, 0 not fully scored" in found.stderr


def test_a_row_that_cannot_be_scored_is_named_and_the_others_are_scored() -> None:
    body = f"{HEADER}\n1,1,1,1,1,1,9\n1,1\n\n1,1,1,1,1,1,\n1,1,1,1,1,1,1\n"

    found = run("gad-7", "--csv", "-", text=body)

    assert found.exit_code == 1
    said = found.stderr
    assert "line 2: item '/69736-7': is not one of its answers" in said
    assert "line 3: has 2 cells, the header has 7" in said
    assert "line 4: the row is empty" in said
    assert "line 5: too many blanks for: total" in said
    table = list(csv.DictReader(io.StringIO(found.stdout)))
    assert [each["total"] for each in table] == ["", "", "", "", "7"]
    assert [bool(each["problem"]) for each in table] == [True] * 4 + [False]


def test_rows_as_json_say_the_same_as_one_form() -> None:
    alone = json.loads(
        run("gad-7", "--answers", "-", "--json", text="[1,2,3,0,1,2,3]").stdout
    )

    found = run("gad-7", "--csv", "-", "--json", text=f"{HEADER}\n1,2,3,0,1,2,3\n")

    assert json.loads(found.stdout) == {"line": 2, **alone}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_of_the_header(delimiter: str) -> None:
    text = f"\ufeff{HEADER}\r\n1,1,1,1,1,1,1\r\n".replace(",", delimiter)

    [row] = rows(text)

    assert row.report is not None and row.report["scores"][0]["value"] == 7


def test_a_quoted_cell_may_hold_a_line_end_and_lines_are_still_counted() -> None:
    text = f'note,{HEADER}\n"a\nb",1,1,1,1,1,1,1\nc,1,1,1,1,1,1,x\n'

    first, second = rows(text, kept=("note",))

    assert (first.line, first.kept["note"], first.problem) == (2, "a\nb", "")
    assert second.line == 4 and "/69736-7" in second.problem


def test_a_row_that_is_no_text_is_refused_alone() -> None:
    text = f"note,{HEADER}\n".encode() + b"\xff,1,1,1,1,1,1,1\nok,1,1,1,1,1,1,1\n"

    first, second = rows(text, kept=("note",))

    assert first.problem == "is not UTF-8 text" and second.problem == ""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "line 1: the header is missing"),
        ("a,b\n1,2\n", "line 1: column 'a' is no item of gad-7"),
        (f'{HEADER}\n1,1,1,1,1,1,"1"x\n', "line 2: not CSV"),
        (f"{HEADER}\n{'0,' * 1_000_000}\n", "line 2 is longer than"),
        (
            f'{HEADER}\n"{"x" * 60_000}\n{"x" * 60_000}\n{"x" * 60_000}\n',
            "line 2: not CSV",
        ),
        (
            f"{HEADER}\n" + '"a\n' + 'b","c\n' * 500,
            "line 2: a quotation mark is opened",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_named_with_its_line(
    text: str, named: str
) -> None:
    found = run("gad-7", "--csv", "-", text=text)

    assert found.exit_code == 2
    assert named in found.stderr and "Traceback" not in found.output


def test_a_large_table_is_read_line_by_line() -> None:
    row = b"1,1,1,1,1,1,1\n"
    body = Counting(HEADER.encode() + b"\n" + row * 5_000)

    stream = scored_rows(body, GAD7, renamed={}, kept=())
    next(stream)

    assert body.given <= len(HEADER) + 1 + 2 * len(row)
    assert body.largest == LONGEST_LINE + 1


def test_a_long_table_says_how_far_it_is_and_not_each_problem() -> None:
    body = HEADER.encode() + b"\n" + b"9,1,1,1,1,1,1\n" * EVERY
    said: list[str] = []
    out = io.StringIO()

    tally = write_rows(
        scored_rows(io.BytesIO(body), GAD7, renamed={}, kept=()),
        GAD7,
        kept=(),
        as_json=False,
        out=out,
        say=said.append,
    )

    assert (tally.rows, tally.problems) == (EVERY, EVERY)
    assert f"{EVERY} rows" in said and len(said) == 22
    assert said[-1].startswith(f"and {EVERY - 20} more")
    assert len(out.getvalue().splitlines()) == EVERY + 1


def test_a_file_that_is_far_too_large_is_left_after_its_first_bytes() -> None:
    body = Counting(b"[" + b"0," * 1_000_000)

    assert len(first_bytes(body, most=256_000)) == 256_001
    assert body.given == 256_001


def test_lines_end_at_the_bound() -> None:
    body = Counting(b"a\n" + b"x" * 1_000_000)

    with pytest.raises(InputUnusable, match="line 2 is longer than 10 bytes"):
        list(bounded_lines(body, longest=10))
    assert body.given == 13 and MOST_LINES > 1


def response(**changes: object) -> dict[str, object]:
    found = built(submission()).response | {"id": "17"}
    for place, value in changes.items():
        found = with_changed(found, place, value)
    return found


def score_fhir(body: bytes) -> list[ScoredResponse]:
    found = scored_responses(io.BytesIO(body), LIBRARY)
    return [each for each in found if isinstance(each, ScoredResponse)]


def test_one_response_is_recognised_by_its_canonical() -> None:
    found = run("--fhir", "-", "--json", text=json_bytes(response()))

    said = json.loads(found.stdout)
    assert found.exit_code == 0
    assert said["resource"] == "QuestionnaireResponse/17"
    assert said["instrument"] == "phq-9" and said["scores"][0]["value"] == 12


def test_a_bundle_from_a_chart_gives_its_responses_and_counts_the_rest() -> None:
    found = run(
        *("--fhir", str(FIXTURES / "rom-on-fhir" / "phq-9-transaction.json")),
        "--json",
    )

    assert found.exit_code == 0
    assert "1 responses, 0 not fully scored, " in found.stderr
    assert json.loads(found.stdout)["instrument"] == "phq-9"


def test_ndjson_is_scored_line_by_line_and_a_bad_line_is_named() -> None:
    sent = submission(phq9_points(1, 1, 1, 1, 1, 1, 1, 1, 1, 1), number=2)
    lines = [
        *(json_bytes(each) for each in stored(sent)),
        b'{"resourceType": "QuestionnaireResponse", "item": 7}',
        b"{not json",
        json_bytes(response()),
    ]

    found = run("--fhir", "-", "--json", text=b"\n\n".join(lines))

    said = [json.loads(line) for line in found.stdout.splitlines()]
    assert found.exit_code == 1
    assert [each["place"] for each in said] == ["line 1", "line 5", "line 7", "line 9"]
    assert ["problem" in each for each in said] == [False, True, True, False]
    assert [said[at]["scores"][0]["value"] for at in (0, 3)] == [9, 12]
    assert "4 responses, 2 not fully scored, 1 resources of other types" in found.stderr


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"status": "in-progress"}, "status: not_final"),
        ({"implicitRules": "http://x.example"}, "implicitRules: not_interpreted"),
        ({"questionnaire": "http://x.example/q|1"}, "http://x.example/q|1"),
        ({"questionnaire": "Ada <b>Lovelace</b>"}, "the form it names"),
        ({"item[0].linkId": "/nobody"}, "item[0].linkId: unknown_code"),
        ({"item[1].linkId": "/44250-9"}, "item[1].linkId"),
        ({"item[0].answer[0].valueCoding.code": "LA6568-5"}, "disagrees"),
        ({"item[0].answer": [{"valueInteger": 1}] * 2}, "item[0].answer"),
        ({"item[0].answer": [{"valueInteger": 7}]}, "out_of_range"),
        ({"item[0].answer": [{"valueString": "often"}]}, "item[0].answer"),
    ],
)
def test_a_response_that_cannot_be_scored_is_named_by_place(
    changes: dict[str, object], named: str
) -> None:
    if changes.get("questionnaire"):
        changes = changes | {"item": []}

    [found] = score_fhir(json_bytes(response(**changes)))

    assert named in found.problem and found.report is None


def test_a_response_to_another_version_is_not_scored_with_this_one() -> None:
    canonical = LIBRARY.instrument("phq-9").canonical

    [found] = score_fhir(json_bytes(response(questionnaire=f"{canonical}|9.9.9")))

    assert "another version" in found.problem


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "cannot be read"),
        (b"[]", "cannot be read"),
        (b"<html>", "cannot be read"),
        (b'{"resourceType": "Bundle", "entry": 7}', "Bundle cannot be read"),
        (b'{"a":' * 100_000, "cannot be read"),
        (b" \n" * 500, "cannot be read"),
        (b'{\n"a": "' + b"x" * 10_000_001, "is longer than 10000000 bytes"),
        (b'{\n"a":\n' + b'"x",\n' * 2_500_000, "put one resource on each line"),
    ],
)
def test_what_is_no_fhir_at_all_ends_with_2(body: bytes, named: str) -> None:
    found = run("--fhir", "-", text=body)

    assert found.exit_code == 2
    assert named in found.stderr and "Traceback" not in found.output


def test_a_large_document_is_left_at_the_bound() -> None:
    body = Counting(b'{\n"a":\n' + b'"x",\n' * 5_000_000)

    with pytest.raises(InputUnusable):
        list(scored_responses(body, LIBRARY))

    assert body.given <= 10_000_001


def test_a_file_without_any_response_does_not_look_scored() -> None:
    assert run("--fhir", "-", text='{"resourceType": "Patient"}').exit_code == 1


def test_what_can_be_scored_is_listed_with_its_range() -> None:
    said = run("--list").stdout

    assert "gad-7: GAD-7, 7 items; total 0 to 21" in said
    found = [json.loads(line) for line in run("--list", "--json").stdout.splitlines()]
    assert {each["id"] for each in found} == set(LIBRARY.instruments)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ((), "give one of --answers, --csv and --fhir"),
        (("gad-7", "--csv", "-", "--fhir", "-"), "give one of"),
        (("--csv", "-"), "name the instrument"),
        (("gad-7", "--csv", "nowhere.csv"), "cannot read nowhere.csv"),
        (("gad-7", "--csv", "-", "--column", "x"), "write NAME=ITEM"),
    ],
)
def test_a_command_that_says_too_little_is_told_what_is_missing(
    options: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    found = run(*options)

    assert found.exit_code == 2 and named in found.stderr


def test_scoring_one_form_loads_nothing_heavy() -> None:
    script = (
        "import sys; from server.commands import score\n"
        "print(*sorted({name.split('.')[0]"
        " for name in sys.modules} & {'fhir', 'pydantic', 'flask', 'sqlalchemy',"
        " 'requests', 'cryptography', 'fhir_mapping', 'csv', 'fhirclient'}))"
    )

    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == ""


def test_an_answer_for_review_is_not_called_urgent(tmp_path: Path) -> None:
    site = Site(tmp_path / "clinic")
    folder = site.write()

    said = run(
        *("mood", "--answers", "-", "--instruments", str(folder)),
        text='{"sad": 2, "glad": 0, "line": 3}',
    ).stdout

    assert "SAFETY sad: answered 2: for the clinician's review" in said


def test_rows_as_json_keep_their_columns_and_their_problem() -> None:
    found = run(
        *("gad-7", "--csv", "-", "--json", "--keep", "who"),
        text=f"who,{HEADER}\nA,1,1,1,1,1,1,x\n",
    )

    said = json.loads(found.stdout)
    assert (said["line"], said["kept"]) == (2, {"who": "A"})
    assert "is not a number" in said["problem"] and "scores" not in said


def test_responses_are_said_in_words_too() -> None:
    body = json_bytes(response()) + b"\n" + json_bytes(response(status="stopped"))

    said = run("--fhir", "-", text=body).stdout

    assert "line 1: QuestionnaireResponse/17\n  PHQ-9 (version 1.0.0)" in said
    assert "total: 12" in said
    assert "line 2: QuestionnaireResponse/17: " in said and "not_final" in said


def test_a_line_that_is_no_text_or_too_long_is_named_and_the_next_is_scored() -> None:
    lines = (
        b'{"resourceType": "QuestionnaireResponse"}',
        b'{"a": "\xff"}',
        b'{"a": "' + b"x" * 1_000_000 + b'"}',
        json_bytes(response()),
    )

    found = score_fhir(b"\n".join(lines))

    assert [bool(each.problem) for each in found] == [True, True, True, False]
    assert "byte 7" in found[1].problem
    assert found[2].problem == "is longer than 1000000 bytes"


def test_an_entry_of_a_bundle_that_cannot_be_read_is_named() -> None:
    good = {"resource": response()}
    bad = {"resource": {"resourceType": "QuestionnaireResponse", "id": "9", "item": 7}}
    bundle = {"resourceType": "Bundle", "entry": [bad, good]}

    scored, unread = score_fhir(json_bytes(bundle))

    assert scored.problem == ""
    assert unread.name == "QuestionnaireResponse/9" and unread.problem == (
        "cannot be read at item: malformed"
    )


def test_a_score_with_too_many_blanks_is_said_for_a_response() -> None:
    [found] = score_fhir(json_bytes(response(item=[])))

    assert found.problem == "too many blanks for: total"
