"""A trusted caller and the service it calls."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.hook_calls import TENANT, Caller, call, new_caller
from tests.installation import STAFF, running

PATH = f"/{TENANT}/cds-services/progress"


class Service:
    """The service as a CDS client sees it."""

    def __init__(self, folder: Path, caller: Caller, start: Callable[..., Any]) -> None:
        self.folder, self.caller, self._start = folder, caller, start
        self.restart()

    def restart(self, plan: str = "") -> None:
        self.running = self._start(plan)
        self.client = self.running.app.test_client()
        table = self.get("/cds-services").get_json()
        self.keys = [
            key for key in table["services"][0]["prefetch"] if key != "patient"
        ]

    def get(self, path: str, **extra: Any) -> TestResponse:
        return self.client.get(f"/{TENANT}{path}", base_url=STAFF, **extra)

    def post(
        self, body: Any, *, token: str | None = None, path: str = PATH, **extra: Any
    ) -> TestResponse:
        """One call; a fresh good token unless another one is given."""
        token = self.caller.token() if token is None else token
        given = {"data": body} if isinstance(body, bytes) else {"json": body}
        extra.setdefault("content_type", "application/json")
        return self.client.post(
            path,
            base_url=STAFF,
            headers={"Authorization": f"Bearer {token}"},
            **given,
            **extra,
        )

    def cards(self, resources: list[dict[str, Any]], **extra: Any) -> list[Any]:
        answer = self.post(call(self.keys, resources, **extra))
        assert answer.status_code == 200, answer.text
        found: list[Any] = answer.get_json()["cards"]
        return found


@pytest.fixture(scope="session")
def caller() -> Caller:
    return new_caller()


@pytest.fixture
def service(
    tmp_path: Path, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    opened: list[Any] = []

    def start(plan: str = "") -> Any:
        for each in opened:
            each.vault.close()
        opened[:] = [running(tmp_path, caller, monkeypatch, plan=plan)]
        return opened[0]

    yield Service(tmp_path, caller, start)
    for each in opened:
        each.vault.close()
