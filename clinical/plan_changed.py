"""The plan as if another value stood in it: what a replay compares with."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from decimal import Decimal, InvalidOperation

from clinical.errors import PlanFileError
from clinical.plan import MeasurementPlan, plan_from_table
from clinical.rule_numbers import RuleNumbers
from questionnaires.errors import InstrumentFileError
from questionnaires.instrument import Instrument
from questionnaires.library import Library
from questionnaires.table import table_from_toml

# Stands in an instrument's file and not in the plan, and decides all the same.
RELIABLE_CHANGE = "reliable_change"
# About several people: no card of one chart rests on them.
_BESIDE = frozenset({"pair_sessions", "pair_part", "group_least"})


def changed_plan(
    text: str, change: str, library: Library, *, file: str
) -> MeasurementPlan:
    """The plan with one value changed, checked as the plan itself is.

    Args:
        text: of the plan file.
        change: `rules.no_gain_sessions=6`, `repeat=until_acknowledged` or
            `reliable_change.phq-9=6`: a key of the plan, dotted, and its value.

    Raises:
        PlanFileError: no such key, or a value that the plan may not have.
    """
    key, equals, said = change.partition("=")
    path = [each.strip() for each in key.split(".")]
    if not equals or not all(path):
        raise PlanFileError(file, change, "is no KEY=VALUE")
    try:
        table = table_from_toml(text.encode(), file=file)
        if path[0] == RELIABLE_CHANGE:
            plan = plan_from_table(table, library)
            return _with_reliable_change(plan, ".".join(path[1:]), said, file=file)
        _put(table.content, path, _value(said), file=file)
        return plan_from_table(table, library)
    except InstrumentFileError as error:  # the reader of tables is shared
        raise PlanFileError(error.file, error.key, error.problem) from None


def each_threshold(plan: MeasurementPlan) -> Iterator[str]:
    """Every number that a card rests on, once lower and once higher.

    A count or a reliable change by one, days by a week, a part by half of itself: not
    values to choose from, but enough to see which number the cards depend on.
    """
    for instrument in plan.outcome:
        change = instrument.reliable_change
        if change is not None:
            for value in (change.value - 1, change.value + 1):
                yield f"{RELIABLE_CHANGE}.{instrument.id}={value}"
    for each in fields(RuleNumbers):
        if each.name in _BESIDE:
            continue
        number = getattr(plan.rules, each.name)
        step = number / 2 if isinstance(number, Decimal) else 1
        if each.name.endswith("_days"):
            step = 7
        for value in (number - step, number + step):
            yield f"rules.{each.name}={value}"


def _put(
    content: Mapping[str, object], path: list[str], value: object, *, file: str
) -> None:
    *above, last = path
    place: object = content
    for each in above:
        place = place.get(each) if isinstance(place, dict) else None
    if not isinstance(place, dict) or last not in place:
        raise PlanFileError(file, ".".join(path), "does not stand in this plan")
    found = place[last]
    if isinstance(found, dict) and "value" in found:
        found["value"] = value
    else:
        place[last] = value


def _value(said: str) -> object:
    """As TOML reads it; a bare word is a text."""
    try:
        return tomllib.loads(f"value = {said}", parse_float=Decimal)["value"]
    except (ValueError, ArithmeticError, RecursionError):
        return said.strip()


def _with_reliable_change(
    plan: MeasurementPlan, name: str, said: str, *, file: str
) -> MeasurementPlan:
    place = f"{RELIABLE_CHANGE}.{name}"
    found = plan.instrument(name)
    if found is None or found not in plan.outcome or found.reliable_change is None:
        raise PlanFileError(
            file, place, "is no outcome of this plan whose reliable change is known"
        )
    try:
        value = Decimal(said.strip())
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or value <= 0:
        raise PlanFileError(file, place, "must be a number above zero")
    other = replace(found, reliable_change=replace(found.reliable_change, value=value))

    def put(each: Instrument) -> Instrument:
        return other if each is found else each

    return replace(plan, outcome=tuple(map(put, plan.outcome)))
