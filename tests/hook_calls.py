"""A CDS client in tests: an installation with one trusted caller, its calls signed."""

import json
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from clinical.plan import DEMO_PLAN
from vault.cipher import generate_key_file

TENANT = "clinic"
ISSUER = "http://127.0.0.1:9/fhir"
CALLER = "https://ehr.example"
AUDIENCE = "http://localhost:8702/clinic/cds-services/progress"
PHQ_9 = {"system": "http://loinc.org", "code": "44261-6"}
ALLIANCE = {
    "system": "https://rom-on-fhir.example/fhir/CodeSystem/score",
    "code": "session-alliance.total",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signs: one key pair for each algorithm."""

    ec: ECKey
    rsa: RSAKey

    def token(self, algorithm: str = "ES384", **claims: Any) -> str:
        """A good token, with some claims replaced (None leaves one out)."""
        now = int(time.time())
        usual = {
            "iss": CALLER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 240,
            "jti": str(uuid4()),
        }
        said = {
            key: value for key, value in (usual | claims).items() if value is not None
        }
        key = self.ec if algorithm.startswith("ES") else self.rsa
        kid = "ec-1" if algorithm.startswith("ES") else "rsa-1"
        header = {"alg": algorithm, "kid": kid, "typ": "JWT"}
        return jwt.encode(header, said, key, algorithms=[algorithm])

    def jwks(self) -> str:
        """The public halves, as the file that the tenant names."""
        keys = [
            {**self.ec.as_dict(private=False), "kid": "ec-1"},
            {**self.rsa.as_dict(private=False), "kid": "rsa-1"},
        ]
        return json.dumps({"keys": keys})


def new_caller() -> Caller:
    return Caller(ECKey.generate_key("P-384"), RSAKey.generate_key(3072))


def write_files(
    folder: Path, caller: Caller, *, plan: str = "", tenant: str = ""
) -> None:
    """Everything `rom serve` reads, for a tenant that is never asked anything.

    Args:
        tenant: more lines of the tenant's own table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "master.key").exists():
        generate_key_file(folder / "master.key")
    (folder / "caller.json").write_text(caller.jwks())
    (folder / "measurement_plan.toml").write_text(plan or DEMO_PLAN.read_text())
    (folder / "tenants.toml").write_text(
        f"""[tenant.{TENANT}]
dev = true
{tenant}
private_addresses = true
issuer = "{ISSUER}"
client_id = "rom"
auth = "none"
redirect_uri = "http://localhost:8702/callback/{TENANT}"
endpoint_origins = ["http://127.0.0.1:9"]
id_token_issuer = "{ISSUER}"
dialect = "plain-r4"
frame_ancestors = ["http://127.0.0.1:9"]
cors_origins = ["https://cds.example"]
[[tenant.{TENANT}.hook_caller]]
issuer = "{CALLER}"
jwks_file = "caller.json"
audiences = ["{AUDIENCE}", "{AUDIENCE}/feedback"]
"""
    )


def environment(folder: Path, port: int = 8702) -> dict[str, str]:
    """The settings of that installation, as `rom serve` is told them."""
    return {
        "ROM_DEMO": "true",
        "ROM_PUBLIC_URL": f"http://localhost:{port}",
        "ROM_KIOSK_URL": f"http://tablet.localhost:{port}",
        "ROM_PORT": str(port),
        "ROM_DATA_FOLDER": str(folder / "data"),
        "ROM_MASTER_KEY_FILE": str(folder / "master.key"),
        "ROM_TENANTS_FILE": str(folder / "tenants.toml"),
        "ROM_PLAN_FILE": str(folder / "measurement_plan.toml"),
    }


def score(
    coding: dict[str, str], value: object, *, on: date, patient: str, number: int = 0
) -> dict[str, Any]:
    """A score Observation as an EHR stores it, about 1 KB."""
    return {
        "resourceType": "Observation",
        "id": f"{coding['code'].split('.')[0]}-{number}",
        "meta": {
            "versionId": "1",
            "lastUpdated": f"{on}T10:00:05.123+00:00",
            "profile": [
                "http://hl7.org/fhir/us/core/StructureDefinition/"
                "us-core-observation-screening-assessment"
            ],
        },
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml">'
            + "score of one sitting " * 8
            + "</div>",
        },
        "language": "en",
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/"
                        "observation-category",
                        "code": "survey",
                    }
                ]
            }
        ],
        "code": {"coding": [coding]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": f"{on}T10:00:00+00:00",
        "issued": f"{on}T10:00:00+00:00",
        "valueQuantity": {
            "value": value,
            "unit": "{score}",
            "system": "http://unitsofmeasure.org",
            "code": "{score}",
        },
    }


def course(
    values: list[object], *, patient: str = "p1", coding: dict[str, str] = PHQ_9
) -> list[dict[str, Any]]:
    """Weekly scores that end yesterday."""
    last = date.today() - timedelta(days=1)
    return [
        score(
            coding,
            value,
            on=last - timedelta(weeks=len(values) - 1 - week),
            patient=patient,
            number=week,
        )
        for week, value in enumerate(values)
    ]


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [
            {"resource": each, "search": {"mode": "match"}} for each in resources
        ],
    }


def call(
    keys: list[str],
    resources: list[dict[str, Any]],
    *,
    patient: str = "p1",
    encounter: str | None = "e1",
    **extra: Any,
) -> dict[str, Any]:
    """A patient-view request whose first search key holds the resources.

    Args:
        keys: the search keys of the discovery document.
    """
    context = {"userId": "Practitioner/1", "patientId": patient}
    if encounter is not None:
        context["encounterId"] = encounter
    prefetch: dict[str, Any] = {key: bundle() for key in keys}
    prefetch[keys[0]] = bundle(*resources)
    prefetch["patient"] = {"resourceType": "Patient", "id": patient}
    return {
        "hook": "patient-view",
        "hookInstance": str(uuid4()),
        "context": context,
        "prefetch": prefetch,
    } | extra
