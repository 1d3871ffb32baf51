"""Is the patient of this launch who the EHR's own record says, and still in use?"""

from ehr.errors import EhrUnreachable, JsonRefused, PatientRefused
from ehr.smart.discovery import LATER
from ehr.tenants import Tenant
from ehr.wire.egress import GuardedSession
from ehr.wire.safe_json import safe_json


def check_patient(tenant: Tenant, *, patient: str, access_token: str) -> None:
    """Read the patient back with the new token, and look who it is.

    Raises:
        PatientRefused: not readable, another one, inactive, or merged into another
            record; nothing may be filed here before a person has looked.
        EhrUnreachable, UnsafeAnswer: could not be read now.
    """
    with GuardedSession(fence=tenant.fhir_fence) as session:
        answer = session.exchange(
            "GET",
            f"{tenant.issuer}/Patient/{patient}",
            headers={
                "Accept": "application/fhir+json",
                "Authorization": f"Bearer {access_token}",
            },
        )
    if answer.status >= 500 or answer.status in LATER:
        raise EhrUnreachable(f"http-{answer.status}", status=answer.status)
    if answer.status != 200:
        raise PatientRefused(f"not readable: http-{answer.status}")
    try:
        found = safe_json(answer.body, profile="ehr")
    except JsonRefused:
        raise PatientRefused("not readable") from None
    if found.get("resourceType") != "Patient" or found.get("id") != patient:
        raise PatientRefused("another patient")
    if found.get("active", True) is not True:
        raise PatientRefused("inactive")
    links = found.get("link", [])
    if not isinstance(links, list) or not all(isinstance(each, dict) for each in links):
        raise PatientRefused("not readable")
    if any(each.get("type") == "replaced-by" for each in links):
        raise PatientRefused("merged")
