"""The [[scores]] of an instrument.toml → ScoreRules. Consistency: score_checks.py."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from questionnaires.instrument import (
    Coding,
    Direction,
    EachPart,
    MissingRule,
    ProrateMean,
    ScoreRule,
    ScoreTable,
    Strict,
)
from questionnaires.table import Table

DIRECTIONS: Mapping[str, Direction] = {
    "higher_is_better": "higher_is_better",
    "higher_is_worse": "higher_is_worse",
}
OPS: Mapping[str, Literal["sum", "mean"]] = {"sum": "sum", "mean": "mean"}
ROUNDINGS: Mapping[str, Literal["none", "half_up"]] = {
    "none": "none",
    "half_up": "half_up",
}


def coding_from(table: Table) -> Coding:
    """A code and its system."""
    coding = Coding(system=table.text("system"), code=table.text("code"))
    table.finish()
    return coding


def scores_from(table: Table) -> tuple[ScoreRule, ...]:
    """Every score; only a form that is read answer by answer may have none."""
    if not table.has("scores") and table.content.get("construct") == "screening":
        return ()
    tables = table.tables("scores")
    of_items = {
        rule.id: rule
        for rule in (_score(each) for each in tables if not each.has("parts"))
    }
    # In the order of the file: the first is the one whose course is followed.
    return tuple(
        _sum_of_scores(each, of_items)
        if each.has("parts")
        else of_items[each.text("id")]
        for each in tables
    )


def _score(table: Table) -> ScoreRule:
    low, high = _range(table)
    rule = ScoreRule(
        id=table.text("id"),
        link_ids=table.texts("items"),
        op=table.one_of("op", OPS),
        factor=table.number("factor"),
        low=low,
        high=high,
        missing=_missing(table.table("missing")),
        rounding=table.one_of("rounding", ROUNDINGS),
        coding=coding_from(table.table("coding")),
        source=table.source(),
        direction=_direction(table),
        table=_score_table(table),
    )
    table.finish()
    return rule


def _sum_of_scores(table: Table, of_items: Mapping[str, ScoreRule]) -> ScoreRule:
    parts = table.texts("parts")
    unknown = [each for each in parts if each not in of_items]
    if len(parts) < 2 or unknown or len(set(parts)) < len(parts):
        problem = "must name at least two scores that are made of items, none twice"
        raise table.refuse("parts", problem)
    low, high = _range(table)
    missing = table.table("missing")
    if missing.text("rule") != "each_part":
        raise missing.refuse("rule", "must be each_part for a sum of scores")
    rule = ScoreRule(
        id=table.text("id"),
        link_ids=tuple(item for each in parts for item in of_items[each].link_ids),
        op="sum",
        factor=Decimal(1),
        low=low,
        high=high,
        missing=EachPart(missing.source()),
        rounding="none",
        coding=coding_from(table.table("coding")),
        source=table.source(),
        parts=parts,
        direction=_direction(table),
    )
    missing.finish()
    table.finish()
    return rule


def _range(table: Table) -> tuple[Decimal, Decimal]:
    span = table.numbers("range")
    if len(span) != 2:
        raise table.refuse("range", "must be two numbers, lowest and highest")
    return span[0], span[1]


def _direction(table: Table) -> Direction | None:
    """Only where a sub-scale runs against its instrument."""
    return table.one_of("direction", DIRECTIONS) if table.has("direction") else None


def _score_table(table: Table) -> ScoreTable | None:
    if not table.has("table"):
        return None
    values: dict[Decimal, Decimal] = {}
    for each in table.tables("table"):
        raw = each.number("raw")
        if raw in values:
            raise each.refuse("raw", "is there twice")
        values[raw] = each.number("value")
        each.finish()
    return ScoreTable(
        MappingProxyType(values), table.source("table_source", "table_evidence")
    )


def _missing(table: Table) -> MissingRule:
    rule: MissingRule
    if table.text("rule") == "strict":
        rule = Strict(table.source())
    elif table.text("rule") == "prorate_mean":
        required = table.texts("required") if table.has("required") else ()
        rule = ProrateMean(table.whole("max_missing"), table.source(), required)
    else:
        raise table.refuse("rule", "must be one of strict, prorate_mean")
    table.finish()
    return rule
