"""One launch's view of the chart: its tenant's FHIR API with its own token."""

from datetime import date

from ehr.appointments import appointments_if_any
from ehr.chart import Chart
from ehr.plan_reviews import plan_reviews_if_any
from ehr.server import FhirServer
from ehr.smart.context import LaunchContext
from ehr.tenants import Tenant
from ehr.wire.egress import GuardedSession
from fhir_mapping.appointments import NOT_TOLD, AppointmentReading
from fhir_mapping.plan_review import ReviewReading
from smart_app.access import Visit
from smart_app.services import AppServices

NO_REVIEWS = ReviewReading((), ())


def server_of(app: AppServices, tenant: Tenant, context: LaunchContext) -> FhirServer:
    """The FHIR API, with this launch's token, renewed when it must be."""
    access = app.access[tenant.id]
    return FhirServer(
        tenant,
        GuardedSession(fence=tenant.fhir_fence),
        lambda: access.token(context.id, now=app.clock()),
    )


def chart_of(app: AppServices, tenant: Tenant, server: FhirServer) -> Chart:
    """The chart, and what waits in our outbox."""
    return Chart(
        server,
        app.vault_of(tenant).outbox,
        library=app.library,
        dialect=app.dialects[tenant.id],
    )


def reviews_of(visit: Visit, server: FhirServer) -> ReviewReading:
    """The plan reviews in the record; none where this launch or this EHR gives none."""
    if not visit.may_record:
        return NO_REVIEWS
    return plan_reviews_if_any(server, visit.context.patient) or NO_REVIEWS


def appointments_of(
    visit: Visit, server: FhirServer, *, today: date
) -> AppointmentReading:
    """The visits in the record; not told where this launch or this EHR gives none."""
    if not visit.may_see_appointments:
        return NOT_TOLD
    return appointments_if_any(server, visit.context.patient, today=today)
