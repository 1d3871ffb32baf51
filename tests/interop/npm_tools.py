"""Brings packages of npm into `.cache`, by name and version."""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.interop.java_tools import CACHE, say

SECONDS = 240
INSTALL = (
    *("npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit"),
    *("--no-fund", "--omit=optional", "--omit=peer"),
)


def npm_packages(wanted: Path) -> Path:
    """The folder in which the packages of this `package.json` lie; installed once.

    Skips the test, visibly, where Node.js is absent or npm cannot fetch them.
    """
    _need_node()
    text = wanted.read_text(encoding="utf-8")
    name = json.loads(text)["name"].removeprefix("rom-on-fhir-")
    place = CACHE / name
    package, ready = place / "package.json", place / "ready"
    if ready.is_file() and package.read_text(encoding="utf-8") == text:
        return place
    say(f"installing with npm: {', '.join(json.loads(text)['dependencies'])}")
    ready.unlink(missing_ok=True)
    place.mkdir(parents=True, exist_ok=True)
    package.write_text(text, encoding="utf-8")
    _run(INSTALL, folder=place)
    ready.touch()
    return place


def npm_archive(package: str) -> Path:
    """The unpacked files of one package ("lforms@40.1.3"), without what it needs.

    For a package whose browser build is inside: installing it would resolve the whole
    tree of the framework it was built with.
    """
    _need_node()
    place = CACHE / package.replace("@", "-")
    if (place / "package" / "package.json").is_file():
        return place / "package"
    say(f"fetching with npm: {package}")
    fetched = place.with_name(f"{place.name}.part")
    shutil.rmtree(fetched, ignore_errors=True)
    fetched.mkdir(parents=True)
    _run(("npm", "pack", package, "--ignore-scripts"), folder=fetched)
    (archive,) = fetched.glob("*.tgz")
    with tarfile.open(archive) as files:
        files.extractall(fetched, filter="data")
    shutil.rmtree(place, ignore_errors=True)
    fetched.rename(place)
    return place / "package"


def _need_node() -> None:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"`{program}` is absent: install Node.js (18 or later)")


def _run(command: tuple[str, ...], *, folder: Path) -> None:
    run = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if run.returncode != 0:
        lines = run.stderr.strip().splitlines()[-3:]
        pytest.skip(f"`{' '.join(command[:2])}` failed: {' / '.join(lines)}")
