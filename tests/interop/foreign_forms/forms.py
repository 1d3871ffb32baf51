"""Every instrument of the library as the form that foreign software is given."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from fhir_mapping.dialect import load_dialect
from fhir_mapping.questionnaire import questionnaire_from_instrument
from fhir_mapping.questionnaire_response import response_from_answers
from fhir_mapping.r4.json import Json
from fhir_mapping.sitting import Sitting
from fhir_mapping.submission import Submission, resources_from_submission
from questionnaires.answers import Answers, answers_from_offered, is_asked
from questionnaires.instrument import (
    ChoiceItem,
    Instrument,
    SliderItem,
    TextItem,
    Wording,
)
from questionnaires.library import load_library
from questionnaires.wording import neutral_wording
from tests.vectors import Vectors

LIBRARY = load_library()
INSTRUMENTS = [LIBRARY.instruments[name] for name in sorted(LIBRARY.instruments)]
DIALECT = load_dialect("plain-r4")
AUTHORED = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ForeignForm:
    """One instrument in one language, or by numbers where no wording is shipped."""

    instrument: Instrument
    wording: Wording
    questionnaire: Json

    @property
    def expressions(self) -> tuple[str, ...]:
        """What the Questionnaire says of each score, as FHIRPath."""
        return tuple(
            extension["valueExpression"]["expression"]
            for item in self.questionnaire["item"]
            for extension in item.get("extension", [])
            if "valueExpression" in extension
        )

    def response(self, answers: Answers, *, number: int = 1) -> Json:
        """The QuestionnaireResponse that we write for these answers."""
        return response_from_answers(
            answers,
            self.instrument,
            wording=self.wording,
            sitting=Sitting(
                patient="p1",
                encounter=None,
                author="Practitioner/7",
                source="Patient/p1",
                authored=AUTHORED,
                language=self.wording.language,
            ),
            identifier=UUID(int=number),
            dialect=DIALECT,
        )


def whole_answers(instrument: Instrument, *, end: int) -> Answers:
    """Each asked item answered, scored or not, with its first (0) or last (-1)."""
    given: dict[str, object] = {}
    for item in instrument.items:
        match item:
            case ChoiceItem(options=options):
                given[item.link_id] = options[end].points
            case SliderItem(low=low, high=high):
                given[item.link_id] = (low, high)[end]
            case TextItem():
                given[item.link_id] = "Ein Satz: ä 🙂 <b>\n"
        answers = answers_from_offered(instrument, given, language="en")
        if not is_asked(item, answers):
            del given[item.link_id]
    return answers_from_offered(instrument, given, language="en")


def form_of(instrument: Instrument) -> ForeignForm:
    """With its first wording; others become translations."""
    shipped = [each for key, each in wordings() if key == instrument.id]
    wording, *others = shipped or [neutral_wording(instrument)]
    made = questionnaire_from_instrument(instrument, wording, translations=others)
    return ForeignForm(instrument, wording, made)


def wordings() -> Iterator[tuple[str, Wording]]:
    """English first, then the other languages."""
    ordered = sorted(LIBRARY.wordings, key=lambda key: (key[0], key[1] != "en", key[1]))
    for key in ordered:
        yield key[0], LIBRARY.wordings[key]


def submission_of(answers: Answers, *, number: int = 1) -> Submission:
    """These answers as our outbox holds them."""
    return Submission(
        id=UUID(int=number),
        tenant="hospital",
        patient="p1",
        encounter="e1",
        author="Practitioner/7",
        source="Patient/p1",
        mode="kiosk",
        answers=answers,
        authored=AUTHORED,
    )


def observations_of(answers: Answers, *, number: int = 1) -> list[Json]:
    """What we write beside the response: scores, and each item."""
    sent = submission_of(answers, number=number)
    dialect = replace(DIALECT, items=True)
    return list(resources_from_submission(sent, LIBRARY, dialect).observations)


def ways_to_answer(form: ForeignForm, vectors: Vectors) -> list[list[list[Json]]]:
    """Per way and question, the response item of each answer it offers.

    The first way is ours, with the weight beside the code; the second has codes alone,
    as other makers' renderers write them, so that the weight must be found in the form.
    """
    ours = [
        [
            form.response(vectors.answers(_only(vectors, question, place)))["item"][0]
            for place in range(len(offered))
        ]
        for question, offered in enumerate(vectors.offered)
    ]
    bare = [[_without_weight(item) for item in question] for question in ours]
    return [ours, bare]


def _only(vectors: Vectors, question: int, place: int) -> tuple[int | None, ...]:
    return tuple(
        place if index == question else None for index in range(len(vectors.questions))
    )


def _without_weight(item: Json) -> Json:
    copied = deepcopy(item)
    for answer in copied["answer"]:
        answer.get("valueCoding", {}).pop("extension", None)
    return copied
