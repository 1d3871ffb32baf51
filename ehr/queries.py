"""What we ask the chart: one list, for our own searches and for prefetch templates.

A client may honour the templates in part, and a server may ignore `_sort`, so every
reader sorts and filters again; a full page counts as "maybe cut".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from clinical.attendance import LOOKED_BACK
from ehr.smart.scopes import allows
from ehr.tenants import Tenant
from fhir_mapping.dialect import Dialect
from fhir_mapping.plan_review import CODE as PLAN_REVIEW
from fhir_mapping.r4.codes import PLAN_REVIEW_SYSTEM

# Of a search parameter; of several values each must hold.
Value = str | tuple[str, ...]
PATIENT_TOKEN = "{{context.patientId}}"  # noqa: S105 -- a template token, no secret
OBSERVATION_PAGE = 100
RESPONSE_PAGE = 50
REVIEW_PAGE = 50
APPOINTMENT_PAGE = 50
APPOINTMENT_SCOPE = "user/Appointment.s"


@dataclass(frozen=True, slots=True)
class ChartQuery:
    """One search of one patient's chart, newest first.

    Attributes:
        key: its name among the prefetch templates.
        resource_type: what is searched.
        parameters: in order, without the patient.
        page: entries asked for; that many received means there may be more.
    """

    key: str
    resource_type: str
    parameters: tuple[tuple[str, Value], ...]
    page: int

    def search_parameters(self, patient: str) -> dict[str, Value]:
        """The parameters with this patient's id, in order."""
        name = "_id" if self.resource_type == "Patient" else "patient"
        return {name: patient, **dict(self.parameters)}

    def maybe_cut(self, entries: int) -> bool:
        """Whether a page with this many entries may hide older ones."""
        return entries >= self.page


# The patient, for the age at intake where a norm asks for it.
PERSON = ChartQuery("patient", "Patient", parameters=(), page=2)


def chart_queries(dialect: Dialect) -> tuple[ChartQuery, ...]:
    """The searches that together read what we understand of a chart.

    Observations are asked category by category: some EHRs refuse a search without one,
    and a comma between two is not honoured everywhere.
    """
    scores = tuple(
        ChartQuery(
            key="scores" if place == 0 else f"scores_{category.replace('-', '_')}",
            resource_type="Observation",
            parameters=(
                ("category", category),
                ("_sort", "-date"),
                ("_count", str(OBSERVATION_PAGE)),
            ),
            page=OBSERVATION_PAGE,
        )
        for place, category in enumerate(dialect.categories_read)
    )
    responses = ChartQuery(
        key="responses",
        resource_type="QuestionnaireResponse",
        parameters=(("_sort", "-authored"), ("_count", str(RESPONSE_PAGE))),
        page=RESPONSE_PAGE,
    )
    return (*scores, responses)


REVIEWS = ChartQuery(
    key="plan_reviews",
    resource_type="Task",
    parameters=(
        ("code", f"{PLAN_REVIEW_SYSTEM}|{PLAN_REVIEW}"),
        ("_count", str(REVIEW_PAGE)),
    ),
    page=REVIEW_PAGE,
)


VISITS = ChartQuery(
    key="visits",
    resource_type="Encounter",
    parameters=(("_count", "100"),),
    page=100,
)


APPOINTMENTS = ChartQuery(
    key="appointments",
    resource_type="Appointment",
    parameters=(("_sort", "-date"), ("_count", str(APPOINTMENT_PAGE))),
    page=APPOINTMENT_PAGE,
)


def appointments_of_a_year(today: date) -> ChartQuery:
    """The same, and none much older than a year: D1 asks for the last visit only.

    Oracle Health, documentation of 2026-11 (secondary): a search by patient needs a
    range of dates with both ends. Epic's CapabilityStatement of 2026-07 lists `date`
    without a description; where it is ignored, more comes.
    """
    day = timedelta(days=1)  # of another offset
    between = (f"ge{today - LOOKED_BACK - day}", f"le{today + day}")
    return replace(
        APPOINTMENTS, parameters=(("date", between), *APPOINTMENTS.parameters)
    )


def queries_beside(tenant: Tenant) -> tuple[ChartQuery, ...]:
    """What this EHR is asked for beside the measurements: the site asks for its scope.

    Some EHRs have no Task or no Appointment at all, and one search that must fail on
    every opening of a chart would be paid by everybody.
    """
    asked = tenant.scopes.ehr_launch
    return tuple(
        query
        for query, needed in (
            (REVIEWS, "user/Task.s"),
            (APPOINTMENTS, APPOINTMENT_SCOPE),
        )
        if allows(asked, needed)
    )


def prefetch_templates(
    dialect: Dialect, *, beside: Sequence[ChartQuery] = ()
) -> dict[str, str]:
    """The same searches as CDS Hooks prefetch templates, the patient, and more.

    Only tokens and parameters of the recommended subset (CDS Hooks 2.0, "Prefetch
    query restrictions"), so that every client can honour them.
    """
    templates = {"patient": f"Patient/{PATIENT_TOKEN}"}
    for query in (*chart_queries(dialect), *beside):
        given = query.search_parameters(PATIENT_TOKEN)
        text = "&".join(f"{name}={value}" for name, value in given.items())
        templates[query.key] = f"{query.resource_type}?{text}"
    return templates
