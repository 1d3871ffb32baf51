"""What a Questionnaire says of itself: who, since when, for whom, after which form.

Words come from the instrument's own files. The one sentence here stands before what
the clinic must bring to a skeleton, in the language that the files are written in.
"""

from collections.abc import Sequence
from typing import Final, Literal

from fhir_mapping.form_structure import FormItem, structure_of_instrument
from fhir_mapping.known_codes import SCORE_LINK
from fhir_mapping.r4.codes import (
    COPYRIGHT_LABEL,
    DERIVATION_SYSTEM,
    DERIVATION_TYPE,
    EXTRACT_CATEGORY,
    OBSERVATION_CATEGORY,
    PUBLISHER,
    SDC_BEHAVIOUR_PROFILE,
    SDC_EXTRACTION_PROFILE,
    SDC_PROFILE,
    UCUM,
    USAGE_CONTEXT_TYPE,
    VERSION_ALGORITHM,
    VERSION_ALGORITHM_SYSTEM,
    concept_json,
)
from fhir_mapping.r4.json import Json
from questionnaires.instrument import Instrument, Wording

Derivation = Literal["compliesWith", "extends", "inspiredBy"]

PROFILES: Final = (SDC_PROFILE, SDC_BEHAVIOUR_PROFILE, SDC_EXTRACTION_PROFILE)
MUST_ADD: Final = "Structure and scoring only. Before it can be offered, add: "
# The extension's definition: "a short string (<50 characters)".
LONGEST_LABEL: Final = 49


def head_extensions(instrument: Instrument) -> list[Json]:
    """Version algorithm, owner, and the category of what is extracted."""
    semver = {"system": VERSION_ALGORITHM_SYSTEM, "code": "semver"}
    survey: Json = {"system": OBSERVATION_CATEGORY, "code": "survey"}
    extensions: list[Json] = [{"url": VERSION_ALGORITHM, "valueCoding": semver}]
    holder = instrument.licence.holder
    if len(holder) <= LONGEST_LABEL:
        extensions.append({"url": COPYRIGHT_LABEL, "valueString": holder})
    extensions.append(
        {"url": EXTRACT_CATEGORY, "valueCodeableConcept": concept_json(survey)}
    )
    return extensions


def derivation(instrument: Instrument, bases: Sequence[Instrument]) -> Json:
    """`derivedFrom`, with version and kind of derivation if every base is known.

    Args:
        bases: instruments that may be among those it is derived from.
    """
    if not instrument.derived_from:
        return {}
    by_url = {each.canonical: each for each in bases}
    known = [by_url[url] for url in instrument.derived_from if url in by_url]
    if len(known) < len(instrument.derived_from):
        return {"derivedFrom": list(instrument.derived_from)}
    return {
        "derivedFrom": [f"{each.canonical}|{each.version}" for each in known],
        "_derivedFrom": [_kind_json(kind_of(instrument, each)) for each in known],
    }


def kind_of(instrument: Instrument, base: Instrument) -> Derivation:
    """Which responses stay valid: ours against the base, the base's against ours.

    Source:
        HL7 extension pack 5.3.0, CodeSystem questionnaire-derivationType:
        `compliesWith` needs link ids, item types and order of the base, `extends` all
        of its items.
    """
    ours, theirs = _asked(instrument), _asked(base)
    if _is_part(ours, theirs):
        return "compliesWith"
    if _is_part(theirs, ours):
        return "extends"
    return "inspiredBy"


def meta_of(instrument: Instrument) -> Json:
    """Purpose, dates and ages; of a skeleton also what the clinic must bring."""
    effective = instrument.effective.isoformat()
    told: Json = {
        "date": effective,
        "publisher": PUBLISHER,
        "description": instrument.measures,
        "useContext": [_ages(instrument)],
    }
    if instrument.skeleton:
        told["purpose"] = f"{MUST_ADD}{instrument.licence.site_adds}"
    return told | {"effectivePeriod": {"start": effective}}


def rights_of(instrument: Instrument, wording: Wording) -> str:
    """The notice that must stand with the words, else the licence's terms."""
    return wording.notice or instrument.licence.terms


def _ages(instrument: Instrument) -> Json:
    low, high = (
        {"value": years, "unit": "a", "system": UCUM, "code": "a"}
        for years in (instrument.age_min, instrument.age_max)
    )
    return {
        "code": {"system": USAGE_CONTEXT_TYPE, "code": "age"},
        "valueRange": {"low": low, "high": high},
    }


def _kind_json(kind: Derivation) -> Json:
    coding = {"system": DERIVATION_SYSTEM, "code": kind}
    return {"extension": [{"url": DERIVATION_TYPE, "valueCoding": coding}]}


def _asked(instrument: Instrument) -> list[FormItem | str]:
    """Everything that a response may hold, in order.

    With the codes of its items: four lines of one form are not those of another only
    because they have the same link ids and ends.
    """
    items = structure_of_instrument(instrument).items
    return [*items, *(f"{SCORE_LINK}{each.id}" for each in instrument.scores)]


def _is_part(fewer: list[FormItem | str], more: list[FormItem | str]) -> bool:
    """Whether the first list is the second with some left out."""
    rest = iter(more)
    return all(each in rest for each in fewer)
