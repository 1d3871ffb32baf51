"""Which instrument, score or item a foreign code, canonical or link id means.

Built once per library, so that each resource costs a dictionary look-up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from fhir_mapping.r4.codes import (
    ITEM_SYSTEM,
    LOINC,
    PANEL_SYSTEM,
    SCORE_SYSTEM,
    coding_json,
)
from fhir_mapping.r4.json import Json
from fhir_mapping.r4.reading import Coding, Item
from questionnaires.instrument import ChoiceItem, Instrument, ScoreRule
from questionnaires.instrument import Item as InstrumentItem
from questionnaires.library import Library

SCORE_LINK = "score/"  # our Questionnaires' hidden score items: score/<score id>


@dataclass(frozen=True, slots=True)
class KnownScore:
    """A score of an instrument.

    Attributes:
        version: of the instrument, as the resource states it; where it states none,
            the one that is here.
    """

    instrument: Instrument
    rule: ScoreRule
    version: str


@dataclass(frozen=True, slots=True)
class Form:
    """The link ids and options of one instrument, ready for look-up.

    Attributes:
        items: by link id.
        by_loinc: by LOINC code, for forms of other makers.
        options: by link id: (system, code in lower case) -> points.
        computed: LOINC codes of scores, which other makers keep as items.
    """

    instrument: Instrument
    items: Mapping[str, InstrumentItem]
    by_loinc: Mapping[str, InstrumentItem]
    options: Mapping[str, Mapping[tuple[str, str], Decimal]]
    computed: frozenset[str]

    def item(self, link_id: str) -> InstrumentItem | None:
        """The item of our link id, or of the LOINC code another maker's ends with."""
        return self.items.get(link_id) or self.by_loinc.get(loinc_part(link_id))

    def is_computed(self, link_id: str) -> bool:
        """Whether this is a stored score: read from its Observation, not from here."""
        return link_id.startswith(SCORE_LINK) or loinc_part(link_id) in self.computed


@dataclass(frozen=True, slots=True)
class KnownCodes:
    """Every score, item and form of the library by its codes."""

    library: Library
    scores: Mapping[tuple[str | None, str | None], KnownScore]
    items: Mapping[tuple[str | None, str | None], tuple[Instrument, InstrumentItem]]
    panels: frozenset[tuple[str | None, str | None]]
    canonicals: Mapping[str, Instrument]
    forms: dict[str, Form] = field(default_factory=dict)

    def score(self, codings: Iterable[Coding]) -> KnownScore | None:
        """The score these codings mean; our own coding states its version."""
        for coding in codings:
            found = self.scores.get((coding.system, coding.code))
            if found is not None:
                return _as_stated(found, codings)
        return None

    def item(
        self, codings: Iterable[Coding]
    ) -> tuple[Instrument, InstrumentItem] | None:
        """The item these codings mean; our own code names its instrument.

        Several instruments share an item's LOINC code. The one with the most items is
        meant: a shorter relative's items alone are no whole form of it.
        """
        ours = sorted(codings, key=lambda each: each.system != ITEM_SYSTEM)
        for coding in ours:
            found = self.items.get((coding.system, coding.code))
            if found is not None:
                return found
        return None

    def form(self, instrument: Instrument) -> Form:
        """The look-up tables of one instrument, built when first needed."""
        if instrument.id not in self.forms:
            self.forms[instrument.id] = _form(instrument)
        return self.forms[instrument.id]

    def form_by_items(self, items: Iterable[Item]) -> Form | None:
        """The one instrument whose scored items all stand in a form of LOINC items.

        A form that holds two instruments is neither. Nor is one whose items are all
        part of a longer relative: eight answers may be a PHQ-8, or a PHQ-9 whose last
        question, the one on safety, was left blank. Each of these gives None.
        """
        codes = set(_loinc_link_ids(items))
        if not codes:
            return None
        forms = [
            form
            for form in map(self.form, self.library.instruments.values())
            if form.by_loinc and codes <= _all_loinc(form)
        ]
        if len(forms) != 1 or not _scored_loinc(forms[0]) <= codes:
            return None
        return forms[0]


# A process has one library; to build its tables costs more than to read a short chart.
@lru_cache(maxsize=4)
def known_codes(library: Library) -> KnownCodes:
    """The look-up tables of this library."""
    scores: dict[tuple[str | None, str | None], KnownScore] = {}
    items: dict[tuple[str | None, str | None], tuple[Instrument, InstrumentItem]] = {}
    panels: set[tuple[str | None, str | None]] = set()
    canonicals: dict[str, Instrument] = {}
    # The longest last: of instruments that share an item's code, it is the one meant.
    by_length = sorted(library.instruments.values(), key=lambda each: len(each.items))
    for each in by_length:
        panels |= {(each.coding.system, each.coding.code), (PANEL_SYSTEM, each.id)}
        for url in (each.canonical, *each.aliases):
            canonicals[url] = each
        for rule in each.scores:
            known = KnownScore(each, rule, each.version)
            scores[rule.coding.system, rule.coding.code] = known
            scores[SCORE_SYSTEM, score_code(each, rule)] = known
        for item in each.items:
            items[ITEM_SYSTEM, item_code(each, item.link_id)] = each, item
            for coding in item.codings:
                items[coding.system, coding.code] = each, item
    return KnownCodes(library, scores, items, frozenset(panels), canonicals)


def score_code(instrument: Instrument, rule: ScoreRule) -> str:
    """Code of a score in our own code system."""
    return f"{instrument.id}.{rule.id}"


def item_code(instrument: Instrument, link_id: str) -> str:
    """Code of an item in our own code system; a leading slash is LOINC's habit."""
    return f"{instrument.id}.{link_id.lstrip('/')}"


def score_codings(
    instrument: Instrument, rule: ScoreRule, *, version: str
) -> list[Json]:
    """The code others know a score by, then ours with the instrument's version."""
    own: Json = {
        "system": SCORE_SYSTEM,
        "version": version,
        "code": score_code(instrument, rule),
    }
    if rule.coding.system == SCORE_SYSTEM:
        return [own]
    return [coding_json(rule.coding), own]


def item_codings(
    instrument: Instrument, item: InstrumentItem, *, version: str
) -> list[Json]:
    """The codes others know an item by, then ours with the instrument's version."""
    own: Json = {
        "system": ITEM_SYSTEM,
        "version": version,
        "code": item_code(instrument, item.link_id),
    }
    known = [coding_json(each) for each in item.codings if each.system != ITEM_SYSTEM]
    return [*known, own]


def loinc_part(link_id: str) -> str:
    """The last step of a path-like link id: "/44249-1/44250-9" means 44250-9."""
    return link_id.rsplit("/", 1)[-1]


def _as_stated(known: KnownScore, codings: Iterable[Coding]) -> KnownScore:
    for each in codings:
        if each.system == SCORE_SYSTEM:
            if each.version in (None, known.instrument.version):
                return known
            return KnownScore(known.instrument, known.rule, each.version)
    return known


def _form(instrument: Instrument) -> Form:
    by_loinc = {
        coding.code: item
        for item in instrument.items
        for coding in item.codings
        if coding.system == LOINC
    }
    options = {
        item.link_id: {
            (option.coding.system, option.coding.code.lower()): option.points
            for option in item.options
        }
        for item in instrument.items
        if isinstance(item, ChoiceItem)
    }
    scores = instrument.scores
    computed = {each.coding.code for each in scores if each.coding.system == LOINC}
    return Form(
        instrument,
        {item.link_id: item for item in instrument.items},
        by_loinc,
        options,
        frozenset(computed),
    )


def _scored_loinc(form: Form) -> frozenset[str]:
    scored = {link_id for rule in form.instrument.scores for link_id in rule.link_ids}
    return frozenset(
        code for code, item in form.by_loinc.items() if item.link_id in scored
    )


def _all_loinc(form: Form) -> frozenset[str]:
    return frozenset(form.by_loinc) | form.computed


def _loinc_link_ids(items: Iterable[Item]) -> Iterable[str]:
    for item in items:
        if item.answer:
            yield loinc_part(item.link_id)
        yield from _loinc_link_ids(item.item)
