"""The 31 source attributes of a predictive decision support intervention, by key.

Number, groups and order are those of 45 CFR 170.315(b)(11)(iv)(B), read in the eCFR of
2026-10-01 (final rule: 89 FR 1192, 9 January 2024); the keys are short forms of ours.
What is not known is written out as `NOT_AVAILABLE`, never left away.
"""

from collections.abc import Mapping
from itertools import chain

NOT_AVAILABLE = "not available"
PARAGRAPH = "45 CFR 170.315(b)(11)(iv)(B)"
_ROMAN = ("i", "ii", "iii", "iv", "v")

# The first group is paragraph (1), its first key (i), and so on.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "details": ("developer", "funding", "value_produced", "output_type"),
    "purpose": (
        "intended_use",
        "intended_patients",
        "intended_users",
        "role_in_decision",
    ),
    "out_of_scope": ("cautioned_against", "known_risks_and_limits"),
    "development": (
        "training_inclusion_exclusion",
        "demographic_inputs",
        "training_representativeness",
        "training_relevance",
    ),
    "fairness_process": ("fairness_approach", "bias_reduction"),
    "external_validation": (
        "external_data",
        "external_tester",
        "external_representativeness",
        "external_process",
    ),
    "performance": (
        "validity_internal",
        "fairness_internal",
        "validity_external",
        "fairness_external",
        "outcome_references",
    ),
    "maintenance": (
        "validity_monitoring",
        "validity_local",
        "fairness_monitoring",
        "fairness_local",
    ),
    "updates": ("update_schedule", "correction_schedule"),
}
KEYS: tuple[str, ...] = tuple(chain.from_iterable(GROUPS.values()))

# Of these alone the rule, in paragraph (v)(A)(2), expects that nothing may be known.
MAY_BE_UNKNOWN: frozenset[str] = frozenset(
    (
        *GROUPS["external_validation"],
        *("validity_external", "fairness_external", "outcome_references"),
        *("validity_local", "fairness_local"),
        *GROUPS["updates"],
    )
)

# What the makers say by a name of its own, and what the check of a pack finds.
_BY_OTHERS: frozenset[str] = frozenset(
    (
        *("developer", "funding"),
        *("validity_internal", "validity_external", "validity_local"),
        *("fairness_internal", "fairness_external", "fairness_local"),
    )
)
MAY_BE_SAID: tuple[str, ...] = tuple(each for each in KEYS if each not in _BY_OTHERS)


def paragraph_of(key: str) -> str:
    """Where the rule asks for this attribute, such as "...(iv)(B)(8)(ii)"."""
    for group, keys in enumerate(GROUPS.values(), start=1):
        if key in keys:
            return f"{PARAGRAPH}({group})({_ROMAN[keys.index(key)]})"
    raise KeyError(key)
