"""Encounters of one patient: when they began and ended, and which team's they were.

Who took part is not read.

Source:
    FHIR R4, Encounter; code system encounter-status.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clinical.across_episodes.sessions import BegunVisit, CompletedVisit
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.dates import PartialDate, moment_from_text, to_the_day
from fhir_mapping.r4.newest import newest_of_each
from fhir_mapping.r4.reading import Resource
from fhir_mapping.r4.references import reference_parts, refers_to
from fhir_mapping.unread import Reason

ENCOUNTER: Final = "Encounter"
OVER: Final = frozenset({"finished"})
BEGUN: Final = OVER | {"arrived", "triaged", "in-progress", "onleave", "unknown"}
_NEVER_BEGUN: Final = frozenset({"planned", "cancelled", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class VisitWish:
    """Which encounters of an EHR count, for it holds many kinds.

    Attributes:
        statuses: some of `BEGUN`.
        kinds: system and code, of which the class or a type must be one; empty: all.
        until: none can have begun later; None where nobody knows.
    """

    statuses: frozenset[str]
    kinds: frozenset[tuple[str, str]] = frozenset()
    until: datetime | None = None


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
        if each.resource_type != ENCOUNTER or each.status not in OVER or not whose:
            continue
        if not refers_to(whose, "Patient", resource_id=patient, base=base):
            continue
        start = _instant(each.period.start if each.period else None)
        end = _instant(each.period.end if each.period else None)
        if start is not None and end is not None and start <= end:
            found.append(CompletedVisit(each.id, start, end))
    return tuple(sorted(found, key=lambda visit: (visit.start, visit.id)))


def begun_visits(
    resources: Iterable[Resource], wish: VisitWish
) -> tuple[BegunVisit, ...]:
    """The visits that count, in order of their begin.

    Args:
        resources: of one patient, of any type; the newest of each id counts. What
            cannot be read was told where its line was met (`begun_visit`).
    """
    found = []
    for each in newest_of_each(resources):
        if each.resource_type == ENCOUNTER:
            with suppress(UnreadableResource):
                found.append(begun_visit(each, wish))
    return tuple(sorted(filter(None, found), key=lambda visit: (visit.start, visit.id)))


def begun_visit(encounter: Resource, wish: VisitWish) -> BegunVisit | None:
    """The visit that it tells of; None if it never began, or is not wished for.

    Raises:
        UnreadableResource: it counts, or may count, and does not say when it began, or
            says that it has not.
    """
    status = encounter.status
    if status in _NEVER_BEGUN or not _is_of(encounter, wish.kinds):
        return None
    if status not in BEGUN:
        raise UnreadableResource(ENCOUNTER, "status")
    if status not in wish.statuses:
        return None
    if encounter.modifier_extension:
        raise UnreadableResource(ENCOUNTER, "modifierExtension", "not_interpreted")
    if encounter.implicit_rules is not None:
        raise UnreadableResource(ENCOUNTER, "implicitRules", "not_interpreted")
    text = encounter.period.start if encounter.period else None
    start = _instant(text)
    if start is None:
        reason: Reason = "no_date" if to_the_day(text) is None else "no_time"
        raise UnreadableResource(ENCOUNTER, "period.start", reason)
    if wish.until and start > wish.until:
        raise UnreadableResource(ENCOUNTER, "period.start", "after_the_export")
    team = encounter.team
    parts = reference_parts(team.reference) if team and team.reference else None
    return BegunVisit(
        encounter.id,
        start,
        team=parts[1] if parts else "",
        team_name=(team.display or "").strip() if team else "",
    )


def _is_of(encounter: Resource, kinds: frozenset[tuple[str, str]]) -> bool:
    types = encounter.type if isinstance(encounter.type, tuple) else ()
    said = [each for concept in types for each in concept.coding]
    if encounter.visit_class:
        said.append(encounter.visit_class)
    return not kinds or any((each.system, each.code) in kinds for each in said)


def _instant(text: str | None) -> datetime | None:
    """A moment; a bare day does not tell whether a form came before it."""
    found = moment_from_text(text) if text else None
    return None if isinstance(found, PartialDate) else found
