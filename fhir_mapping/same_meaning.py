"""Whether what the EHR holds means what we sent: what a reader learns, not bytes."""

from datetime import datetime

from fhir_mapping.dialect import Dialect
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.known_codes import KnownCodes, known_codes
from fhir_mapping.observation import effective, score_of
from fhir_mapping.questionnaire_response import answers_from_response
from fhir_mapping.r4.dates import to_the_day
from fhir_mapping.r4.json import Json, json_bytes
from fhir_mapping.r4.reading import Resource, resource_from_bytes
from fhir_mapping.r4.references import relative
from questionnaires.library import Library
from questionnaires.scoring import Score


def same_meaning(sent: Json, read: bytes, library: Library, dialect: Dialect) -> bool:
    """Whether the copy that was read back says what we sent.

    Equal must be: type, status, subject; of a response the form with its version, the
    instant and the answers; of an Observation code, value, instant and what it derives
    from. A server may add, drop or reorder anything else.
    """
    codes = known_codes(library)
    ours = resource_from_bytes(json_bytes(sent))
    try:
        theirs = resource_from_bytes(read)
        if ours.resource_type != theirs.resource_type or ours.status != theirs.status:
            return False
        if _subject(ours) != _subject(theirs):
            return False
        if ours.resource_type == "QuestionnaireResponse":
            language = dialect.default_language
            return _response(ours, codes, language) == _response(
                theirs, codes, language
            )
        return _same_observation(ours, theirs, codes)
    except UnreadableResource:
        return False


def _response(
    resource: Resource, codes: KnownCodes, language: str
) -> tuple[object, ...]:
    answers = answers_from_response(resource, codes, default_language=language)
    given = dict(answers.given) if answers else None
    return resource.questionnaire, _seconds(to_the_day(resource.authored)), given


def _same_observation(ours: Resource, theirs: Resource, codes: KnownCodes) -> bool:
    if _seconds(effective(ours)) != _seconds(effective(theirs)):
        return False
    if not _codings(ours) & _codings(theirs) or not _same_origin(ours, theirs):
        return False
    return _value(ours, codes) == _value(theirs, codes)


def _same_origin(ours: Resource, theirs: Resource) -> bool:
    """A temporary urn:uuid has become some response; a stored reference stays."""
    held = {relative(each.reference or "") for each in theirs.derived_from}
    for each in ours.derived_from:
        reference = relative(each.reference or "")
        if reference.startswith("urn:uuid:"):
            if not any(one.startswith("QuestionnaireResponse/") for one in held):
                return False
        elif reference not in held:
            return False
    return True


def _value(resource: Resource, codes: KnownCodes) -> object:
    known = codes.score(resource.code.coding) if resource.code else None
    if known is not None:
        score = score_of(resource, known)
        return score.value if isinstance(score, Score) else "not scored"
    concept = resource.value_codeable_concept
    coded = {(each.system, each.code) for each in concept.coding} if concept else set()
    quantity = resource.value_quantity.value if resource.value_quantity else None
    return coded, quantity, resource.value_integer, resource.value_string


def _codings(resource: Resource) -> set[tuple[str | None, str | None]]:
    codings = resource.code.coding if resource.code else ()
    return {(each.system, each.code) for each in codings}


def _subject(resource: Resource) -> str:
    return relative((resource.subject and resource.subject.reference) or "")


def _seconds(moment: datetime | None) -> datetime | None:
    return moment.replace(microsecond=0) if moment else None
