"""`python -m server.instruments_reference`: a page for each instrument, from its data.

The pages are never written by hand; a test fails when one is not current.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import assert_never

from questionnaires.instrument import (
    ChoiceItem,
    EachPart,
    Evidence,
    Instrument,
    Item,
    MissingRule,
    ProrateMean,
    ScoreRule,
    SliderItem,
    Source,
    Strict,
    TextItem,
    Wording,
)
from questionnaires.library import Library, load_library
from questionnaires.points import offered_points

FOLDER = Path(__file__).parents[1] / "docs/reference/instruments"

_MARKS: Mapping[Evidence, str] = {
    "verified": "verified",
    "secondary": "secondary",
    "computed": "computed",
    "own": "our choice",
}
_DIRECTIONS = {
    "higher_is_better": "higher is better",
    "higher_is_worse": "higher is worse",
}
_RIGHTS = {
    "A": "text may ship",
    "B": "text ships verbatim, attributed",
    "C": "text only under the holder's terms: brought by the clinic",
    "D": "licensed: nothing but structure and scoring ships",
    "own": "ours",
}
_INDEX_HEAD = """# Instruments

One page each: what it measures, how it is scored, where every number comes from, whose
the rights are, what is shipped and what the clinic brings. `make reference` writes them
from the files in `questionnaires/instruments/`.

Evidence marks: **verified** in a primary or official source · **secondary** source ·
**computed** by the method named · **our choice**, not published. Numbers are confirmed
for use by the clinic's own lead (`rom instruments accept`), by name and date.

| Instrument | Measures | Items | Score | Shipped | Languages |
|---|---|---|---|---|---|
"""


def pages(library: Library) -> dict[str, str]:
    """File name -> page: the index (README.md) and one page per instrument."""
    instruments = sorted(library.instruments.values(), key=lambda each: each.id)
    found = {"README.md": _index(instruments, library)}
    for each in instruments:
        found[f"{each.id}.md"] = _page(each, _wordings(each, library))
    return found


def _wordings(instrument: Instrument, library: Library) -> list[Wording]:
    """English first, then by language."""
    found = [w for (name, _), w in library.wordings.items() if name == instrument.id]
    return sorted(found, key=lambda each: (each.language != "en", each.language))


def _index(instruments: Sequence[Instrument], library: Library) -> str:
    rows = []
    for each in instruments:
        languages = ", ".join(w.language for w in _wordings(each, library))
        cells = [
            f"[{each.title}]({each.id}.md)",
            each.measures,
            str(len(each.items)),
            _span(each.total, each) if each.scores else "none",
            shipped(each),
            languages or "the clinic's",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return _INDEX_HEAD + "\n".join(rows) + "\n"


def shipped(instrument: Instrument) -> str:
    """What is here of this instrument, in a few words."""
    if instrument.skeleton:
        return "structure and scoring, no wording"
    if not instrument.validated:
        return "in full; **not validated**, compared only within one person"
    return "in full"


def _page(instrument: Instrument, wordings: Sequence[Wording]) -> str:
    parts = [
        f"# {instrument.title}\n",
        f"{instrument.measures}\n",
        _facts(instrument),
        *([_items(instrument)] if instrument.items else []),
        *([_scores(instrument)] if instrument.scores else []),
        numbers_told(instrument),
        safety_told(instrument),
        _rights(instrument),
        _languages(instrument, wordings),
    ]
    return "\n".join(part for part in parts if part)


def _facts(instrument: Instrument) -> str:
    rows = [
        ("Shipped", shipped(instrument)),
        ("Id and version", f"`{instrument.id}` {instrument.version}"),
        ("In this definition since", instrument.effective.isoformat()),
        ("Canonical", f"`{instrument.canonical}`"),
        ("Construct", instrument.construct),
        ("Direction", _DIRECTIONS[instrument.direction]),
        ("Recall period", instrument.recall),
        ("Ages", f"{instrument.age_min} to {instrument.age_max}"),
        ("Code", f"`{instrument.coding.system}` `{instrument.coding.code}`"),
    ]
    if instrument.derived_from:
        rows.append(("Part or variant of", ", ".join(instrument.derived_from)))
    return _table(("", ""), rows)


def _items(instrument: Instrument) -> str:
    rows = [
        (str(number), f"`{each.link_id}`", _answers(each), _turned(each), _asked(each))
        for number, each in enumerate(instrument.items, start=1)
    ]
    head = ("#", "Link id", "Answers worth", "Reversed", "Asked")
    return f"## Items\n\n{_table(head, rows)}"


def _answers(item: Item) -> str:
    match item:
        case TextItem():
            return "open question, not scored"
        case ChoiceItem(options=options):
            points = ", ".join(f"{each.points:f}" for each in options)
            return f"{points} points"
        case SliderItem():
            low, high = offered_points(item)
            return f"line of {item.high - item.low} mm, {low:f} to {high:f} points"
        case _:
            assert_never(item)


def _turned(item: Item) -> str:
    return "yes" if not isinstance(item, TextItem) and item.reverse else ""


def _asked(item: Item) -> str:
    if item.ask_if is None:
        return "always"
    return f"if `{item.ask_if.link_id}` was worth {item.ask_if.at_least:f} or more"


def _scores(instrument: Instrument) -> str:
    lines = ["## Scoring", ""]
    for rule in instrument.scores:
        followed = " (its course is followed)" if rule is instrument.total else ""
        lines += [
            f"**{rule.id}**{followed}: {_made_of(rule, instrument)}."
            f" Range {_span(rule, instrument)}. {_missing(rule.missing)}",
            "",
            f"- Code: `{rule.coding.system}` `{rule.coding.code}`",
            f"- Source: {_told(rule.source)}",
            f"- Blanks: {_told(rule.missing.source)}",
        ]
        if rule.table:
            lines.append(f"- Table: {_told(rule.table.source)}")
        lines.append("")
    return "\n".join(lines)


def _made_of(rule: ScoreRule, instrument: Instrument) -> str:
    if rule.parts:
        return f"the sum of the scores {', '.join(rule.parts)}"
    numbers = [
        str(number)
        for number, each in enumerate(instrument.items, start=1)
        if each.link_id in rule.link_ids
    ]
    told = f"the {rule.op} of the items {', '.join(numbers)}"
    if rule.factor != 1:
        told += f", times {rule.factor:f}"
    if rule.rounding == "half_up":
        told += ", rounded half up"
    if rule.table:
        told += ", looked up in a table of standard scores"
    return told


def _span(rule: ScoreRule, instrument: Instrument) -> str:
    direction = _DIRECTIONS[rule.direction or instrument.direction]
    return f"{rule.low:f} to {rule.high:f}, {direction}"


def _missing(rule: MissingRule) -> str:
    match rule:
        case Strict():
            return "One blank and there is no score."
        case ProrateMean(max_missing=most, required=required):
            told = f"Up to {most} blank: the mean of the others stands for each"
            if required:
                told += f"; never blank: {', '.join(f'`{one}`' for one in required)}"
            return f"{told}, and the score is marked as estimated."
        case EachPart():
            return "Without one of its parts there is no score."
        case _:
            assert_never(rule)


def numbers_told(instrument: Instrument) -> str:
    """Bands, cut-off, reliable change and the like, each with its source."""
    lines: list[str] = []
    if instrument.bands:
        steps = " · ".join(
            f"{each.code} [{each.low:f}, {each.high:f}"
            f"{']' if each is instrument.bands[-1] else ')'}"
            for each in instrument.bands
        )
        lines.append(f"- Bands: {steps}. {_told(instrument.bands[0].source)}")
    if instrument.cutoff:
        cutoff = instrument.cutoff
        told = f"clinical where score {cutoff.operator} {cutoff.value:f}"
        lines.append(f"- Cut-off: {told} ({cutoff.population}). {_told(cutoff.source)}")
    if instrument.reliable_change:
        change = instrument.reliable_change
        told = f"reliable where change {change.operator} {change.value:f}"
        lines.append(
            f"- Reliable change: {told} ({change.method}). {_told(change.source)}"
        )
    for each in instrument.reliability:
        lines.append(
            f"- Reliability, {each.kind}: {each.value:f}. {_told(each.source)}"
        )
    if instrument.spread:
        spread = instrument.spread
        lines.append(
            f"- Standard deviation: {spread.value:f} ({spread.sample})."
            f" {_told(spread.source)}"
        )
    if not lines:
        lines.append(
            "None is shipped: no cut-off, no bands, no reliable change."
            if instrument.validated
            else "None, and none is to be made: the form is not validated."
        )
    return "\n".join(["## Numbers", "", *lines, ""])


def safety_told(instrument: Instrument) -> str:
    """The answers that a person must see; empty if there are none."""
    lines = [
        f"- Item {number} (`{item.link_id}`), worth {item.safety.at_least:f} or more:"
        f" {_URGENCY[item.safety.urgency]}. {_told(item.safety.source)}"
        for number, item in enumerate(instrument.items, start=1)
        if not isinstance(item, TextItem) and item.safety
    ]
    return "\n".join(["## Safety", "", *lines, ""]) if lines else ""


_URGENCY = {
    "full": "a person must see it now",
    "review": "flagged for the clinician's review",
}


def _rights(instrument: Instrument) -> str:
    licence = instrument.licence
    lines = [
        f"Class {licence.kind}: {_RIGHTS[licence.kind]}."
        f" Holder: {licence.holder.rstrip('.')}. {licence.terms} <{licence.url}>",
    ]
    if licence.site_adds:
        lines += ["", f"**The clinic brings:** {licence.site_adds}"]
    return "\n".join(["## Rights", "", *lines, ""])


def _languages(instrument: Instrument, wordings: Sequence[Wording]) -> str:
    if not wordings:
        return "## Languages\n\nNone is shipped: the wording is the clinic's.\n"
    has_numbers = instrument.cutoff or instrument.reliable_change or instrument.bands
    rows = []
    for each in wordings:
        apply = "yes" if each.numbers_apply else "not shown for this language"
        title = instrument.title_in(each.language)
        cells = (each.language, title, each.translator, each.validation, each.source)
        rows.append((*cells, apply if has_numbers else "has none"))
    head = (
        "Language",
        "Called",
        "Translator",
        "Validation",
        "Source of the text",
        "Numbers hold",
    )
    return f"## Languages\n\n{_table(head, rows)}"


def _told(source: Source) -> str:
    return f"{source.text.rstrip('.')} ({_MARKS[source.evidence]})."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _write() -> Iterator[str]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    current = pages(load_library())
    for old in FOLDER.glob("*.md"):
        if old.name not in current:
            old.unlink()
    for name, text in current.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        yield name


if __name__ == "__main__":
    print(f"{len(list(_write()))} pages in {FOLDER}")  # noqa: T201 -- what it is for
