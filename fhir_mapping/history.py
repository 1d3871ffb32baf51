"""One person's resources, whenever they were written → a past that can be replayed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from clinical.across_episodes.replay import Past
from fhir_mapping.appointments import (
    APPOINTMENT,
    NOT_TOLD,
    AppointmentReading,
    patients_of,
    visits_from_appointments,
)
from fhir_mapping.dialect import Dialect
from fhir_mapping.episode import chart_reading
from fhir_mapping.plan_review import TASK, reviews_from_tasks
from fhir_mapping.r4.dates import day_from_text, to_the_day
from fhir_mapping.r4.newest import newest_of_each
from fhir_mapping.r4.reading import Resource
from fhir_mapping.r4.references import reference_parts
from fhir_mapping.unread import Unread
from fhir_mapping.visits import ENCOUNTER
from questionnaires.library import Library

PATIENT = "Patient"
# Read by themselves, beside the measurements, as in a live call.
_BESIDE = frozenset({TASK, APPOINTMENT, PATIENT, ENCOUNTER})


@dataclass(frozen=True, slots=True)
class History:
    """A past, and what could not be used of it.

    Attributes:
        not_ours: readable resources about something else.
        withdrawn: resources of ours that were entered in error.
    """

    past: Past
    unread: tuple[Unread, ...]
    not_ours: int
    withdrawn: int


def history_of(
    resources: Sequence[Resource],
    *,
    patient: str,
    library: Library,
    dialect: Dialect,
    unread: Sequence[Unread] = (),
) -> History:
    """The chart as the live call reads it, and from when each part of it is.

    Args:
        resources: of this patient, in any order; the newest of each id counts.
        unread: lines of this patient that are not even readable as FHIR.
    """
    chart = [each for each in resources if each.resource_type not in _BESIDE]
    appointments = _appointments(resources, patient)
    beside = [each for each in unread if each.resource_type in _BESIDE]
    reading = chart_reading(
        chart,
        patient=patient,
        library=library,
        dialect=dialect,
        unread=[each for each in unread if each.resource_type not in _BESIDE],
    )
    reviewed = reviews_from_tasks(
        [each for each in resources if each.resource_type == TASK], patient=patient
    )
    since = {
        (each.resource_type, each.id): _written(each)
        for each in newest_of_each(chart)
        if each.id
    }
    past = Past(
        reading.episode,
        unread=[
            since.get((each.resource_type, each.resource_id)) for each in reading.unread
        ],
        born=_born(resources, patient),
        reviews=[each.at for each in reviewed.reviews],
        visits=appointments.visits,
    )
    return History(
        past,
        unread=(*reading.unread, *beside, *reviewed.unread, *appointments.unread),
        not_ours=reading.not_ours,
        withdrawn=reading.withdrawn,
    )


def patient_of(resource: Resource) -> str | None:
    """Whose resource it is: a patient's logical id; None if it does not say."""
    if resource.resource_type == PATIENT:
        return resource.id or None
    if resource.resource_type == APPOINTMENT:
        references = patients_of(resource)
    else:
        is_task = resource.resource_type == TASK
        about = resource.for_whom if is_task else resource.subject
        references = (about.reference,) if about and about.reference else ()
    parts = reference_parts(references[0]) if references else None
    return parts[1] if parts and parts[0] == PATIENT else None


def _appointments(resources: Sequence[Resource], patient: str) -> AppointmentReading:
    """Without a single one, the export does not tell of visits."""
    found = [each for each in resources if each.resource_type == APPOINTMENT]
    return visits_from_appointments(found, patient=patient) if found else NOT_TOLD


def _born(resources: Iterable[Resource], patient: str) -> date | None:
    for each in newest_of_each(resources):
        if (each.resource_type, each.id) == (PATIENT, patient):
            return day_from_text(each.birth_date)
    return None


def _written(resource: Resource) -> datetime | None:
    """When it came into the chart, as far as it says so itself."""
    period = resource.effective_period
    for text in (
        resource.authored,
        resource.effective_date_time,
        resource.effective_instant,
        (period.end or period.start) if period else None,
        resource.issued,
    ):
        found = to_the_day(text)
        if found is not None:
            return found
    return None
