"""What this EHR lets us write, and how safely each write can be repeated.

Pure: capabilities and a probe's findings in, one `Shape` out. Methods and classes are
those of the security guide, 8.1; real servers race on conditional create (HAPI #3141,
Microsoft FHIR #1382), so without a probe `ifNoneExist` is never taken for proof.
"""

from dataclasses import dataclass
from typing import Literal

from ehr.capabilities import Capabilities

DeliveryClass = Literal["E1", "E2", "E3", "E4", "E5"]
Method = Literal[
    "update_create", "transaction", "conditional_create", "search_create", "create"
]
RESPONSE = "QuestionnaireResponse"
SCORE = "Observation"


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe found out that no CapabilityStatement can say.

    Attributes:
        unique_identifiers: two parallel conditional creates gave one resource.
        refuses: types that are advertised as creatable and are not, for us.
    """

    unique_identifiers: bool = False
    refuses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shape:
    """One rung of the write ladder that can be written now.

    Attributes:
        rung: 1 is the response with its scores; higher numbers hold less.
        scores: whether score Observations are written; without them a reader
            recomputes the score from the response.
        method: how each resource is sent.
        delivery_class: how safely that can be repeated.
    """

    rung: Literal[1]
    scores: bool
    method: Method
    delivery_class: DeliveryClass


@dataclass(frozen=True, slots=True)
class HeldShape:
    """Rung 5: nothing can be written; shown as "not yet in the record".

    Attributes:
        missing: the types that would have to be creatable.
    """

    missing: tuple[str, ...]


def choose_shape(
    capabilities: Capabilities, probed: Probed, *, may_update: bool
) -> Shape | HeldShape:
    """The highest rung, and on it the method that repeats most safely.

    Both types are written by the same method: the weaker one's. A response without
    score Observations loses nothing (the score follows from the answers); scores
    without the response would lose the answers, so they are not written alone.

    Args:
        capabilities: what the server states.
        probed: what a probe found, or nothing yet.
        may_update: whether our token's scopes allow `update`, which update-as-create
            needs.
    """
    types = [
        each
        for each in (RESPONSE, SCORE)
        if each not in probed.refuses
        and (
            capabilities.can(each, "create")
            or (may_update and _update_creates(capabilities, each))
        )
    ]
    if RESPONSE not in types:
        return HeldShape(missing=(RESPONSE,))
    method, delivery_class = _method(
        capabilities, probed, types=types, may_update=may_update
    )
    return Shape(
        rung=1,
        scores=SCORE in types,
        method=method,
        delivery_class=delivery_class,
    )


def _update_creates(capabilities: Capabilities, resource_type: str) -> bool:
    ability = capabilities.of(resource_type)
    return ability.update_create and "update" in ability.interactions


def _method(
    capabilities: Capabilities,
    probed: Probed,
    *,
    types: list[str],
    may_update: bool,
) -> tuple[Method, DeliveryClass]:
    conditional = all(capabilities.of(each).conditional_create for each in types)
    in_one = conditional and capabilities.transaction
    if in_one and probed.unique_identifiers:
        return "transaction", "E2"
    if may_update and all(_update_creates(capabilities, each) for each in types):
        return "update_create", "E1"
    if in_one:
        # Atomic, but `ifNoneExist` in it may race: swept for duplicates like E3.
        return "transaction", "E3"
    if conditional:
        return "conditional_create", "E2" if probed.unique_identifiers else "E3"
    if all(_can_be_found(capabilities, each) for each in types):
        return "search_create", "E4"
    return "create", "E5"


def _can_be_found(capabilities: Capabilities, resource_type: str) -> bool:
    return any(
        capabilities.searches_by(resource_type, each)
        for each in ("identifier", "patient", "subject")
    )
