"""Completed encounters of one patient: id, begin and end, and nothing else.

Who took part is not read.
"""

from collections.abc import Iterable
from datetime import datetime

from clinical.across_episodes.sessions import CompletedVisit
from fhir_mapping.r4.dates import PartialDate, moment_from_text
from fhir_mapping.r4.newest import newest_of_each
from fhir_mapping.r4.reading import Resource
from fhir_mapping.r4.references import refers_to

ENCOUNTER = "Encounter"
_OVER = "finished"


def completed_visits(
    resources: Iterable[Resource], *, patient: str, base: str | None = None
) -> tuple[CompletedVisit, ...]:
    """The visits that are over and say when, in order of their begin.

    A visit of somebody else, one that is not over, and one without both times to the
    minute is none: no objective can be counted on it.
    """
    found = []
    for each in newest_of_each(resources):
        whose = each.subject.reference if each.subject else None
        if each.resource_type != ENCOUNTER or each.status != _OVER or not whose:
            continue
        if not refers_to(whose, "Patient", resource_id=patient, base=base):
            continue
        start = _instant(each.period.start if each.period else None)
        end = _instant(each.period.end if each.period else None)
        if start is not None and end is not None and start <= end:
            found.append(CompletedVisit(each.id, start, end))
    return tuple(sorted(found, key=lambda visit: (visit.start, visit.id)))


def _instant(text: str | None) -> datetime | None:
    """A moment; a bare day does not tell whether a form came before it."""
    found = moment_from_text(text) if text else None
    return None if isinstance(found, PartialDate) else found
