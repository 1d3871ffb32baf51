"""Finds licensed wording in a tree or a wheel, from fingerprints instead of text.

    python -m scripts.licence_guard scan [FOLDER] [--wheel FILE]
    python -m scripts.licence_guard make NAME TEXT --source "who gave the text, when"

A fingerprint is a keyed hash of six words that follow each other (or of a whole line of
five), without case, punctuation, numbers and markup. Of a line, every sixth run is
kept: the runs do not overlap, so that nobody can guess his way from one word to the
next, and the order of the file is that of the hashes. A hash tells somebody who holds
the text that it is the text; it tells nobody else anything.
"""

import argparse
import html
import io
import re
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "architecture" / "fingerprints"

RUN = 6  # words; shorter runs also stand in texts that are nobody's
SHORTEST = 5  # a line of five words counts as a whole; shorter ones are left out
# Not a secret: it keeps the hashes apart from anybody else's list of hashes.
KEY = b"rom-on-fhir licence guard, format 1"
LARGEST = 50_000_000  # bytes of one file or member

# Without words by their first bytes, whatever their name says.
PICTURES = (
    *(b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"\x00\x00\x01\x00"),
    *(b"wOFF", b"wOF2"),
)
_ZIP = b"PK\x03\x04"
_CATALOGUES = (b"\xde\x12\x04\x95", b"\x95\x04\x12\xde")  # compiled gettext
_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|[abfnrtv/\"'\\])")
_PREFIX = re.compile(r"\b[bfruBFRU]{1,2}(?=[\"'])")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2018\u2019\u02bc\uff07](?=\w)")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """Where licensed wording stands, and whose. Never the words themselves."""

    file: str
    line: int  # 1 is the first; 0: the file cannot be looked into
    instrument: str


def words_of(text: str) -> list[tuple[str, int]]:
    """The words of a text, in lower case, each with its line (1 is the first)."""
    without_tags = _TAG.sub(lambda tag: "\n" * tag[0].count("\n") or " ", text)
    found = []
    for number, line in enumerate(without_tags.split("\n"), 1):
        if not line or line.isspace():
            continue
        found += [(word, number) for word in _WORD.findall(_plain(line))]
    return found


def _plain(line: str) -> str:
    if "&" in line:
        line = html.unescape(line)
    if "\\" in line:
        line = _ESCAPE.sub(_unescaped, line)
    line = _PREFIX.sub(" ", line)
    if not line.isascii():
        line = unicodedata.normalize("NFKC", line)
        # Soft hyphens and characters of no width, inside words.
        line = "".join(each for each in line if unicodedata.category(each) != "Cf")
    return _APOSTROPHE.sub("", line).casefold()


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    if code:
        return chr(int(code, 16))
    return "'" if escape[0] == "\\'" else " "


def fingerprint(words: Iterable[str]) -> str:
    """16 hexadecimal digits for this run of words."""
    run = " ".join(words).encode("utf-8", "replace")
    return blake2b(run, digest_size=8, key=KEY).hexdigest()


def fingerprints_of(text: str) -> tuple[frozenset[str], int]:
    """The fingerprints of a text, one item or anchor a line; lines too short for it."""
    found: set[str] = set()
    short = 0
    for line in text.splitlines():
        words = [word for word, _ in words_of(line)]
        if len(words) < SHORTEST:
            short += bool(words)
            continue
        size = min(RUN, len(words))
        starts = range(0, len(words) - size + 1, size)
        found |= {fingerprint(words[start : start + size]) for start in starts}
    return frozenset(found), short


def read_fingerprints(folder: Path = FOLDER) -> dict[str, str]:
    """Fingerprint -> the instrument it belongs to, from each file of the folder."""
    known: dict[str, str] = {}
    for file in sorted(folder.glob("*.txt")):
        head, _, body = file.read_text(encoding="utf-8").partition("\n---\n")
        name = re.search(r"^instrument: (.+)$", head, re.MULTILINE)
        count = re.search(r"^fingerprints: (\d+)$", head, re.MULTILINE)
        lines = body.split()
        if not name or not count or int(count[1]) != len(lines):
            sys.exit(f"{file.name}: not a file of fingerprints, or lines are missing")
        known |= dict.fromkeys(lines, name[1])
    return known


def findings_in_text(text: str, known: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Line and instrument of each run of words that is on the list."""
    words = words_of(text)
    for start, (_, line) in enumerate(words):
        for size in (SHORTEST, RUN):
            run = [word for word, _ in words[start : start + size]]
            if len(run) == size and (name := known.get(fingerprint(run))):
                yield line, name


def findings_in(
    content: bytes, known: Mapping[str, str], *, file: str
) -> Iterator[Finding]:
    """What stands in this file; an archive is opened, a picture has no words.

    A file that nobody can look into is a finding: nothing is passed over in silence.
    """
    if content.startswith(PICTURES):
        return
    if content.startswith(_ZIP):
        yield from _in_archive(content, known, file=file)
        return
    text = _text(content)
    if text is None or len(content) > LARGEST:
        yield Finding(file, 0, "cannot be looked into")
        return
    for line, name in findings_in_text(text, known):
        yield Finding(file, line, name)


def _text(content: bytes) -> str | None:
    if content.startswith(_UTF16):
        return content.decode("utf-16", "replace")
    if content.startswith(_CATALOGUES):
        return content.replace(b"\x00", b"\n").decode("utf-8", "replace")
    if b"\x00" in content or content.startswith(b"%PDF-"):
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _in_archive(
    content: bytes, known: Mapping[str, str], *, file: str
) -> Iterator[Finding]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                name = f"{file}!{member.filename}"
                if member.file_size > LARGEST:
                    yield Finding(name, 0, "cannot be looked into")
                elif not member.is_dir():
                    yield from findings_in(archive.read(member), known, file=name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        yield Finding(file, 0, "cannot be looked into")


def files_of(root: Path) -> list[Path]:
    """What git tracks here or would add next; every file, if this is no checkout."""
    found = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
    )
    if found.returncode:
        return sorted(each for each in root.rglob("*") if each.is_file())
    names = {each.decode() for each in found.stdout.split(b"\0") if each}
    return sorted(each for name in names if (each := root / name).is_file())


def scan(root: Path, known: Mapping[str, str]) -> list[Finding]:
    """Every finding in this tree, in the order of its files."""
    return [
        finding
        for file in files_of(root)
        for finding in findings_in(
            file.read_bytes(), known, file=file.relative_to(root).as_posix()
        )
    ]


def write_fingerprints(
    name: str, text: str, *, source: str, folder: Path = FOLDER
) -> Path:
    """The file of this instrument's fingerprints, made new; the text stays outside."""
    found, short = fingerprints_of(text)
    lines = [
        "# Hashes of runs of words; no text, and none can be made from them.",
        f"instrument: {name}",
        f"source: {source}",
        f"left out as too short: {short} lines",
        f"fingerprints: {len(found)}",
        "---",
        *sorted(found),
    ]
    file = folder / f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.txt"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 if licensed wording was found, 0 if not."""
    parser = argparse.ArgumentParser(prog="licence_guard", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    scanning = commands.add_parser("scan", help="look through a tree, and a wheel")
    scanning.add_argument("folder", nargs="?", type=Path, default=ROOT)
    scanning.add_argument("--wheel", type=Path, action="append", default=[])
    making = commands.add_parser("make", help="fingerprints from a text you may hold")
    making.add_argument("name")
    making.add_argument("text", type=Path, help="one item, anchor or label a line")
    making.add_argument("--source", required=True)
    given = parser.parse_args(arguments)
    if given.command == "make":
        text = given.text.read_text(encoding="utf-8")
        file = write_fingerprints(given.name, text, source=given.source)
        sys.stdout.write(f"{file.relative_to(ROOT)}: written; keep the text outside\n")
        return 0
    known = read_fingerprints()
    found = scan(given.folder, known)
    for wheel in given.wheel:
        found += findings_in(wheel.read_bytes(), known, file=wheel.name)
    for each in found:
        sys.stdout.write(f"{each.file}:{each.line}: {each.instrument}\n")
    looked = f"{len(known)} fingerprints, {len(found)} findings"
    sys.stdout.write(f"licence guard: {looked}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
