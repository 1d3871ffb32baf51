"""The demonstration's files: what a site would write by hand, for a sandbox EHR."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

CLIENT_ID = "rom-demo"
SCOPES = (
    "launch openid fhirUser online_access user/Patient.r user/Encounter.rs"
    " user/Practitioner.r user/QuestionnaireResponse.crs user/Observation.crs"
    " user/Task.crs user/Appointment.rs"
)
STANDALONE_SCOPES = (
    "launch/patient openid fhirUser online_access user/Patient.r user/Encounter.rs"
    " user/Practitioner.r user/QuestionnaireResponse.crs user/Observation.crs"
    " user/Task.crs user/Appointment.rs"
    " patient/Patient.r patient/QuestionnaireResponse.crs patient/Observation.crs"
)
BULK_SCOPES = (
    "system/Observation.rs system/QuestionnaireResponse.rs system/Encounter.rs"
    " system/Appointment.rs"
)
SECRET = "DEMO_CLIENT"  # noqa: S105 -- the name under which the secret is passed on
KEYS = "DEMO_KEYS"


@dataclass(frozen=True, slots=True)
class DemoPlace:
    """Where the demonstration lives.

    `127.0.0.1` and `localhost` are the same machine and two different sites for a
    browser, so the app really is a third party in the EHR's frame.
    """

    folder: Path
    ehr_port: int
    app_port: int
    fhir_backend: str | None
    asymmetric: bool

    @property
    def ehr_url(self) -> str:
        return f"http://127.0.0.1:{self.ehr_port}"

    @property
    def app_url(self) -> str:
        return f"http://localhost:{self.app_port}"

    @property
    def kiosk_url(self) -> str:
        return f"http://tablet.localhost:{self.app_port}"

    @property
    def key_file(self) -> Path:
        return self.folder / "master.key"

    @property
    def client_key_file(self) -> Path:
        return self.folder / "client-keys.json"

    def ehr_command(self) -> list[str]:
        """The sandbox EHR, as a program of its own."""
        arguments = [
            *(sys.executable, "-m", "sandbox_ehr"),
            *("--port", str(self.ehr_port)),
            *("--base-url", self.ehr_url),
            *("--clients", str(self.folder / "ehr-clients.toml")),
            *("--app-launch-url", f"{self.app_url}/launch/sandbox"),
            *("--cds-base-url", f"{self.app_url}/sandbox"),
            *("--cds-client-id", CLIENT_ID),
            "--admin",
        ]
        if self.fhir_backend:
            arguments += ["--fhir-backend", self.fhir_backend]
        return arguments

    def app_command(self) -> list[str]:
        return [sys.executable, "-m", "server", "serve"]

    def ehr_environment(self) -> dict[str, str]:
        return _environment()

    def app_environment(self) -> dict[str, str]:
        """Everything the plug-in is told, as a site would tell it."""
        secret = {
            f"ROM_SECRET_{KEYS}": self.client_key_file.read_text(encoding="ascii")
        }
        if not self.asymmetric:
            secret = {f"ROM_SECRET_{SECRET}": self.client_secret}
        return {
            **_environment(),
            **secret,
            "ROM_DEMO": "true",
            "ROM_PUBLIC_URL": self.app_url,
            "ROM_KIOSK_URL": self.kiosk_url,
            "ROM_PORT": str(self.app_port),
            "ROM_DATA_FOLDER": str(self.folder / "data"),
            "ROM_MASTER_KEY_FILE": str(self.key_file),
            "ROM_TENANTS_FILE": str(self.folder / "tenants.toml"),
            "ROM_PLAN_FILE": str(self.folder / "measurement_plan.toml"),
            "ROM_DELIVERY_GRACE_SECONDS": "5",
        }

    @property
    def client_secret(self) -> str:
        """For --symmetric: follows from the master key, so it is kept with it."""
        return self.key_file.read_text(encoding="ascii").strip()[:40]


def write_demo_files(place: DemoPlace, *, plan: str) -> None:
    """Tenants, plan, and what the EHR knows of us."""
    if place.asymmetric:
        ours = f'auth = "private_key_jwt"\nkey_env = "{KEYS}"\ndelivery = "backend"'
        theirs = f'auth = "private_key_jwt"\njwks_uri = "{place.app_url}/jwks/sandbox"'
    else:
        ours = f'auth = "client_secret_basic"\nsecret_env = "{SECRET}"'
        theirs = f'auth = "client_secret_basic"\nsecret = "{place.client_secret}"'
    hook = f"{place.app_url}/sandbox/cds-services/progress"
    (place.folder / "tenants.toml").write_text(
        f"""# The EHRs we trust. Written by the demonstration; a site writes its own.
[tenant.sandbox]
dev = true  # plain http, and only on this machine
issuer = "{place.ehr_url}/fhir"
client_id = "{CLIENT_ID}"
{ours}
redirect_uri = "{place.app_url}/callback/sandbox"
endpoint_origins = ["{place.ehr_url}"]
id_token_issuer = "{place.ehr_url}/fhir"
dialect = "plain-r4"
frame_ancestors = ["{place.ehr_url}"]
cors_origins = ["{place.ehr_url}"]
private_addresses = true

[tenant.sandbox.scopes]
ehr_launch = "{SCOPES}"
standalone = "{STANDALONE_SCOPES}"
bulk = "{BULK_SCOPES}"

[[tenant.sandbox.hook_caller]]
issuer = "{place.ehr_url}"
jku = "{place.ehr_url}/jwks"
audiences = ["{hook}", "{hook}/feedback"]
""",
        encoding="utf-8",
    )
    (place.folder / "ehr-clients.toml").write_text(
        f"""[[client]]
client_id = "{CLIENT_ID}"
redirect_uris = ["{place.app_url}/callback/sandbox"]
{theirs}
""",
        encoding="utf-8",
    )
    (place.folder / "measurement_plan.toml").write_text(plan, encoding="utf-8")


def _environment() -> dict[str, str]:
    """The caller's, without settings of a real installation."""
    return {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 -- handed on to two programs
        if not name.startswith("ROM_")
    }
