"""Sorting a chart's resources: responses, scores, items, and what cannot be used."""

from dataclasses import dataclass, field

from clinical.measurement import Measurement
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.item_observations import AnsweredItem
from fhir_mapping.known_codes import KnownCodes
from fhir_mapping.observation import effective, score_of
from fhir_mapping.questionnaire_response import (
    answers_from_response,
    refuse_unfinished,
)
from fhir_mapping.r4.answered_by import respondent_of
from fhir_mapping.r4.codes import SUBMISSION_SYSTEM
from fhir_mapping.r4.dates import to_the_day
from fhir_mapping.r4.reading import Resource
from fhir_mapping.r4.references import refers_to, relative
from fhir_mapping.unread import Reason, Unread
from questionnaires.scoring import NotScored, Score, score_answers

OBSERVATION = "Observation"
RESPONSE = "QuestionnaireResponse"
WITHDRAWN = "entered-in-error"


@dataclass(frozen=True, slots=True)
class StoredScore:
    """One score as an Observation holds it."""

    measurement: Measurement
    resource: Resource

    @property
    def score(self) -> Score | NotScored:
        return self.measurement.scores[0]

    @property
    def responses(self) -> tuple[str, ...]:
        """ "QuestionnaireResponse/17"."""
        return responses_of(self.resource)

    @property
    def identifiers(self) -> frozenset[str]:
        """The values of our own identifiers."""
        return identifiers_of(self.resource)

    @property
    def place(self) -> str:
        has_quantity = self.resource.value_quantity is not None
        return "valueQuantity.value" if has_quantity else "value"


@dataclass(slots=True)
class Pile:
    """What has been found so far; lives for one reading.

    Attributes:
        carers: "QuestionnaireResponse/17" of those that a carer answered, read or not.
        scores: each that an Observation holds; `holders` are those, in the same order.
    """

    codes: KnownCodes
    patient: str
    base: str | None
    language: str
    responses: dict[str, Measurement] = field(default_factory=dict)
    submissions: set[str] = field(default_factory=set)
    carers: set[str] = field(default_factory=set)
    scores: list[Measurement] = field(default_factory=list)
    holders: list[Resource] = field(default_factory=list)
    items: list[AnsweredItem] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    not_ours: int = 0
    withdrawn: int = 0
    relative: str = field(init=False)

    def __post_init__(self) -> None:
        self.relative = f"Patient/{self.patient}"

    def sort_in(self, resource: Resource) -> None:
        kind = resource.resource_type
        if kind != OBSERVATION and kind != RESPONSE:
            self.not_ours += 1
            return
        subject = resource.subject.reference if resource.subject else None
        if subject and subject != self.relative and not self._is_meant(subject):
            self._report(resource, "subject", "other_patient")
            return
        try:
            if kind == RESPONSE:
                self._response(resource)
            else:
                self._observation(resource, subject)
        except UnreadableResource as error:
            self._report(resource, error.place, error.reason)

    def _response(self, resource: Resource) -> None:
        if self._is_withdrawn(resource):
            return
        if respondent_of(resource) == "carer":
            self.carers.add(f"{RESPONSE}/{resource.id}")
        measurement = measurement_from_response(
            resource, self.codes, default_language=self.language
        )
        if measurement is None:
            self.not_ours += 1
            return
        source = measurement.source
        # Without an id nothing can refer to it; still each one counts.
        key = source if resource.id else f"{source}#{len(self.responses)}"
        self.responses[key] = measurement
        self.submissions |= identifiers_of(resource)

    def _observation(self, resource: Resource, subject: str | None) -> None:
        codings = resource.code.coding if resource.code else ()
        known = self.codes.score(codings)
        if known is None:
            self._item(resource, subject)
            return
        if self._is_withdrawn(resource):
            return
        if subject is None:
            raise UnreadableResource(OBSERVATION, "subject")
        score = score_of(resource, known)
        instrument = known.instrument
        measurement = Measurement(
            instrument_id=instrument.id,
            instrument_version=known.version,
            language=resource.language or self.language,
            authored=effective(resource),
            scores=(score,),
            answers=None,
            source=f"Observation/{resource.id}",
            in_record=True,
            respondent=respondent_of(resource),
        )
        self.scores.append(measurement)
        self.holders.append(resource)

    def _item(self, resource: Resource, subject: str | None) -> None:
        codings = resource.code.coding if resource.code else ()
        known = self.codes.item(codings)
        if known is None:
            if not any(
                (each.system, each.code) in self.codes.panels for each in codings
            ):
                self.not_ours += 1
            return
        if self._is_withdrawn(resource):
            return
        if subject is None:
            raise UnreadableResource(OBSERVATION, "subject")
        self.items.append(
            AnsweredItem(
                resource,
                instrument=known[0],
                item=known[1],
                authored=effective(resource),
                responses=responses_of(resource),
            )
        )

    def _is_meant(self, subject: str) -> bool:
        return refers_to(subject, "Patient", resource_id=self.patient, base=self.base)

    def _is_withdrawn(self, resource: Resource) -> bool:
        found = resource.status == WITHDRAWN
        self.withdrawn += found
        return found

    def _report(self, resource: Resource, place: str, reason: Reason) -> None:
        self.unread.append(Unread(resource.resource_type, resource.id, place, reason))


def measurement_from_response(
    resource: Resource, codes: KnownCodes, *, default_language: str
) -> Measurement | None:
    """What a finished response of somebody measures; None if the form is none of ours.

    Raises:
        UnreadableResource: it is ours and cannot be used.
    """
    answers = answers_from_response(resource, codes, default_language=default_language)
    if answers is None:
        return None
    if not (resource.subject and resource.subject.reference):
        raise UnreadableResource(RESPONSE, "subject")
    refuse_unfinished(resource)
    authored = to_the_day(resource.authored)
    if authored is None:
        raise UnreadableResource(RESPONSE, "authored", "no_date")
    instrument = codes.library.instrument(answers.instrument_id)
    # Another version may be scored otherwise: then only stored scores count.
    ours = answers.instrument_version == instrument.version
    return Measurement(
        instrument_id=answers.instrument_id,
        instrument_version=answers.instrument_version,
        language=answers.language,
        authored=authored,
        scores=score_answers(instrument, answers) if ours else (),
        answers=answers,
        source=f"{RESPONSE}/{resource.id}",
        in_record=True,
        respondent=respondent_of(resource),
    )


def identifiers_of(resource: Resource) -> frozenset[str]:
    """The values of our own identifiers."""
    return frozenset(
        each.value
        for each in resource.identifiers
        if each.system == SUBMISSION_SYSTEM and each.value is not None
    )


def responses_of(resource: Resource) -> tuple[str, ...]:
    """The responses it derives from, without server and version."""
    return tuple(
        found
        for each in resource.derived_from
        if each.reference
        and (found := relative(each.reference)).startswith(f"{RESPONSE}/")
    )
