"""One launch's view of the chart: its tenant's FHIR API with its own token."""

from collections.abc import Sequence
from datetime import date

from clinical.attendance import begun_by
from clinical.norms.library import norms_for
from clinical.plan import MeasurementPlan
from clinical.signals.alliance import Drop, drops_in
from clinical.signals.band import Norms
from clinical.signals.read import SignalReport, read_signals
from clinical.support.plan_review import PlanReview
from clinical.trajectory import Course
from ehr.appointments import appointments_if_any
from ehr.chart import Chart
from ehr.plan_reviews import plan_reviews_if_any
from ehr.server import FhirServer
from ehr.smart.context import LaunchContext
from ehr.tenants import Tenant
from ehr.wire.egress import GuardedSession
from fhir_mapping.appointments import NOT_TOLD, AppointmentReading
from fhir_mapping.episode import ChartReading
from fhir_mapping.plan_review import ReviewReading
from smart_app.access import Visit
from smart_app.person import Person
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


def norms_of(app: AppServices, person: Person, reading: ChartReading) -> Norms:
    """The norms that fit this person; none where the clinic has none for them."""
    return norms_for(
        app.norms,
        reading.episode,
        born=person.born,
        today=app.clock().date(),
        new_after_days=app.plan.new_course_after_days,
    )


def signals_of(
    app: AppServices,
    reading: ChartReading,
    *,
    norms: Norms,
    reviews: Sequence[PlanReview],
    appointments: AppointmentReading,
) -> SignalReport:
    """What the rules say of this chart: the same on every page of the clinician."""
    now = app.clock()
    return read_signals(
        reading.episode,
        app.plan,
        today=now.date(),
        unread=len(reading.unread),
        norms=norms,
        visits=begun_by(appointments.visits, now),
        plan_reviews=[each.at.date() for each in reviews],
    )


def drops_of(plan: MeasurementPlan, course: Course) -> Sequence[Drop]:
    """What the graph marks of an alliance; nothing where the site records only."""
    if not plan.decision_support:
        return ()
    sample_sd = plan.sample_sds.get(course.instrument.id)
    return drops_in(course, plan.rules, sample_sd=sample_sd)
