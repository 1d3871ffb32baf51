"""The inputs of one signal: what `read_signals` needs to raise it again, no more.

Of answers only those are kept that the rule itself reads: the one item of a safety
card, the lines of R1. All other rules read scores.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from clinical.attendance import Visit
from clinical.interruptions import Interruption, interruption_of
from clinical.measurement import Episode, Measurement, Respondent
from clinical.norms.pack import NormPack
from clinical.plan import MeasurementPlan
from clinical.signals.band import NormKey
from clinical.signals.evidence import norm_hash_of
from clinical.signals.kinds import (
    BelowSiteCutoff,
    BothDown,
    MissedWhileDown,
    NoReliableGain,
    SafetyAnswer,
    SafetyBlank,
    SpeakingSignal,
)
from clinical.signals.read import read_signals
from clinical.trajectory import followed_score
from questionnaires.answers import Answers, Chosen
from questionnaires.instrument import Instrument
from questionnaires.scoring import Score

_READS_ANSWERS = (SafetyAnswer, SafetyBlank, BelowSiteCutoff)
Json = Any  # what `json.loads` gives


@dataclass(frozen=True, slots=True)
class NamedNorm:
    """The pack that a signal was compared with: its name with version, its SHA-256."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a signal rested on.

    Attributes:
        sittings: of the respondent and the instruments it rests on (D1: all that are
            followed), oldest first, with the followed score alone, and only those
            answers that the rule reads.
        today: the day on which the chart was opened.
        unread: entries of the chart that could not be read.
        plan_reviews: days on which the plan was reviewed; only S4 looks at them.
        norms: the packs that the signal was compared with.
        visit: the missed one of D1.
    """

    sittings: tuple[Measurement, ...]
    today: date
    unread: int
    plan_reviews: tuple[date, ...]
    norms: tuple[NamedNorm, ...]
    visit: Visit | None = None


def inputs_json(
    signal: SpeakingSignal,
    episode: Episode,
    plan: MeasurementPlan,
    *,
    since: datetime,
    today: date,
    unread: int,
    plan_reviews: Sequence[date],
    packs: Sequence[NormPack],
) -> Json:
    """The inputs of this signal, short.

    Written on the way to a card, so column by column: what all sittings have in one
    list each, what few have by their place.

    Args:
        episode: in which the signal speaks.
        since: from when on it has been on.
        packs: the norms that were at hand.
    """
    series = _series_of(signal, plan)
    sittings = [
        each
        for each in episode.measurements
        if (each.instrument_id, each.respondent) in series
    ]
    instruments = {each.id: each for each in plan.forms}
    scores = [
        followed_score(each, instruments[each.instrument_id]) for each in sittings
    ]
    forms: dict[tuple[object, ...], int] = {}
    hashes = {norm_hash_of(each) for each in _parts(signal)}
    of_plan = plan_reviews if isinstance(signal, NoReliableGain) else ()
    return {
        "form": [
            forms.setdefault(
                (
                    each.instrument_id,
                    each.instrument_version,
                    each.language,
                    each.respondent,
                    each.mode,
                    each.in_record,
                ),
                len(forms),
            )
            for each in sittings
        ],
        "forms": [list(each) for each in forms],
        "at": [each.authored.isoformat() for each in sittings],
        "score": [each and str(each.value) for each in scores],
        "source": [each.source for each in sittings],
        "missing": {
            str(at): each.missing
            for at, each in enumerate(scores)
            if each is not None and each.missing
        },
        "answers": _answers_read(signal, sittings, plan, since=since),
        "today": today.isoformat(),
        "unread": unread,
        "plan_reviews": [each.isoformat() for each in of_plan],
        "norms": [
            [each.curve.sample.pack_id, each.hash]
            for each in packs
            if each.hash in hashes
        ],
        "visit": [signal.visit.at.isoformat(), signal.visit.status]
        if isinstance(signal, MissedWhileDown)
        else None,
    }


def inputs_from_json(told: Json, plan: MeasurementPlan) -> Inputs:
    """The way back, with the plan by which it was written."""
    visit = told["visit"]
    return Inputs(
        sittings=tuple(_sitting(told, at, plan) for at in range(len(told["at"]))),
        today=date.fromisoformat(told["today"]),
        unread=told["unread"],
        plan_reviews=tuple(date.fromisoformat(each) for each in told["plan_reviews"]),
        norms=tuple(NamedNorm(name, sha256=found) for name, found in told["norms"]),
        visit=visit and Visit(datetime.fromisoformat(visit[0]), visit[1]),
    )


def raised_again(
    inputs: Inputs, plan: MeasurementPlan, *, cause: str, packs: Sequence[NormPack]
) -> Interruption | None:
    """What the rules of production say of these inputs about this cause.

    Args:
        plan: that of then, or today's.
        packs: those at hand; of them the very ones that were used then are taken, and
            never another version of one.

    Returns:
        None if nothing with this cause speaks.
    """
    report = read_signals(
        Episode(inputs.sittings),
        plan,
        today=inputs.today,
        unread=inputs.unread,
        norms={
            _key_of(each): each.curve
            for each in packs
            if each.hash in {named.sha256 for named in inputs.norms}
        },
        visits=None if inputs.visit is None else (inputs.visit,),
        plan_reviews=inputs.plan_reviews,
    )
    for signal in report.speaking:
        instrument = plan.instrument(signal.instrument_id)
        if instrument is None:
            continue
        found = interruption_of(signal, report, instrument=instrument)
        if found.cause == cause:
            return found
    return None


def _series_of(
    signal: SpeakingSignal, plan: MeasurementPlan
) -> set[tuple[str, Respondent]]:
    """Those whose sittings the rule reads; D1 reads the days of all followed."""
    found = {(each.instrument_id, each.respondent) for each in _parts(signal)}
    if isinstance(signal, MissedWhileDown):
        respondents = {respondent for _, respondent in found}
        found |= {(each.id, who) for each in plan.instruments for who in respondents}
    return found


def _parts(signal: SpeakingSignal) -> tuple[SpeakingSignal, ...]:
    """The signals that it rests on; itself if it rests on none."""
    match signal:
        case BothDown():
            return (signal.outcome, signal.alliance)
        case MissedWhileDown():
            return signal.because
        case _:
            return (signal,)


def _answers_read(
    signal: SpeakingSignal,
    sittings: Sequence[Measurement],
    plan: MeasurementPlan,
    *,
    since: datetime,
) -> Mapping[str, Mapping[str, str]]:
    """Place of the sitting -> link id -> points of the answers that the rule reads."""
    instrument = plan.instrument(signal.instrument_id)
    if instrument is None or not isinstance(signal, _READS_ANSWERS):
        return {}
    kept = (
        instrument.total.link_ids
        if isinstance(signal, BelowSiteCutoff)
        else tuple(_with_gate(instrument, signal.link_id))
    )
    return {
        str(at): {
            link_id: str(answer.points)
            for link_id, answer in each.answers.given.items()
            # Points alone: what somebody wrote is never kept.
            if link_id in kept and isinstance(answer, Chosen)
        }
        for at, each in enumerate(sittings)
        if each.authored >= since and each.answers is not None
    }


def _with_gate(instrument: Instrument, link_id: str) -> Iterator[str]:
    """The item, and the one on whose answer it depends whether it is asked."""
    yield link_id
    item = instrument.item(link_id)
    if item.ask_if is not None:
        yield item.ask_if.link_id


def _sitting(told: Json, at: int, plan: MeasurementPlan) -> Measurement:
    form = told["forms"][told["form"][at]]
    instrument_id, version, language, respondent, mode, in_record = form
    instrument = plan.instrument(instrument_id)
    assert instrument is not None  # it was written with this plan
    value, given = told["score"][at], told["answers"].get(str(at))
    scores: tuple[Score, ...] = ()
    if value is not None:
        missing = tuple(told["missing"].get(str(at), ()))
        rule = instrument.total.id
        scores = (Score(instrument_id, rule, Decimal(value), missing=missing),)
    return Measurement(
        instrument_id=instrument_id,
        instrument_version=version,
        language=language,
        authored=datetime.fromisoformat(told["at"][at]),
        scores=scores,
        answers=None if given is None else _answers(given, form),
        source=told["source"][at],
        in_record=in_record,
        respondent=respondent,
        mode=mode,
    )


def _answers(given: Mapping[str, str], form: Json) -> Answers:
    """Sealed by us after they were found among what the form offers."""
    points = {link_id: Chosen(Decimal(each)) for link_id, each in given.items()}
    return Answers(form[0], form[1], form[2], MappingProxyType(points))


def _key_of(pack: NormPack) -> NormKey:
    key = pack.key
    return NormKey(
        key.instrument_id, key.instrument_version, key.language, key.respondent
    )
