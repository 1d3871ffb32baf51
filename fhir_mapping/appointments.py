"""Appointments of one patient → visits: which were planned, and what became of them.

Source:
    FHIR R4, Appointment; code systems appointmentstatus and
    appointment-cancellation-reason.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clinical.attendance import Status, Visit
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.dates import PartialDate, moment_from_text, to_the_day
from fhir_mapping.r4.newest import newest_of_each
from fhir_mapping.r4.reading import Resource
from fhir_mapping.r4.references import refers_to, relative
from fhir_mapping.unread import Unread

APPOINTMENT: Final = "Appointment"
REASONS: Final = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
# R4 has no date of cancelling; this is R5's own element, as R4 carries it.
CANCELLED_ON: Final = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.cancellationDate"
)
_WITHDRAWN: Final = "entered-in-error"
_TOLD: Final[dict[str, Status]] = {
    "fulfilled": "attended",
    "arrived": "attended",
    "checked-in": "attended",
    "noshow": "missed",
}
# The patient's own reasons. Left out: pat-dec (has died), pat-mt (the insurer ended
# the membership), pat-swl (came sooner, from the waiting list).
_BY_PATIENT: Final = frozenset(
    {"pat", "pat-cpp", "pat-crs", "pat-fb", "pat-lt", "pat-mv", "pat-preg", "pat-ucp"}
)


@dataclass(frozen=True, slots=True)
class AppointmentReading:
    """What the chart tells of visits.

    Attributes:
        visits: in order of their begin; None where nobody tells of them, which is not
            the same as none.
    """

    visits: tuple[Visit, ...] | None
    unread: tuple[Unread, ...] = ()


NOT_TOLD: Final = AppointmentReading(None)


def visits_from_appointments(
    resources: Iterable[Resource],
    *,
    patient: str,
    base: str | None = None,
    unread: Iterable[Unread] = (),
) -> AppointmentReading:
    """The visits that this patient kept, missed, or cancelled late.

    One that is to come, was called off in good time or by the clinic, and one of
    several patients (its status does not say who of them came) is no visit.

    Args:
        resources: of any type and in any order; the newest of each id counts.
        patient: logical id; appointments of others are reported, not used.
        base: the EHR's address, to recognise absolute references to other servers.
        unread: what could not be read even as FHIR.
    """
    visits: list[Visit] = []
    lost = [*unread]
    for each in newest_of_each(resources):
        if each.resource_type != APPOINTMENT or each.status == _WITHDRAWN:
            continue
        try:
            visits += _visits(each, patient=patient, base=base)
        except UnreadableResource as error:
            lost.append(Unread(APPOINTMENT, each.id, error.place, error.reason))
    visits.sort(key=lambda visit: visit.at)
    return AppointmentReading(tuple(visits), tuple(lost))


def patients_of(appointment: Resource) -> tuple[str, ...]:
    """The references to those patients who take part."""
    named = (each.who for each in appointment.seats)
    return tuple(each.reference for each in named if each and each.reference)


def _visits(
    appointment: Resource, *, patient: str, base: str | None
) -> Iterator[Visit]:
    """The one visit it tells of, or none."""
    patients = patients_of(appointment)
    if not any(
        refers_to(each, "Patient", resource_id=patient, base=base) for each in patients
    ):
        raise UnreadableResource(
            APPOINTMENT,
            "participant.actor",
            "other_patient" if patients else "malformed",
        )
    if appointment.modifier_extension:
        raise UnreadableResource(APPOINTMENT, "modifierExtension", "not_interpreted")
    if appointment.implicit_rules is not None:
        raise UnreadableResource(APPOINTMENT, "implicitRules", "not_interpreted")
    if not appointment.status:
        raise UnreadableResource(APPOINTMENT, "status")
    status = _TOLD.get(appointment.status)
    if status is None and not _cancelled_by_patient(appointment):
        return
    at = to_the_day(appointment.start)
    if at is None:
        raise UnreadableResource(APPOINTMENT, "start", "no_date")
    if status is None and _cancelled_late(appointment, at=at):
        status = "late_cancelled"
    if status is not None and len({relative(each) for each in patients}) == 1:
        yield Visit(at, status)


def _cancelled_by_patient(appointment: Resource) -> bool:
    reason = appointment.cancelation_reason
    return (
        appointment.status == "cancelled"
        and reason is not None
        and any(
            each.system == REASONS and each.code in _BY_PATIENT
            for each in reason.coding
        )
    )


def _cancelled_late(appointment: Resource, *, at: datetime) -> bool:
    """Whether it was cancelled on the day of the visit, or after.

    Our choice: of all that is called late, what no clinic would call in good time.
    Where the record does not say when, it cannot be told. `meta.lastUpdated` does not
    say it: a later change of anything else moves it.
    """
    for each in appointment.extension:
        if each.url == CANCELLED_ON and each.value_date_time:
            when = moment_from_text(each.value_date_time)
            if isinstance(when, PartialDate):
                start = when.start
                return start is not None and start.date() >= at.date()
            if when is not None:
                return when.astimezone(at.tzinfo).date() >= at.date()
    return False
