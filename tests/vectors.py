"""Ways to answer an instrument: all of them where that is feasible, else a sample.

A vector has one entry a question, in the order of the form: the place of the chosen
answer among those the item offers, lowest first, or None for a blank. The same
instrument and limit give the same vectors in every run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, combinations, islice, product
from math import prod
from random import Random
from types import MappingProxyType

from questionnaires.answers import Answers, Chosen
from questionnaires.instrument import (
    ChoiceItem,
    Instrument,
    ProrateMean,
    ScoreRule,
    SliderItem,
)
from questionnaires.scoring import Score, score_answers

FULL = 1_000_000  # up to so many combinations, each of them
SAMPLE = 100_000

Vector = tuple[int | None, ...]
Question = ChoiceItem | SliderItem


@dataclass(frozen=True, slots=True)
class Vectors:
    """The ways to answer one instrument that a test goes through.

    Attributes:
        questions: what a vector answers: the scored items, or where a form has no
            score, each that may be chosen from and is always asked.
        offered: per question, the points of its answers, ascending.
        complete: "blanks" if every combination is here, blanks included; "answers" if
            every one without a blank is; "" if neither.
        edges: so many of the rows are edges.
        rows: the vectors, each once, the edges first.
    """

    instrument: Instrument
    questions: tuple[Question, ...]
    offered: tuple[tuple[Decimal, ...], ...]
    complete: str
    edges: int
    rows: tuple[Vector, ...]

    def answers(self, vector: Vector, *, language: str = "en") -> Answers:
        """As a patient's answers."""
        given = {
            question.link_id: Chosen(offered[place])
            for question, offered, place in zip(
                self.questions, self.offered, vector, strict=True
            )
            if place is not None
        }
        instrument = self.instrument
        return Answers(
            instrument.id, instrument.version, language, MappingProxyType(given)
        )

    def scores(self, vector: Vector) -> tuple[Decimal | None, ...]:
        """What our own scoring says, one entry a score; None is NotScored."""
        found = score_answers(self.instrument, self.answers(vector))
        return tuple(each.value if isinstance(each, Score) else None for each in found)


def vectors_of(instrument: Instrument, *, at_most: int = FULL) -> Vectors:
    """The edges, and every combination or a seeded sample of them.

    Args:
        at_most: so many vectors at most, were it not for the edges, which are always
            all there.
    """
    questions = _questions(instrument)
    offered = tuple(map(_offered, questions))
    sizes = [len(each) for each in offered]
    edges = dict.fromkeys(_edges(instrument, questions, sizes))
    limit = min(at_most, FULL)
    random = Random(f"{instrument.id} {instrument.version}")  # a seed, no secret
    sample = _sample(sizes, most=_most_blanks(instrument), random=random)
    complete, others = "", sample
    if prod(size + 1 for size in sizes) <= limit:
        complete, others = "blanks", product(*([*range(each), None] for each in sizes))
    elif prod(sizes) <= limit:
        complete = "answers"
        every = product(*map(range, sizes))
        blanks = (each for each in sample if None in each)
        others = chain(every, islice(blanks, min(limit - prod(sizes), SAMPLE)))
    else:
        limit = min(limit, SAMPLE)
    stop = None if complete else max(limit, len(edges))
    rows = tuple(islice(_once(chain(edges, others)), stop))
    return Vectors(instrument, questions, offered, complete, len(edges), rows)


def _questions(instrument: Instrument) -> tuple[Question, ...]:
    scored = {each for rule in instrument.scores for each in rule.link_ids}
    return tuple(
        item
        for item in instrument.items
        if isinstance(item, ChoiceItem | SliderItem)
        and (item.link_id in scored or (not scored and item.ask_if is None))
    )


def _offered(item: Question) -> tuple[Decimal, ...]:
    match item:
        case ChoiceItem(options=options):
            return tuple(sorted(each.points for each in options))
        case SliderItem(low=low, high=high, points_per_step=step):
            return tuple(place * step for place in range(low, high + 1))


def _edges(
    instrument: Instrument, questions: Sequence[Question], sizes: Sequence[int]
) -> Iterator[Vector]:
    """All lowest, all highest, nothing; single blanks; single answers; the limits."""
    low: Vector = (0,) * len(sizes)
    high: Vector = tuple(size - 1 for size in sizes)
    nothing: Vector = (None,) * len(sizes)
    yield from (low, high, nothing)
    for index, size in enumerate(sizes):
        for others in (low, high):
            yield _with(others, {index: None})
        for others in (low, nothing):
            yield from (_with(others, {index: place}) for place in range(size))
    places = {each.link_id: index for index, each in enumerate(questions)}
    for rule in instrument.scores:
        scored = [places[link_id] for link_id in rule.link_ids]
        for most in _limits(rule):
            for blank in _some(scored, most):
                for others in (low, high):
                    yield _with(others, dict.fromkeys(blank))


def _limits(rule: ScoreRule) -> tuple[int, ...]:
    """Numbers of blanks on both sides of what the score bears."""
    if isinstance(rule.missing, ProrateMean):
        most = rule.missing.max_missing
        return tuple(range(1, min(most + 2, len(rule.link_ids)) + 1))
    return (1,)


def _some(scored: Sequence[int], number: int) -> Iterator[tuple[int, ...]]:
    """Sets of so many items: the last ones, and the first twenty in their order."""
    yield tuple(scored[-number:])
    yield from islice(combinations(scored, number), 20)


def _with(vector: Vector, changes: dict[int, int | None]) -> Vector:
    return tuple(changes.get(index, place) for index, place in enumerate(vector))


def _most_blanks(instrument: Instrument) -> int:
    limits = [max(_limits(rule)) for rule in instrument.scores]
    return max(limits, default=1)


def _sample(sizes: Sequence[int], *, most: int, random: Random) -> Iterator[Vector]:
    """Answers at random without end; in half of them some are blank."""
    while True:
        answers: list[int | None] = [random.randrange(size) for size in sizes]
        if random.random() < 0.5:
            for index in random.sample(range(len(sizes)), random.randint(1, most)):
                answers[index] = None
        yield tuple(answers)


def _once(vectors: Iterator[Vector]) -> Iterator[Vector]:
    seen: set[Vector] = set()
    for each in vectors:
        if each not in seen:
            seen.add(each)
            yield each
