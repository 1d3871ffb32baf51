"""What the server says about itself at /metadata."""

from sandbox_ehr.json_text import Json
from sandbox_ehr.store.definitions import r4
from sandbox_ehr.store.parameters import PARAMETERS

SEARCH_TYPES = {
    "id": "token",
    "updated": "date",
    "token": "token",
    "reference": "reference",
    "date": "date",
    "string": "string",
    "uri": "uri",
}
INTERACTIONS = (
    "read",
    "vread",
    "update",
    "history-instance",
    "create",
    "search-type",
)


def capability_statement(base_url: str, *, date: str) -> Json:
    """The CapabilityStatement; `date` is when it was asked for."""
    root = base_url.rsplit("/", 1)[0]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "ROM on FHIR sandbox EHR"},
        "implementation": {
            "description": "A small, strict EHR for demonstration and tests",
            "url": base_url,
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "security": _security(root),
                "resource": [_resource(kind) for kind in sorted(r4().resources)],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }


def _security(root: str) -> Json:
    return {
        "service": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                        "code": "SMART-on-FHIR",
                    }
                ]
            }
        ],
        "extension": [
            {
                "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                "extension": [
                    {"url": "authorize", "valueUri": f"{root}/authorize"},
                    {"url": "token", "valueUri": f"{root}/token"},
                    {"url": "revoke", "valueUri": f"{root}/revoke"},
                ],
            }
        ],
    }


def _resource(kind: str) -> Json:
    return {
        "type": kind,
        "interaction": [{"code": each} for each in INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "enforced"],
        "searchParam": [
            {"name": name, "type": SEARCH_TYPES[parameter.kind]}
            for name, parameter in sorted(PARAMETERS[kind].items())
        ],
    }
