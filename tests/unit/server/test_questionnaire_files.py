"""`rom questionnaires export` and `package`: files, tables, refusals."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from questionnaires.library import load_library
from server.cli import main
from tests.unit.smart_app.licensed_site import write_site_folder

LIBRARY = load_library()


def rom(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["questionnaires", *arguments])


def index_of(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "index.json").read_bytes())[
        "resources"
    ]
    return found


def test_an_export_is_one_file_per_instrument_with_an_index(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"

    found = rom("export", str(folder))

    assert found.exit_code == 0, found.output
    forms = {each["id"]: each for each in index_of(folder) if "words" in each}
    assert set(forms) == set(LIBRARY.instruments)
    for each in index_of(folder):
        content = (folder / each["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == each["sha256"]
        assert json.loads(content)["url"] == each["url"]
    files = {each.name for each in folder.iterdir()}
    assert files == {"index.json", *(each["file"] for each in index_of(folder))}


def test_the_table_marks_what_is_structure_only(tmp_path: Path) -> None:
    lines = rom("export", str(tmp_path)).stdout.splitlines()

    [ors] = [line for line in lines if line.startswith("ors ")]
    [phq9] = [line for line in lines if line.startswith("phq-9 ")]
    assert "draft" in ors and "structure only" in ors
    assert "active" in phq9 and "en, es" in phq9
    bare = sum(each.skeleton for each in LIBRARY.instruments.values())
    assert f"{len(LIBRARY.instruments)} forms ({bare} structure only)" in lines[-1]


def test_two_exports_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    rom("export", str(tmp_path / "a"))
    rom("export", str(tmp_path / "b"))

    one, other = (
        {each.name: each.read_bytes() for each in (tmp_path / name).iterdir()}
        for name in "ab"
    )
    assert one == other


def test_only_what_was_chosen_is_written_and_what_lay_there_is_named(
    tmp_path: Path,
) -> None:
    rom("export", str(tmp_path), "--instrument", "gad-7")

    found = rom("export", str(tmp_path), "--instrument", "phq-9", "--language", "es")

    assert "Questionnaire-gad-7.json" in found.stderr
    form = json.loads((tmp_path / "Questionnaire-phq-9.json").read_bytes())
    assert form["language"] == "es"


def test_a_language_that_an_instrument_lacks_leaves_it_out_by_name(
    tmp_path: Path,
) -> None:
    found = rom("export", str(tmp_path), "--language", "es")

    assert found.exit_code == 0
    assert "core-om has no wording in this language, only in en" in found.stdout
    assert not (tmp_path / "Questionnaire-core-om.json").exists()


def test_a_summary_for_machines_is_the_index(tmp_path: Path) -> None:
    found = rom("export", str(tmp_path), "--json")

    assert json.loads(found.stdout)["resources"] == index_of(tmp_path)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--instrument", "phq-99"), "there are: "),
        (("--instrument", "core-om", "--language", "es"), "only in en"),
        (("--language", "English"), "write it like en, de or pt-BR"),
    ],
)
def test_what_cannot_be_exported_is_said(
    tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    found = rom("export", str(tmp_path / "x"), *options)

    assert found.exit_code == 2
    assert sentence in found.stderr
    assert not (tmp_path / "x").exists()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    exported = rom("export", str(tmp_path / "file" / "below"))
    packed = rom("package", str(tmp_path / "nowhere" / "p.tgz"))

    assert (exported.exit_code, packed.exit_code) == (2, 2)
    assert "cannot write" in exported.stderr and "cannot write" in packed.stderr


def test_a_broken_instrument_of_the_site_is_named(tmp_path: Path) -> None:
    (tmp_path / "site" / "own").mkdir(parents=True)
    (tmp_path / "site" / "own" / "instrument.toml").write_text("id = 5")

    found = rom("export", str(tmp_path / "x"), "--instruments", str(tmp_path / "site"))

    assert found.exit_code == 2
    assert "own/instrument.toml" in found.stderr


def unpacked(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        found = {}
        for member in tar.getmembers():
            content = tar.extractfile(member)
            assert content is not None
            found[member.name] = content.read()
    return found


def test_a_package_reads_back_as_it_was_meant(tmp_path: Path) -> None:
    file = tmp_path / "p.tgz"

    found = rom("package", str(file), "--version", "2.0.0")

    assert found.exit_code == 0, found.output
    files = unpacked(file)
    manifest = json.loads(files["package/package.json"])
    assert (manifest["name"], manifest["version"]) == (
        "rom-on-fhir.questionnaires",
        "2.0.0",
    )
    index = json.loads(files["package/.index.json"])
    assert {f"package/{each['filename']}" for each in index["files"]} == set(files) - {
        "package/package.json",
        "package/.index.json",
    }
    rom("export", str(tmp_path / "x"))
    exported = (tmp_path / "x" / "Questionnaire-phq-9.json").read_bytes()
    assert files["package/Questionnaire-phq-9.json"] == exported


def test_two_packages_are_the_same_byte_for_byte_and_hold_no_time(
    tmp_path: Path,
) -> None:
    files = [tmp_path / "a.tgz", tmp_path / "other-name.tgz"]
    for each in files:
        rom("package", str(each))

    one, other = (each.read_bytes() for each in files)
    assert one == other
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(one))) as tar:
        members = tar.getmembers()
    assert {(each.mtime, each.uid, each.uname) for each in members} == {(0, 0, "")}
    assert [each.name for each in members] == sorted(each.name for each in members)


@pytest.mark.parametrize("version", ["1", "1.0", "v1.0.0", "1.0.x", "1.0.0 beta"])
def test_a_package_needs_a_version_of_three_numbers(
    tmp_path: Path, version: str
) -> None:
    found = rom("package", str(tmp_path / "p.tgz"), "--version", version)

    assert found.exit_code == 2
    assert "write it like 1.0.0" in found.stderr


def test_a_site_s_licensed_words_are_exported_with_a_warning_and_never_packed(
    tmp_path: Path,
) -> None:
    site = write_site_folder(tmp_path / "site")

    exported = rom("export", str(tmp_path / "x"), "--instruments", str(site))
    rom("package", str(tmp_path / "p.tgz"), "--instruments", str(site))

    assert "en (licensed: keep it)" in exported.stdout
    own = json.loads((tmp_path / "x" / "Questionnaire-ors.json").read_bytes())
    packed = json.loads(unpacked(tmp_path / "p.tgz")["package/Questionnaire-ors.json"])
    assert own["status"] == "active" and packed["status"] == "draft"
    assert packed["item"][1]["text"] == "Item 1" != own["item"][1]["text"]


def test_the_manifest_is_the_summary_of_a_package_for_machines(tmp_path: Path) -> None:
    found = rom("package", str(tmp_path / "p.tgz"), "--json")

    assert json.loads(found.stdout)["type"] == "Conformance"
