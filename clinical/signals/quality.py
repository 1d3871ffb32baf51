"""What the data may not carry, and which rules it therefore keeps quiet.

A note silences S4 and S8, never S1 and S2: doubt may hold back a suggestion and a
reassurance, never a warning. The note itself is always shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from clinical.change import is_clinical, is_reliably_better
from clinical.measurement import Episode, Measurement
from clinical.plan import RuleNumbers
from clinical.signals.kinds import QualityNote, QualityReason, RuleId
from clinical.trajectory import (
    Reading,
    Trajectory,
    followed_score,
    sittings,
    trajectories,
)
from questionnaires.answers import Chosen
from questionnaires.instrument import Instrument

SILENCED_BY_DOUBT: tuple[RuleId, ...] = ("S4", "S8")


@dataclass(frozen=True, slots=True)
class _Case:
    """Everything a check looks at, for one instrument of the plan."""

    instrument: Instrument
    sittings: tuple[Measurement, ...]
    series: tuple[Trajectory, ...]
    readings: tuple[Reading, ...]  # of the current series
    rules: RuleNumbers
    today: date
    unread: int


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A check found something; `basis` says that a conclusion would rest on it."""

    basis: bool
    reading: Reading | None


def quality_notes(
    episode: Episode,
    instrument: Instrument,
    rules: RuleNumbers,
    *,
    today: date,
    unread: int,
) -> tuple[QualityNote, ...]:
    """Each doubt about this instrument's data once, in the order of the checks.

    Args:
        episode: all measurements.
        instrument: one of the plan's instruments.
        rules: the plan's numbers.
        today: for the age of the latest reading.
        unread: entries of the chart that could not be read; any of them could be a
            measurement of this instrument.
    """
    series = trajectories(episode, instrument)
    case = _Case(
        instrument=instrument,
        sittings=sittings(episode, instrument),
        series=series,
        readings=series[-1].readings if series else (),
        rules=rules,
        today=today,
        unread=unread,
    )
    notes: list[QualityNote] = []
    for reason, check in CHECKS.items():
        doubt = check(case)
        if doubt is not None:
            silences = doubt.basis and instrument.construct == "outcome"
            notes.append(
                QualityNote(
                    instrument_id=instrument.id,
                    reason=reason,
                    silences=SILENCED_BY_DOUBT if silences else (),
                    reading=doubt.reading,
                )
            )
    return tuple(notes)


def _prorated(case: _Case) -> _Doubt | None:
    """A score made of fewer answers, where a conclusion rests on it.

    That is the intake, the latest readings, and each reading that counts as a gain.
    """
    if not case.readings:
        return None
    intake = case.readings[0]
    recent = case.readings[-case.rules.goal_readings :]
    resting = [
        each
        for each in case.readings
        if each.prorated
        and (each is intake or each in recent or _counts_as_gain(case, each))
    ]
    return _Doubt(basis=True, reading=resting[-1]) if resting else None


def _counts_as_gain(case: _Case, reading: Reading) -> bool:
    if case.instrument.reliable_change is None:
        return False
    intake = case.readings[0]
    return is_reliably_better(case.instrument, intake.value, reading.value)


def _not_scored(case: _Case) -> _Doubt | None:
    """A sitting without score; a conclusion rests on it at either end of the course."""
    without = [
        each for each in case.sittings if followed_score(each, case.instrument) is None
    ]
    if not without:
        return None
    if not case.readings:
        return _Doubt(basis=True, reading=None)
    recent = case.readings[-case.rules.goal_readings :]
    basis = (
        without[0].authored <= case.readings[0].authored
        or without[-1].authored >= recent[0].authored
    )
    return _Doubt(basis=basis, reading=None)


def _identical_answers(case: _Case) -> _Doubt | None:
    """The last sittings were answered alike, item for item."""
    if case.instrument.construct != "outcome" or not case.readings:
        return None  # the same rating of the alliance each time is common and no doubt
    last = case.sittings[-case.rules.identical_sittings :]
    if len(last) < case.rules.identical_sittings:
        return None
    patterns = [_scored_points(case.instrument, each) for each in last]
    if patterns[0] and all(each == patterns[0] for each in patterns):
        return _Doubt(basis=True, reading=case.readings[-1])
    return None


def _scored_points(
    instrument: Instrument, sitting: Measurement
) -> Mapping[str, Decimal] | None:
    if sitting.answers is None:
        return None
    given = sitting.answers.given
    points: dict[str, Decimal] = {}
    for link_id in instrument.total.link_ids:
        answer = given.get(link_id)
        if isinstance(answer, Chosen):
            points[link_id] = answer.points
    return points


def _no_recent_measure(case: _Case) -> _Doubt | None:
    if not case.readings:
        return None
    latest = case.readings[-1]
    age = (case.today - latest.on).days
    if age <= case.rules.stale_after_days:
        return None
    return _Doubt(basis=True, reading=latest)


def _long_gap(case: _Case) -> _Doubt | None:
    """The last gap of the course; it counts while it lies in the window of S4."""
    window = case.readings[-(1 + case.rules.no_gain_sessions) :]
    pairs = zip(case.readings, case.readings[1:], strict=False)
    after = [
        later
        for earlier, later in pairs
        if (later.on - earlier.on).days > case.rules.gap_days
    ]
    if not after:
        return None
    return _Doubt(basis=after[-1] in window[1:], reading=after[-1])


def _started_outside_clinical_range(case: _Case) -> _Doubt | None:
    """Maintenance: there is no way to the other side of the cut-off; S2 only."""
    if case.instrument.cutoff is None or not case.readings:
        return None
    intake = case.readings[0]
    if is_clinical(case.instrument, intake.value):
        return None
    return _Doubt(basis=True, reading=intake)


def _series_changed(case: _Case) -> _Doubt | None:
    """Another version or language began; what was before is another trajectory."""
    if len(case.series) < 2:
        return None
    return _Doubt(basis=True, reading=case.readings[0])


def _unread_entries(case: _Case) -> _Doubt | None:
    return _Doubt(basis=True, reading=None) if case.unread else None


CHECKS: Mapping[QualityReason, Callable[[_Case], _Doubt | None]] = {
    "not_scored": _not_scored,
    "prorated": _prorated,
    "identical_answers": _identical_answers,
    "no_recent_measure": _no_recent_measure,
    "long_gap": _long_gap,
    "started_outside_clinical_range": _started_outside_clinical_range,
    "series_changed": _series_changed,
    "unread_entries": _unread_entries,
}


def silenced_rules(notes: Sequence[QualityNote]) -> frozenset[RuleId]:
    """The rules that at least one note keeps quiet."""
    return frozenset(rule for note in notes for rule in note.silences)
