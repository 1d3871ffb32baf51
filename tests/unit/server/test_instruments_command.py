"""`rom instruments`: what is here, a clinic's pack from template to plan."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clinical.plan import DEMO_PLAN, plan_from_toml
from questionnaires.library import load_library
from server.cli import main
from tests.unit.smart_app.licensed_site import (
    WORDING,
    plan_with_ors,
    write_site_folder,
)

FAR = "2199-12-31"


def run(*options: str | Path) -> Result:
    return CliRunner().invoke(main, ["instruments", *map(str, options)])


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A clinic's pack that is right, with a letter beside it."""
    folder = write_site_folder(tmp_path / "draft", last_day=FAR) / "ors"
    (folder / "licence.pdf").write_bytes(b"%PDF")
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file()
    }


def test_the_list_says_what_is_here_of_each_instrument() -> None:
    lines = run("list").stdout.splitlines()

    assert lines[0].split() == ["id", "title", "here", "languages", "rights"]
    [ors] = [line for line in lines if line.startswith("ors ")]
    assert "structure, no wording" in ors and ors.endswith("class D")


def test_the_list_for_machines_tells_what_a_clinic_brought(
    pack: Path, site: Path
) -> None:
    run("add", pack, "--to", site)

    found = json.loads(run("list", "--json", "--instruments", site).stdout)

    [ors] = [each for each in found if each["id"] == "ors"]
    assert ors["shipped"] == "completed" and ors["languages"] == ["en"]


def test_the_list_names_a_wording_that_changed(pack: Path, site: Path) -> None:
    run("add", pack, "--to", site)
    (site / "ors/wording.en.toml").write_text(WORDING.replace("first", "1st"))

    said = run("list", "--instruments", site).stderr

    assert "ors: wording.en.toml is not the file the clinic vouched for" in said


def test_show_tells_scoring_sources_rights_and_what_the_clinic_brings() -> None:
    said = run("show", "ors").stdout

    assert "Range 0 to 40, higher is better" in said
    assert "**The clinic brings:**" in said and "Class D" in said
    assert "rom instruments new ors FOLDER" in said
    assert "NHS Talking Therapies manual (secondary)" in run("show", "phq-9").stdout


def test_show_tells_the_clinics_own_licence(pack: Path, site: Path) -> None:
    run("add", pack, "--to", site)

    said = run("show", "ors", "--instruments", site).stdout

    assert f"The clinic's licence: L-42, until {FAR}" in said


def test_a_new_pack_names_every_place_to_fill_in(tmp_path: Path) -> None:
    made = run("new", "ors", tmp_path / "p", "--language", "en", "--language", "nl")

    found = run("add", tmp_path / "p", "--to", tmp_path / "site")

    assert made.exit_code == 0 and found.exit_code == 2
    assert sorted(contents(tmp_path / "p")) == [
        *("instrument.toml", "wording.en.toml", "wording.nl.toml")
    ]
    assert found.stderr.count("still to be filled in") > 25
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("nobody", "p"), "no instrument 'nobody'; there are: "),
        (("ors", "p", "--language", "english!"), "is no language"),
        (("phq-9", "p"), "phq-9 is here in en"),
    ],
)
def test_a_pack_that_cannot_be_made_says_why(
    options: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    found = run("new", options[0], tmp_path / options[1], *options[2:])

    assert found.exit_code == 2 and named in found.stderr
    assert not (tmp_path / "p").exists()


def test_a_new_pack_overwrites_nothing(pack: Path) -> None:
    before = contents(pack)

    found = run("new", "ors", pack)

    assert found.exit_code == 2 and "nothing is overwritten" in found.stderr
    assert contents(pack) == before


def test_the_hash_is_printed_as_the_lines_to_paste(pack: Path) -> None:
    said = run("hash", pack).stdout

    digest = sha256(WORDING.encode()).hexdigest()
    assert said == f'[wording_sha256]\nen = "{digest}"\n'


def test_a_pack_that_is_right_is_copied_and_can_be_offered(
    pack: Path, site: Path
) -> None:
    found = run("add", pack, "--to", site)

    assert found.exit_code == 0
    assert "wording.en.toml: new" in found.stdout
    assert "licence.pdf: not copied" in found.stdout
    assert sorted(contents(site)) == ["ors/instrument.toml", "ors/wording.en.toml"]
    assert not load_library([site]).instrument("ors").skeleton


def test_adding_again_changes_nothing(pack: Path, site: Path) -> None:
    run("add", pack, "--to", site)
    before = contents(site)

    found = run("add", pack, "--to", site)

    assert found.exit_code == 0 and found.stdout.count("as before") == 2
    assert contents(site) == before


def test_what_changes_is_shown_by_its_place_and_not_by_its_words(
    pack: Path, site: Path
) -> None:
    run("add", pack, "--to", site)
    text = WORDING.replace("Invented second", "Invented other")
    (pack / "wording.en.toml").write_text(text)
    file = pack / "instrument.toml"
    old = sha256(WORDING.encode()).hexdigest()
    new = sha256(text.encode()).hexdigest()
    file.write_text(file.read_text().replace(old, new))

    dry = run("add", pack, "--to", site, "--dry-run")
    untouched = contents(site)["ors/wording.en.toml"]
    found = run("add", pack, "--to", site)

    assert "dry run: nothing was copied" in dry.stdout
    assert untouched == WORDING.encode()
    for said in (dry.stdout, found.stdout):
        assert "wording.en.toml: changed: items.o2" in said
        assert "instrument.toml: changed: wording_sha256.en" in said
        assert "Invented other" not in said
    assert contents(site)["ors/wording.en.toml"] == text.encode()


def test_a_pack_with_mistakes_is_not_copied_and_each_is_named(
    pack: Path, site: Path
) -> None:
    (pack / "wording.en.toml").write_text(WORDING.replace('o4 = "Inv', 'o5 = "Inv'))
    file = pack / "instrument.toml"
    file.write_text(file.read_text().replace(FAR, "2001-01-01"))

    found = run("add", pack, "--to", site)

    assert found.exit_code == 2 and not site.exists()
    for said in (
        "instrument.toml: licence.valid_until: was 2001-01-01",
        "instrument.toml: wording_sha256.en: is not the hash of wording.en.toml",
        "wording.en.toml: items.o4: is missing",
        "wording.en.toml: items.o5: is not known here",
    ):
        assert said in found.stderr


def test_a_wording_of_the_site_that_the_pack_lacks_is_not_orphaned(
    pack: Path, site: Path
) -> None:
    run("add", pack, "--to", site)
    (site / "ors/wording.nl.toml").write_text("x = 1")

    found = run("add", pack, "--to", site)

    assert found.exit_code == 2 and "wording.nl.toml, which the pack lacks" in (
        found.stderr
    )


def test_a_site_folder_that_was_wrong_before_is_named_after_the_copy(
    pack: Path, site: Path
) -> None:
    (site / "broken").mkdir(parents=True)

    found = run("add", pack, "--to", site)

    assert found.exit_code == 2
    assert "copied, but the site's folder cannot be read" in found.stderr
    assert "site/broken/instrument.toml" in found.stderr


@pytest.mark.parametrize("command", ["hash", "add"])
def test_a_folder_that_is_not_there_is_said_so(
    command: str, tmp_path: Path, site: Path
) -> None:
    to = ("--to", site) if command == "add" else ()

    found = run(command, tmp_path / "nowhere", *to)

    assert found.exit_code == 2 and "cannot be read" in found.stderr


def test_a_folder_without_a_wording_has_no_hash(tmp_path: Path) -> None:
    assert run("hash", tmp_path).exit_code == 2


def test_a_folder_of_many_files_is_no_pack(tmp_path: Path) -> None:
    for number in range(101):
        (tmp_path / f"{number}.txt").touch()

    assert "is it a pack?" in run("hash", tmp_path).stderr


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.toml"
    file.write_bytes(DEMO_PLAN.read_bytes().replace(b"\n", b"\r\n"))
    file.chmod(0o640)
    return file


def test_an_acceptance_shows_the_numbers_and_is_written(plan: Path) -> None:
    found = run(
        *("accept", "phq-9", "--by", "Dr. A", "--plan", plan, "--on", "2026-02-03")
    )

    assert found.exit_code == 0
    assert "change >= 6" in found.stdout and "(secondary)" in found.stdout
    assert "accepted by Dr. A on 2026-02-03" in found.stdout
    text = plan.read_bytes().decode()
    acceptance = plan_from_toml(text, load_library(), file="p").acceptances["phq-9"]
    assert (acceptance.by, acceptance.on) == ("Dr. A", "2026-02-03")
    assert plan.stat().st_mode & 0o777 == 0o640
    assert text.count("\n") == text.count("\r\n") == DEMO_PLAN.read_text().count("\n")


def test_the_same_acceptance_again_leaves_the_file_alone(plan: Path) -> None:
    options = ("accept", "phq-9", "--by", "A", "--plan", plan, "--on", "2026-02-03")
    run(*options)
    before = plan.stat()

    found = run(*options)

    assert "already accepted" in found.stdout
    assert (plan.stat().st_ino, plan.stat().st_mtime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
    )


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("nobody", "--by", "A"), "no instrument 'nobody'"),
        (("srs", "--by", "A"), "does not use srs"),
        (("session-alliance", "--by", "A"), "is not validated"),
        (("phq-9", "--by", " "), "must be a name"),
        (("phq-9", "--by", "A", "--on", "2199-01-01"), "lies ahead"),
    ],
)
def test_an_acceptance_that_cannot_be_is_refused_and_the_plan_stays(
    plan: Path, options: tuple[str, ...], named: str
) -> None:
    before = plan.read_bytes()

    found = run("accept", *options, "--plan", plan)

    assert found.exit_code == 2 and named in found.stderr
    assert plan.read_bytes() == before


def test_a_plan_that_is_wrong_already_is_not_written(plan: Path) -> None:
    plan.write_text("site = 1")

    found = run("accept", "phq-9", "--by", "A", "--plan", plan)

    assert found.exit_code == 2 and "plan.toml: languages" in found.stderr
    assert plan.read_text() == "site = 1"


def test_the_numbers_of_a_clinics_own_pack_can_be_accepted(
    pack: Path, site: Path, plan: Path
) -> None:
    run("add", pack, "--to", site)
    plan.write_text(plan_with_ors())

    found = run("accept", "ors", "--by", "A", "--plan", plan, "--instruments", site)

    assert found.exit_code == 0
    assert "[acceptances.ors]" in plan.read_text()


def test_a_folder_that_cannot_be_written_is_said_so(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for options in (
        ("new", "ors", tmp_path / "file" / "p"),
        ("add", pack, "--to", tmp_path / "file" / "site"),
    ):
        found = run(*options)

        assert found.exit_code == 2 and "Traceback" not in found.output
        assert "cannot be" in found.stderr


def test_a_change_of_layout_alone_is_called_so(pack: Path, site: Path) -> None:
    run("add", pack, "--to", site)
    file = pack / "instrument.toml"
    file.write_text("# a comment\n" + file.read_text())

    said = run("add", pack, "--to", site, "--dry-run").stdout

    assert "instrument.toml: changed: only comments or layout" in said


def test_a_site_file_that_is_no_toml_is_replaced_by_the_pack(
    pack: Path, site: Path
) -> None:
    (site / "ors").mkdir(parents=True)
    (site / "ors/instrument.toml").write_text("x =")

    found = run("add", pack, "--to", site)

    assert found.exit_code == 0
    assert not load_library([site]).instrument("ors").skeleton


def test_a_pack_of_an_instrument_nobody_knows_is_refused(
    pack: Path, site: Path
) -> None:
    (pack / "instrument.toml").write_text('completes = "nobody"')

    found = run("add", pack, "--to", site)

    assert found.exit_code == 2 and "no instrument 'nobody'" in found.stderr


def test_a_site_folder_that_is_wrong_stops_the_list(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()

    found = run("list", "--instruments", tmp_path)

    assert found.exit_code == 2 and "broken/instrument.toml" in found.stderr
