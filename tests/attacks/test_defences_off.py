"""The list of defences that are switched off one by one is up to date."""

import ast

import pytest

from tests.attacks.defences_off import DEFENCES, ROOT, Defence, without


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda each: each.without_it)
def test_a_defence_on_the_list_exists_and_can_be_taken_out(defence: Defence) -> None:
    whole = (ROOT / defence.file).read_text()

    changed = without(defence, whole)

    assert changed != whole
    ast.parse(changed)
    for name in defence.attacks:
        assert (ROOT / "tests/attacks" / name).exists()


def test_the_list_has_more_than_the_twenty_that_are_owed() -> None:
    assert len(DEFENCES) >= 50
