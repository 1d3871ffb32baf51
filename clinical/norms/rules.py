"""From how many people what kind of norm may be made, read beside the sources."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from questionnaires.table import Table, table_from_toml

RULES_FILE = Path(__file__).parent / "rules.toml"


@dataclass(frozen=True, slots=True)
class NormRules:
    """Numbers of people, and shares of them inside a band; see `rules.toml`."""

    persons_for_any: int
    persons_for_full_model: int
    persons_for_subgroups: int
    persons_per_session: int
    local_persons: int
    persons_to_look: int
    persons_per_cell: int
    pooled_intake_sds: int
    folds: int
    inner_band: Decimal
    outer_band: Decimal
    inner_tolerance: Decimal
    outer_tolerance: Decimal
    draws: int
    horizon_session: int
    false_alarms: tuple[Decimal, ...]


def shipped_rules() -> NormRules:
    """The rules that come with the product."""
    return rules_from_toml(RULES_FILE.read_bytes(), file=RULES_FILE.name)


def rules_from_toml(content: bytes, *, file: str) -> NormRules:
    """The rules of a file.

    Raises:
        InstrumentFileError: a rule is missing, unknown, without source or impossible.
    """
    table = table_from_toml(content, file=file)
    rules = NormRules(
        persons_for_any=_count(table, "persons_for_any"),
        persons_for_full_model=_count(table, "persons_for_full_model"),
        persons_for_subgroups=_count(table, "persons_for_subgroups"),
        persons_per_session=_count(table, "persons_per_session"),
        local_persons=_count(table, "local_persons"),
        persons_to_look=_count(table, "persons_to_look"),
        persons_per_cell=_count(table, "persons_per_cell"),
        pooled_intake_sds=_count(table, "pooled_intake_sds"),
        folds=_count(table, "folds"),
        inner_band=_share(table, "inner_band"),
        outer_band=_share(table, "outer_band"),
        inner_tolerance=_share(table, "inner_tolerance"),
        outer_tolerance=_share(table, "outer_tolerance"),
        draws=_count(table, "draws"),
        horizon_session=_count(table, "horizon_session"),
        false_alarms=_shares(table, "false_alarms"),
    )
    table.finish()
    if rules.persons_for_any > rules.persons_for_full_model:
        raise table.refuse("persons_for_any", "must not exceed persons_for_full_model")
    if rules.inner_band >= rules.outer_band:
        raise table.refuse("inner_band", "must be narrower than outer_band")
    return rules


def _count(table: Table, key: str) -> int:
    entry = table.table(key)
    value = entry.whole("value")
    if value < 2:
        raise entry.refuse("value", "must be at least 2")
    entry.source()
    entry.finish()
    return value


def _share(table: Table, key: str) -> Decimal:
    entry = table.table(key)
    value = entry.number("value")
    if not 0 < value < 1:
        raise entry.refuse("value", "must lie between 0 and 1")
    entry.source()
    entry.finish()
    return value


def _shares(table: Table, key: str) -> tuple[Decimal, ...]:
    entry = table.table(key)
    values = entry.numbers("values")
    if not values or not all(0 < each < 1 for each in values):
        raise entry.refuse("values", "must hold shares between 0 and 1")
    entry.source()
    entry.finish()
    return values
