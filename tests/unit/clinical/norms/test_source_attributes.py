"""The attributes that 45 CFR 170.315(b)(11)(iv)(B) asks for, group by group."""

import pytest

from clinical.norms.source_attributes import (
    GROUPS,
    KEYS,
    MAY_BE_UNKNOWN,
    PARAGRAPH,
    paragraph_of,
)


def test_there_are_31_in_the_nine_groups_of_the_rule() -> None:
    assert len(set(KEYS)) == len(KEYS) == 31
    assert [len(keys) for keys in GROUPS.values()] == [4, 4, 2, 4, 2, 4, 5, 4, 2]


@pytest.mark.parametrize(
    ("key", "paragraph"),
    [
        ("developer", "(1)(i)"),
        ("role_in_decision", "(2)(iv)"),
        ("known_risks_and_limits", "(3)(ii)"),
        ("training_representativeness", "(4)(iii)"),
        ("bias_reduction", "(5)(ii)"),
        ("external_tester", "(6)(ii)"),
        ("outcome_references", "(7)(v)"),
        ("validity_local", "(8)(ii)"),
        ("fairness_monitoring", "(8)(iii)"),
        ("correction_schedule", "(9)(ii)"),
    ],
)
def test_each_has_the_paragraph_that_asks_for_it(key: str, paragraph: str) -> None:
    assert paragraph_of(key) == PARAGRAPH + paragraph


def test_what_the_rule_does_not_name_has_no_paragraph() -> None:
    with pytest.raises(KeyError):
        paragraph_of("mood")


def test_the_rule_expects_eleven_that_may_be_unknown() -> None:
    assert len(MAY_BE_UNKNOWN) == 11
    assert set(KEYS) > MAY_BE_UNKNOWN
