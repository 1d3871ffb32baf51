"""The numbers that decided whether a signal speaks, each with its source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clinical.plan import MeasurementPlan
from clinical.signals.evidence import rule_of
from clinical.signals.kinds import (
    BothDown,
    MissedWhileDown,
    RuleId,
    SafetyAnswer,
    SafetyBlank,
    SpeakingSignal,
)
from questionnaires.instrument import Instrument, Source, TextItem

# Names as in `RuleNumbers`; the comments there say the same.
_OF_PLAN: Mapping[RuleId, tuple[str, ...]] = {
    "S1": (),
    "S2": (),
    "S3": ("band_from_session",),
    "S4": ("no_gain_sessions",),
    "S5": ("plateau_readings", "plateau_part"),
    "S6": (),
    "S7": ("noisy_swings", "noisy_window"),
    "S8": ("goal_readings",),
    "R1": (),
    "R2": ("baseline_least", "baseline_readings"),
    "R3": ("drop_from_session", "watch_sd", "strong_sd", "sd_floor_of_range"),
    "R4": ("chart_from_session", "chart_sigmas", "chart_run", "sd_floor_of_range"),
    "R5": ("drop_from_session", "watch_sd", "sd_floor_of_range", "repaired_within"),
    "R6": ("drop_from_session", "watch_sd", "sd_floor_of_range", "repaired_within"),
    "R7": ("flat_readings",),
    "R8": ("both_down_sessions",),
    "D1": ("missed_sessions",),
}
_BY_CHANGE: tuple[RuleId, ...] = ("S2", "S4", "S5", "S6", "S7", "S8")
# Whoever starts on the other side of the cut-off is only watched by S2.
_BY_CUTOFF: tuple[RuleId, ...] = ("S3", "S4", "S5", "S6", "S7", "S8", "R1")
_BY_SPREAD: tuple[RuleId, ...] = ("R3", "R4", "R5", "R6")
_BY_RANGE: tuple[RuleId, ...] = (*_BY_SPREAD, "R7")


@dataclass(frozen=True, slots=True)
class Number:
    """One number of the plan or of an instrument.

    Attributes:
        name: as its file calls it ("rules.no_gain_sessions", "phq-9.cutoff").
        value: in plain digits, with its operator where it has one.
    """

    name: str
    value: str
    source: Source


@dataclass(frozen=True, slots=True)
class Changed:
    """A number that is another one today; None is "there is none"."""

    name: str
    then: str | None
    now: str | None


def numbers_of(signal: SpeakingSignal, plan: MeasurementPlan) -> tuple[Number, ...]:
    """Each number once, those of the plan first."""
    found = {each.name: each for each in _numbers(signal, plan)}
    return tuple(sorted(found.values(), key=lambda each: _is_instruments(each.name)))


def changed_numbers(
    signal: SpeakingSignal, then: MeasurementPlan, now: MeasurementPlan
) -> tuple[Changed, ...]:
    """Which of the numbers that decided are others in today's plan."""
    before = {each.name: each.value for each in numbers_of(signal, then)}
    today = {each.name: each.value for each in numbers_of(signal, now)}
    return tuple(
        Changed(name, before.get(name), today.get(name))
        for name in dict.fromkeys((*before, *today))
        if before.get(name) != today.get(name)
    )


def _is_instruments(name: str) -> bool:
    return not name.startswith("rules.")


def _numbers(signal: SpeakingSignal, plan: MeasurementPlan) -> Iterator[Number]:
    match signal:
        case BothDown():
            parts: tuple[SpeakingSignal, ...] = (signal.outcome, signal.alliance)
        case MissedWhileDown():
            parts = signal.because
        case _:
            parts = ()
    rule = rule_of(signal)
    for name in _OF_PLAN[rule]:
        value = str(getattr(plan.rules, name))
        yield Number(f"rules.{name}", value, plan.rule_sources[name])
    instrument = plan.instrument(signal.instrument_id)
    if instrument is not None and not parts:
        yield from _of_instrument(signal, instrument, plan, rule=rule)
    for part in parts:
        yield from _numbers(part, plan)


def _of_instrument(
    signal: SpeakingSignal,
    instrument: Instrument,
    plan: MeasurementPlan,
    *,
    rule: RuleId,
) -> Iterator[Number]:
    name, change, cutoff = instrument.id, instrument.reliable_change, instrument.cutoff
    if isinstance(signal, SafetyAnswer | SafetyBlank):
        item = instrument.item(signal.link_id)
        if not isinstance(item, TextItem) and item.safety is not None:
            least = item.safety.at_least
            yield Number(
                f"{name}.items.{signal.link_id}", f">= {least}", item.safety.source
            )
    if rule in _BY_CHANGE and change is not None:
        value = f"{change.operator} {change.value}"
        yield Number(f"{name}.reliable_change", value, change.source)
    if rule in _BY_CUTOFF and cutoff is not None:
        value = f"{cutoff.operator} {cutoff.value}"
        yield Number(f"{name}.cutoff", value, cutoff.source)
    line = plan.low_lines.get(name) if rule == "R1" else None
    if line is not None:
        yield Number(f"low_lines.{name}", f"{line.operator} {line.value}", line.source)
    spread = plan.sample_sds.get(name) if rule in _BY_SPREAD else None
    if spread is not None:
        yield Number(f"sample_sds.{name}", str(spread.value), spread.source)
    if rule in _BY_RANGE:
        total = instrument.total
        yield Number(f"{name}.range", f"{total.low} to {total.high}", total.source)
