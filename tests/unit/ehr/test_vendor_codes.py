"""The EHRs' own error numbers lead to the step that the persona files ask for."""

import tomllib

import pytest

from ehr.delivery.retry import CodeClass
from ehr.delivery.vendor_codes import code_classes
from tests.shared_material import shared
from tests.unit.ehr.canned import outcome

# Persona's word -> ours; None: the HTTP status says it already, or it is no write.
MEANS: dict[str, CodeClass | None] = {
    "look-up-then-success": "look_up",
    "policy": "policy",
    "patient-changed": "patient_gone",
    "gone": "patient_gone",
    "retry-later": "later",
    "site-configuration": "site_configuration",
    "permanent": None,
    "note": None,
    "empty": None,
    "narrow-search": None,
    "restart-search": None,
    "partial-data": None,
}


@pytest.mark.req("RW-07")
@pytest.mark.parametrize("persona", ["epic_like", "oracle_like", "athena_like"])
def test_each_known_code_means_what_the_persona_says(persona: str) -> None:
    facts = tomllib.loads(shared(f"spec/personas/{persona}.toml").read_text("utf-8"))

    for error in facts.get("error", []):
        expected = MEANS[error["our_class"]]
        found = code_classes(outcome(error["severity"], error["code"]))
        assert found == (frozenset() if expected is None else {expected}), error


def test_an_unknown_code_or_no_outcome_says_nothing() -> None:
    assert code_classes(outcome("fatal", "31337")) == frozenset()
    assert code_classes(None) == frozenset()
