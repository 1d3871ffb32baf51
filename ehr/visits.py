"""A patient's completed visits, where the EHR gives them."""

from clinical.across_episodes.sessions import CompletedVisit
from ehr.errors import (
    AccessExpired,
    EhrRefused,
    EhrUnreachable,
    JsonRefused,
    UnsafeAnswer,
)
from ehr.queries import VISITS
from ehr.server import FhirServer
from fhir_mapping.visits import completed_visits


def visits_if_any(
    server: FhirServer, patient: str
) -> tuple[CompletedVisit, ...] | None:
    """In order of their begin; None where they cannot be had, or not all of them."""
    try:
        found = server.search(VISITS.resource_type, VISITS.search_parameters(patient))
    except (AccessExpired, EhrRefused, EhrUnreachable, JsonRefused, UnsafeAnswer):
        return None
    if found.partial:
        return None
    return completed_visits(found.resources, patient=patient, base=server.base)
