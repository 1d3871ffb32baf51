"""The documents say what the code does."""

import re
import subprocess
from pathlib import Path

import pytest

from questionnaires.library import load_library
from server.cli import COMMANDS
from server.instruments_reference import FOLDER, pages
from server.settings_reference import page

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
# What no tracked text may hold: places of one machine, download addresses.
FORBIDDEN = re.compile(
    r"(?<![\w./-])/(?:work|root)/|https?://[^ \"]*(?:/simple/|/maven2/)|[Ii]ssue #\d"
)


def tracked(*patterns: str) -> list[Path]:
    found = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True
    )
    if found.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in found.stdout.splitlines()]


def test_the_configuration_page_is_current() -> None:
    written = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")

    assert written == page()


def test_the_page_of_every_instrument_is_current() -> None:
    written = {
        each.name: each.read_text(encoding="utf-8") for each in FOLDER.glob("*.md")
    }

    assert written == pages(load_library()), "run: make reference"


def test_every_command_is_documented() -> None:
    written = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")

    assert [name for name in COMMANDS if f"`rom {name}" not in written] == []


def test_every_key_of_the_tenants_file_is_documented() -> None:
    code = (ROOT / "ehr/tenants.py").read_text(encoding="utf-8")
    written = (ROOT / "docs/reference/tenants.md").read_text(encoding="utf-8")
    keys = set(
        re.findall(
            r"table\.(?:text|flag|choice|number|optional_text|optional_choice)"
            r"\(\s*\"(\w+)\"",
            code,
        )
    )

    assert len(keys) > 10
    assert [key for key in sorted(keys) if f"`{key}`" not in written] == []


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in tracked("*.md")
        for target in LINK.findall(file.read_text(encoding="utf-8"))
        if "://" not in target and not (file.parent / target).exists()
    ]

    assert broken == []


def test_no_text_names_a_machine_or_a_download_address() -> None:
    files = tracked("*.py", "*.md", "*.toml", "*.txt", "*.sh", "Makefile", "*.xml")
    assert len(files) > 100
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in files
        if file != Path(__file__).resolve()
        for match in [FORBIDDEN.search(file.read_text(encoding="utf-8"))]
        if match
    ]

    assert found == []
