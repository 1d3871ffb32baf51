"""What the sandbox refuses to start with, and how it fetches an app's keys."""

from dataclasses import replace

import pytest
import responses
from joserfc.jwk import ECKey

from sandbox_ehr.app import create_app
from sandbox_ehr.config import Client, checked_config, clients_from_toml
from sandbox_ehr.errors import SandboxConfigError
from tests.unit.sandbox_ehr.conftest import EC, KEYS, App

JWKS_URI = "http://app.example/jwks.json"


@pytest.mark.parametrize(
    "client",
    [
        Client("a", (), "client_secret_basic"),
        Client("a", (), "private_key_jwt"),
        Client("a", ("http://*.example/callback",), "none"),
        Client("a", ("/callback",), "none"),
        Client("a", ("http://app.example/callback#x",), "none"),
    ],
)
def test_a_client_that_cannot_work_is_refused_at_start(config, client):
    with pytest.raises(SandboxConfigError, match="client a"):
        checked_config(replace(config, clients=(client,)))


def test_a_base_url_with_a_path_is_refused_at_start(config):
    with pytest.raises(SandboxConfigError, match="base_url"):
        checked_config(replace(config, base_url="http://ehr.example/path"))


def test_clients_are_read_from_a_file(tmp_path):
    path = tmp_path / "clients.toml"
    path.write_text(
        '[[client]]\nclient_id = "rom"\nauth = "client_secret_basic"\n'
        'secret = "x"\nredirect_uris = ["http://app.example/callback"]\n'
    )

    (client,) = clients_from_toml(path)

    assert client.redirect_uris == ("http://app.example/callback",)
    assert "user/Observation.crus" in client.scopes


def test_a_misspelt_key_in_the_file_is_named(tmp_path):
    path = tmp_path / "clients.toml"
    path.write_text('[[client]]\nclient_id = "rom"\nauth = "none"\ncolour = "red"\n')

    with pytest.raises(SandboxConfigError, match=r"client 0 in clients\.toml"):
        clients_from_toml(path)


@pytest.fixture
def remote(config, clock):
    """A worker whose keys lie at its own URL."""
    client = Client(
        "worker", (), "private_key_jwt", scopes="system/*.rs", jwks_uri=JWKS_URI
    )
    ehr = create_app(replace(config, clients=(client,)))
    return App(ehr.test_client(), clock)


def test_keys_are_fetched_from_the_registered_url(remote):
    with responses.RequestsMock() as mock:
        mock.get(JWKS_URI, json=KEYS)
        first = remote.backend_token("system/Patient.r")
        second = remote.backend_token("system/Patient.r")

        assert (first.status_code, second.status_code) == (200, 200)
        assert len(mock.calls) == 1


def test_a_new_key_is_fetched_when_its_kid_is_unknown(remote):
    fresh = ECKey.generate_key("P-384", parameters={"kid": "ec-2"})
    with responses.RequestsMock() as mock:
        mock.get(JWKS_URI, json=KEYS)
        mock.get(JWKS_URI, json={"keys": [fresh.as_dict(private=False)]})
        remote.backend_token("system/Patient.r", remote.assertion(key=EC))

        answer = remote.backend_token("system/Patient.r", remote.assertion(key=fresh))

        assert answer.status_code == 200


@pytest.mark.parametrize(
    "failure",
    [
        {"status": 500},
        {"body": b"no"},
        {"json": []},
        {"status": 302, "headers": {"Location": "http://evil.example"}},
    ],
)
def test_a_key_url_that_fails_is_an_unknown_client(remote, failure):
    with responses.RequestsMock() as mock:
        mock.get(JWKS_URI, **failure)

        answer = remote.backend_token("system/Patient.r")

    assert answer.status_code == 401
    assert answer.json["error"] == "invalid_client"
