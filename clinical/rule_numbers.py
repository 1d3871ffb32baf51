"""The numbers of the rules, each read from the plan file beside its source."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from questionnaires.instrument import Source
from questionnaires.table import Table


@dataclass(frozen=True, slots=True)
class RuleNumbers:
    """The site's numbers; none of them has a default."""

    # Progress
    band_from_session: int  # S3
    no_gain_sessions: int  # S4: sessions after intake
    plateau_readings: int  # S5
    plateau_part: Decimal  # S5: part of the rci, per session
    noisy_swings: int  # S7
    noisy_window: int  # S7: the last readings in which swings are counted
    goal_readings: int  # S8: readings in a row
    # Data quality
    stale_after_days: int  # "no recent measure"
    gap_days: int  # a gap worth a note
    identical_sittings: int  # sittings with all answers alike
    # Alliance
    baseline_least: int  # R2: the fewest first readings that make a baseline
    baseline_readings: int  # R2: the most first readings in the baseline
    drop_from_session: int  # R3
    watch_sd: Decimal  # R3
    strong_sd: Decimal  # R3
    sd_floor_of_range: Decimal  # R3 and R4: part of the score's range
    chart_from_session: int  # R4
    chart_sigmas: Decimal  # R4
    chart_run: int  # R4: ratings in a row on the worse side
    repaired_within: int  # R5 and R6: sessions
    flat_readings: int  # R7: highest ratings in a row
    # Both
    both_down_sessions: int  # R8
    missed_sessions: int  # D1: sessions before the missed visit that count
    worse_again_part: Decimal  # acknowledged card: part of the rci or, R3, of the SD
    # Several people
    pair_sessions: int  # couples: shared sessions over which the gap is looked at
    pair_part: Decimal  # couples: part of the reliable difference
    group_least: int  # groups: answers beside the own, or no mean is shown


def rule_numbers_from(table: Table) -> RuleNumbers:
    """The plan's `[rules]`.

    Raises:
        InstrumentFileError: a number is missing, has no source, or cannot be worked
            with; the reader of the plan turns it into its own error.
    """
    rules = RuleNumbers(
        band_from_session=_count(table, "band_from_session", least=2),
        no_gain_sessions=_count(table, "no_gain_sessions"),
        plateau_readings=_count(table, "plateau_readings", least=2),
        plateau_part=_part(table, "plateau_part"),
        noisy_swings=_count(table, "noisy_swings"),
        noisy_window=_count(table, "noisy_window", least=2),
        goal_readings=_count(table, "goal_readings"),
        stale_after_days=_count(table, "stale_after_days"),
        gap_days=_count(table, "gap_days"),
        identical_sittings=_count(table, "identical_sittings", least=2),
        baseline_least=_count(table, "baseline_least"),
        baseline_readings=_count(table, "baseline_readings"),
        drop_from_session=_count(table, "drop_from_session", least=3),
        watch_sd=_part(table, "watch_sd"),
        strong_sd=_part(table, "strong_sd"),
        sd_floor_of_range=_part(table, "sd_floor_of_range"),
        chart_from_session=_count(table, "chart_from_session", least=3),
        chart_sigmas=_part(table, "chart_sigmas"),
        chart_run=_count(table, "chart_run", least=2),
        repaired_within=_count(table, "repaired_within"),
        flat_readings=_count(table, "flat_readings", least=2),
        both_down_sessions=_count(table, "both_down_sessions"),
        missed_sessions=_count(table, "missed_sessions"),
        worse_again_part=_part(table, "worse_again_part"),
        pair_sessions=_count(table, "pair_sessions", least=2),
        pair_part=_part(table, "pair_part"),
        group_least=_count(table, "group_least", least=3),
    )
    table.finish()
    if rules.baseline_least > rules.baseline_readings:
        raise table.refuse("baseline_least", "must not exceed baseline_readings")
    if rules.watch_sd > rules.strong_sd:
        raise table.refuse("watch_sd", "must not exceed strong_sd")
    if rules.noisy_swings >= rules.noisy_window:
        raise table.refuse("noisy_swings", "must be fewer than noisy_window readings")
    return rules


def rule_sources_from(table: Table) -> Mapping[str, Source]:
    """Where each number of the plan's `[rules]` comes from, by its name."""
    return {each.name: table.table(each.name).source() for each in fields(RuleNumbers)}


def _count(table: Table, key: str, *, least: int = 1) -> int:
    """A whole number with its source; `least` is what the arithmetic can do with."""
    entry = table.table(key)
    value = entry.whole("value")
    if value < least:
        raise entry.refuse("value", f"must be at least {least}")
    entry.source()
    entry.finish()
    return value


def _part(table: Table, key: str) -> Decimal:
    entry = table.table(key)
    value = entry.number("value")
    if value <= 0:
        raise entry.refuse("value", "must be above zero")
    entry.source()
    entry.finish()
    return value
