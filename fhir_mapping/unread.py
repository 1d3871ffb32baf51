"""What stands in the chart and could not be understood: kept, counted, never lost."""

from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "malformed",  # not the shape FHIR asks for, or a value type a score cannot have
    "unknown_code",  # an item, option or code that this instrument does not have
    "unit",  # a quantity in a unit that is not score points
    "out_of_range",  # a number the instrument cannot give
    "no_date",  # no date, or none exact to the day
    "no_time",  # only a day, where it matters what came before and after
    "after_the_export",  # dated later than the export it stands in can tell
    "other_patient",  # about somebody else
    "not_final",  # preliminary, in progress, cancelled
    "not_interpreted",  # a modifier extension or implicit rules we do not know
    "disagrees",  # a stored total that is not what the stored answers give
    "incomplete",  # items of a form that lacks others of its items
    "partial_page",  # the search could not be read to its end
]


@dataclass(frozen=True, slots=True)
class Unread:
    """One resource that could not be used.

    Attributes:
        resource_type: FHIR type, "Resource" if it does not say a plausible one.
        resource_id: logical id, "" if unknown; for finding it, not for logs.
        place: dotted place inside the resource, "" for all of it.
    """

    resource_type: str
    resource_id: str
    place: str
    reason: Reason
