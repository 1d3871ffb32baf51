"""Writes the spec tables as a page for clinicians.

python -m tests.spec.signal_tables > docs/reference/signals.md
"""

import importlib
import inspect
import re
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from clinical.plan import DEMO_PLAN
from tests.spec.tables import NOTHING, Beside

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "signals.md"

HEAD = """\
# Signals, by example

This page is generated from the tables that the tests run
(`python -m tests.spec.signal_tables > docs/reference/signals.md`). Each example is
checked at every change, so what stands here is what the product does.

How to read a table: one row is one session, a week apart unless a day is given; rows of
one day, with their `time`, are one session. A score of several numbers is the answers
to the items in their order, `_` is a blank. "turned" is the same instrument with its
scale upside down; "licensed" a skeleton that a site has completed, with invented
numbers. Where there is a column `visit`, somebody tells us of visits; `by` says who
answered. The examples use numbers of the demonstration's plan and of the shipped
instruments; a site may choose others.

*Says*: signals that speak. *Notes*: doubts about the data, and the rules they silence.
*Cannot tell*: rules with too little to speak. An example that says nothing is a course
about which there is nothing to report, which is not the same as good news.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """One test: what is given, and what is expected."""

    name: str
    table: str
    expected: tuple[tuple[str, tuple[str, ...]], ...]  # heading -> lines


def page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD, *_rule_numbers()]
    for module in _modules():
        examples = list(_examples(module))
        if examples:
            parts.append(f"## {_first_sentence(module)}\n")
            parts.extend(_markdown(each) for each in examples)
    return "\n".join(parts)


def _modules() -> Iterator[ModuleType]:
    """S rules, then R rules, then what concerns them all."""
    stems = [each.stem for each in Path(__file__).parent.glob("test_*.py")]
    by_rule = [re.match(r"test_([sr])\d", each) for each in stems]
    ranked = [
        ("sr".index(rule[1]) if rule else 2, stem)
        for rule, stem in zip(by_rule, stems, strict=True)
    ]
    for _, stem in sorted(ranked):
        yield importlib.import_module(f"tests.spec.{stem}")


def _examples(module: ModuleType) -> Iterator[Example]:
    for name, test in vars(module).items():  # in the order of the file
        if not name.startswith("test_"):
            continue
        wanted = set(inspect.signature(test).parameters)
        if wanted and wanted <= {"signal_spec", "interruption_spec", "change_spec"}:
            yield from _recorded(name, test, wanted=wanted)


def _recorded(
    name: str, test: Callable[..., None], *, wanted: set[str]
) -> Iterator[Example]:
    """Runs the test with something that writes down what it is called with."""
    calls: list[Example] = []
    title = name.removeprefix("test_").replace("_", " ")
    title = title[0].upper() + title[1:]

    def signal_spec(
        table: str,
        *,
        expect: Sequence[str] = (),
        notes: Sequence[str] = (),
        cannot_tell: Sequence[str] | None = None,
        today: int | None = None,
        unread: int = 0,
        beside: Beside = NOTHING,
    ) -> None:
        said = tuple(expect) or ("nothing",)
        expected = [("Says", said), ("Notes", tuple(notes))]
        expected.append(("Cannot tell", tuple(cannot_tell or ())))
        if today:
            expected.insert(0, ("Today", (f"day {today}",)))
        if unread:
            expected.insert(0, ("Entries that could not be read", (str(unread),)))
        expected[:0] = _known(beside)
        calls.append(Example(title, _table(table), tuple(expected)))

    def interruption_spec(
        table: str,
        *,
        repeat: str = "once_per_encounter",
        accepted: bool = True,
        told_from: float | None = None,
    ) -> None:
        expected = [("A card that nobody answers is shown", (repeat,))]
        if not accepted:
            expected.append(("Numbers accepted by the site", ("no",)))
        if told_from is not None:
            expected.append(("Norm", ("an invented one for the PHQ-9 in English",)))
            expected.append(("On track below a forecast of", (f"{told_from:.2f}",)))
        calls.append(Example(title, _table(table), tuple(expected)))

    def change_spec(
        table: str,
        *,
        jacobson_truax: str,
        edwards_nunnally: str,
        today: int | None = None,
    ) -> None:
        expected = [
            ("By Jacobson and Truax", (jacobson_truax,)),
            ("By Edwards and Nunnally", (edwards_nunnally,)),
        ]
        if today:
            expected.insert(0, ("Today", (f"day {today}",)))
        calls.append(Example(title, _table(table), tuple(expected)))

    recorders = {
        "signal_spec": signal_spec,
        "interruption_spec": interruption_spec,
        "change_spec": change_spec,
    }
    test(**{each: recorders[each] for each in wanted})
    yield from calls


def _known(beside: Beside) -> Iterator[tuple[str, tuple[str, ...]]]:
    if beside.norm:
        yield "Norm", ("an invented one for the PHQ-9 in English",)
    if beside.reviewed:
        yield "Plan reviewed", tuple(f"day {each}" for each in beside.reviewed)
    if beside.control_chart:
        yield "Control chart", ("chosen by the site",)
    if beside.low_line is not None:
        yield "The site's number for one line", (f"below {beside.low_line}, invented",)
    if beside.sample_sd is not None:
        yield (
            "The site's SD of many people's ratings",
            (f"{beside.sample_sd}, invented",),
        )
    if beside.same_language:
        yield "Declared equivalent by the site", ("English and German",)


def _table(text: str) -> str:
    return textwrap.dedent(text.strip("\n")).rstrip()


def _markdown(example: Example) -> str:
    lines = [f"### {example.name}", "", "```", example.table, "```", ""]
    for heading, found in example.expected:
        if found:
            lines.append(f"- {heading}: {'; '.join(f'`{each}`' for each in found)}")
    return "\n".join(lines) + "\n"


def _first_sentence(module: ModuleType) -> str:
    return " ".join((module.__doc__ or module.__name__).split("\n\n")[0].split())


def _rule_numbers() -> Iterator[str]:
    rules = tomllib.loads(DEMO_PLAN.read_text(encoding="utf-8"))["rules"]
    yield "## The numbers of the rules, as the demonstration's plan sets them\n"
    yield "| Number | Value | Evidence | Source |\n|---|---|---|---|"
    for name, entry in rules.items():
        yield (
            f"| `{name}` | {entry['value']} | {entry['evidence']} | {entry['source']} |"
        )
    yield ""


if __name__ == "__main__":
    print(page(), end="")
