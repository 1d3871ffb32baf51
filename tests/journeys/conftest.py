"""One demonstration for the journeys that do not break it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright, sync_playwright

from tests.journeys.browser import chromium
from tests.journeys.demo import Demo, running_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A running `rom demo`: a file's own, for its forms change the stories."""
    with running_demo(tmp_path_factory.mktemp("demo")) as found:
        yield found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One driver; each browser that it starts has a profile of its own."""
    with sync_playwright() as found:
        yield found


@pytest.fixture
def clinic(playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """The clinician's browser."""
    with chromium(playwright, tmp_path / "clinic") as context:
        yield context


@pytest.fixture
def tablet(playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """The patient's tablet: another browser, another machine."""
    with chromium(playwright, tmp_path / "tablet", width=820, height=1100) as context:
        yield context
