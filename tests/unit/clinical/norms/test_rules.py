"""The numbers of people stand beside their sources, and impossible ones are refused."""

import pytest

from clinical.norms.rules import RULES_FILE, rules_from_toml, shipped_rules
from questionnaires.errors import InstrumentFileError


def test_the_shipped_rules_can_be_read() -> None:
    rules = shipped_rules()

    assert rules.persons_for_any < rules.persons_for_full_model
    assert rules.inner_band < rules.outer_band


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("value    = 100\n", "value    = 400\n", "persons_for_any: must not exceed"),
        ("value    = 0.68", "value    = 0.85", "must be narrower"),
        ("value    = 0.68", "value    = 1.5", "between 0 and 1"),
        ("value    = 50", "value    = 1", "at least 2"),
        ("value    = 50", "value    = 50.5", "whole number"),
        ("[folds]", "[fold]", "folds: is missing"),
        ("[0.05, 0.10, 0.20]", "[]", "shares between 0 and 1"),
        ("[0.05, 0.10, 0.20]", "[0.05, 1]", "shares between 0 and 1"),
        ('source   = "Our choice: ten parts by person"', "", "folds.source"),
    ],
)
def test_a_file_that_says_something_impossible_is_refused(
    before: str, after: str, said: str
) -> None:
    text = RULES_FILE.read_text(encoding="utf-8")
    assert before in text

    with pytest.raises(InstrumentFileError, match=said):
        rules_from_toml(text.replace(before, after, 1).encode(), file="rules.toml")


def test_a_rule_that_nobody_knows_is_refused() -> None:
    more = RULES_FILE.read_bytes() + b"\n[mood]\nvalue = 2\n"

    with pytest.raises(InstrumentFileError, match="mood: is not known here"):
        rules_from_toml(more, file="rules.toml")
