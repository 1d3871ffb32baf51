"""What is read from a CapabilityStatement, and what is not believed."""

import json

from ehr.capabilities import NOTHING, capabilities_from_statement
from tests.shared_material import shared

STATEMENT = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "rest": [
        {
            "mode": "server",
            "interaction": [{"code": "transaction"}],
            "resource": [
                {
                    "type": "Observation",
                    "interaction": [{"code": "create"}, {"code": "search-type"}],
                    "searchParam": [{"name": "identifier", "type": "token"}],
                    "conditionalCreate": True,
                    "updateCreate": False,
                }
            ],
        }
    ],
}


def test_what_a_server_offers_is_read() -> None:
    offered = capabilities_from_statement(STATEMENT)

    assert offered.transaction
    assert offered.can("Observation", "create")
    assert offered.searches_by("Observation", "identifier")
    assert offered.of("Observation").conditional_create
    assert not offered.of("Observation").update_create
    assert offered.fhir_version == "4.0.1"


def test_a_type_that_is_not_mentioned_is_not_offered() -> None:
    offered = capabilities_from_statement(STATEMENT)

    assert offered.of("QuestionnaireResponse") == NOTHING
    assert not offered.can("QuestionnaireResponse", "create")


def test_what_the_server_does_as_a_client_is_not_an_offer() -> None:
    as_client = {"rest": [{**STATEMENT["rest"][0], "mode": "client"}]}  # type: ignore[dict-item]

    offered = capabilities_from_statement(as_client)

    assert not offered.transaction
    assert offered.of("Observation") == NOTHING


def test_parameters_without_the_search_interaction_are_not_a_search() -> None:
    offered = capabilities_from_statement(
        {
            "rest": [
                {
                    "mode": "server",
                    "resource": [
                        {
                            "type": "Observation",
                            "interaction": [{"code": "read"}],
                            "searchParam": [{"name": "identifier"}],
                        }
                    ],
                }
            ]
        }
    )

    assert not offered.searches_by("Observation", "identifier")


def test_a_malformed_statement_offers_less_not_more() -> None:
    odd = {
        "fhirVersion": 4,
        "rest": [
            "server",
            {"mode": "server", "interaction": {"code": "transaction"}},
            {"mode": "server", "interaction": [{"code": 1}, "transaction"]},
            {
                "mode": "server",
                "resource": [
                    {"type": ["Observation"]},
                    {"type": "Observation", "updateCreate": "true"},
                ],
            },
        ],
    }

    offered = capabilities_from_statement(odd)

    assert not offered.transaction
    assert not offered.of("Observation").update_create
    assert offered.fhir_version == ""


def test_an_official_statement_is_understood() -> None:
    text = shared(
        "spec/us-core/9.0.0/official/CapabilityStatement-us-core-server.json"
    ).read_text("utf-8")

    offered = capabilities_from_statement(json.loads(text))

    assert offered.can("Patient", "read")
