"""Writes the page on support, plan reviews, objectives and the team report.

python -m tests.support_reference > docs/reference/support.md
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from flask_babel import Babel

from clinical.across_episodes.numbers import FILE as OBJECTIVE_NUMBERS
from clinical.support.tree import support_tree
from questionnaires.instrument import Source
from smart_app.review_words import (
    decision_words,
    reason_words,
    role_words,
    signal_names,
    view_words,
)
from smart_app.support_words import branch_words, domain_words, repair_words

TEMPLATE = Path(__file__).with_suffix(".tmpl")
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "support.md"


def page() -> str:
    """The whole page as Markdown."""
    app = Flask("reference")
    Babel(app)
    with app.test_request_context("/"):
        return TEMPLATE.read_text(encoding="utf-8").format(**_parts())


def _parts() -> dict[str, object]:
    tree = support_tree()
    steps = enumerate(repair_words(tree), start=1)
    return {
        "domains": "\n".join(_domains()),
        "source": _said(tree.source),
        "repair_rules": ", ".join(sorted(tree.repair.for_rules)),
        "repair": "\n".join(f"{number}. {step}" for number, step in steps),
        "repair_source": _said(tree.repair.source),
        "cycle": _cycle(),
        "cycle_source": _said(tree.cycle.source),
        "most_domains": tree.cycle.most_domains,
        "most_changes": tree.cycle.most_changes,
        "codes": "\n".join(_codes()),
        "numbers": "\n".join(_numbers()),
    }


def _said(source: Source) -> str:
    return f"{source.text} ({source.evidence})"


def _domains() -> Iterator[str]:
    titles, branches, signals = domain_words(), branch_words(), signal_names()
    yield "| Domain | Invitation | Signals that point here | What may be agreed on |"
    yield "|---|---|---|---|"
    for each in support_tree().domains:
        title, question = titles[each.id]
        points = ", ".join(
            f"{rule} ({signals[rule]})" for rule in sorted(each.points_here)
        )
        agreed = "; ".join(branches[branch] for branch in each.branches)
        yield f"| {title} `{each.id}` | {question} | {points} | {agreed} |"


def _cycle() -> str:
    cycle = support_tree().cycle
    return (
        "Signal → look at the answers together → the client's view first → at most"
        f" {cycle.most_domains} domains → {cycle.most_changes} change → a day to look"
        f" again, {cycle.check_after_least} to {cycle.check_after_most} sessions later"
        " (at this person's usual distance between sessions) → no change: supervision →"
        f" no change after {cycle.cycles_before_other_help} rounds: another method,"
        " therapist or level of care."
    )


def _codes() -> Iterator[str]:
    yield "| Part | Codes |"
    yield "|---|---|"
    for part, words in (
        ("graph-seen-by, agreed-by", role_words()),
        ("client-view", view_words()),
        ("decision", decision_words()),
        ("reason", reason_words()),
    ):
        said = "; ".join(f"`{code}` {text}" for code, text in words.items())
        yield f"| {part} | {said} |"


def _numbers() -> Iterator[str]:
    table = tomllib.loads(OBJECTIVE_NUMBERS.read_text(encoding="utf-8"))
    yield "| Number | Value | Evidence | Source |"
    yield "|---|---|---|---|"
    for name, each in table.items():
        yield f"| `{name}` | {each['value']} | {each['evidence']} | {each['source']} |"


if __name__ == "__main__":
    print(page(), end="")
