"""The 31 source attributes of a predictive decision support intervention, by key.

They follow the groups of 45 CFR 170.315(b)(11)(iv)(B); the wording of the keys is
ours. What is not known is written out as `NOT_AVAILABLE`, never left away.
"""

from collections.abc import Mapping

NOT_AVAILABLE = "not available"

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
KEYS: tuple[str, ...] = tuple(key for keys in GROUPS.values() for key in keys)
