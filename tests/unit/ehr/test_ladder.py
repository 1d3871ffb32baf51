"""Which shape is written, and how, for what a server offers (security guide, 8.1)."""

import tomllib

import pytest

from ehr.capabilities import Capabilities, TypeAbility, capabilities_from_statement
from ehr.delivery.ladder import HeldShape, Probed, Shape, choose_shape
from tests.shared_material import shared

FULL = frozenset({"create", "read", "update", "search-type"})


def offering(
    *,
    response: frozenset[str] = FULL,
    score: frozenset[str] = FULL,
    searches: frozenset[str] = frozenset({"identifier", "patient"}),
    update_create: bool = False,
    conditional: bool = False,
    transaction: bool = False,
) -> Capabilities:
    return Capabilities(
        types={
            "QuestionnaireResponse": TypeAbility(
                response, searches, update_create, conditional
            ),
            "Observation": TypeAbility(score, searches, update_create, conditional),
        },
        system=frozenset({"transaction"} if transaction else ()),
        fhir_version="4.0.1",
    )


@pytest.mark.parametrize(
    ("offered", "unique", "may_update", "method", "delivery_class"),
    [
        (offering(conditional=True, transaction=True), True, True, "transaction", "E2"),
        (
            offering(conditional=True, transaction=True),
            False,
            True,
            "transaction",
            "E3",
        ),
        (
            offering(conditional=True, transaction=True, update_create=True),
            False,
            True,
            "update_create",
            "E1",
        ),
        (
            offering(conditional=True, transaction=True, update_create=True),
            False,
            False,
            "transaction",
            "E3",
        ),
        (offering(update_create=True), False, True, "update_create", "E1"),
        (offering(update_create=True), False, False, "search_create", "E4"),
        (offering(conditional=True), True, True, "conditional_create", "E2"),
        (offering(conditional=True), False, True, "conditional_create", "E3"),
        (offering(transaction=True), True, True, "search_create", "E4"),
        (offering(), False, True, "search_create", "E4"),
        (offering(searches=frozenset({"patient"})), False, True, "search_create", "E4"),
        (offering(searches=frozenset({"_id"})), False, True, "create", "E5"),
        (
            offering(response=frozenset({"create"}), score=frozenset({"create"})),
            False,
            True,
            "create",
            "E5",
        ),
    ],
)
@pytest.mark.req("RW-03")
def test_the_method_that_repeats_most_safely_is_chosen(
    offered: Capabilities,
    unique: bool,
    may_update: bool,
    method: str,
    delivery_class: str,
) -> None:
    shape = choose_shape(
        offered, Probed(unique_identifiers=unique), may_update=may_update
    )

    assert isinstance(shape, Shape)
    assert (shape.method, shape.delivery_class) == (method, delivery_class)
    assert shape.scores


def test_conditional_create_alone_is_never_taken_for_proof() -> None:
    shape = choose_shape(
        offering(conditional=True, transaction=True), Probed(), may_update=False
    )

    assert isinstance(shape, Shape)
    assert shape.delivery_class == "E3"


def test_a_response_without_scores_is_written_where_observations_are_not() -> None:
    shape = choose_shape(
        offering(score=frozenset({"read", "search-type"})), Probed(), may_update=True
    )

    assert shape == Shape(
        rung=1, scores=False, method="search_create", delivery_class="E4"
    )


def test_scores_are_not_written_without_the_answers_behind_them() -> None:
    shape = choose_shape(
        offering(response=frozenset({"read", "update", "search-type"})),
        Probed(),
        may_update=True,
    )

    assert shape == HeldShape(missing=("QuestionnaireResponse",))


def test_a_probe_overrules_what_is_advertised() -> None:
    shape = choose_shape(
        offering(),
        Probed(refuses=frozenset({"QuestionnaireResponse"})),
        may_update=True,
    )

    assert isinstance(shape, HeldShape)


def test_a_server_that_offers_nothing_holds_everything() -> None:
    shape = choose_shape(
        capabilities_from_statement({"resourceType": "CapabilityStatement"}),
        Probed(unique_identifiers=True),
        may_update=True,
    )

    assert isinstance(shape, HeldShape)


@pytest.mark.parametrize(
    ("persona", "expected"),
    [
        ("epic_like", Shape(1, True, "search_create", "E4")),
        ("oracle_like", HeldShape(("QuestionnaireResponse",))),
        ("athena_like", Shape(1, False, "search_create", "E4")),
        ("full_r4", Shape(1, True, "update_create", "E1")),
    ],
)
def test_each_known_kind_of_ehr_has_its_rung(
    persona: str, expected: Shape | HeldShape
) -> None:
    facts = tomllib.loads(shared(f"spec/personas/{persona}.toml").read_text("utf-8"))
    server = facts["server"]
    statement = {
        "rest": [
            {
                "mode": "server",
                "interaction": [{"code": c} for c in server["system_interactions"]],
                "resource": [
                    {
                        "type": name,
                        "interaction": [{"code": c} for c in each["interactions"]],
                        "searchParam": [{"name": n} for n in each["search"]],
                        "updateCreate": server.get("update_create", False),
                        "conditionalCreate": server.get("conditional_create", False),
                    }
                    for name, each in facts["resource"].items()
                ],
            }
        ]
    }

    shape = choose_shape(
        capabilities_from_statement(statement), Probed(), may_update=True
    )

    assert shape == expected
