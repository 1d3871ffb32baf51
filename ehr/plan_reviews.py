"""Plan reviews in the EHR: read, and written once with a look at what was stored.

Written at once with the launch's own token, not through the outbox: the person who
agreed on it is still there to be told "not saved", and nothing of it is kept here.
"""

from dataclasses import dataclass
from uuid import UUID

from clinical.support.plan_review import PlanReview
from ehr.errors import (
    AccessExpired,
    EhrRefused,
    EhrUnreachable,
    JsonRefused,
    UnsafeAnswer,
)
from ehr.queries import REVIEWS
from ehr.server import FhirServer
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.plan_review import (
    TASK,
    ReviewPlace,
    ReviewReading,
    as_written,
    review_from_task,
    reviews_from_tasks,
    task_from_review,
)
from fhir_mapping.r4.codes import SUBMISSION_SYSTEM
from fhir_mapping.r4.reading import Resource, resource_from_bytes

NEEDED_SCOPES = "user/Task.crs"
_AWAY = (AccessExpired, EhrRefused, EhrUnreachable, JsonRefused, UnsafeAnswer)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The EHR holds it, and the copy says what was entered. Only `record_review`
    makes one, and only with one may a page say "Saved".

    Attributes:
        reference: where it stands ("Task/17").
    """

    reference: str
    review: PlanReview


@dataclass(frozen=True, slots=True)
class NotVerified:
    """The EHR took something, but no equal copy could be read back."""


def plan_reviews(server: FhirServer, patient: str) -> ReviewReading:
    """This patient's reviews, oldest first.

    Raises:
        EhrUnreachable, EhrRefused, AccessExpired, UnsafeAnswer: not to be had.
    """
    found = server.search(REVIEWS.resource_type, REVIEWS.search_parameters(patient))
    return reviews_from_tasks(found.resources, patient=patient, base=server.base)


def plan_reviews_if_any(server: FhirServer, patient: str) -> ReviewReading | None:
    """The same; None where this EHR gives none, which is nobody's error."""
    try:
        return plan_reviews(server, patient)
    except _AWAY:
        return None


def record_review(
    server: FhirServer, review: PlanReview, place: ReviewPlace
) -> Recorded | NotVerified:
    """Create the record, unless it is there already, and read it back.

    Sent again with the same identifier it is found first, so that a lost answer of the
    EHR cannot double it.

    Raises:
        NotValidR4: it must not be sent. EhrRefused, AccessExpired, UnsafeAnswer: it is
        not there. EhrUnreachable: it may be there, if `maybe_sent`.
    """
    task = task_from_review(review, place)
    stored = _by_identifier(server, place.identifier)
    if stored is None:
        query = f"identifier={SUBMISSION_SYSTEM}|{place.identifier}"
        written = server.create(task, if_none_exist=query)
        stored = (
            _by_identifier(server, place.identifier)
            if written.location is None
            else _read(server, written.location)
        )
    if stored is None:
        return NotVerified()
    return _verified(stored, review, place, base=server.base)


def _verified(
    stored: Resource, review: PlanReview, place: ReviewPlace, *, base: str
) -> Recorded | NotVerified:
    of_patient = reviews_from_tasks([stored], patient=place.patient, base=base)
    if not any(as_written(review, each) for each in of_patient.reviews):
        return NotVerified()
    return Recorded(f"{TASK}/{stored.id}", review_from_task(stored))


def _by_identifier(server: FhirServer, identifier: UUID) -> Resource | None:
    """The Task with our identifier; a server may ignore what it does not know."""
    found = server.search(TASK, {"identifier": f"{SUBMISSION_SYSTEM}|{identifier}"})
    return next((each for each in found.resources if _is(each, identifier)), None)


def _is(resource: Resource, identifier: UUID) -> bool:
    return any(
        (each.system, each.value) == (SUBMISSION_SYSTEM, str(identifier))
        for each in resource.identifiers
    )


def _read(server: FhirServer, location: str) -> Resource | None:
    resource_type, _, resource_id = location.partition("/")
    try:
        return resource_from_bytes(server.read(resource_type, resource_id))
    except (JsonRefused, UnreadableResource):
        return None
