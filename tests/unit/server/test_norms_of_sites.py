"""Sums of several sites: pooled where they belong together, and only there."""

import json
from pathlib import Path

import pytest

from clinical.norms.cells_json import cells_from_json
from clinical.norms.pack import pack_from_bytes
from tests.exports import in_folder
from tests.norm_scores import FOR_WHOM, ORIGIN, observations, run, write_scores


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scores(tmp_path_factory.mktemp("scores") / "scores.csv")


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
