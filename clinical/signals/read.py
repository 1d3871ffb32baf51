"""From an episode to everything the rules say about it. The one path there is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import assert_never

from clinical.measurement import Episode, Measurement
from clinical.plan import MeasurementPlan
from clinical.safety import SafetyAnswer, SafetyBlank, safety_findings
from clinical.signals.alliance import alliance_findings
from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    BelowOwnBaseline,
    CannotTellYet,
    NoReliableGain,
    QualityNote,
    ReachedGoal,
    ReliablyWorse,
    Signal,
    SpeakingSignal,
)
from clinical.signals.progress import progress_findings
from clinical.signals.quality import quality_notes, silenced_rules
from clinical.signals.raised import Finding, Raised
from clinical.trajectory import Reading, sittings, trajectories
from questionnaires.instrument import Instrument


@dataclass(frozen=True, slots=True)
class SignalReport:
    """What the rules say, most urgent first.

    Attributes:
        signals: speaking signals by priority (S1 first), then quality notes, then the
            rules that cannot tell yet. No speaking signal is not "on track": it is
            nothing to report, within what the notes and silent rules leave open.
        since: for each speaking signal, when the reading was made from which it has
            been on without a break.
    """

    signals: tuple[Signal, ...]
    since: Mapping[SpeakingSignal, datetime]

    @property
    def speaking(self) -> tuple[SpeakingSignal, ...]:
        return tuple(
            each
            for each in self.signals
            if not isinstance(each, QualityNote | CannotTellYet)
        )


def read_signals(
    episode: Episode, plan: MeasurementPlan, *, today: date, unread: int
) -> SignalReport:
    """Everything the rules say about this episode, for the plan's instruments.

    Args:
        episode: measurements in order, each once.
        plan: which instruments and rules; where it only records (`decision_support`
            off), safety answers are still shown and no other rule is read.
        today: for the age of the latest reading.
        unread: entries of the chart that could not be read.
    """
    raised: list[Raised] = []
    notes: list[QualityNote] = []
    silent: list[CannotTellYet] = []
    for instrument in plan.instruments:
        raised.extend(_safety(episode, instrument))
        if not plan.decision_support:
            continue
        of_this = quality_notes(
            episode, instrument, plan.rules, today=today, unread=unread
        )
        notes.extend(of_this)
        for finding in _findings(episode, instrument, plan, notes=of_this):
            if isinstance(finding, Raised):
                raised.append(finding)
            else:
                silent.append(finding)
    raised.sort(key=lambda each: priority(each.signal))  # stable: then plan order
    return SignalReport(
        signals=(*(each.signal for each in raised), *notes, *silent),
        since={each.signal: each.since for each in raised},
    )


def priority(signal: SpeakingSignal) -> int:
    """Place in the order in which people should see signals; 0 is first."""
    match signal:
        case SafetyAnswer(urgency="full"):
            return 0
        case SafetyAnswer():
            return 1
        case SafetyBlank():
            return 2
        case ReliablyWorse():
            return 3
        case AllianceDrop(level="strong"):
            return 4
        case NoReliableGain():
            return 5
        case AllianceDrop():
            return 6
        case BelowOwnBaseline():
            return 7
        case ReachedGoal():
            return 8
        case AllianceRepaired():
            return 9
        case _:
            assert_never(signal)


def _findings(
    episode: Episode,
    instrument: Instrument,
    plan: MeasurementPlan,
    *,
    notes: tuple[QualityNote, ...],
) -> tuple[Finding, ...]:
    series = trajectories(episode, instrument)
    current = series[-1] if series else None
    if instrument.construct == "alliance":
        return alliance_findings(instrument, current, plan.rules)
    return progress_findings(
        instrument, current, plan.rules, silenced=silenced_rules(notes)
    )


def _safety(episode: Episode, instrument: Instrument) -> tuple[Raised, ...]:
    """S1 for each safety item: its last answers, and a blank in the last sitting.

    A blank does not clear an earlier answer. All sittings of the day of the last
    answer count, so that filling in the form again hides nothing.
    """
    answered = [
        each for each in sittings(episode, instrument) if each.answers is not None
    ]
    found: list[Raised] = []
    done: dict[str, date] = {}  # link id -> day of its last answer
    for sitting in reversed(answered):
        findings = _findings_of(sitting, instrument)
        blanks = {
            each.link_id: each for each in findings if isinstance(each, SafetyBlank)
        }
        positive = {
            each.link_id: each for each in findings if isinstance(each, SafetyAnswer)
        }
        for link_id in _safety_items(instrument):
            if link_id in blanks:
                if sitting is answered[-1]:
                    found.append(Raised(blanks[link_id], sitting.authored))
                continue
            day = done.setdefault(link_id, sitting.authored.date())
            if day == sitting.authored.date() and link_id in positive:
                signal = replace(
                    positive[link_id], reading=_reading_of(episode, instrument, sitting)
                )
                found.append(Raised(signal, sitting.authored))
    return tuple(found)


def _findings_of(
    sitting: Measurement, instrument: Instrument
) -> tuple[SafetyAnswer | SafetyBlank, ...]:
    if sitting.answers is None:
        return ()
    return safety_findings(
        instrument,
        sitting.answers,
        authored_on=sitting.authored.date().isoformat(),
        source=sitting.source,
    )


def _safety_items(instrument: Instrument) -> tuple[str, ...]:
    return tuple(
        item.link_id
        for item in instrument.items
        if getattr(item, "safety", None) is not None
    )


def _reading_of(
    episode: Episode, instrument: Instrument, sitting: Measurement
) -> Reading | None:
    for series in trajectories(episode, instrument):
        for reading in series.readings:
            if (
                reading.source == sitting.source
                and reading.authored == sitting.authored
            ):
                return reading
    return None
