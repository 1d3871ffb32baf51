"""A SMART client that nobody here wrote gets through the sandbox EHR's launch.

The npm package `fhirclient` runs in Node: discovery, PKCE, authorize, token, paging.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from sandbox_ehr.app import create_app
from sandbox_ehr.config import AuthMethod, Client, SandboxConfig
from tests.interop.npm_tools import npm_packages

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent / "smart_client"
SCOPE = "launch openid fhirUser user/Patient.rs user/Observation.rs"
SECRET = "a-secret"


@pytest.fixture(scope="module")
def modules() -> Path:
    """Where `fhirclient` lies, in the version of our package.json; installed once."""
    return npm_packages(HERE / "package.json")


@contextmanager
def app_of(modules: Path, *secret: str) -> Iterator[str]:
    """The app's address; it ends when its standard input closes."""
    command = ["node", str(HERE / "app.js"), str(modules), "foreign", SCOPE, *secret]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as app:
        assert app.stdout is not None
        word, _, port = app.stdout.readline().strip().partition(" ")
        assert word == "READY", "the app did not start"
        yield f"http://127.0.0.1:{port}"


@contextmanager
def sandbox_for(
    app: str, *, auth: AuthMethod, secret: str | None = None
) -> Iterator[str]:
    """A sandbox EHR with two patients that knows this app."""
    # The port is wanted before the application: it is part of its issuer.
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    base = f"http://127.0.0.1:{server.server_port}"
    client = Client(
        "foreign",
        redirect_uris=(f"{app}/app",),
        auth=auth,
        scopes=SCOPE,
        secret=secret,
    )
    server.app = create_app(
        SandboxConfig(
            base_url=base,
            clients=(client,),
            app_launch_url=f"{app}/launch",
            patients=("marta", "amina"),
        )
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield base
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def launched(ehr: str) -> dict[str, Any]:
    """What the app saw after its button in Marta's chart was pressed."""
    with requests.Session() as browser:
        opened = browser.post(f"{ehr}/patients/marta/open", timeout=30)
        visit = opened.url.rpartition("visit=")[2]
        found = browser.post(
            f"{ehr}/patients/marta/launch", data={"visit": visit}, timeout=30
        )
    assert found.status_code == 200, found.text[:300]
    return {**found.json(), "visit": visit}


@pytest.mark.parametrize(
    ("auth", "secret"),
    [
        pytest.param("none", None, id="public-with-pkce"),
        pytest.param("client_secret_basic", SECRET, id="with-secret"),
    ],
)
def test_a_foreign_client_completes_the_launch_and_reads_the_chart(
    modules: Path, auth: AuthMethod, secret: str | None
) -> None:
    with (
        app_of(modules, *([secret] if secret else [])) as app,
        sandbox_for(app, auth=auth, secret=secret) as ehr,
    ):
        seen = launched(ehr)

    assert (seen["patient"], seen["user"]) == ("marta", "Practitioner/okafor")
    assert seen["encounter"] == seen["visit"]
    assert seen["scores"] > 5  # of more than one page
    assert seen["pkce"] is True
    assert set(seen["scope"].split()) <= set(SCOPE.split())


def test_a_foreign_client_with_the_wrong_secret_gets_nothing(modules: Path) -> None:
    with (
        app_of(modules, "another") as app,
        sandbox_for(app, auth="client_secret_basic", secret=SECRET) as ehr,
        pytest.raises(AssertionError, match="invalid_client"),
    ):
        launched(ehr)
