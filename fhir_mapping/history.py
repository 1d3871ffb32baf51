"""One person's resources, whenever they were written → a past that can be replayed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from clinical.across_episodes.replay import Past
from fhir_mapping.dialect import Dialect
from fhir_mapping.episode import chart_reading
from fhir_mapping.plan_review import TASK, reviews_from_tasks
from fhir_mapping.r4.dates import day_from_text, to_the_day
from fhir_mapping.r4.newest import newest_of_each
from fhir_mapping.r4.reading import Resource
from fhir_mapping.r4.references import reference_parts
from fhir_mapping.unread import Unread
from questionnaires.library import Library

PATIENT = "Patient"


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
    chart = [each for each in resources if each.resource_type not in (TASK, PATIENT)]
    reading = chart_reading(
        chart, patient=patient, library=library, dialect=dialect, unread=unread
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
    )
    return History(
        past,
        unread=(*reading.unread, *reviewed.unread),
        not_ours=reading.not_ours,
        withdrawn=reading.withdrawn,
    )


def patient_of(resource: Resource) -> str | None:
    """Whose resource it is: a patient's logical id; None if it does not say."""
    if resource.resource_type == PATIENT:
        return resource.id or None
    about = resource.for_whom if resource.resource_type == TASK else resource.subject
    parts = reference_parts(about.reference) if about and about.reference else None
    return parts[1] if parts and parts[0] == PATIENT else None


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
