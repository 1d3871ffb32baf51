"""Reading what other systems wrote: kindly, quickly, and never in silence."""

import json
from decimal import Decimal

import pytest

from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.reading import (
    Bundle,
    bundle_from_bytes,
    reading_from_bundle,
    resource_from_bytes,
)
from fhir_mapping.r4.sane_numbers import finite
from fhir_mapping.unread import Unread
from tests.shared_material import shared
from tests.unit.fhir_mapping.material import reading_of


def observation(**fields: object) -> dict[str, object]:
    return {"resourceType": "Observation", "id": "o1", "status": "final", **fields}


def page(*resources: object, **fields: object) -> bytes:
    entries = [{"resource": each} for each in resources]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    return json.dumps(bundle | fields).encode()


def test_every_official_r4_example_is_read_or_reported_with_its_place():
    files = sorted(shared("spec/fhir-examples").glob("*.json"))

    read, reported = [], []
    for file in files:
        body = file.read_bytes()
        is_bundle = json.loads(body)["resourceType"] == "Bundle"
        try:
            if is_bundle:
                reading = bundle_from_bytes(body)
                read.extend(reading.resources)
                reported.extend(each.place for each in reading.unread)
            else:
                read.append(resource_from_bytes(body))
        except UnreadableResource as error:
            reported.append(error.place)

    assert len(files) >= 100
    assert len(read) >= 100
    assert all(reported)
    print(f"official R4 examples: {len(read)} read, {len(reported)} reported")


def test_the_official_examples_make_a_chart_without_scores_of_ours():
    files = sorted(shared("spec/fhir-examples").glob("*.json"))
    read = [
        each
        for file in files
        if b'"Bundle"' not in (body := file.read_bytes())
        for each in [resource_from_bytes(body)]
    ]

    reading = reading_of(read, patient="example")

    assert reading.episode.measurements == ()
    assert reading.not_ours + len(reading.unread) + reading.withdrawn == len(read)


def test_no_file_of_the_validators_test_cases_breaks_the_reader():
    files = sorted(shared("corpora/fhir-test-cases").rglob("*.json"))

    outcomes = {"read": 0, "reported": 0}
    for file in files:
        body = file.read_bytes()
        for read in (resource_from_bytes, bundle_from_bytes):
            try:
                found = read(body)
                resources = getattr(found, "resources", (found,))
                reading_of(list(resources), patient="example")
                outcomes["read"] += 1
            except UnreadableResource:
                outcomes["reported"] += 1

    assert len(files) > 400
    assert outcomes["read"] > 300
    print(f"validator test cases: {len(files)} files, {outcomes}")


def test_no_broken_json_breaks_the_reader():
    files = sorted(shared("corpora/JSONTestSuite/test_parsing").glob("n_*.json"))

    for file in files:
        body = b'{"resourceType":"Observation","extra":' + file.read_bytes() + b"}"
        with pytest.raises(UnreadableResource):
            bundle_from_bytes(body)

    assert len(files) > 150


def test_one_malformed_resource_on_a_page_loses_only_itself():
    good = [observation(id=f"o{number}") for number in range(3)]
    bad = observation(id="bad", valueQuantity={"value": "a lot"})

    reading = bundle_from_bytes(page(good[0], bad, good[1], good[2]))

    assert [each.id for each in reading.resources] == ["o0", "o1", "o2"]
    assert reading.unread == (
        Unread("Observation", "bad", "valueQuantity.value", "malformed"),
    )


def test_an_entry_that_is_no_object_loses_only_itself():
    bundle = {"resourceType": "Bundle", "entry": [7, {"resource": observation()}]}

    reading = bundle_from_bytes(json.dumps(bundle).encode())

    assert [each.id for each in reading.resources] == ["o1"]
    assert reading.unread == (Unread("Bundle", "", "entry[0]", "malformed"),)


def test_a_resource_of_another_shape_that_we_do_not_use_is_no_loss():
    questionnaire = {
        "resourceType": "Questionnaire",
        "id": "q",
        "code": [{"code": "x"}],
    }

    reading = bundle_from_bytes(page(questionnaire, observation()))

    assert [each.resource_type for each in reading.resources] == [
        "Questionnaire",
        "Observation",
    ]
    assert reading.unread == ()


def test_an_entry_without_resource_type_is_reported():
    reading = bundle_from_bytes(page({"id": "x"}))

    assert reading.unread == (Unread("Resource", "x", "resourceType", "malformed"),)


def test_the_next_page_is_known_also_when_an_entry_is_malformed():
    links = [{"relation": "self", "url": "a"}, {"relation": "next", "url": "b"}]
    bad = observation(status=5)

    whole = bundle_from_bytes(page(observation(), link=links))
    by_entry = bundle_from_bytes(page(bad, link=links))

    assert (whole.next_url, by_entry.next_url) == ("b", "b")
    assert bundle_from_bytes(page()).next_url is None


def test_what_the_server_says_about_a_search_is_not_a_resource_of_the_chart():
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "warning", "code": "processing"}],
    }

    reading = bundle_from_bytes(page(outcome, observation()))

    assert [each.severity for each in reading.issues] == ["warning"]
    assert [each.id for each in reading.resources] == ["o1"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"resourceType":"Observation"}',
        b'{"resourceType":"Bundle","entry":{}}',
        b'{"resourceType":"Bundle","entry":[{"resource":' + b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_bundle_is_refused(body):
    with pytest.raises(UnreadableResource):
        bundle_from_bytes(body)


def test_a_bundle_that_came_inside_another_body_reads_the_same():
    assert reading_from_bundle(Bundle(resource_type="Bundle")).resources == ()
    with pytest.raises(UnreadableResource):
        reading_from_bundle(Bundle(resource_type="Patient"))


def test_the_error_names_the_place_and_never_the_value():
    body = b'{"resourceType":"Observation","status":{"Jane Doe":"Jane Doe"}}'

    with pytest.raises(UnreadableResource) as caught:
        resource_from_bytes(body)

    assert caught.value.place == "status"
    assert "Jane" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_person_s_name_as_resource_type_does_not_enter_a_message():
    error = UnreadableResource("Jane Doe, born 1980", "code")

    assert "Jane" not in str(error)
    assert error.resource_type == "Resource"


def test_a_resource_without_type_is_refused():
    with pytest.raises(UnreadableResource, match="resourceType"):
        resource_from_bytes(b"{}")


@pytest.mark.req("RW-15")
def test_decimals_keep_their_digits():
    body = json.dumps(observation(valueQuantity={"value": 0})).replace(
        ": 0}", ": 7.10}"
    )

    read = resource_from_bytes(body.encode())

    assert str(read.value_quantity.value) == "7.10"


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1E999999999", "9" * 200, "0E-99"])
def test_a_number_that_cannot_be_a_score_is_not_finite(text):
    assert not finite(Decimal(text))


@pytest.mark.parametrize("text", ["0", "0.0", "7.10", "27", "1E+1", "-3"])
def test_an_ordinary_number_is_finite(text):
    assert finite(Decimal(text))


def test_unknown_extensions_and_fields_are_skipped():
    body = json.dumps(
        observation(
            extension=[{"url": "urn:x", "valueBoolean": True}],
            _status={"extension": [{"url": "urn:y", "valueString": "z"}]},
            vendorField={"deep": [1, 2, {"x": None}]},
        )
    ).encode()

    assert resource_from_bytes(body).status == "final"


def test_the_identifier_may_be_one_or_many():
    one = json.dumps(
        {"resourceType": "QuestionnaireResponse", "identifier": {"value": "a"}}
    )
    many = json.dumps(observation(identifier=[{"value": "a"}, {"value": "b"}]))

    assert len(resource_from_bytes(one.encode()).identifiers) == 1
    assert len(resource_from_bytes(many.encode()).identifiers) == 2
