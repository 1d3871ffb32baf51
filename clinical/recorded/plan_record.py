"""A measurement plan as it was when a card was made: every number with its source.

Kept once for all cards that were made by it, under the SHA-256 of what it says.
"""

import json
from dataclasses import dataclass
from hashlib import sha256

from clinical.plan import MeasurementPlan
from clinical.recorded.typed_json import NotOfThisKind, json_of, value_from


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """`digest` is the SHA-256 (hex) of `content`."""

    digest: str
    content: bytes


class NotThisPlan(Exception):
    """The bytes are not the plan that was recorded under this digest."""


def plan_record(plan: MeasurementPlan) -> PlanRecord:
    """The whole plan with the instruments it names, without their words."""
    content = json.dumps(
        json_of(plan), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()
    return PlanRecord(sha256(content).hexdigest(), content)


def plan_from_record(record: PlanRecord) -> MeasurementPlan:
    """The plan as it was.

    Raises:
        NotThisPlan: changed, or written by a program that knew other numbers.
    """
    if sha256(record.content).hexdigest() != record.digest:
        raise NotThisPlan("is not what its SHA-256 says")
    try:
        found = value_from(MeasurementPlan, json.loads(record.content))
    except NotOfThisKind as problem:
        raise NotThisPlan(
            f"was written by a program that knew other numbers (at {problem}); explain"
            " with the version that is named in the card"
        ) from None
    assert isinstance(found, MeasurementPlan)
    return found
