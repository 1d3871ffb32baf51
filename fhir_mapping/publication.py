"""The library as others get it: one Questionnaire per instrument, and our codes.

Which words a form carries: the language asked for, with the other validated languages
beside it; never a neighbour's in its place. Of a skeleton, numbers in place of words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from fhir_mapping.code_systems import code_systems
from fhir_mapping.questionnaire import questionnaire_from_instrument
from fhir_mapping.r4.json import Json
from questionnaires.instrument import Instrument, Wording
from questionnaires.library import Library
from questionnaires.wording import neutral_wording

# A wording of one of these classes is the site's by contract: it goes no further.
LICENSED: Final = frozenset({"C", "D"})
USUAL_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True)
class PublishedForm:
    """One instrument as a Questionnaire.

    Attributes:
        languages: of its words, the main one first; empty if it has none.
        words: whose they are: free to pass on, the site's by licence, or numbers only.
    """

    instrument: Instrument
    questionnaire: Json
    languages: tuple[str, ...]
    words: Literal["free", "licensed", "none"]

    @property
    def file_name(self) -> str:
        """ "Questionnaire-phq-9.json"."""
        return file_name(self.questionnaire)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An instrument that has words, but none in the language asked for."""

    instrument: Instrument
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Publication:
    """What is published, in the order of the instruments' ids."""

    forms: tuple[PublishedForm, ...]
    left_out: tuple[LeftOut, ...]
    code_systems: tuple[Json, ...]

    @property
    def resources(self) -> tuple[Json, ...]:
        """Code systems and forms, by file name."""
        found = [*self.code_systems, *(each.questionnaire for each in self.forms)]
        return tuple(sorted(found, key=file_name))


def publication_of(
    library: Library,
    *,
    chosen: Sequence[str] = (),
    language: str | None = None,
    licensed_words: bool = True,
) -> Publication:
    """The instruments of a library as resources, each checked.

    Args:
        chosen: instrument ids; none means all.
        language, licensed_words: as `published_form`.

    Raises:
        UnknownInstrument: one of `chosen` is not in the library.
        NotValidR4: what we built is not valid.
    """
    forms = [
        published_form(library, each, language=language, licensed_words=licensed_words)
        for each in ids_of(library, chosen)
    ]
    return publication_from(library, forms)


def ids_of(library: Library, chosen: Sequence[str]) -> list[str]:
    """The instruments chosen, or all, each once, in order.

    Raises:
        UnknownInstrument: one of `chosen` is not in the library.
    """
    ids = dict.fromkeys(chosen) or library.instruments
    return sorted(library.instrument(each).id for each in ids)


def publication_from(
    library: Library, found: Sequence[PublishedForm | LeftOut]
) -> Publication:
    """These forms, with the library's code systems.

    The code systems are whole, whichever forms were chosen: a part of one under the
    same url would say that the other codes do not exist.
    """
    return Publication(
        tuple(each for each in found if isinstance(each, PublishedForm)),
        tuple(each for each in found if isinstance(each, LeftOut)),
        tuple(code_systems(library.instruments.values())),
    )


def published_form(
    library: Library,
    instrument_id: str,
    *,
    language: str | None = None,
    licensed_words: bool = True,
) -> PublishedForm | LeftOut:
    """One instrument as a Questionnaire, checked.

    Args:
        language: main language of the words; None means English, else the first.
        licensed_words: False takes the words out of what a site's licence completed,
            so that the result may be passed on.

    Raises:
        UnknownInstrument: it is not in the library.
        NotValidR4: what we built is not valid.
    """
    instrument = library.instrument(instrument_id)
    bases = tuple(library.instruments.values())
    is_licensed = instrument.licence.kind in LICENSED
    if instrument.skeleton or (is_licensed and not licensed_words):
        return _structure_only(instrument, bases)
    wordings = _wordings(library, instrument)
    main = _main(wordings, language)
    if main is None:
        return LeftOut(instrument, tuple(each.language for each in wordings))
    others = [each for each in wordings if each is not main]
    form = questionnaire_from_instrument(
        instrument, main, translations=others, bases=bases
    )
    languages = (main.language, *(each.language for each in others))
    words: Literal["free", "licensed"] = "licensed" if is_licensed else "free"
    return PublishedForm(instrument, form, languages, words)


def file_name(resource: Json) -> str:
    """ "CodeSystem-score.json", as FHIR packages name their files."""
    return f"{resource['resourceType']}-{resource['id']}.json"


def _structure_only(
    instrument: Instrument, bases: Sequence[Instrument]
) -> PublishedForm:
    # What a site has completed is no skeleton there; without its words it is again.
    bare = replace(instrument, skeleton=True)
    wording = neutral_wording(bare)
    form = questionnaire_from_instrument(bare, wording, bases=bases)
    return PublishedForm(bare, form, (), "none")


def _wordings(library: Library, instrument: Instrument) -> list[Wording]:
    """By language, so that the same library gives the same bytes."""
    found: Iterable[tuple[tuple[str, str], Wording]] = library.wordings.items()
    return [wording for (name, _), wording in sorted(found) if name == instrument.id]


def _main(wordings: Sequence[Wording], language: str | None) -> Wording | None:
    by_language = {each.language: each for each in wordings}
    if language is not None:
        return by_language.get(language)
    first = wordings[0] if wordings else None
    return by_language.get(USUAL_LANGUAGE, first)
