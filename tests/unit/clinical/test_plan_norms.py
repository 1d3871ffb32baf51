"""The plan's table of norms: read key by key, and refused where it could mislead."""

from decimal import Decimal

import pytest

from clinical.errors import PlanFileError
from clinical.plan import DEMO_PLAN, MeasurementPlan, demo_plan, plan_from_toml
from tests.instruments import LIBRARY
from tests.norm_packs import SIGNER, norms_toml, pack, signed

MADE = signed(pack())
NORMS = norms_toml(MADE)


def plan(norms: str) -> MeasurementPlan:
    text = DEMO_PLAN.read_text(encoding="utf-8")
    return plan_from_toml(text + norms, LIBRARY, file="plan.toml")


def test_a_plan_without_norms_names_none() -> None:
    assert demo_plan(LIBRARY).norms.packs == ()


def test_a_plan_names_packs_by_file_and_hash_and_whose_signature_counts() -> None:
    found = plan(NORMS).norms

    assert found.setting == "outpatient"
    assert list(found.signers) == [SIGNER]
    assert [(each.file, each.sha256) for each in found.packs] == [
        ("pack-0.json", MADE.hash)
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (MADE.hash, MADE.hash[:-1], "sha256: must be 64"),
        (MADE.hash, MADE.hash.upper(), "sha256: must be 64"),
        ("pack-0.json", "../pack-0.json", "without path"),
        ("pack-0.json", "/etc/pack.json", "without path"),
        ('setting = "outpatient"', "", "norms.setting: is missing"),
        ("[norms.signers]", "[norms.signer]", "norms.signers: is missing"),
        ("[[norms.packs]]", "[[norms.pack]]", "norms.packs: is missing"),
        ("[norms]\n", "[norms]\nactive = true\n", "norms.active: is not known"),
        ("[norms]\n", "[norms]\nfalse_alarms = 0\n", "share between 0 and 1"),
        ("[norms]\n", "[norms]\nfalse_alarms = 10\n", "share between 0 and 1"),
        ("[norms]\n", '[norms]\nfalse_alarms = "0.1"\n', "must be a number"),
    ],
)
def test_a_table_that_says_something_else_is_refused(
    before: str, after: str, said: str
) -> None:
    assert before in NORMS

    with pytest.raises(PlanFileError, match=said):
        plan(NORMS.replace(before, after))


def test_a_plan_sets_a_share_of_false_alarms_or_none() -> None:
    asked = norms_toml(MADE, false_alarms="0.10")

    assert plan(NORMS).norms.false_alarms is None
    assert plan(asked).norms.false_alarms == Decimal("0.1")


def test_a_file_that_is_named_twice_is_refused() -> None:
    again = NORMS[NORMS.index("[[norms.packs]]") :]

    with pytest.raises(PlanFileError, match="named twice"):
        plan(NORMS + again)
