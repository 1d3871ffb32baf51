"""What the sandbox needs to know before it starts."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from joserfc.jwk import ECKey, RSAKey

from sandbox_ehr.errors import SandboxConfigError

AuthMethod = Literal["client_secret_basic", "private_key_jwt", "none"]

# What the app's clinician launch, its patient launch and its delivery worker ask for.
APP_SCOPES = (
    "launch launch/patient launch/encounter openid fhirUser online_access"
    " offline_access user/Patient.rs user/Encounter.rs user/Practitioner.rs"
    " user/Appointment.rs user/Questionnaire.crus user/QuestionnaireResponse.crus"
    " user/Observation.crus"
    " user/DocumentReference.crs user/Task.crus user/Provenance.crs user/Flag.crus"
    " patient/Patient.rs patient/Encounter.rs patient/Questionnaire.rs"
    " patient/QuestionnaireResponse.crs patient/Observation.crs"
    " system/Patient.rs system/Encounter.rs system/Appointment.rs"
    " system/Questionnaire.crus system/QuestionnaireResponse.crus"
    " system/Observation.crs system/DocumentReference.crs system/Task.crus"
    " system/Provenance.crs"
)
HOOK_SCOPES = (
    "user/Patient.rs user/Encounter.rs user/Observation.rs"
    " user/QuestionnaireResponse.rs user/Task.rs user/Appointment.rs"
)


def wall_clock() -> datetime:
    """Now, in the zone of the machine."""
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True)
class Client:
    """One app that this EHR knows."""

    client_id: str
    redirect_uris: tuple[str, ...]
    auth: AuthMethod
    scopes: str = APP_SCOPES
    secret: str | None = None
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    name: str = "ROM on FHIR"


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """Everything that may differ between two sandboxes."""

    base_url: str = "http://127.0.0.1:8600"  # scheme, host, port: nothing more
    clients: tuple[Client, ...] = ()
    app_launch_url: str | None = None  # opened with iss and launch
    cds_base_url: str | None = None  # below it lies /cds-services
    cds_client_id: str = "rom-on-fhir"  # subject of the token the service gets
    hook_issuer: str | None = None  # `iss` of hook calls; usually the base URL
    hook_fhir_access: bool = True  # send fhirServer and fhirAuthorization
    hook_scopes: str = HOOK_SCOPES
    hook_timeout: float = 10.0  # seconds
    fhir_backend: str | None = None  # base URL of another FHIR server
    database: str = ":memory:"
    user: str = "okafor"  # id of the Practitioner who is logged in
    access_life: timedelta = timedelta(minutes=5)
    id_token_alg: Literal["RS256", "ES384"] = "RS256"
    rsa_key: RSAKey | None = None  # made at start if absent
    ec_key: ECKey | None = None
    admin: bool = False  # /sandbox/ledger and /sandbox/reset
    seed: bool = True
    patients: tuple[str, ...] = ()  # which of the bundled ones; empty: all
    clock: Callable[[], datetime] = field(default=wall_clock)

    @property
    def fhir_base(self) -> str:
        """The FHIR base, which is also the issuer."""
        return f"{self.base_url}/fhir"

    @property
    def app_origin(self) -> str | None:
        """Where the app lives, for the chart page's policy."""
        return origin_of(self.app_launch_url) if self.app_launch_url else None

    def client(self, client_id: str) -> Client | None:
        """The registered client of that id."""
        for each in self.clients:
            if each.client_id == client_id:
                return each
        return None


def origin_of(url: str) -> str:
    """Scheme, host and port of an absolute URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def checked_config(config: SandboxConfig) -> SandboxConfig:
    """The same, when it can work.

    Raises:
        SandboxConfigError: names the setting.
    """
    if urlsplit(config.base_url).path or not urlsplit(config.base_url).netloc:
        raise SandboxConfigError("base_url is scheme, host and port, without a path")
    for client in config.clients:
        place = f"client {client.client_id}"
        if client.auth == "client_secret_basic" and not client.secret:
            raise SandboxConfigError(f"{place} has no secret")
        if client.auth == "private_key_jwt" and not (client.jwks or client.jwks_uri):
            raise SandboxConfigError(f"{place} has neither jwks nor jwks_uri")
        for uri in client.redirect_uris:
            if "*" in uri or not urlsplit(uri).netloc or urlsplit(uri).fragment:
                raise SandboxConfigError(f"{place} has a redirect_uri that is no URL")
    return config


def clients_from_toml(path: Path) -> tuple[Client, ...]:
    """The `[[client]]` tables of a file.

    Raises:
        SandboxConfigError: a key that no client has, or one that is missing.
    """
    table = tomllib.loads(path.read_text("utf-8"))
    found = []
    for number, each in enumerate(table.get("client", [])):
        try:
            found.append(
                Client(
                    **{**each, "redirect_uris": tuple(each.get("redirect_uris", ()))}
                )
            )
        except TypeError:
            raise SandboxConfigError(
                f"client {number} in {path.name}: keys are client_id, redirect_uris,"
                " auth, secret, jwks, jwks_uri, scopes, name"
            ) from None
    return tuple(found)
