"""A patient's appointments of a year, where the EHR gives them."""

from datetime import date

from ehr.errors import (
    AccessExpired,
    EhrRefused,
    EhrUnreachable,
    JsonRefused,
    UnsafeAnswer,
)
from ehr.queries import appointments_of_a_year
from ehr.server import FhirServer
from fhir_mapping.appointments import (
    NOT_TOLD,
    AppointmentReading,
    visits_from_appointments,
)

_AWAY = (AccessExpired, EhrRefused, EhrUnreachable, JsonRefused, UnsafeAnswer)


def appointments_if_any(
    server: FhirServer, patient: str, *, today: date
) -> AppointmentReading:
    """What became of the visits; not told where they cannot be had, or not all."""
    query = appointments_of_a_year(today)
    try:
        found = server.search(query.resource_type, query.search_parameters(patient))
    except _AWAY:
        return NOT_TOLD
    if found.partial:
        return NOT_TOLD
    return visits_from_appointments(
        found.resources, patient=patient, base=server.base, unread=found.unread
    )
