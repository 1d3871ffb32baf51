"""An installation in a temporary folder, and its application without a server."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from server.settings import Settings, safe
from server.wsgi import Running, create_app, read_installation
from tests.hook_calls import Caller, environment, write_files

STAFF = "http://localhost:8702"
TABLET = "http://tablet.localhost:8702"


def running(
    folder: Path,
    caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
    *,
    plan: str = "",
    tenant: str = "",
    clock: Callable[[], datetime] | None = None,
) -> Running:
    """Both faces over a vault in this folder; nothing runs beside them."""
    write_files(folder, caller, plan=plan, tenant=tenant)
    for name in [each for each in os.environ if each.startswith("ROM_")]:
        monkeypatch.delenv(name)
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    found = read_installation(safe(Settings()))  # type: ignore[call-arg]
    return create_app(found, clock=clock)
