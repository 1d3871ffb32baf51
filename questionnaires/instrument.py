"""An instrument: items, scores, bands, cut-off, reliable change, each with its source.

Everything here is frozen and is read from `instruments/<slug>/instrument.toml`.
Points and scores are `Decimal` from the answer to the Observation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Direction = Literal["higher_is_better", "higher_is_worse"]
# "screening" is asked on demand and never followed as a course.
Construct = Literal["outcome", "alliance", "screening"]
Evidence = Literal["verified", "secondary", "computed", "own"]
Operator = Literal[">=", ">", "<=", "<"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a clinical number comes from, and how well that was checked."""

    text: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Coding:
    """A code in a code system: LOINC where confirmed, else the project's own."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class Option:
    """One offered answer: what it is worth, and its code."""

    points: Decimal
    coding: Coding


@dataclass(frozen=True, slots=True)
class SafetyRule:
    """An answer worth at least `at_least` points must be seen by a person.

    `full` starts the whole safety flow now; `review` is a flag of lower urgency.
    """

    at_least: Decimal
    urgency: Literal["full", "review"]
    source: Source


@dataclass(frozen=True, slots=True)
class AskIf:
    """Asked only if an earlier item was answered with at least so many points."""

    link_id: str
    at_least: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class ChoiceItem:
    """A question with a fixed list of answers, one of which may be chosen."""

    link_id: str
    options: tuple[Option, ...]
    codings: tuple[Coding, ...]
    reverse: bool
    safety: SafetyRule | None
    ask_if: AskIf | None = None


@dataclass(frozen=True, slots=True)
class SliderItem:
    """A visual line from `low` to `high` whole steps (millimetres); no start position.

    `points_per_step` turns steps into score points (0.1 for centimetres).
    """

    link_id: str
    low: int
    high: int
    points_per_step: Decimal
    codings: tuple[Coding, ...]
    reverse: bool
    safety: SafetyRule | None
    ask_if: AskIf | None = None


@dataclass(frozen=True, slots=True)
class TextItem:
    """An open question. Never scored, never in statistics."""

    link_id: str
    codings: tuple[Coding, ...]
    ask_if: AskIf | None = None


Item = ChoiceItem | SliderItem | TextItem


@dataclass(frozen=True, slots=True)
class Strict:
    """Every item must be answered."""

    source: Source


@dataclass(frozen=True, slots=True)
class ProrateMean:
    """Up to `max_missing` blanks: mean of the answered items times their number.

    None of the items in `required` may be among the blanks.
    """

    max_missing: int
    source: Source
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EachPart:
    """A sum of other scores: each keeps its own rule, and none may be absent."""

    source: Source


MissingRule = Strict | ProrateMean | EachPart


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """A published look-up from raw score to standard score, such as a T-score.

    Every whole raw score that the items can make has a value; values never fall as
    the raw score rises.
    """

    values: Mapping[Decimal, Decimal]
    source: Source


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """How one score is computed. Low and high are its possible range, in points.

    Attributes:
        link_ids: the items it rests on; of a sum of scores, those of its parts.
        parts: ids of the scores it adds up; empty for a score of items.
        direction: where a sub-scale runs against its instrument; None: as that does.
        table: turns the raw score into a standard score; None if there is none.
    """

    id: str
    link_ids: tuple[str, ...]
    op: Literal["sum", "mean"]
    factor: Decimal
    low: Decimal
    high: Decimal
    missing: MissingRule
    rounding: Literal["none", "half_up"]
    coding: Coding
    source: Source
    parts: tuple[str, ...] = ()
    direction: Direction | None = None
    table: ScoreTable | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """Severity band [low, high); the last one includes the top of the range."""

    code: str
    low: Decimal
    high: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A score for which `score operator value` holds is on the clinical side."""

    value: Decimal
    operator: Operator
    population: str
    source: Source


@dataclass(frozen=True, slots=True)
class ReliableChange:
    """Threshold in score points; `change operator value` is reliable."""

    value: Decimal
    operator: Literal[">=", ">"]
    method: str
    source: Source


@dataclass(frozen=True, slots=True)
class Reliability:
    """A published reliability coefficient, 0 to 1."""

    kind: Literal["alpha", "retest"]
    value: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class Spread:
    """A standard deviation in score points, and the sample it was measured in."""

    value: Decimal
    sample: str
    source: Source


@dataclass(frozen=True, slots=True)
class Licence:
    """What the repository may hold. Class A text, B verbatim, C terms, D never.

    Attributes:
        reference: the site's own licence, as its holder names it; "" if none is needed.
        valid_until: last day on which the form may be offered; None if it has no end.
            Scores that were taken before stay readable.
        site_adds: what the clinic must bring before a skeleton can be offered.
    """

    kind: Literal["A", "B", "C", "D", "own"]
    holder: str
    terms: str
    url: str
    reference: str = ""
    valid_until: date | None = None
    site_adds: str = ""


@dataclass(frozen=True, slots=True)
class Instrument:
    """One validated questionnaire in one version, without its words.

    Attributes:
        id: short name, lower case with hyphens ("phq-9").
        canonical: the Questionnaire's url, without version.
        aliases: other systems' Questionnaire urls known to be the same form.
        measures: what it measures, in one plain sentence.
        effective: first day of this definition.
        derived_from: canonicals of the instruments that it is a part or variant of.
        scores: the first is the one whose course is followed; none in a screening
            form that is only looked at answer by answer.
        bands: of the first score; contiguous, ascending.
        validated: False means "own wording, compare only within one person".
        skeleton: True means the site must bring the wording before it can be offered.
        digest: SHA-256 (hex) of the file it was read from; of both digests, if a
            site's file completes a skeleton.
        reversed_known: False in a skeleton of which the clinic must say, from its
            licensed manual, which items are turned around. Until then no score.
        reliability, spread: as published, for people who check a reliable change.
        titles: language (BCP 47) -> title, where a wording has a title of its own.
    """

    id: str
    version: str
    canonical: str
    aliases: tuple[str, ...]
    title: str
    measures: str
    effective: date
    derived_from: tuple[str, ...]
    construct: Construct
    direction: Direction
    recall: str
    coding: Coding
    items: tuple[Item, ...]
    scores: tuple[ScoreRule, ...]
    bands: tuple[Band, ...]
    cutoff: Cutoff | None
    reliable_change: ReliableChange | None
    age_min: int
    age_max: int
    validated: bool
    skeleton: bool
    licence: Licence
    digest: str
    reversed_known: bool
    reliability: tuple[Reliability, ...] = ()
    spread: Spread | None = None
    titles: tuple[tuple[str, str], ...] = ()

    def title_in(self, language: str) -> str:
        """The title in this language (BCP 47), of which `es-MX` reads that of `es`.

        A form that names itself in no other language keeps the title it has.
        """
        known = dict(self.titles)
        return known.get(language) or known.get(language.partition("-")[0], self.title)

    @property
    def total(self) -> ScoreRule:
        """The score whose course is followed; IndexError if it has no score."""
        return self.scores[0]

    def item(self, link_id: str) -> Item:
        """The item of this link id; KeyError if there is none."""
        for each in self.items:
            if each.link_id == link_id:
                return each
        raise KeyError(link_id)

    def score(self, score_id: str) -> ScoreRule:
        """The score of this id; KeyError if there is none."""
        for each in self.scores:
            if each.id == score_id:
                return each
        raise KeyError(score_id)


@dataclass(frozen=True, slots=True)
class Wording:
    """The validated text of one instrument in one language, word for word.

    Attributes:
        title: what the person reads above the form.
        short_title: how everybody else calls the form in this language; empty where
            that is the instrument's own title.
        items: link id -> question.
        options: link id -> (points -> label); choice items only.
        anchors: link id -> (label at low, label at high); sliders only.
        source: where the text was taken from.
        translator: who made this language version; "original" if it is the first.
        validation: what is known of the validation of this language version.
        numbers_apply: whether the instrument's cut-off, bands and reliable change
            hold for this language version.
        notice: rights notice that must stand with the text.
        digest: SHA-256 (hex) of the file.
    """

    instrument_id: str
    language: str
    title: str
    short_title: str
    introduction: str
    items: Mapping[str, str]
    options: Mapping[str, Mapping[Decimal, str]]
    anchors: Mapping[str, tuple[str, str]]
    source: str
    translator: str
    validation: str
    numbers_apply: bool
    notice: str
    digest: str
