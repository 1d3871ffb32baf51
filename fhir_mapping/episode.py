"""A pile of resources from the chart → one episode, and what could not be used.

A QuestionnaireResponse and the score Observations derived from it are one measurement;
the response wins, because its answers are known. Nothing is dropped in silence: what is
ours and cannot be used is `Unread`, what is about something else is counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from clinical.measurement import Episode, Measurement, episode_from, sitting_instant
from fhir_mapping.chart_pile import OBSERVATION, Pile, StoredScore
from fhir_mapping.dialect import Dialect
from fhir_mapping.item_observations import SittingKey, measurements_from_items
from fhir_mapping.known_codes import known_codes
from fhir_mapping.r4.newest import newest_of_each
from fhir_mapping.r4.reading import Resource
from fhir_mapping.submission import Submission, measurement_from_submission, score_ids
from fhir_mapping.unread import Unread
from questionnaires.library import Library
from questionnaires.scoring import NotScored, Score


@dataclass(frozen=True, slots=True)
class ChartReading:
    """One patient's chart as far as it concerns us.

    Attributes:
        unread: resources that are ours, or might be, and could not be used.
        not_ours: readable resources that are simply about something else.
        withdrawn: resources of ours that somebody marked as entered in error.
    """

    episode: Episode
    unread: tuple[Unread, ...]
    not_ours: int
    withdrawn: int = 0


def chart_reading(
    resources: Iterable[Resource],
    *,
    patient: str,
    library: Library,
    dialect: Dialect,
    waiting: Sequence[Submission] = (),
    unread: Sequence[Unread] = (),
    base: str | None = None,
) -> ChartReading:
    """What the chart and our outbox know about this patient's course.

    Args:
        resources: of any type and in any order; the newest of each id counts.
        patient: logical id; resources of others are reported, not used.
        waiting: submissions that the EHR has not yet been seen to hold.
        unread: what could not be read even as FHIR, from the pages.
        base: the EHR's address, to recognise absolute references to other servers.
    """
    pile = Pile(known_codes(library), patient, base, dialect.default_language)
    for each in newest_of_each(resources):
        pile.sort_in(each)
    outbox = [
        each
        for each in waiting
        if each.patient == patient and str(each.id) not in pile.submissions
    ]
    _join_scores(pile, sent={str(each) for each in _sent_ids(outbox, library)})
    waits = [measurement_from_submission(each, library) for each in outbox]
    known = [*pile.responses.values(), *waits]
    items = measurements_from_items(
        pile.items,
        codes=pile.codes,
        default_language=dialect.default_language,
        known={_sitting(each) for each in known},
        responses=pile.responses.keys(),
    )
    found = (*unread, *pile.unread, *items.unread)
    return ChartReading(
        episode=episode_from([*known, *pile.scores, *items.measurements]),
        unread=tuple(sorted(found, key=_order)),
        not_ours=pile.not_ours + items.not_ours,
        withdrawn=pile.withdrawn,
    )


def _join_scores(pile: Pile, *, sent: set[str]) -> None:
    """Leaves in `pile.scores` only those that no response and no submission covers."""
    if not (pile.responses or pile.carers or sent):
        return
    by_sitting = {_sitting(each): key for key, each in sorted(pile.responses.items())}
    bare: list[Measurement] = []
    for own, holder in zip(pile.scores, pile.holders, strict=True):
        stored = StoredScore(own, holder)
        if stored.identifiers & sent:
            continue
        key = next((each for each in stored.responses if each in pile.responses), None)
        if key is None or pile.responses[key].instrument_id != own.instrument_id:
            name, _, instant = mine = _sitting(own)
            # A total rarely says who answered: a carer's is then a carer's too.
            key = by_sitting.get(mine) or by_sitting.get((name, "carer", instant))
        if key is None:
            carers = not pile.carers.isdisjoint(stored.responses)
            bare.append(replace(own, respondent="carer") if carers else own)
        else:
            pile.responses[key] = _joined(pile, stored, pile.responses[key])
    pile.scores = bare


def _sitting(measured: Measurement) -> SittingKey:
    """Two respondents who answer at the same instant are two sittings."""
    instant = sitting_instant(measured.authored)
    return (measured.instrument_id, measured.respondent, instant)


def _joined(pile: Pile, stored: StoredScore, response: Measurement) -> Measurement:
    """The response, with a stored score that its answers cannot give."""
    same = [each for each in response.scores if each.score_id == stored.score.score_id]
    if not same:
        # Answers of another version are not scored again; what was stored then counts.
        return replace(response, scores=(*response.scores, stored.score))
    if _value(same[0]) != _value(stored.score):
        name = stored.measurement.source.removeprefix(f"{OBSERVATION}/")
        pile.unread.append(Unread(OBSERVATION, name, stored.place, "disagrees"))
    return response


def _value(score: Score | NotScored) -> Decimal | None:
    return score.value if isinstance(score, Score) else None


def _sent_ids(outbox: Sequence[Submission], library: Library) -> Iterator[UUID]:
    for each in outbox:
        yield from score_ids(each, library.instrument(each.answers.instrument_id))


def _order(unread: Unread) -> tuple[str, str, str, str]:
    return (unread.resource_type, unread.resource_id, unread.place, unread.reason)
