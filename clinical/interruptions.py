"""Which signals may interrupt a person now. At most two, and never the same twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Literal, assert_never, get_args

from clinical.forecast import CannotTellYet, NotOnTrack, OnTrack, Outlook
from clinical.plan import MeasurementPlan
from clinical.signals.evidence import cause_of, data_hash_of, level_of
from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    AllianceUnrepaired,
    BelowOwnBaseline,
    BelowOwnLimits,
    BelowSiteCutoff,
    BothDown,
    FlatAtMaximum,
    LargeGain,
    MissedWhileDown,
    NoisyProfile,
    NoReliableGain,
    OutsideBand,
    Plateau,
    ReachedGoal,
    ReliablyWorse,
    SafetyAnswer,
    SafetyBlank,
    SpeakingSignal,
)
from clinical.signals.order import place_of, priority, said_already
from clinical.signals.read import SignalReport
from questionnaires.instrument import Instrument

# Of an outcome, and milder than S2.
MILDER = (NoReliableGain, Plateau, LargeGain, NoisyProfile, ReachedGoal)
Heading = Literal["on_track", "not_on_track", "cannot_tell_yet"]
# Why a signal may be set aside, on its card or on the page; S1 has reasons of its own.
SetAsideReason = Literal[
    "already-discussed",
    "expected-dip",
    "measure-does-not-fit",
    "external-event",
    "plan-already-changed",
    "patient-refuses",
]
SET_ASIDE_REASONS: tuple[SetAsideReason, ...] = get_args(SetAsideReason)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody answered a card.

    Attributes:
        cause: of the interruption that was answered.
        level: its level then; with it we know what "worse since" means.
        on: when it was answered, with offset.
    """

    cause: str
    level: Decimal
    on: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A card that was shown, answered or not.

    `encounter` is any name for the occasion; where the EHR gives no encounter the
    caller names another one, such as the day.
    """

    cause: str
    data_hash: str
    encounter: str


@dataclass(frozen=True, slots=True)
class Interruption:
    """A signal that may be shown to a person now.

    Attributes:
        cause: stable name of what it is about ("S2|phq-9"); with S1 it names the
            sitting, so that every new response is a new cause.
        data_hash: SHA-256 (hex) over the evidence: which readings, when, how much. It
            does not change when a response moves from our outbox into the record.
        level: how things stand, in score points; lower is worse.
    """

    signal: SpeakingSignal
    cause: str
    data_hash: str
    level: Decimal


def interruptions(
    report: SignalReport,
    plan: MeasurementPlan,
    *,
    acknowledged: Sequence[Acknowledgement],
    shown: Sequence[Shown],
    encounter: str,
) -> tuple[Interruption, ...]:
    """At most one safety card and one about progress or alliance, safety first.

    R2 and R7 never interrupt: any drop below the own baseline is information, and where
    it is more than that, R3 speaks; the highest rating is an invitation and no event.
    What another signal says more clearly gets no card of its own. An acknowledged card
    stays silent until its signal has cleared and come back, or until things are worse
    by the part that the plan names. Where the plan sets a share of false alarms, S2 and
    S3 of a course that is on track stay on the page; but where a milder card of this
    course is due, S2 comes in its place: no card understates what is reliable. Nothing
    with a lower priority takes the place of a card that was already shown; only one
    safety answer follows another.
    """
    if not plan.decision_support:
        return ()
    waiting = _waiting(report, plan, acknowledged=acknowledged)
    safety = [each for each in waiting if _is_safety(each.signal)]
    others = [each for each in waiting if not _is_safety(each.signal)]
    if plan.repeat == "once_per_encounter":
        safety = _not_shown(safety, shown, encounter=encounter)
        others = _not_shown(others[:1], shown, encounter=encounter)
    return (*safety[:1], *others[:1])


def may_interrupt(signal: SpeakingSignal, plan: MeasurementPlan) -> bool:
    """Whether this kind of signal may ever interrupt at this site.

    Numbers from a secondary source inform, but interrupt only once the site's
    clinical lead has accepted the instrument's numbers by name and date. A safety
    answer waits for no acceptance.
    """
    match signal:
        case SafetyAnswer() | SafetyBlank():
            return True
        case BelowOwnBaseline() | FlatAtMaximum():
            return False
        case (
            ReliablyWorse()
            | OutsideBand()
            | NoReliableGain()
            | LargeGain()
            | NoisyProfile()
            | ReachedGoal()
            | BelowSiteCutoff()
        ):
            return _numbers_may_interrupt(signal.instrument_id, plan)
        case Plateau():
            # Without a gain before it, the plan review says it, and says more.
            return signal.after_gain and _numbers_may_interrupt(
                signal.instrument_id, plan
            )
        case BothDown():
            return may_interrupt(signal.outcome, plan)
        case MissedWhileDown():
            return any(
                isinstance(each, BelowOwnBaseline) or may_interrupt(each, plan)
                for each in signal.because
            )
        case (
            AllianceDrop()
            | BelowOwnLimits()
            | AllianceRepaired()
            | AllianceUnrepaired()
        ):
            return True
        case _:
            assert_never(signal)


def heading_of(signal: SpeakingSignal, report: SignalReport) -> Heading | None:
    """Where the course of S2 or S3 was heading, in a word: the forecast stays here.

    None where the site sets no share of false alarms, and for all other signals, which
    do not wait for one.
    """
    match _outlook(signal, report):
        case None:
            return None
        case OnTrack():
            return "on_track"
        case NotOnTrack():
            return "not_on_track"
        case CannotTellYet():
            return "cannot_tell_yet"
        case other:
            assert_never(other)


def interruption_of(
    signal: SpeakingSignal, report: SignalReport, *, instrument: Instrument
) -> Interruption:
    """The signal with its cause, hash and level; whether it may be shown is not asked.

    Args:
        signal: one that speaks in this report.
        report: knows since when the signal has been on.
        instrument: the one the signal is about.
    """
    cause = cause_of(signal, since=report.since[signal])
    return Interruption(
        signal=signal,
        cause=cause,
        data_hash=data_hash_of(signal, cause=cause),
        level=level_of(signal, instrument),
    )


def may_be_set_aside(
    report: SignalReport, plan: MeasurementPlan
) -> tuple[Interruption, ...]:
    """What gets a card about progress or alliance sooner or later, answered or not.

    Never S1: a safety answer is seen by a named person, and each new response raises
    it again.
    """
    if not plan.decision_support:
        return ()
    return tuple(
        each
        for each in _waiting(report, plan, acknowledged=())
        if not _is_safety(each.signal)
    )


def answer_to(
    candidate: Interruption,
    report: SignalReport,
    plan: MeasurementPlan,
    *,
    acknowledged: Sequence[Acknowledgement],
) -> Acknowledgement | None:
    """The answer that keeps it silent; None if there is none, or things are new."""
    of_this = [each for each in acknowledged if each.cause == candidate.cause]
    if not of_this:
        return None
    last = max(of_this, key=lambda each: each.on)
    if report.since[candidate.signal] > last.on:
        return None  # it had cleared, and this is another time
    step = _step(candidate.signal, plan)
    if step is not None and candidate.level <= last.level - step:
        return None
    return last


def _waiting(
    report: SignalReport,
    plan: MeasurementPlan,
    *,
    acknowledged: Sequence[Acknowledgement],
) -> list[Interruption]:
    """What could interrupt and nobody has answered for, in the order of priority.

    Beside S2 that stays on the page, "no reliable gain" or a gain since last time would
    understate; such a card costs no more attention if it says that it is worse.
    """

    def unanswered(signals: Sequence[SpeakingSignal]) -> list[Interruption]:
        return [
            each
            for each in _candidates(signals, report, plan)
            if answer_to(each, report, plan, acknowledged=acknowledged) is None
        ]

    allowed = [each for each in report.speaking if may_interrupt(each, plan)]
    told = [each for each in allowed if not _stays_on_the_page(each, report)]
    waiting = unanswered(told)
    due = {
        (each.signal.instrument_id, each.signal.respondent)
        for each in waiting
        if isinstance(each.signal, MILDER)
    }
    instead = [
        each
        for each in allowed
        if isinstance(each, ReliablyWorse)
        and (each.instrument_id, each.respondent) in due
    ]
    if not instead:
        return waiting
    return unanswered([each for each in allowed if each in told or each in instead])


def _candidates(
    allowed: Sequence[SpeakingSignal], report: SignalReport, plan: MeasurementPlan
) -> Iterator[Interruption]:
    """In the order of the report, which is the order of priority."""
    said = said_already(allowed)
    for signal in _ranked(allowed, report):
        instrument = plan.instrument(signal.instrument_id)
        if instrument is not None and place_of(signal) not in said:
            yield interruption_of(signal, report, instrument=instrument)


def _stays_on_the_page(signal: SpeakingSignal, report: SignalReport) -> bool:
    """Whether the site's false alarms keep S2 or S3, as they stand, from interrupting.

    They are signals all the same, and shown to whoever opens the page. Where nobody can
    tell where the course is heading, they interrupt as without such a share.
    """
    return isinstance(_outlook(signal, report), OnTrack)


def _ranked(
    signals: Sequence[SpeakingSignal], report: SignalReport
) -> Iterator[SpeakingSignal]:
    """Of one priority, the course with the worse forecast first.

    Only among those that have one; all others keep the place that the plan gives them.
    """

    def chance(signal: SpeakingSignal) -> float | None:
        found = _outlook(signal, report)
        if found is None or isinstance(found, CannotTellYet):
            return None
        return found.forecast.reliably_worse

    for _, group in groupby(signals, key=priority):
        places = list(group)
        known = [(at, each) for each in places if (at := chance(each)) is not None]
        known.sort(key=lambda each: -each[0])
        best = iter(known)
        for each in places:
            yield each if chance(each) is None else next(best)[1]


def _outlook(signal: SpeakingSignal, report: SignalReport) -> Outlook | None:
    """Of S2 and S3, which say that a course may end badly; no other signal waits."""
    if not isinstance(signal, ReliablyWorse | OutsideBand):
        return None
    return report.outlooks.get((signal.instrument_id, signal.respondent))


def _not_shown(
    candidates: Sequence[Interruption], shown: Sequence[Shown], *, encounter: str
) -> list[Interruption]:
    """Those whose evidence is new on this occasion."""
    return [
        each
        for each in candidates
        if Shown(each.cause, each.data_hash, encounter) not in shown
    ]


def _step(signal: SpeakingSignal, plan: MeasurementPlan) -> Decimal | None:
    """Score points by which things must be worse to be raised again; None is never."""
    part = plan.rules.worse_again_part
    match signal:
        case ReliablyWorse() | NoReliableGain():
            return signal.rci * part
        case OutsideBand():
            # Without a reliable change, the distance from the curve to the line.
            width = abs(signal.line - signal.expected)
            return (signal.rci if signal.rci is not None else width) * part
        case AllianceDrop() | AllianceUnrepaired():
            return signal.sd * part
        case BelowOwnLimits():
            return signal.sigma * part
        case BothDown():
            return _step(signal.outcome, plan)
        case SafetyAnswer() | SafetyBlank() | LargeGain() | MissedWhileDown():
            return None  # a new response, step or visit is a new cause or a new time
        case (
            Plateau()
            | NoisyProfile()
            | ReachedGoal()
            | BelowSiteCutoff()
            | BelowOwnBaseline()
            | AllianceRepaired()
            | FlatAtMaximum()
        ):
            return None
        case _:
            assert_never(signal)


def _is_safety(signal: SpeakingSignal) -> bool:
    return isinstance(signal, SafetyAnswer | SafetyBlank)


def _numbers_may_interrupt(instrument_id: str, plan: MeasurementPlan) -> bool:
    instrument = plan.instrument(instrument_id)
    if instrument is None:
        return False
    return instrument_id in plan.acceptances or not _rests_on_secondary(instrument)


def _rests_on_secondary(instrument: Instrument) -> bool:
    numbers = (instrument.reliable_change, instrument.cutoff)
    return any(
        each is not None and each.source.evidence == "secondary" for each in numbers
    )
