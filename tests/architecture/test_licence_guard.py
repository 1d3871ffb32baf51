"""The guard finds licensed wording by fingerprint; it knows no wording itself."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.licence_guard import (
    FOLDER,
    findings_in,
    fingerprints_of,
    main,
    read_fingerprints,
    scan,
    write_fingerprints,
)
from tests.architecture.test_docs import tracked

ROOT = Path(__file__).resolve().parents[2]
# Invented for this test, and nobody's.
SENTENCE = "Seven quiet giraffes didn't borrow the kitchen's yellow ladder on Tuesday"
KNOWN = dict.fromkeys(fingerprints_of(SENTENCE)[0], "INVENTED")
LISTED = {"CORS", "CSI-16", "EPDS", "OQ-45", "ORS", "SAI", "SDQ", "SRS", "WAI-SR"}
LISTED |= {"WSAS"}

# Name -> text, and the line on which the planted sentence begins.
PLANTED = {
    "a.md": (f"Some text before.\n\n> **{SENTENCE}**\n", 3),
    "shouting.txt": (f"\n\n{SENTENCE.upper()}!!!\n", 3),
    "wording.en.toml": (f'\n[items]\no1 = "{SENTENCE}."\n', 3),
    "broken.toml": (
        'o1 = """Seven quiet giraffes\n  didn\'t borrow\nthe kitchen\'s"""',
        1,
    ),
    "form.json": (
        '{"a": 1,\n"text": "Seven quiet giraffes didn\\u2019t borrow the\\n'
        'kitchen\\u2019s yellow ladder"}',
        2,
    ),
    "messages.po": (
        '\nmsgid ""\n"Seven quiet giraffes "\n"didn\'t borrow the kitchen"',
        3,
    ),
    "split.py": (
        'TEXT = (\n    f"Seven quiet giraffes "\n    f"didn\'t borrow "\n'
        "    r'the kitchen')\n",
        2,
    ),
    "page.html": (
        "<p>\n<b>Seven</b> quiet <i\nclass='x'>giraffes</i> didn&#8217;t borrow the"
        " kitchen&rsquo;s</p>",
        2,
    ),
    "script.js": (
        "const a = 'Seven quiet giraffes ' +\n 'didn\\'t borrow the kitchen'",
        1,
    ),
    "comment.py": (
        "\n# Seven quiet giraffes\n# didn't borrow the\n# kitchen's ladder\n",
        2,
    ),
    "soft.csv": (
        "a,b\n1,Seven qui\u00adet gir\u200baffes didn\u02bct borrow THE kitchen",
        2,
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_wording_is_found_with_file_and_line(tmp_path: Path, name: str) -> None:
    text, line = PLANTED[name]
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / name).write_text(text, encoding="utf-8")

    [first, *_] = scan(tmp_path, KNOWN)

    assert (first.file, first.line) == (f"deep/{name}", line)
    assert first.instrument == "INVENTED"


def test_a_tree_without_wording_passes(tmp_path: Path) -> None:
    said = "Seven quiet giraffes did borrow the ladder; five words are no sentence."
    (tmp_path / "a.md").write_text(said, encoding="utf-8")

    assert scan(tmp_path, KNOWN) == []


def test_this_repository_and_its_wheel_hold_no_licensed_wording(
    tmp_path: Path,
) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr[-2000:]
    [wheel] = tmp_path.glob("*.whl")
    known = read_fingerprints()

    assert scan(ROOT, known) == []
    assert list(findings_in(wheel.read_bytes(), known, file=wheel.name)) == []


def test_wording_inside_a_wheel_is_found(tmp_path: Path) -> None:
    wheel = tmp_path / "a-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("a/wording.en.toml", f'\no1 = "{SENTENCE}"')

    [first, *_] = findings_in(wheel.read_bytes(), KNOWN, file=wheel.name)

    assert (first.file, first.line) == (f"{wheel.name}!a/wording.en.toml", 2)


def test_every_kind_of_file_that_git_tracks_here_is_read(tmp_path: Path) -> None:
    kinds = {file.suffix or file.name for file in tracked()}
    assert {".py", ".md", ".toml", ".json", ".html", "LICENSE", "Makefile"} <= kinds
    for kind in kinds:
        name = f"planted{kind}" if kind.startswith(".") else kind
        (tmp_path / name).write_text(SENTENCE, encoding="utf-8")

    found = {each.file for each in scan(tmp_path, KNOWN)}

    assert len(found) == len(kinds)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (SENTENCE.encode("utf-16"), 1),
        ("caf\xe9 ".encode("latin-1") + SENTENCE.encode(), 1),
        (b"\xde\x12\x04\x95\x00\x00\x00\x00" + SENTENCE.encode() + b"\x00", 5),
        (b"%PDF-1.7 compressed", 0),
        (b"PK\x03\x04 a broken archive", 0),
        (b"\x7fELF\x00\x00", 0),
    ],
)
def test_what_cannot_be_read_as_text_is_never_passed_over(
    content: bytes, line: int
) -> None:
    [first, *_] = findings_in(content, KNOWN, file="f")

    assert first.line == line


def test_a_text_that_is_called_a_picture_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text(SENTENCE, encoding="utf-8")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + SENTENCE.encode())

    assert {each.file for each in scan(tmp_path, KNOWN)} == {"a.png"}


def test_a_file_that_git_does_not_track_yet_is_read_and_an_ignored_one_is_not(
    tmp_path: Path,
) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("ignored.txt\n", encoding="utf-8")
    for name in ("new.txt", "ignored.txt"):
        (tmp_path / name).write_text(SENTENCE, encoding="utf-8")

    assert {each.file for each in scan(tmp_path, KNOWN)} == {"new.txt"}


def test_a_file_of_fingerprints_holds_no_word_of_the_text(tmp_path: Path) -> None:
    file = write_fingerprints(
        "Invented 1", f"{SENTENCE}\ntoo short", source="this test", folder=tmp_path
    )

    head, _, body = file.read_text(encoding="utf-8").partition("\n---\n")
    assert "left out as too short: 1 lines" in head
    assert read_fingerprints(tmp_path) == dict.fromkeys(body.split(), "Invented 1")
    assert body.split() == sorted(body.split())
    assert not set(SENTENCE.lower().split()) & set(body.split())


def test_runs_of_one_line_do_not_overlap() -> None:
    found, _ = fingerprints_of(SENTENCE)

    assert len(found) == len(SENTENCE.split()) // 6


def test_each_instrument_says_where_its_fingerprints_come_from() -> None:
    for file in FOLDER.glob("*.txt"):
        assert "\nsource: " in file.read_text(encoding="utf-8")
    names = {
        line.removeprefix("instrument: ")
        for file in FOLDER.glob("*.txt")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("instrument: ")
    }

    assert names >= LISTED
    assert len(read_fingerprints()) > 100


def test_a_file_that_has_lost_a_line_is_refused(tmp_path: Path) -> None:
    file = write_fingerprints("X", SENTENCE, source="this test", folder=tmp_path)
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.rindex("\n", 0, -1) + 1], encoding="utf-8")

    with pytest.raises(SystemExit):
        read_fingerprints(tmp_path)


def test_the_command_says_where_and_ends_with_1_only_if_there_is_something(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text("nothing here", encoding="utf-8")
    assert main(["scan", str(tmp_path)]) == 0
    (tmp_path / "b.bin").write_bytes(b"\x00\x01")

    assert main(["scan", str(tmp_path)]) == 1
    assert "b.bin:0: cannot be looked into" in capsys.readouterr().out
