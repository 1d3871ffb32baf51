"""Whether a score agrees with its items, its parts and its table."""

from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

from questionnaires.instrument import (
    EachPart,
    Instrument,
    ProrateMean,
    ScoreRule,
    ScoreTable,
    Strict,
    TextItem,
)
from questionnaires.points import offered_points


def score_problems(
    instrument: Instrument, score: ScoreRule
) -> Iterator[tuple[str, str]]:
    """Each contradiction, as a key of the score and what is wrong there."""
    if score.parts:
        yield from _sum_of_scores(instrument, score)
        return
    by_link_id = {item.link_id: item for item in instrument.items}
    lows, highs = [], []
    for link_id in score.link_ids:
        item = by_link_id.get(link_id)
        if item is None or isinstance(item, TextItem):
            yield "items", f"{link_id!r} is no item that has points"
            return
        low, high = offered_points(item)
        lows.append(low)
        highs.append(high)
    if not lows or len(set(score.link_ids)) < len(lows):
        yield "items", "must name at least one item, and none twice"
        return
    if score.factor <= 0:
        yield "factor", "must be more than 0"
    yield from _missing(score, items=len(lows))
    number = 1 if score.op == "sum" else len(lows)
    raw = (sum(lows) * score.factor / number, sum(highs) * score.factor / number)
    if score.table is None:
        yield from _range(score, raw)
    else:
        yield from _table(score, score.table, raw)


def _missing(score: ScoreRule, *, items: int) -> Iterator[tuple[str, str]]:
    match score.missing:
        case Strict():
            return
        case ProrateMean(max_missing=most, required=required):
            if not 1 <= most < items:
                yield "missing.max_missing", "must be at least 1 and leave an answer"
            if not set(required) <= set(score.link_ids):
                yield "missing.required", "must name items of this score"
            elif most > items - len(set(required)):
                yield "missing.max_missing", "is more than the items that may be blank"
        case EachPart():
            yield "missing.rule", "each_part belongs to a sum of scores"
        case _:
            assert_never(score.missing)


def _range(
    score: ScoreRule, possible: tuple[Decimal, Decimal]
) -> Iterator[tuple[str, str]]:
    if possible != (score.low, score.high):
        found = f"{score.low} to {score.high}"
        can = f"{possible[0]} to {possible[1]}"
        yield "range", f"says {found}, but the items can make {can}"


def _table(
    score: ScoreRule, table: ScoreTable, raw: tuple[Decimal, Decimal]
) -> Iterator[tuple[str, str]]:
    if isinstance(score.missing, ProrateMean) and score.rounding != "half_up":
        yield "rounding", "must be half_up: an estimated raw score has no table entry"
    low, high = (int(end) for end in raw)
    if set(raw) != {Decimal(low), Decimal(high)} or set(table.values) != set(
        map(Decimal, range(low, high + 1))
    ):
        yield "table", f"must have each whole raw score from {raw[0]} to {raw[1]}, once"
        return
    values = [table.values[Decimal(each)] for each in range(low, high + 1)]
    if values != sorted(values):
        yield "table", "must not fall: a higher raw score would mean less"
    yield from _range(score, (values[0], values[-1]))


def _sum_of_scores(
    instrument: Instrument, score: ScoreRule
) -> Iterator[tuple[str, str]]:
    parts = [instrument.score(each) for each in score.parts]
    if len(set(score.link_ids)) < len(score.link_ids):
        yield "parts", "count an item twice"
    yield from _range(
        score,
        (
            sum((each.low for each in parts), Decimal(0)),
            sum((each.high for each in parts), Decimal(0)),
        ),
    )
