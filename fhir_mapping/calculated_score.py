"""A score rule as FHIRPath, for renderers that show a running score.

Published documentation: our own scores come from `questionnaires.scoring`. The answers
are found at any depth with `repeat(item)`; `%resource.item.where(...)` would miss items
in groups. `weight()` is SDC's addition to FHIRPath: itemWeight or ordinalValue.
"""

from collections.abc import Sequence
from typing import assert_never

from questionnaires.instrument import (
    ChoiceItem,
    EachPart,
    Instrument,
    ProrateMean,
    ScoreRule,
    SliderItem,
    Strict,
)


def expression_from_score(rule: ScoreRule, instrument: Instrument) -> str:
    """The same number as `score_answers`, empty where that says NotScored."""
    if rule.parts:
        return _sum_of_scores(rule, instrument)
    points = _points(rule.link_ids, instrument)
    number = len(rule.link_ids)
    match rule.missing:
        case Strict():
            enough = f"{points}.count() = {number}"
        case ProrateMean(max_missing=most, required=required):
            enough = f"{points}.count() >= {number - most}"
            if required:
                needed = f"{_points(required, instrument)}.count() = {len(required)}"
                enough = f"{enough} and {needed}"
        case EachPart():
            raise AssertionError("a score of items has no parts")
        case _:
            assert_never(rule.missing)
    times = number if rule.op == "sum" else 1
    value = f"{points}.sum() * {times} / {points}.count()"
    if rule.factor != 1:
        value = f"{value} * {rule.factor}"
    places = 6 if rule.rounding == "none" else 0  # as in questionnaires.scoring
    value = f"({value}).round({places})"
    if rule.table is not None:
        # One entry holds and the others are empty.
        entries = " | ".join(
            f"iif($this = {raw}, {standard}, {{}})"
            for raw, standard in rule.table.values.items()
        )
        value = f"{value}.select({entries})"
    return f"iif({enough}, {value}, {{}})"


def _sum_of_scores(rule: ScoreRule, instrument: Instrument) -> str:
    """Each part by its own rule; in FHIRPath a sum with an empty part is empty."""
    parts = [
        expression_from_score(instrument.score(each), instrument) for each in rule.parts
    ]
    return " + ".join(parts)


def _points(link_ids: Sequence[str], instrument: Instrument) -> str:
    """The points of the answered items as one collection, reversed ones turned."""
    plain = [each for each in link_ids if not _formula(each, instrument)]
    parts: list[str] = []
    if plain:
        named = " | ".join(map(_quoted, plain))
        found = f"linkId in ({named})" if len(plain) > 1 else f"linkId = {named}"
        parts.append(f"%resource.repeat(item).where({found}).answer.value.weight()")
    for each in link_ids:
        formula = _formula(each, instrument)
        if formula:
            where = f"%resource.repeat(item).where(linkId = {_quoted(each)})"
            parts.append(f"{where}.answer.value.select({formula})")
    # `combine`, not `|`: a union would count two equal answers once.
    first, *others = parts
    return first + "".join(f".combine({each})" for each in others)


def _formula(link_id: str, instrument: Instrument) -> str:
    """What one answer is worth, "" if that is its weight."""
    item = instrument.item(link_id)
    match item:
        case ChoiceItem(reverse=False):
            return ""
        case ChoiceItem(options=options):
            ends = (
                min(each.points for each in options),
                max(each.points for each in options),
            )
            return f"{ends[0] + ends[1]} - weight()"
        case SliderItem(low=low, high=high, points_per_step=step, reverse=reverse):
            points = f"$this * {step}"
            return f"{(low + high) * step} - {points}" if reverse else points
        case _:
            raise AssertionError("a text item is never scored")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
