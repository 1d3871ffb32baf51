"""Measurements in order, and the episode they make."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal

from questionnaires.answers import Answers
from questionnaires.scoring import NotScored, Score

# Who answered about the patient. Two respondents are two series, never joined.
Respondent = Literal["self", "carer"]
Mode = Literal["screen", "paper", "interview"]


@dataclass(slots=True, unsafe_hash=True)
class Measurement:
    """One instrument filled in once.

    Attributes:
        authored: when it was answered, with offset; decides the order, not arrival.
        scores: every score that is known; from the answers, or as the record holds it.
        answers: what was answered; None where the record holds only the score.
        source: where it stands ("QuestionnaireResponse/17", "outbox/<uuid>").
        in_record: False while it waits in our outbox.
        respondent: the patient, unless the record says that it was a carer.
        mode: how it was answered; None where nobody wrote it down.
    """

    instrument_id: Final[str]
    instrument_version: Final[str]
    language: Final[str]
    authored: Final[datetime]
    scores: Final[tuple[Score | NotScored, ...]]
    answers: Final[Answers | None]
    source: Final[str]
    in_record: Final[bool]
    respondent: Final[Respondent] = "self"
    mode: Final[Mode | None] = None


@dataclass(frozen=True, slots=True)
class Episode:
    """One course of care: measurements, oldest first, each once."""

    measurements: tuple[Measurement, ...]


def episode_from(measurements: Iterable[Measurement]) -> Episode:
    """Sorted by `authored`; the same sitting read twice is kept once.

    A measurement with answers wins over the bare score of the same sitting
    (same instrument, respondent and instant); one in the record wins over one that
    waits.
    Instants are compared in whole seconds, because a server may drop fractions. A
    score that only the losing copy knows (a subscale filed alone) is kept.
    """
    sittings: dict[tuple[str, Respondent, datetime], Measurement] = {}
    copies: dict[tuple[str, Respondent, datetime], list[Measurement]] = {}
    for each in measurements:
        instant = sitting_instant(each.authored)
        key = (each.instrument_id, each.respondent, instant)
        first = sittings.setdefault(key, each)
        if first is not each:
            copies.setdefault(key, [first]).append(each)
    for key, alike in copies.items():
        sittings[key] = _merged(alike)
    once = list(sittings.values())
    # The last parts of the key only make the order the same for any order of arrival.
    once.sort(key=lambda each: (each.authored, each.instrument_id, each.source))
    return Episode(tuple(once))


def sitting_instant(authored: datetime) -> datetime:
    """What names a sitting before and after delivery: its instant, UTC, in seconds."""
    instant = authored.astimezone(UTC)
    return instant.replace(microsecond=0) if instant.microsecond else instant


def _merged(copies: Sequence[Measurement]) -> Measurement:
    ranked = sorted(copies, key=_rank)
    winner = ranked[0]
    if winner.answers is not None:
        return winner  # its scores come from the answers, and are all there are
    scores: dict[str, Score | NotScored] = {}
    for each in ranked:
        for score in each.scores:
            scores.setdefault(score.score_id, score)
    return replace(winner, scores=tuple(scores.values()))


def _rank(copy: Measurement) -> tuple[bool, bool, str, str, str, str, str]:
    """Lowest is the copy to trust; the end makes it independent of order."""
    return (
        copy.answers is None,
        not copy.in_record,
        copy.source,
        copy.instrument_version,
        copy.language,
        copy.mode or "",
        repr(copy.scores),
    )
