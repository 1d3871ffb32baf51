"""One instrument.toml → one Instrument, key by key. Consistency: checks.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Literal

from questionnaires.instrument import (
    AskIf,
    Band,
    ChoiceItem,
    Coding,
    Construct,
    Cutoff,
    Instrument,
    Item,
    Licence,
    Operator,
    Option,
    Reliability,
    ReliableChange,
    SafetyRule,
    SliderItem,
    Spread,
    TextItem,
)
from questionnaires.score_reader import DIRECTIONS, coding_from, scores_from
from questionnaires.table import Table

CONSTRUCTS: Mapping[str, Construct] = {
    "outcome": "outcome",
    "alliance": "alliance",
    "screening": "screening",
}
LICENCES: Mapping[str, Literal["A", "B", "C", "D", "own"]] = {
    "A": "A",
    "B": "B",
    "C": "C",
    "D": "D",
    "own": "own",
}
URGENCIES: Mapping[str, Literal["full", "review"]] = {
    "full": "full",
    "review": "review",
}
COEFFICIENTS: Mapping[str, Literal["alpha", "retest"]] = {
    "alpha": "alpha",
    "retest": "retest",
}
OPERATORS: Mapping[str, Operator] = {">=": ">=", ">": ">", "<=": "<=", "<": "<"}
CHANGE_OPERATORS: Mapping[str, Literal[">=", ">"]] = {">=": ">=", ">": ">"}


@dataclass(frozen=True, slots=True)
class Definition:
    """An instrument and, for its wordings, which item uses which list of choices."""

    instrument: Instrument
    choices: Mapping[str, str]  # link id -> name of the list
    file: str


def definition_from_table(table: Table, *, content: bytes) -> Definition:
    """The instrument that this file says, with every key read or refused.

    Raises:
        InstrumentFileError: a key is missing, unknown or not of its kind, or a number
            has no source.
    """
    lists = (
        {name: _options(each) for name, each in table.named_tables("choices").items()}
        if table.has("choices")
        else {}
    )
    items: list[Item] = []
    choices: dict[str, str] = {}
    for each in table.tables("items"):
        item, used = _item(each, lists)
        items.append(item)
        if used:
            choices[item.link_id] = used
    ages = table.table("ages")
    ages.source()
    instrument = Instrument(
        id=table.text("id"),
        version=table.text("version"),
        canonical=table.text("canonical"),
        aliases=table.texts("aliases"),
        title=table.text("title"),
        measures=table.text("measures"),
        effective=table.day("effective"),
        derived_from=table.texts("derived_from"),
        construct=table.one_of("construct", CONSTRUCTS),
        direction=table.one_of("direction", DIRECTIONS),
        recall=table.text("recall"),
        coding=coding_from(table.table("coding")),
        items=tuple(items),
        scores=scores_from(table),
        bands=_bands(table.table("bands")) if table.has("bands") else (),
        cutoff=cutoff_from(table.table("cutoff")) if table.has("cutoff") else None,
        reliable_change=(
            reliable_change_from(table.table("rci")) if table.has("rci") else None
        ),
        age_min=ages.whole("min"),
        age_max=ages.whole("max"),
        validated=table.flag("validated"),
        skeleton=table.flag("skeleton"),
        licence=_licence(table.table("licence")),
        digest=sha256(content).hexdigest(),
        reversed_known=not (
            table.has("reversed_by_site") and table.flag("reversed_by_site")
        ),
        reliability=(
            tuple(_reliability(each) for each in table.tables("reliability"))
            if table.has("reliability")
            else ()
        ),
        spread=spread_from(table.table("sd")) if table.has("sd") else None,
    )
    ages.finish()
    table.finish()
    return Definition(instrument, MappingProxyType(choices), table.file)


def _options(table: Table) -> tuple[Option, ...]:
    """A list of answers; several items may offer the same one."""
    table.source()
    system = table.text("system")
    options = []
    for each in table.tables("options"):
        points = each.number("points")
        options.append(Option(points, Coding(system, each.text("code"))))
        each.finish()
    table.finish()
    return tuple(options)


def _item(
    table: Table, lists: Mapping[str, tuple[Option, ...]]
) -> tuple[Item, str | None]:
    """One item, and the name of its list of choices if it has one."""
    link_id = table.text("link_id")
    codings = tuple(coding_from(each) for each in table.tables("codings"))
    item: Item
    used: str | None = None
    if table.has("choices"):
        used = table.text("choices")
        if used not in lists:
            raise table.refuse("choices", f"names no list of choices: {used!r}")
        reverse = table.flag("reverse")
        item = ChoiceItem(
            link_id, lists[used], codings, reverse, _safety(table), _ask_if(table)
        )
    elif table.has("slider"):
        line = table.table("slider")
        line.source()
        reverse = table.flag("reverse")
        item = SliderItem(
            link_id,
            line.whole("low"),
            line.whole("high"),
            line.number("points_per_step"),
            codings,
            reverse,
            _safety(table),
            _ask_if(table),
        )
        line.finish()
    elif table.has("open") and table.flag("open"):
        item = TextItem(link_id, codings, _ask_if(table))
    else:
        raise table.refuse("", "needs choices, slider or open = true")
    table.finish()
    return item, used


def _safety(table: Table) -> SafetyRule | None:
    if not table.has("safety"):
        return None
    rule = table.table("safety")
    safety = SafetyRule(
        at_least=rule.number("at_least"),
        urgency=rule.one_of("urgency", URGENCIES),
        source=rule.source(),
    )
    rule.finish()
    return safety


def _ask_if(table: Table) -> AskIf | None:
    if not table.has("ask_if"):
        return None
    rule = table.table("ask_if")
    ask_if = AskIf(rule.text("item"), rule.number("at_least"), rule.source())
    rule.finish()
    return ask_if


def _bands(table: Table) -> tuple[Band, ...]:
    source = table.source()
    bands = []
    for each in table.tables("steps"):
        low, high = each.number("low"), each.number("high")
        bands.append(Band(each.text("code"), low, high, source))
        each.finish()
    table.finish()
    return tuple(bands)


def cutoff_from(table: Table) -> Cutoff:
    """The cut-off in this table; the caller reads keys of its own before."""
    cutoff = Cutoff(
        value=table.number("value"),
        operator=table.one_of("operator", OPERATORS),
        population=table.text("population"),
        source=table.source(),
    )
    table.finish()
    return cutoff


def reliable_change_from(table: Table) -> ReliableChange:
    """The threshold in this table; the caller reads keys of its own before."""
    change = ReliableChange(
        value=table.number("value"),
        operator=table.one_of("operator", CHANGE_OPERATORS),
        method=table.text("method"),
        source=table.source(),
    )
    table.finish()
    return change


def _reliability(table: Table) -> Reliability:
    found = Reliability(
        table.one_of("kind", COEFFICIENTS), table.number("value"), table.source()
    )
    table.finish()
    return found


def spread_from(table: Table) -> Spread:
    """A standard deviation with its sample and source."""
    found = Spread(table.number("value"), table.text("sample"), table.source())
    table.finish()
    return found


def _licence(table: Table) -> Licence:
    licence = Licence(
        kind=table.one_of("class", LICENCES),
        holder=table.text("holder"),
        terms=table.text("terms"),
        url=table.text("url"),
        reference=table.text("reference") if table.has("reference") else "",
        valid_until=table.day("valid_until") if table.has("valid_until") else None,
        site_adds=table.text("site_adds") if table.has("site_adds") else "",
    )
    table.finish()
    return licence
