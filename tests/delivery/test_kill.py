"""kill -9 between "Saved" and the EHR, and in the middle of it: nothing is lost."""

from pathlib import Path

import pytest

from tests.fault_proxy.killing import survive

LIVES = 10


@pytest.mark.parametrize("delivery_class", ["E2", "E4"])
@pytest.mark.req("RW-01", "RW-04")
@pytest.mark.hazard("H10")
def test_whatever_was_said_to_be_saved_arrives_once_although_we_are_killed(
    tmp_path: Path, delivery_class: str
) -> None:
    survival = survive(tmp_path, delivery_class, lives=LIVES, seed=7)

    assert survival.killed >= LIVES // 2
    assert survival.saved >= LIVES
    assert survival.verdict.clean
