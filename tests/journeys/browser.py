"""Debian's Chromium with third-party cookies blocked, as many people have it."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def chromium(
    playwright: Playwright,
    profile: Path,
    *,
    width: int = 1440,
    height: int = 960,
    dark: bool = False,
    locale: str = "en-GB",
) -> Iterator[BrowserContext]:
    """A new profile in this folder; the browser closes with the block."""
    if not Path(CHROMIUM).exists():
        pytest.skip("chromium is absent: run scripts/install-system-packages.sh")
    preferences = profile / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    preferences.write_text(
        json.dumps(
            {
                "profile": {
                    "block_third_party_cookies": True,
                    "cookie_controls_mode": 1,
                }
            }
        )
    )
    context = playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=CHROMIUM,
        headless=True,
        args=ARGUMENTS,
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        locale=locale,
    )
    try:
        yield context
    finally:
        context.close()
