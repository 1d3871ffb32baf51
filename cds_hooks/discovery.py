"""What this service offers: `GET {base}/cds-services`, one base per tenant."""

from collections.abc import Sequence

from ehr.queries import ChartQuery, prefetch_templates
from fhir_mapping.dialect import Dialect

SERVICE = "progress"


def discovery(dialect: Dialect, *, beside: Sequence[ChartQuery]) -> dict[str, object]:
    """The discovery document (CDS Hooks 2.0.1, valid for a 3.0 client).

    Holds no patient data and no words of the site, so it is open to all.
    """
    return {
        "services": [
            {
                "hook": "patient-view",
                "id": SERVICE,
                "title": "Routine outcome monitoring",
                "description": "Points to a safety answer, to a course that differs"
                " from what was hoped for, or to a strained alliance, so that"
                " clinician and patient can talk about it. Nothing to say: no card.",
                "prefetch": prefetch_templates(dialect, beside=beside),
                "usageRequirements": "Calls are signed (ES384 or RS384) by a"
                " registered caller. Works from prefetch, or with fhirAuthorization.",
            }
        ]
    }
