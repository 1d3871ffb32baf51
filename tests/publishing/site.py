"""A site with our program on its command line, and a sandbox EHR it publishes to."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from ehr.smart.client_keys import generate_client_key
from sandbox_ehr.app import create_app
from sandbox_ehr.config import Client, SandboxConfig
from sandbox_ehr.store.database import Database
from sandbox_ehr.store.interface import FhirRequest
from sandbox_ehr.store.local import LocalStore
from server.cli import main
from tests.hook_calls import environment, new_caller, write_files

EHR = "sandbox"
ALL = "system/Questionnaire.crus"
CREATE = ("POST", "/fhir/Questionnaire")
CALLER = new_caller()


class _Quiet(WSGIRequestHandler):
    def log(self, *_args: Any, **_kwargs: Any) -> None:
        """The tests look at what is stored."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox EHR on the loopback, and its store behind the door."""

    origin: str
    store: LocalStore

    def held(self) -> list[dict[str, Any]]:
        """Every Questionnaire that it keeps, whoever wrote it."""
        found = self.store.answer(
            FhirRequest("GET", "Questionnaire", (("_count", "200"),))
        )
        assert found.body is not None
        return [each["resource"] for each in found.body.get("entry", [])]

    def of(self, instrument: str) -> dict[str, Any]:
        """The one copy of an instrument."""
        [found] = [
            each for each in self.held() if each["url"].endswith(f"/{instrument}")
        ]
        return found

    def plant(self, instrument: str, **changes: Any) -> None:
        """Another hand changes what is stored."""
        found = self.of(instrument) | changes
        self.store.answer(
            FhirRequest("PUT", f"Questionnaire/{found['id']}", body=found)
        )


@dataclass(frozen=True, slots=True)
class Site:
    """An installation, and its command line."""

    folder: Path

    def publish(self, *options: str) -> Result:
        """`rom questionnaires publish --ehr sandbox …`."""
        command = ["questionnaires", "publish", "--ehr", EHR, *options]
        return CliRunner().invoke(main, command)

    def report(self, *options: str) -> dict[str, Any]:
        """The same for machines."""
        found: dict[str, Any] = json.loads(self.publish("--json", *options).stdout)
        return found


@dataclass(slots=True)
class Door:
    """Stands before an EHR's FHIR API, and may answer a create in its place.

    Attributes:
        says: status and body; None lets everything through.
        silent: never answers, until the test is over.
    """

    says: tuple[int, dict[str, Any]] | None = None
    silent: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    def before(self, app: Any) -> Any:
        """The application with the door before it."""

        def guarded(environ: Any, start_response: Any) -> Any:
            if (environ["REQUEST_METHOD"], environ["PATH_INFO"]) != CREATE:
                return app(environ, start_response)
            if self.silent:
                self.over.wait(timeout=60)
            if self.says is None:
                return app(environ, start_response)
            status, body = self.says
            answer = Response(json.dumps(body), status, mimetype="application/json")
            return answer(environ, start_response)

        return guarded


@contextmanager
def sandbox(
    keys: dict[str, Any],
    folder: Path,
    *,
    scopes: str,
    fhir_backend: str | None = None,
    door: Door | None = None,
    seed: bool = False,
) -> Iterator[Sandbox]:
    """An EHR that knows our service with these scopes.

    Args:
        seed: with its invented patients; else it is empty.
        fhir_backend: another FHIR server that keeps the data; its own store stays
            empty then.
        door: what may stand before it.
    """
    door = door or Door()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    origin = f"http://127.0.0.1:{port}"
    file = str(folder / "ehr.sqlite")
    config = SandboxConfig(
        base_url=origin,
        clients=(Client("rom", (), "private_key_jwt", scopes=scopes, jwks=keys),),
        database=file,
        fhir_backend=fhir_backend,
        seed=seed,
    )
    app = door.before(create_app(config))
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    store = LocalStore(Database(file), base_url=config.fhir_base, clock=config.clock)
    try:
        yield Sandbox(origin, store)
    finally:
        door.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def site_before(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    origin: str,
    fhir_base: str,
    client_key: str,
    more: str = "",
) -> Site:
    """An installation whose one tenant is the EHR at this place.

    Args:
        origin: where its authorization server is.
        fhir_base: where its FHIR API is reached.
        more: lines for the tenant's table.
    """
    write_files(folder, CALLER)
    (folder / "tenants.toml").write_text(
        f"""[tenant.{EHR}]
dev = true
private_addresses = true
issuer = "{fhir_base}"
client_id = "rom"
auth = "private_key_jwt"
key_env = "SITE"
redirect_uri = "http://localhost:8702/callback/{EHR}"
endpoint_origins = ["{origin}"]
id_token_issuer = "{origin}/fhir"
dialect = "plain-r4"
{more}
""",
        encoding="utf-8",
    )
    for name in [each for each in os.environ if each.startswith("ROM_")]:
        monkeypatch.delenv(name)
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ROM_SECRET_SITE", f'{{"keys": [{client_key}]}}')
    return Site(folder)


def new_client_key() -> tuple[str, dict[str, Any]]:
    """A private key as the site keeps it, and the set the EHR knows."""
    private = generate_client_key("site-1")
    hidden = {"d", "p", "q", "dp", "dq", "qi", "k"}
    public = {k: v for k, v in json.loads(private).items() if k not in hidden}
    return private, {"keys": [public]}
