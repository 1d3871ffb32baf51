"""A plan review as a FHIR Task, and back.

The Task is the record of a review that took place, so it is `completed`; the day on
which people look again is its due date (`restriction.period.end`; R4, Task.restriction:
the end of the period is the due date). What was looked at stands in `input`, what was
agreed on in `output`, as codes. Free text is never written and never read: words stay
in the clinical note. Who recorded it is for the EHR (`requester`) and is not read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from re import compile as pattern
from typing import Final
from uuid import UUID

from clinical.support.plan_review import (
    DECISIONS,
    LAST_CHANGES,
    Decision,
    LastChange,
    PlanReview,
)
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.codes import (
    PLAN_REVIEW_SYSTEM,
    RULE_SYSTEM,
    SUBMISSION_SYSTEM,
    SUPPORT_SYSTEM,
    concept_json,
)
from fhir_mapping.r4.dates import (
    PartialDate,
    moment_from_text,
    text_from_moment,
    to_the_day,
    whole_seconds,
)
from fhir_mapping.r4.json import Json
from fhir_mapping.r4.models import checked
from fhir_mapping.r4.newest import newest_of_each
from fhir_mapping.r4.reading import CodeableConcept, Parameter, Resource
from fhir_mapping.r4.references import refers_to
from fhir_mapping.unread import Unread

TASK: Final = "Task"
CODE: Final = "plan-review"
_WITHDRAWN: Final = "entered-in-error"
_ID = pattern(r"[a-z0-9][a-z0-9-]{0,63}")
_RULE = pattern(r"[A-Z][0-9]{1,2}")
_HASH = pattern(r"[0-9a-f]{16,64}")


@dataclass(frozen=True, slots=True)
class ReviewPlace:
    """Where in the EHR a review belongs.

    Attributes:
        patient, encounter: logical ids; the encounter may be unknown.
        requester: who recorded it ("Practitioner/1"); None if the EHR did not say.
        focus: the resource that the trigger rests on ("QuestionnaireResponse/17").
        identifier: of this one record; sent again it is the same record.
    """

    patient: str
    encounter: str | None
    requester: str | None
    focus: str | None
    identifier: UUID


@dataclass(frozen=True, slots=True)
class ReviewReading:
    """A patient's plan reviews, oldest first, and what could not be read."""

    reviews: tuple[PlanReview, ...]
    unread: tuple[Unread, ...]


def task_from_review(review: PlanReview, place: ReviewPlace) -> Json:
    """The Task, checked as R4.

    Raises:
        NotValidR4: what was built is not valid; it must not be sent.
    """
    task: Json = {
        "resourceType": TASK,
        "identifier": [{"system": SUBMISSION_SYSTEM, "value": str(place.identifier)}],
        "status": "completed",
        "intent": "plan",
        "code": _own(CODE),
        "for": {"reference": f"Patient/{place.patient}"},
        "authoredOn": text_from_moment(review.at),
        "input": [*_inputs(review)],
        "output": [*_outputs(review)],
    }
    if place.focus is not None:
        task["focus"] = {"reference": place.focus}
    if place.encounter is not None:
        task["encounter"] = {"reference": f"Encounter/{place.encounter}"}
    if place.requester is not None:
        task["requester"] = {"reference": place.requester}
    if review.next_look is not None:
        task["restriction"] = {"period": {"end": review.next_look.isoformat()}}
    return checked(task)


def reviews_from_tasks(
    resources: Iterable[Resource], *, patient: str, base: str | None = None
) -> ReviewReading:
    """The plan reviews among these resources; other Tasks are somebody else's.

    Args:
        resources: of any type and in any order; the newest of each id counts.
        patient: logical id; reviews of others are reported, not used.
        base: the EHR's address, to recognise absolute references to other servers.
    """
    reviews: list[PlanReview] = []
    unread: list[Unread] = []
    for each in newest_of_each(resources):
        if not _is_ours(each) or each.status == _WITHDRAWN:
            continue
        try:
            _refuse_other_patient(each, patient=patient, base=base)
            reviews.append(review_from_task(each))
        except UnreadableResource as error:
            unread.append(Unread(TASK, each.id, error.place, error.reason))
    reviews.sort(key=lambda review: review.at)
    return ReviewReading(tuple(reviews), tuple(unread))


def review_from_task(task: Resource) -> PlanReview:
    """One review. Codes that a later tree no longer has are kept as they were written.

    Raises:
        UnreadableResource: names the place.
    """
    if task.modifier_extension:
        raise UnreadableResource(TASK, "modifierExtension", "not_interpreted")
    if task.implicit_rules is not None:
        raise UnreadableResource(TASK, "implicitRules", "not_interpreted")
    if task.status != "completed":
        raise UnreadableResource(TASK, "status", "not_final")
    at = to_the_day(task.authored_on)
    if at is None:
        raise UnreadableResource(TASK, "authoredOn", "no_date")
    given, agreed = _Parts("input", task.input), _Parts("output", task.output)
    return PlanReview(
        at=at,
        trigger=given.one("trigger", system=RULE_SYSTEM),
        norm_hash=given.token("norm-hash"),
        graph_seen_by=given.several("graph-seen-by"),
        client_view=given.one("client-view"),
        last_change=_last_change(given.one("last-change")),
        domains=given.several("domain"),
        branches=agreed.several("branch"),
        crisis_checked=given.flag("crisis-check"),
        decision=_decision(agreed.one("decision")),
        reason=agreed.one("reason"),
        agreed_by=agreed.several("agreed-by"),
        next_look=_next_look(task),
        measure_fits=given.flag("measure-fits"),
    )


def as_written(review: PlanReview, read_back: PlanReview) -> bool:
    """Whether the copy says what was to be written; moments in whole seconds."""
    return _comparable(review) == _comparable(read_back)


def _inputs(review: PlanReview) -> Iterator[Json]:
    if review.trigger:
        rule: Json = {"system": RULE_SYSTEM, "code": review.trigger}
        yield _part("trigger") | {"valueCodeableConcept": concept_json(rule)}
    if review.norm_hash:
        yield _part("norm-hash") | {"valueCode": review.norm_hash}
    yield from _coded("graph-seen-by", *review.graph_seen_by)
    yield from _coded("client-view", review.client_view)
    yield from _coded("last-change", review.last_change)
    yield _part("crisis-check") | {"valueBoolean": review.crisis_checked}
    yield from _coded("domain", *review.domains)
    yield _part("measure-fits") | {"valueBoolean": review.measure_fits}


def _outputs(review: PlanReview) -> Iterator[Json]:
    yield from _coded("decision", review.decision)
    yield from _coded("branch", *review.branches)
    if review.reason:
        yield from _coded("reason", review.reason)
    yield from _coded("agreed-by", *review.agreed_by)


def _coded(part: str, *ids: str) -> Iterator[Json]:
    for each in ids:
        code: Json = {"system": SUPPORT_SYSTEM, "code": f"{part}.{each}"}
        yield _part(part) | {"valueCodeableConcept": concept_json(code)}


def _part(name: str) -> Json:
    return {"type": _own(name)}


def _own(code: str) -> Json:
    return concept_json({"system": PLAN_REVIEW_SYSTEM, "code": code})


@dataclass(frozen=True, slots=True)
class _Parts:
    """Inputs or outputs of a Task, by the code of their type."""

    place: str
    found: tuple[Parameter, ...]

    def several(self, name: str) -> tuple[str, ...]:
        return tuple(
            _code_in(each.value_codeable_concept, name, place=self._at(name))
            for each in self._of(name)
        )

    def one(self, name: str, *, system: str = SUPPORT_SYSTEM) -> str:
        """The one code of this part; "" where the part is absent."""
        parts = self._of(name)
        if len(parts) > 1:
            raise UnreadableResource(TASK, self._at(name))
        if not parts:
            return ""
        concept = parts[0].value_codeable_concept
        return _code_in(concept, name, place=self._at(name), system=system)

    def token(self, name: str) -> str:
        parts = self._of(name)
        if not parts:
            return ""
        found = parts[0].value_code or ""
        if len(parts) > 1 or not _HASH.fullmatch(found):
            raise UnreadableResource(TASK, self._at(name))
        return found

    def flag(self, name: str) -> bool:
        parts = self._of(name)
        if len(parts) != 1 or parts[0].value_boolean is None:
            raise UnreadableResource(TASK, self._at(name))
        return parts[0].value_boolean

    def _of(self, name: str) -> list[Parameter]:
        return [each for each in self.found if name in _codes_of(each.type)]

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}"


def _code_in(
    concept: CodeableConcept | None,
    part: str,
    *,
    place: str,
    system: str = SUPPORT_SYSTEM,
) -> str:
    """The id in a concept's coding of ours; never its text."""
    shape = _RULE if system == RULE_SYSTEM else _ID
    prefix = "" if system == RULE_SYSTEM else f"{part}."
    for coding in concept.coding if concept else ():
        code = coding.code or ""
        if coding.system == system and code.startswith(prefix):
            found = code.removeprefix(prefix)
            if shape.fullmatch(found):
                return found
    raise UnreadableResource(TASK, place, "unknown_code")


def _codes_of(concept: CodeableConcept | None) -> set[str]:
    return {
        each.code or ""
        for each in (concept.coding if concept else ())
        if each.system == PLAN_REVIEW_SYSTEM
    }


def _is_ours(resource: Resource) -> bool:
    return resource.resource_type == TASK and CODE in _codes_of(resource.code)


def _refuse_other_patient(task: Resource, *, patient: str, base: str | None) -> None:
    whom = task.for_whom.reference if task.for_whom else None
    if not whom or not refers_to(whom, "Patient", resource_id=patient, base=base):
        raise UnreadableResource(TASK, "for", "other_patient")


def _next_look(task: Resource) -> date | None:
    period = task.restriction.period if task.restriction else None
    if period is None or period.end is None:
        return None
    found = moment_from_text(period.end)
    moment = found.start if isinstance(found, PartialDate) else found
    if moment is None:
        raise UnreadableResource(TASK, "restriction.period.end", "no_date")
    return moment.date()


def _decision(code: str) -> Decision:
    for each in DECISIONS:
        if each == code:
            return each
    raise UnreadableResource(TASK, "output.decision", "unknown_code")


def _last_change(code: str) -> LastChange:
    for each in LAST_CHANGES:
        if each == code:
            return each
    raise UnreadableResource(TASK, "input.last-change", "unknown_code")


def _comparable(review: PlanReview) -> PlanReview:
    return replace(review, at=whole_seconds(review.at))
