"""From scores to a pack in use: fit, check, sign; and by sums of several sites."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from clinical.norms.cells_json import cells_from_json
from clinical.norms.library import norm_library
from clinical.norms.pack import pack_from_bytes
from clinical.norms.signature import public_key_of
from clinical.norms.simulate import HARD, simulate
from clinical.norms.source_attributes import MAY_BE_UNKNOWN, NOT_AVAILABLE
from clinical.plan_norms import NamedPack, PlanNorms
from server.commands.keys import command as keys
from server.commands.norms import command as norms
from server.norms.signing_key import seed_from_file
from tests.exports import in_folder, other, reading
from tests.instruments import PHQ9, plan_with

FOR_WHOM = [
    *("--instrument", "phq-9", "--language", "en", "--ages", "18-64"),
    *("--setting", "outpatient"),
]
ORIGIN = [
    *("--id", "phq-9-synthetic", "--country", "XX", "--period", "2020 to 2024"),
    *("--legal-basis", "synthetic", "--licence", "CC0-1.0", "--developer", "tests"),
]
NAME = 'Dr "Ada" Test'


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(norms, [str(each) for each in arguments])


def write_scores(path: Path, n_persons: int = 400, seed: int = 3) -> Path:
    """Synthetic people; sessions as they were held, without gaps."""
    readings = simulate(HARD, n_persons, random=np.random.default_rng(seed))
    lines = ["person,session,score,language,sex"]
    counted: dict[int, int] = {}
    for person, intake in enumerate(readings.intake):
        counted[person] = 1
        lines.append(f"p{person},1,{intake:g},en,{'fm'[person % 2]}")
    for person, value in zip(readings.person.tolist(), readings.score, strict=True):
        counted[person] += 1
        sex = "fm"[person % 2]
        lines.append(f"p{person},{counted[person]},{value:g},en,{sex}")
    path.write_text("\n".join(lines) + "\n")
    return path


def observations(scores: Path) -> Iterator[dict[str, Any]]:
    """The same readings as an export has them, a week apart."""
    for number, row in enumerate(scores.read_text().splitlines()[1:]):
        person, session, score, *_ = row.split(",")
        day = date(2024, 1, 1) + timedelta(weeks=int(session))
        yield reading(person, day.isoformat(), float(score), name=f"o{number}")


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scores(tmp_path_factory.mktemp("scores") / "scores.csv")


@pytest.fixture(scope="module")
def fitted(scores: Path) -> bytes:
    out = scores.with_name("fitted.json")
    found = run("fit", scores, *FOR_WHOM, *ORIGIN, "--out", out)
    assert found.exit_code == 0, found.output
    return out.read_bytes()


@pytest.fixture(scope="module")
def checked(scores: Path, fitted: bytes) -> tuple[bytes, dict[str, Any]]:
    file = scores.with_name("checked.json")
    file.write_bytes(fitted)
    found = run("check", file, scores, "--same-people", "--write", "--json")
    assert found.exit_code == 0, found.output
    return file.read_bytes(), json.loads(found.stdout.splitlines()[-1])


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "ada.key"
    made = CliRunner().invoke(keys, ["signing", str(file)])
    assert made.exit_code == 0, made.output
    assert made.stdout.strip() == public_key_of(seed_from_file(file))
    return file


@pytest.fixture
def at(tmp_path: Path) -> Callable[[bytes], Path]:
    def place(content: bytes) -> Path:
        file = tmp_path / "pack.json"
        file.write_bytes(content)
        return file

    return place


def test_makers_say_source_attributes_in_their_own_words(
    scores: Path, tmp_path: Path
) -> None:
    out = tmp_path / "said.json"

    found = run(
        *("fit", scores, *FOR_WHOM, *ORIGIN, "--out", out),
        *("--attribute", "external_tester=A clinic elsewhere = here"),
        *("--attribute", "fairness_approach=our own"),
    )

    assert found.exit_code == 0, found.output
    pack = pack_from_bytes(out.read_bytes(), file="said.json")
    assert pack.attributes["external_tester"] == "A clinic elsewhere = here"
    assert pack.attributes["fairness_approach"] == "our own"
    assert pack.attributes["external_data"] == NOT_AVAILABLE


@pytest.mark.parametrize(
    "told",
    [
        ["validity_internal=very good"],
        ["developer=somebody else"],
        ["colour=blue"],
        ["external_tester"],
        ["external_tester= "],
        ["external_tester=a", "external_tester=b"],
    ],
)
def test_what_is_not_for_the_makers_to_say_is_refused(
    scores: Path, tmp_path: Path, told: list[str]
) -> None:
    more = [part for each in told for part in ("--attribute", each)]

    found = run("fit", scores, *FOR_WHOM, *ORIGIN, *more, "--out", tmp_path / "x.json")

    assert found.exit_code == 2
    assert "external_tester" in found.output
    assert not (tmp_path / "x.json").exists()


def test_fitted_checked_and_signed_a_pack_is_believed_by_the_plan(
    checked: tuple[bytes, Any], key: Path, at: Callable[[bytes], Path]
) -> None:
    file = at(checked[0])

    found = run("sign", file, "--key", key, "--by", NAME)

    assert found.exit_code == 0, found.output
    pack = pack_from_bytes(file.read_bytes(), file="pack.json")
    named = (NamedPack("pack.json", pack.hash),)
    signers = {NAME: public_key_of(seed_from_file(key))}
    plan = replace(plan_with(PHQ9), norms=PlanNorms("outpatient", signers, packs=named))
    assert norm_library(plan, {"pack.json": file.read_bytes()}).packs == (pack,)
    asking = replace(plan.norms, false_alarms=Decimal("0.1"))
    (asked,) = norm_library(
        replace(plan, norms=asking), {"pack.json": file.read_bytes()}
    ).packs
    assert asked.curve.attention is not None
    assert asked.curve.attention.budget_after(3) is not None
    assert pack.hash in found.stdout


def test_the_same_scores_give_the_same_pack(scores: Path, fitted: bytes) -> None:
    again = scores.with_name("again.json")

    run("fit", scores, *FOR_WHOM, *ORIGIN, "--out", again)

    assert again.read_bytes() == fitted


def test_no_name_and_no_row_of_a_person_is_in_a_pack(fitted: bytes) -> None:
    assert b'"p1"' not in fitted
    assert len(fitted) < 20_000


def test_a_report_says_shares_by_group_and_stands_beside_the_plain_rules(
    checked: tuple[bytes, dict[str, Any]],
) -> None:
    report = checked[1]

    groups = {each["group"] for each in report["calibration"]}
    rules = {each["rule"] for each in report["accuracy"]}
    ends = {each["end"] for each in report["accuracy"]}
    assert {"all", "session 2", "low intake", "sex f", "language en"} <= groups
    assert sum(each.startswith("plain") for each in rules) == 2
    assert ends == {"reliably worse", "no reliable gain"}
    for each in report["accuracy"]:
        assert {"persons", "base_rate", "sensitivity", "specificity", "ppv"} <= set(
            each
        )
    assert report["alerts_per_100_sessions"][0]["session"] == "all"


def test_a_checked_pack_says_what_the_rule_expects_to_be_known(
    checked: tuple[bytes, dict[str, Any]],
) -> None:
    pack = pack_from_bytes(checked[0], file="p")

    unknown = {key for key, text in pack.attributes.items() if text == NOT_AVAILABLE}

    assert unknown - MAY_BE_UNKNOWN == {"funding"}  # nobody said it on this line


def test_the_shares_outside_are_near_what_they_should_be(
    checked: tuple[bytes, dict[str, Any]],
) -> None:
    report = checked[1]

    worse = float(report["calibration"][0]["worse_than_80"].split()[0])

    assert report["within_tolerance"] == "yes"
    assert 0.07 <= worse <= 0.13


def test_people_who_gain_less_are_not_within_tolerance(
    scores: Path, fitted: bytes, at: Callable[[bytes], Path], tmp_path: Path
) -> None:
    rows = scores.read_text().splitlines()
    worse = [rows[0]]
    for row in rows[1:]:
        person, session, score, *rest = row.split(",")
        raised = float(score) if session == "1" else min(27.0, float(score) + 4)
        worse.append(",".join((person, session, f"{raised:g}", *rest)))
    other = tmp_path / "other.csv"
    other.write_text("\n".join(worse))
    file = at(fitted)

    found = run("check", file, other, "--write")

    assert found.exit_code == 1
    assert "within_tolerance: no" in found.stdout


def test_a_pack_without_its_report_is_not_signed(
    fitted: bytes, key: Path, at: Callable[[bytes], Path]
) -> None:
    found = run("sign", at(fitted), "--key", key, "--by", NAME)

    assert found.exit_code == 2
    assert "holds no report" in found.output


def test_a_pack_is_not_signed_by_nobody(
    checked: tuple[bytes, Any], key: Path, at: Callable[[bytes], Path]
) -> None:
    assert run("sign", at(checked[0]), "--key", key, "--by", " ").exit_code == 2


def test_a_key_that_others_may_read_signs_nothing(
    checked: tuple[bytes, Any], key: Path, at: Callable[[bytes], Path]
) -> None:
    key.chmod(0o644)

    found = run("sign", at(checked[0]), "--key", key, "--by", NAME)

    assert found.exit_code == 2
    assert "chmod 600" in found.output


def test_a_tampered_pack_is_not_signed(
    checked: tuple[bytes, Any], key: Path, at: Callable[[bytes], Path]
) -> None:
    file = at(checked[0].replace(b'"country":"XX"', b'"country":"YY"'))

    found = run("sign", file, "--key", key, "--by", NAME)

    assert found.exit_code == 2
    assert "changed after it was made" in found.output


def test_bad_rows_are_named_by_line_and_stop_the_fit(tmp_path: Path) -> None:
    file = write_scores(tmp_path / "bad.csv")
    with file.open("a") as stream:
        stream.write("x,1,99,en,f\nx,0,9,en,f\nx,1,many,en,f\n,1,9,en,f\ny,2,9,en,f\n")
    lines = len(file.read_text().splitlines())

    found = run("fit", file, *FOR_WHOM, *ORIGIN, "--out", tmp_path / "out.json")

    assert found.exit_code == 2
    for back in range(5):
        assert f"bad.csv:{lines - back}: " in found.output
    assert not (tmp_path / "out.json").exists()


def test_left_out_bad_rows_stand_in_the_pack(tmp_path: Path) -> None:
    file = write_scores(tmp_path / "bad.csv", 150)
    with file.open("a") as stream:
        stream.write("x,1,99,en,f\n")
    out = tmp_path / "out.json"

    found = run(
        *("fit", file, *FOR_WHOM, *ORIGIN, "--out", out, "--leave-out-bad-rows")
    )

    assert found.exit_code == 0, found.output
    assert b"1 rows that were no readings" in out.read_bytes()


def test_persons_with_another_language_are_counted_and_left_out(
    tmp_path: Path,
) -> None:
    file = write_scores(tmp_path / "mixed.csv", 150)
    with file.open("a") as stream:
        stream.write("x,1,9,de,f\nx,2,9,de,f\n")
    out = tmp_path / "out.json"

    found = run("fit", file, *FOR_WHOM, *ORIGIN, "--out", out)

    assert found.exit_code == 0, found.output
    assert b"1 persons with another language" in out.read_bytes()


def test_dates_are_counted_as_sessions(tmp_path: Path, fitted: bytes) -> None:
    numbered = write_scores(tmp_path / "numbered.csv").read_text().splitlines()
    dated = [numbered[0].replace("session", "date")]
    for row in numbered[1:]:
        person, session, *rest = row.split(",")
        day = np.datetime64("2024-01-01") + 7 * (int(session) - 1)
        dated.append(",".join((person, str(day), *rest)))
    file, out = tmp_path / "dated.csv", tmp_path / "dated.json"
    file.write_text("\n".join(dated))

    found = run("fit", file, *FOR_WHOM, *ORIGIN, "--out", out)

    assert found.exit_code == 0, found.output
    assert out.read_bytes() == fitted


def test_a_singular_fit_is_called_so_on_the_screen_and_in_the_pack(
    tmp_path: Path, fitted: bytes
) -> None:
    """Nobody has a level or slope of their own: each score is drawn alone."""
    rows = write_scores(tmp_path / "law.csv", 150).read_text().splitlines()
    random = np.random.default_rng(8)
    drawn = [rows[0]]
    for row in rows[1:]:
        person, session, _, *rest = row.split(",")
        drawn.append(",".join((person, session, str(random.integers(8, 18)), *rest)))
    file, out = tmp_path / "noise.csv", tmp_path / "noise.json"
    file.write_text("\n".join(drawn))

    found = run("fit", file, *FOR_WHOM, *ORIGIN, "--out", out)

    assert found.exit_code == 0, found.output
    assert "singular fit" in found.stdout
    assert pack_from_bytes(out.read_bytes(), file="p").origin.singular == "yes"
    assert pack_from_bytes(fitted, file="p").origin.singular == "no"


@pytest.mark.parametrize("name", ["export", "scores.xlsx"])
def test_what_holds_no_scores_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix:
        path.write_bytes(b"PK")
    else:
        path.mkdir()

    found = run("fit", path, *FOR_WHOM, *ORIGIN, "--out", tmp_path / "o.json")

    assert found.exit_code == 2
    assert "NDJSON" in found.output or "ndjson" in found.output


def test_the_folder_of_an_export_gives_the_norm_of_its_readings(
    tmp_path: Path,
) -> None:
    numbered = write_scores(tmp_path / "scores.csv", 150)
    folder = in_folder(tmp_path / "export", observations(numbered))
    from_file, from_folder = tmp_path / "file.json", tmp_path / "folder.json"

    for source, out in ((numbered, from_file), (folder, from_folder)):
        found = run("fit", source, *FOR_WHOM, *ORIGIN, "--out", out)
        assert found.exit_code == 0, found.output

    one = pack_from_bytes(from_file.read_bytes(), file="p")
    other = pack_from_bytes(from_folder.read_bytes(), file="p")
    assert one.curve.sample.n_per_session == other.curve.sample.n_per_session
    assert one.origin.loglik[:8] == other.origin.loglik[:8]


def test_lines_of_an_export_that_cannot_be_read_stop_the_fit(tmp_path: Path) -> None:
    broken = reading("x", "2026-01-05", 9, name="broken", effectiveDateTime="soon")
    numbered = write_scores(tmp_path / "scores.csv", 150)
    folder = in_folder(tmp_path / "export", [*observations(numbered), broken])
    out = tmp_path / "o.json"
    command = ("fit", folder, *FOR_WHOM, *ORIGIN, "--out", out)

    stopped, went_on = run(*command), run(*command, "--leave-out-bad-rows")

    assert stopped.exit_code == 2
    assert f"Observation.1.ndjson:{len(list(observations(numbered))) + 1}: " in (
        stopped.output
    )
    assert went_on.exit_code == 0, went_on.output
    assert b"1 rows that were no readings" in out.read_bytes()


@pytest.mark.parametrize(
    ("n_persons", "said"),
    [(20, "unchecked: it covers"), (70, "among 70 persons here: ")],
)
def test_too_few_people_here_leave_a_borrowed_norm_unused(
    fitted: bytes,
    at: Callable[[bytes], Path],
    tmp_path: Path,
    n_persons: int,
    said: str,
) -> None:
    here, out = write_scores(tmp_path / "here.csv", n_persons), tmp_path / "o.json"

    found = run(
        *("fit", here, *FOR_WHOM, *ORIGIN, "--borrowed", at(fitted), "--out", out)
    )

    assert found.exit_code == 1, found.output
    assert said in found.stdout
    assert "Not to be used here before 100 persons" in found.stdout
    assert not out.exists()


def test_with_enough_people_here_the_refit_says_what_it_was_borrowed_from(
    fitted: bytes, at: Callable[[bytes], Path], tmp_path: Path
) -> None:
    here, out = write_scores(tmp_path / "here.csv", 150, seed=5), tmp_path / "o.json"
    options = ("--borrowed", at(fitted), "--out", out)

    found = run("fit", here, *FOR_WHOM[:-1], "day clinic", *ORIGIN, *options)

    assert found.exit_code == 0, found.output
    pack = pack_from_bytes(out.read_bytes(), file="p")
    lent = pack_from_bytes(fitted, file="p")
    assert pack.key.setting == "day clinic"
    assert pack.curve.sample.n_persons == 150
    assert pack.origin.steps[0].startswith(
        f"borrowed phq-9-synthetic 1.0.0 ({lent.hash[:12]}): "
    )
    assert pack.validation is None and pack.sign_off is None


def test_a_norm_of_other_people_is_not_borrowed(
    scores: Path, fitted: bytes, at: Callable[[bytes], Path], tmp_path: Path
) -> None:
    options = ("--borrowed", at(fitted), "--out", tmp_path / "o.json")
    older = [each if each != "18-64" else "65-" for each in FOR_WHOM]

    found = run("fit", scores, *older, *ORIGIN, *options)

    assert found.exit_code == 2
    assert "is for other people" in found.output


def test_too_few_people_make_no_norm(tmp_path: Path) -> None:
    file = write_scores(tmp_path / "few.csv", 60)

    found = run("fit", file, *FOR_WHOM, *ORIGIN, "--out", tmp_path / "o.json")

    assert found.exit_code == 2
    assert "at least 100" in found.output


def test_cells_of_three_sites_give_the_pack_of_all_their_people(tmp_path: Path) -> None:
    files = []
    for site in range(3):
        scores = write_scores(tmp_path / f"{site}.csv", 2000, seed=site)
        cells = tmp_path / f"{site}.json"
        found = run("cells", scores, *FOR_WHOM, "--out", cells)
        assert found.exit_code == 0, found.output
        assert "kept back" in found.stdout
        files.append(cells)
    out = tmp_path / "pooled.json"

    found = run("pool", *files, *FOR_WHOM, *ORIGIN, "--out", out)

    assert found.exit_code == 0, found.output
    pack = pack_from_bytes(out.read_bytes(), file="p")
    assert pack.curve.sample.n_persons > 3000
    assert "3 sites" in pack.origin.steps[0]


def test_the_cells_of_an_export_are_those_of_its_readings(tmp_path: Path) -> None:
    numbered = write_scores(tmp_path / "scores.csv", 150)
    folder = in_folder(tmp_path / "export", observations(numbered))
    from_file, from_folder = tmp_path / "file.json", tmp_path / "folder.json"

    for source, out in ((numbered, from_file), (folder, from_folder)):
        found = run("cells", source, *FOR_WHOM, "--out", out)
        assert found.exit_code == 0, found.output

    one, two = (
        cells_from_json(each.read_text("ascii")).cells
        for each in (from_file, from_folder)
    )
    assert one.persons.tolist() == two.persons.tolist()
    assert one.y_ly == pytest.approx(two.y_ly)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("--language", "de"), "another language"),
        (("--instrument", "gad-7"), "another instrument id"),
        (("--ages", "18-"), "another age band"),
        (("--setting", "inpatient"), "another setting"),
        (("--respondent", "carer"), "another respondent"),
    ],
)
def test_cells_of_other_people_are_not_pooled(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    ours, theirs = tmp_path / "ours.json", tmp_path / "theirs.json"
    rows = "".join(f"{each},1,9\n{each},2,8\n" for each in range(60))
    scores = tmp_path / "scores.csv"
    scores.write_text("person,session,score\n" + rows)
    for out, instead in ((ours, ()), (theirs, change)):
        found = run("cells", scores, *FOR_WHOM, *instead, "--out", out)
        assert found.exit_code == 0, found.output

    found = run("pool", ours, theirs, *FOR_WHOM, *ORIGIN, "--out", tmp_path / "p.json")

    assert (found.exit_code, f"{theirs}: is not for whom" in found.output) == (2, True)
    assert said in found.output
    assert not (tmp_path / "p.json").exists()


def test_the_cells_of_one_site_count_once(tmp_path: Path, scores: Path) -> None:
    cells, again = tmp_path / "a.json", tmp_path / "b.json"
    run("cells", scores, *FOR_WHOM, "--out", cells)
    again.write_bytes(cells.read_bytes())

    found = run("pool", cells, again, *FOR_WHOM, *ORIGIN, "--out", tmp_path / "p.json")

    assert found.exit_code == 2
    assert f"{again}: is the same as {cells}: each site counts once" in found.output


def test_cells_from_which_single_people_can_be_read_are_not_pooled(
    tmp_path: Path, scores: Path
) -> None:
    cells = tmp_path / "cells.json"
    run("cells", scores, *FOR_WHOM, "--out", cells)
    told = json.loads(cells.read_text())
    cells.write_text(json.dumps(told | {"persons_per_cell": 2}))

    found = run("pool", cells, *FOR_WHOM, *ORIGIN, "--out", tmp_path / "p.json")

    assert found.exit_code == 2
    assert "may hold cells of 2 people" in found.output


def test_where_every_cell_is_small_nothing_is_sent(tmp_path: Path) -> None:
    scores, out = tmp_path / "scores.csv", tmp_path / "cells.json"
    scores.write_text("person,session,score\na,1,9\na,2,8\n")

    found = run("cells", scores, *FOR_WHOM, "--out", out)

    assert (found.exit_code, out.exists()) == (2, False)
    assert "no cell has 5 people" in found.output


def test_the_folder_of_a_pack_is_there_before_the_work_begins(
    tmp_path: Path, scores: Path
) -> None:
    out = tmp_path / "none" / "pack.json"

    found = run("fit", scores, *FOR_WHOM, *ORIGIN, "--out", out)

    assert found.exit_code == 2
    assert "is no folder that can be written into" in found.output
    assert "fitting" not in found.output


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--seed", "-1"), "--seed"),
        (("--language", "DE"), "is no code of a language"),
        (("--language", "de; x"), "is no code of a language"),
        (("--setting", " "), "is empty"),
        (("--funding", "\udcff"), "is empty, or no UTF-8"),
    ],
)
def test_what_no_pack_can_say_is_refused_before_the_work_begins(
    tmp_path: Path, scores: Path, option: tuple[str, str], said: str
) -> None:
    out = tmp_path / "pack.json"

    found = run("fit", scores, *FOR_WHOM, *ORIGIN, *option, "--out", out)

    assert (found.exit_code, out.exists()) == (2, False)
    assert said in found.output
    assert "reading" not in found.output


@pytest.mark.parametrize("command", [("cells",), ("fit", *ORIGIN)])
def test_an_export_with_nobody_in_it_is_refused(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    folder = in_folder(tmp_path / "export", [other("1")])

    found = run(command[0], folder, *FOR_WHOM, *command[1:], "--out", tmp_path / "o")

    assert found.exit_code == 2
    assert "export: holds nobody's course that can be used" in found.output


def test_a_share_of_fewer_than_five_people_is_not_told(
    scores: Path, fitted: bytes, at: Callable[[bytes], Path], tmp_path: Path
) -> None:
    rows = scores.read_text().splitlines()
    few = {f"p{number}" for number in range(4)}
    marked = [
        ",".join((*row.split(",")[:-1], "x")) if row.split(",")[0] in few else row
        for row in rows
    ]
    file = tmp_path / "few.csv"
    file.write_text("\n".join(marked))

    found = run("check", at(fitted), file, "--json")

    told = json.loads(found.stdout.splitlines()[-1])["calibration"]
    (alone,) = [each for each in told if each["group"] == "sex x"]
    assert alone["worse_than_80"] is None
