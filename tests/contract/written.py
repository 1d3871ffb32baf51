"""One of everything that we write, by name: for R4B, the profiles and the validator."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from fhir_mapping.dialect import Dialect
from fhir_mapping.plan_review import ReviewPlace, task_from_review
from fhir_mapping.publication import file_name, publication_of
from fhir_mapping.questionnaire import questionnaire_from_instrument
from fhir_mapping.r4.json import Json
from fhir_mapping.submission import (
    Submission,
    resources_from_submission,
    transaction_from,
)
from questionnaires.wording import neutral_wording
from tests.plan_reviews import review
from tests.unit.fhir_mapping.material import (
    LIBRARY,
    PLAIN,
    WITH_ITEMS,
    phq9_points,
    submission,
)

BARE = replace(PLAIN, id="bare", profiles=False, second_category={})
_ID = UUID(int=5)
DIALECTS = {"plain": PLAIN, "items and panel": WITH_ITEMS, "bare": BARE}

SITTINGS: dict[str, Submission] = {
    "all answered": submission(),
    "prorated": submission(phq9_points(2, 2, 1, None, 1, 0, 1, 2, 0, 1)),
    "not scored": submission(phq9_points(1)),
    "nothing answered": submission({}),
    "alliance with words": submission(
        {"a1": 0, "a2": 1, "a3": 2, "a4": 4, "a5": "ä 🙂 <b>\n"},
        instrument_id="session-alliance",
    ),
    "lines": submission({"o1": 0, "o2": 100, "o3": 33, "o4": 7}, instrument_id="ors"),
    "no encounter": replace(submission(), encounter=None),
}


def forms() -> dict[str, Json]:
    """Each instrument, in each language it has, and once with a translation.

    Numbers stand where no words are shipped.
    """
    wordings = dict(LIBRARY.wordings)
    for name, instrument in LIBRARY.instruments.items():
        if instrument.skeleton:
            wordings[name, "en"] = neutral_wording(instrument)
    found = {
        f"form {name}, {language}": questionnaire_from_instrument(
            LIBRARY.instrument(name), each
        )
        for (name, language), each in wordings.items()
    }
    found["form phq-9, translated"] = questionnaire_from_instrument(
        LIBRARY.instrument("phq-9"),
        wordings["phq-9", "en"],
        translations=[wordings["phq-9", "es"]],
    )
    return found


def published() -> dict[str, Json]:
    """The library as others get it: all languages in one form, and our code systems."""
    return {file_name(each): each for each in publication_of(LIBRARY).resources}


def bundles() -> dict[str, Json]:
    """Each sitting as the transaction that is sent, in each dialect."""
    return {
        f"{name}, {how}": _transaction(sent, dialect)
        for name, sent in SITTINGS.items()
        for how, dialect in DIALECTS.items()
    }


def everything() -> list[Json]:
    """Forms, code systems, transactions, and what is inside them."""
    sent = list(bundles().values())
    built = [*forms().values(), *published().values(), *reviews().values()]
    return [*built, *sent, *inside(sent)]


def reviews() -> dict[str, Json]:
    """A plan review with everything, and one with as little as there may be."""
    full = ReviewPlace("p1", "e1", "Practitioner/7", "QuestionnaireResponse/17", _ID)
    bare = ReviewPlace("p1", None, None, None, _ID)
    ended = review(trigger="", decision="end", branches=(), next_look=None)
    return {
        "review, all there": task_from_review(review(norm_hash="ab" * 32), full),
        "review, at the end": task_from_review(ended, bare),
    }


def inside(transactions: list[Json]) -> Iterator[Json]:
    """The resources of these transactions."""
    for bundle in transactions:
        yield from (entry["resource"] for entry in bundle["entry"])


def _transaction(sent: Submission, dialect: Dialect) -> Json:
    return transaction_from(resources_from_submission(sent, LIBRARY, dialect))
