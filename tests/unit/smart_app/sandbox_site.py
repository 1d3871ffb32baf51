"""A sandbox EHR in a thread, our app over https, and browsers that launch it."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.test import TestResponse

from clinical.plan import DEMO_PLAN
from sandbox_ehr.app import create_app as create_ehr
from sandbox_ehr.config import Client, SandboxConfig
from server.settings import Settings
from server.wsgi import create_app, read_installation
from smart_app.services import EXTENSION, AppServices
from vault.cipher import generate_key_file

STAFF, TABLET = "https://rom.example", "https://tablet.example"
CALLBACK = f"{STAFF}/callback/sandbox"
OWN = {"Sec-Fetch-Site": "same-origin"}
SECRET = "a-secret-of-thirty-two-characters"


@dataclass
class Ehr:
    """The sandbox in a thread, with two switches in front of it."""

    server: BaseWSGIServer
    away: bool = False
    patient: dict[str, object] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)  # token, address

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def in_front_of(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        def outer(environ: Mapping[str, Any], start: Callable[..., Any]) -> Any:
            token = environ.get("HTTP_AUTHORIZATION", "")
            address = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
            self.asked.append((token, address))
            if self.away:
                start("503 Service Unavailable", [("Content-Type", "text/plain")])
                return [b"later"]
            if self.patient and "/fhir/Patient/" in environ["PATH_INFO"]:
                name = environ["PATH_INFO"].rsplit("/", 1)[1]
                found = {"resourceType": "Patient", "id": name} | self.patient
                start("200 OK", [("Content-Type", "application/fhir+json")])
                return [json.dumps(found).encode()]
            return inner(environ, start)

        return outer

    def launch_id(self, patient: str) -> str:
        answer = requests.post(
            f"{self.url}/patients/{patient}/launch", allow_redirects=False, timeout=10
        )
        return parse_qs(urlsplit(answer.headers["Location"]).query)["launch"][0]


@pytest.fixture(name="running_ehr", scope="module")
def the_running_ehr() -> Iterator[Ehr]:
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    ehr = Ehr(server)
    client = Client("rom", (CALLBACK,), "client_secret_basic", secret=SECRET)
    config = SandboxConfig(
        base_url=ehr.url, clients=(client,), app_launch_url=f"{STAFF}/launch/sandbox"
    )
    server.app = ehr.in_front_of(create_ehr(config))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield ehr
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(name="ehr")
def the_ehr(running_ehr: Ehr) -> Iterator[Ehr]:
    yield running_ehr
    running_ehr.away, running_ehr.patient = False, {}
    running_ehr.asked.clear()


@dataclass
class Browser:
    """A clinician's browser; its tabs share the cookies."""

    client: FlaskClient
    ehr: Ehr

    def another(self) -> "Browser":
        """Another person's, or a tablet."""
        return Browser(self.client.application.test_client(), self.ehr)

    def get(self, address: str, base: str = STAFF) -> TestResponse:
        return self.client.get(address.removeprefix(base), base_url=base)

    def post(
        self, address: str, form: Mapping[str, object], base: str = STAFF
    ) -> TestResponse:
        return self.client.post(address, data=form, base_url=base, headers=OWN)

    def begin(self, patient: str) -> str:
        """Until the EHR sends the browser back: the address of the callback."""
        begun = self.client.get(
            "/launch/sandbox",
            query_string={
                "iss": f"{self.ehr.url}/fhir",
                "launch": self.ehr.launch_id(patient),
            },
            base_url=STAFF,
        )
        assert begun.status_code == 302, begun.text
        back = requests.get(
            begun.headers["Location"], allow_redirects=False, timeout=10
        )
        return back.headers["Location"]

    def launch(self, patient: str) -> str:
        """The path of the launch's page."""
        answer = self.get(self.begin(patient))
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]


@pytest.fixture(name="app")
def the_app(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ehr: Ehr
) -> Iterator[Flask]:
    for name in [each for each in os.environ if each.startswith("ROM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ROM_SECRET_EHR", SECRET)
    generate_key_file(tmp_path / "master.key")
    (tmp_path / "tenants.toml").write_text(
        f"""[tenant.sandbox]
dev = true
private_addresses = true
issuer = "{ehr.url}/fhir"
client_id = "rom"
auth = "client_secret_basic"
secret_env = "EHR"
redirect_uri = "{CALLBACK}"
endpoint_origins = ["{ehr.url}"]
id_token_issuer = "{ehr.url}/fhir"
dialect = "plain-r4"
frame_ancestors = ["{ehr.url}"]
"""
    )
    (tmp_path / "measurement_plan.toml").write_text(DEMO_PLAN.read_text())
    settings = Settings(
        public_url=STAFF,
        kiosk_url=TABLET,
        data_folder=tmp_path / "data",
        master_key_file=tmp_path / "master.key",
        tenants_file=tmp_path / "tenants.toml",
        plan_file=tmp_path / "measurement_plan.toml",
    )
    running = create_app(read_installation(settings))
    yield running.app
    running.vault.close()


@pytest.fixture(name="services")
def the_services(app: Flask) -> AppServices:
    found: AppServices = app.extensions[EXTENSION]
    return found


@pytest.fixture(name="browser")
def the_browser(app: Flask, ehr: Ehr) -> Browser:
    return Browser(app.test_client(), ehr)
