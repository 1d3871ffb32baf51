"""A sandbox EHR with one patient in it, and an app that knows how to ask."""

import base64
import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.test import TestResponse

from sandbox_ehr.app import create_app
from sandbox_ehr.config import Client, SandboxConfig

BASE = "http://ehr.example"
FHIR = f"{BASE}/fhir"
REDIRECT = "http://app.example/callback"
# RFC 6749 2.3.1: both halves are form-urlencoded.
SECRET = "a secret/+ä"
AUTH = ("app", quote_plus(SECRET))
VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    .rstrip(b"=")
    .decode()
)
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

EC = ECKey.generate_key("P-384", parameters={"kid": "ec-1"})
RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa-1"})
KEYS = {"keys": [EC.as_dict(private=False), RSA.as_dict(private=False)]}
SIGNING = (RSAKey.generate_key(2048), ECKey.generate_key("P-384"))


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class App:
    """The other side: an app that launches, gets tokens and calls the FHIR API."""

    client: FlaskClient
    clock: Clock
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def authorize(self, **changes: str | None) -> TestResponse:
        query = {
            "response_type": "code",
            "client_id": "app",
            "redirect_uri": REDIRECT,
            "scope": "openid fhirUser user/Patient.rs user/Observation.crus",
            "state": "s-123",
            "aud": FHIR,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        wanted = {name: value for name, value in query.items() if value is not None}
        return self.client.get("/authorize", query_string=wanted)

    def chosen(self, page: TestResponse, *, patient: str | None) -> dict[str, str]:
        """What the callback gets after somebody chose a user (and a patient)."""
        text = page.get_data(as_text=True)
        key = text.split('name="request" value="')[1].split('"')[0]
        form = {"request": key, "user": "Practitioner/okafor"}
        if patient:
            form["patient"] = patient
        return callback(self.client.post("/authorize/choose", data=form))

    def exchange(self, code: str, **changes: str) -> TestResponse:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.client.post("/token", data=form, auth=AUTH)

    def standalone(self, scope: str, *, patient: str | None = None) -> dict[str, Any]:
        """The token response of a standalone launch."""
        page = self.authorize(scope=scope)
        answer = self.exchange(self.chosen(page, patient=patient)["code"])
        assert answer.status_code == 200, answer.json
        assert answer.json is not None
        return answer.json

    def assertion(self, *, key: Any = EC, alg: str = "ES384", **changes: Any) -> str:
        """A signed client assertion of the worker; each change breaks one thing."""
        header = {"alg": alg, "kid": key.kid, "typ": "JWT"}
        header |= changes.pop("header", {})
        now = int(self.clock.now.timestamp())
        claims = {
            "iss": "worker",
            "sub": "worker",
            "aud": f"{BASE}/token",
            "exp": now + 240,
            "jti": str(uuid.uuid4()),
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, claims, key, algorithms=[alg])

    def backend_token(self, scope: str, assertion: str | None = None) -> TestResponse:
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
        }
        return self.client.post("/token", data=form)

    def as_worker(self, scope: str = "system/*.crus") -> "App":
        answer = self.backend_token(scope)
        assert answer.json is not None
        return App(self.client, self.clock, answer.json["access_token"])

    def with_token(self, token: str) -> "App":
        return App(self.client, self.clock, token)

    def fhir(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named["Authorization"] = f"Bearer {self.token}"
        url = path if path.startswith("http") else f"/fhir/{path}"
        return self.client.open(
            url.removeprefix(BASE),
            method=method,
            json=body,
            headers=named,
            content_type="application/fhir+json" if body is not None else None,
        )


def callback(answer: TestResponse) -> dict[str, str]:
    """The parameters of the redirect back to the app."""
    assert answer.status_code == 302, answer.get_data(as_text=True)
    assert answer.location.startswith(REDIRECT + "?")
    query = parse_qs(urlsplit(answer.location).query)
    return {name: values[0] for name, values in query.items()}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def config(clock: Clock) -> SandboxConfig:
    wide = "system/*.crus user/*.crus patient/*.rs patient/Observation.crus"
    words = "launch launch/patient openid fhirUser online_access"
    return SandboxConfig(
        base_url=BASE,
        clients=(
            Client(
                "app",
                (REDIRECT,),
                "client_secret_basic",
                scopes=f"{words} {wide}",
                secret=SECRET,
            ),
            Client("worker", (), "private_key_jwt", scopes=wide, jwks=KEYS),
            Client("public", (REDIRECT,), "none", scopes=f"{words} user/Patient.r"),
        ),
        app_launch_url="http://app.example/launch/sandbox",
        rsa_key=SIGNING[0],
        ec_key=SIGNING[1],
        admin=True,
        seed=False,
        clock=clock,
    )


@pytest.fixture
def ehr(config: SandboxConfig) -> Flask:
    return create_app(config)


@pytest.fixture
def app(ehr: Flask, clock: Clock) -> App:
    app = App(ehr.test_client(), clock)
    worker = app.as_worker()
    for body in (
        {"resourceType": "Practitioner", "id": "okafor", "name": [{"family": "O"}]},
        {"resourceType": "Patient", "id": "marta", "name": [{"family": "Windrush"}]},
        {"resourceType": "Patient", "id": "jonas", "name": [{"family": "Marrowby"}]},
    ):
        made = worker.fhir("PUT", f"{body['resourceType']}/{body['id']}", body)
        assert made.status_code in (200, 201)
    return app


@pytest.fixture
def worker(app: App) -> App:
    return app.as_worker()


@pytest.fixture
def observation() -> dict[str, Any]:
    """A PHQ-9 total that the EHR accepts."""
    return {
        "resourceType": "Observation",
        "identifier": [{"system": "urn:x", "value": "one"}],
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "survey",
                    }
                ]
            }
        ],
        "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
        "subject": {"reference": "Patient/marta"},
        "effectiveDateTime": "2026-02-27T10:40:00+01:00",
        "valueQuantity": {"value": 12, "unit": "{score}"},
    }
