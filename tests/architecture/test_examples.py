"""The examples of the documents give what the documents say."""

import doctest
import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    page
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if "```pycon" in page.read_text(encoding="utf-8")
]
SHELL = re.compile(r"^(?:echo|printf) '([^']*)' \| rom (.+)$", re.MULTILINE)


def test_the_scoring_page_has_examples() -> None:
    assert ROOT / "docs/reference/scoring-api.md" in PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_of_a_page_gives_what_it_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    said: list[str] = []

    found = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF).run(
        test, out=said.append
    )

    assert found.attempted == text.count("\n>>> ") > 0
    assert found.failed == 0, "".join(said)


def test_every_command_that_is_fed_in_the_reference_runs() -> None:
    text = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    examples = SHELL.findall(text)

    assert len(examples) >= 2
    for fed, command in examples:
        found = CliRunner().invoke(
            main, shlex.split(command), input=fed.replace("\\n", "\n")
        )
        assert found.exit_code == 0, f"{command}: {found.output}"
        assert "--json" not in command or json.loads(found.stdout.splitlines()[0])
