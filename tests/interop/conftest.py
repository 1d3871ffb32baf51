"""What the interop tests of this folder share: a server, and a ledger of vectors."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.interop.hapi.server import hapi_server
from tests.vectors import Vectors

COVERAGE = {
    "blanks": "all, with blanks",
    "answers": "all, and blanks at random",
    "": "a seeded sample",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One form in one engine: how many answer vectors were computed and agreed."""

    engine: str
    form: str
    vectors: int
    rows: int
    coverage: str


@dataclass(slots=True)
class Ledger:
    """What was really run; printed at the end of the run."""

    lines: list[Line] = field(default_factory=list)

    def add(self, engine: str, form: str, vectors: Vectors, *, rows: int) -> None:
        """Call it when every row agreed.

        Args:
            rows: responses that were computed; some vectors are written in two ways.
        """
        coverage = COVERAGE[vectors.complete]
        self.lines.append(Line(engine, form, len(vectors.rows), rows, coverage))


LEDGER = Ledger()


@pytest.fixture(scope="session")
def hapi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of one HAPI FHIR server for all tests of this run."""
    with hapi_server(tmp_path_factory.mktemp("hapi")) as base:
        yield base


@pytest.fixture(scope="session")
def vector_ledger() -> Ledger:
    """Where a test writes down which vectors an engine agreed on."""
    return LEDGER


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """N per instrument and engine, as it was run."""
    if not LEDGER.lines:
        return
    terminalreporter.section("answer vectors on which the engines agree with us")
    for each in LEDGER.lines:
        terminalreporter.line(
            f"{each.engine}  {each.form}: {each.vectors:,} vectors ({each.coverage}),"
            f" {each.rows:,} responses"
        )
