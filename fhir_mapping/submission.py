"""One submission: what the outbox keeps, and the resources it becomes.

Identifiers never change when resources are built again, so a repeated delivery cannot
double. The QuestionnaireResponse carries the submission's UUID; what is derived from it
carries UUIDv5(submission UUID as namespace, "<kind>/<code>/<instrument version>"), with
the kinds `score`, `item` and `panel`. All stand in the identifier system
`.../NamingSystem/submission`. These names are part of what is stored in EHRs: they are
never changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from clinical.measurement import Measurement
from fhir_mapping.dialect import Dialect
from fhir_mapping.known_codes import item_code, score_code
from fhir_mapping.observation import (
    Derived,
    observation_from_answer,
    observation_from_score,
    panel_from_members,
)
from fhir_mapping.questionnaire_response import response_from_answers
from fhir_mapping.r4.codes import SUBMISSION_SYSTEM
from fhir_mapping.r4.dates import whole_seconds
from fhir_mapping.r4.json import Json
from fhir_mapping.r4.models import checked
from fhir_mapping.sitting import Sitting
from questionnaires.answers import (
    Answers,
    Chosen,
    Written,
    answers_from_json,
    answers_to_json,
)
from questionnaires.instrument import Instrument, Wording
from questionnaires.library import Library, NoWording
from questionnaires.scoring import score_answers

Mode = Literal["kiosk", "app", "standalone"]
Kind = Literal["score", "item", "panel"]

_MODES: tuple[Mode, ...] = ("kiosk", "app", "standalone")
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Submission:
    """Answers with their circumstances, as sealed.

    Attributes:
        patient: logical id; encounter likewise, or None.
        author: who recorded it ("Practitioner/1"); source: who answered ("Patient/1").
        mode: on which kind of page it was answered.
        authored: by the server's clock, with offset.
    """

    id: UUID
    tenant: str
    patient: str
    encounter: str | None
    author: str
    source: str
    mode: Mode
    answers: Answers
    authored: datetime

    @property
    def sitting(self) -> Sitting:
        """The circumstances as its resources repeat them."""
        return Sitting(
            patient=self.patient,
            encounter=self.encounter,
            author=self.author,
            source=self.source,
            authored=self.authored,
            language=self.answers.language,
        )


@dataclass(frozen=True, slots=True)
class SubmissionResources:
    """What one submission becomes: items, scores and panel in this order."""

    response: Json
    observations: tuple[Json, ...]


def submission_to_json(submission: Submission) -> dict[str, object]:
    """Our own versioned JSON, of texts and nulls only; the outbox encrypts it."""
    return {
        "format": _FORMAT,
        "id": str(submission.id),
        "tenant": submission.tenant,
        "patient": submission.patient,
        "encounter": submission.encounter,
        "author": submission.author,
        "source": submission.source,
        "mode": submission.mode,
        "authored": submission.authored.isoformat(),
        "answers": answers_to_json(submission.answers),
    }


def submission_from_json(library: Library, stored: Mapping[str, object]) -> Submission:
    """The way back.

    Raises:
        ValueError: not what `submission_to_json` wrote; names the key only.
        UnknownInstrument: the instrument was taken out of the library.
        AnswerNotOffered: the answers are to another version of it.
    """
    if stored.get("format") != _FORMAT:
        raise ValueError("format")
    answers = stored.get("answers")
    if not isinstance(answers, Mapping):
        raise ValueError("answers")
    instrument = library.instrument(str(answers.get("instrument")))
    encounter = stored.get("encounter")
    return Submission(
        id=UUID(_text(stored, "id")),
        tenant=_text(stored, "tenant"),
        patient=_text(stored, "patient"),
        encounter=None if encounter is None else _text(stored, "encounter"),
        author=_text(stored, "author"),
        source=_text(stored, "source"),
        mode=_mode(_text(stored, "mode")),
        authored=datetime.fromisoformat(_text(stored, "authored")),
        answers=answers_from_json(instrument, answers),
    )


def derived_id(submission: UUID, kind: Kind, *, code: str, version: str) -> UUID:
    """The fixed identity of a resource derived from a submission."""
    return uuid5(submission, f"{kind}/{code}/{version}")


def score_ids(submission: Submission, instrument: Instrument) -> tuple[UUID, ...]:
    """The identities of the score Observations of this submission."""
    version = submission.answers.instrument_version
    return tuple(
        derived_id(
            submission.id, "score", code=score_code(instrument, rule), version=version
        )
        for rule in instrument.scores
    )


def measurement_from_submission(
    submission: Submission, library: Library
) -> Measurement:
    """The measurement while it waits in our outbox, dated as it will be written."""
    answers = submission.answers
    return Measurement(
        instrument_id=answers.instrument_id,
        instrument_version=answers.instrument_version,
        language=answers.language,
        authored=whole_seconds(submission.authored),
        scores=score_answers(library.instrument(answers.instrument_id), answers),
        answers=answers,
        source=f"outbox/{submission.id}",
        in_record=False,
    )


def resources_from_submission(
    submission: Submission, library: Library, dialect: Dialect
) -> SubmissionResources:
    """The resources of this submission, each checked; nothing of them is random.

    Raises:
        NotValidR4: what we built is not valid; it must not be sent.
    """
    instrument = library.instrument(submission.answers.instrument_id)
    language = submission.answers.language
    wording = library.wording(instrument.id, language=language)
    response = response_from_answers(
        submission.answers,
        instrument,
        wording=wording,
        sitting=submission.sitting,
        identifier=submission.id,
        dialect=dialect,
    )
    builder = _Builder(submission, instrument, wording, dialect)
    return SubmissionResources(
        checked(response), tuple(checked(each) for each in builder.observations())
    )


def with_response_reference(
    resources: SubmissionResources, reference: str
) -> SubmissionResources:
    """The same, derived from the response as the EHR stored it ("…Response/17")."""
    derived: Json = {"derivedFrom": [{"reference": reference}]}
    return SubmissionResources(
        resources.response, tuple(each | derived for each in resources.observations)
    )


def without_response(resources: SubmissionResources) -> tuple[Json, ...]:
    """The Observations alone, for an EHR that stores no QuestionnaireResponse."""
    return tuple(
        {key: value for key, value in each.items() if key != "derivedFrom"}
        for each in resources.observations
    )


def with_member_references(panel: Json, references: Mapping[str, str]) -> Json:
    """A panel whose members are named as the EHR stored them (urn:uuid -> Type/id)."""
    members = panel.get("hasMember", [])
    assert isinstance(members, list)
    named = [
        {"reference": references.get(each["reference"], each["reference"])}
        for each in members
    ]
    return panel | {"hasMember": named}


def transaction_from(resources: SubmissionResources) -> Json:
    """One atomic Bundle; an entry that the EHR already holds is not created again."""
    entries = [_entry(each) for each in (resources.response, *resources.observations)]
    return checked({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def identifier_of(resource: Json) -> str:
    """The identifier value that we gave this resource."""
    found = resource["identifier"]
    if isinstance(found, Sequence):
        found = found[0]
    assert isinstance(found, Mapping)
    return str(found["value"])


@dataclass(frozen=True, slots=True)
class _Builder:
    submission: Submission
    instrument: Instrument
    wording: Wording | NoWording
    dialect: Dialect

    def observations(self) -> Iterator[Json]:
        built = [*self._items(), *self._scores()]
        yield from built
        if self.dialect.panel:
            members = [f"urn:uuid:{identifier_of(each)}" for each in built]
            yield panel_from_members(
                members,
                self.instrument,
                sitting=self.submission.sitting,
                derived=self._derived("panel", self.instrument.id),
                dialect=self.dialect,
            )

    def _scores(self) -> Iterator[Json]:
        rules = {rule.id: rule for rule in self.instrument.scores}
        for score in score_answers(self.instrument, self.submission.answers):
            code = score_code(self.instrument, rules[score.score_id])
            yield observation_from_score(
                score,
                self.instrument,
                sitting=self.submission.sitting,
                derived=self._derived("score", code),
                dialect=self.dialect,
            )

    def _items(self) -> Iterator[Json]:
        if not self.dialect.items:
            return
        for item in self.instrument.items:
            answer = self.submission.answers.given.get(item.link_id)
            if answer is None:
                continue
            if isinstance(answer, Written) and not answer.text.strip():
                continue
            yield observation_from_answer(
                answer,
                item,
                instrument=self.instrument,
                label=self._label(item.link_id, answer),
                sitting=self.submission.sitting,
                derived=self._derived("item", item_code(self.instrument, item.link_id)),
                dialect=self.dialect,
            )

    def _label(self, link_id: str, answer: Chosen | Written) -> str | None:
        if isinstance(self.wording, NoWording) or isinstance(answer, Written):
            return None
        return self.wording.options.get(link_id, {}).get(answer.points)

    def _derived(self, kind: Kind, code: str) -> Derived:
        version = self.submission.answers.instrument_version
        return Derived(
            identifier=derived_id(self.submission.id, kind, code=code, version=version),
            reference=f"urn:uuid:{self.submission.id}",
            version=version,
        )


def _entry(resource: Json) -> Json:
    value = identifier_of(resource)
    kind = str(resource["resourceType"])
    return {
        "fullUrl": f"urn:uuid:{value}",
        "resource": resource,
        "request": {
            "method": "POST",
            "url": kind,
            "ifNoneExist": f"identifier={SUBMISSION_SYSTEM}|{value}",
        },
    }


def _mode(text: str) -> Mode:
    for each in _MODES:
        if each == text:
            return each
    raise ValueError("mode")


def _text(stored: Mapping[str, object], key: str) -> str:
    found = stored.get(key)
    if not isinstance(found, str):
        raise ValueError(key)
    return found
