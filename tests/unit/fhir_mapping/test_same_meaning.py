"""Verified means: the copy in the EHR says what we sent."""

from decimal import Decimal

import pytest

from fhir_mapping.r4.json import json_bytes
from fhir_mapping.same_meaning import same_meaning
from tests.unit.fhir_mapping.material import (
    LIBRARY,
    PLAIN,
    WITH_ITEMS,
    built,
    stored,
    submission,
    with_changed,
    without,
)


def same(sent, read):
    return same_meaning(sent, json_bytes(read), LIBRARY, PLAIN)


@pytest.mark.req("RW-10")
def test_what_was_stored_as_sent_means_the_same():
    sent = built(submission(), dialect=WITH_ITEMS)
    held = stored(submission(), dialect=WITH_ITEMS)

    pairs = zip((sent.response, *sent.observations), held, strict=True)

    assert all(same(ours, theirs) for ours, theirs in pairs)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("authored", "2026-05-04T07:30:15.000Z"),
        ("subject.reference", "https://ehr.example/fhir/Patient/p1"),
        ("meta", {"versionId": "3", "lastUpdated": "2026-05-04T07:31:00Z"}),
        ("item[0].text", "other words"),
        ("text", {"status": "generated", "div": "<div>added</div>"}),
    ],
)
def test_what_a_server_may_add_or_rewrite_changes_no_meaning(place, value):
    response, _ = stored(submission())

    assert same(built(submission()).response, with_changed(response, place, value))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("status", "in-progress"),
        ("authored", "2026-05-04T07:31:15Z"),
        ("subject.reference", "Patient/p2"),
        ("questionnaire", "https://rom-on-fhir.example/fhir/Questionnaire/phq-9|2.0.0"),
        ("item[0].answer", [{"valueInteger": 1}]),
        ("item[0].answer", [{"valueString": "2"}]),
        ("item", []),
    ],
)
@pytest.mark.req("RW-10")
def test_a_response_that_says_something_else_is_not_the_same(place, value):
    response, _ = stored(submission())

    assert not same(built(submission()).response, with_changed(response, place, value))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("status", "preliminary"),
        ("effectiveDateTime", "2026-05-04"),
        ("valueQuantity.value", 13),
        ("valueQuantity.unit", "mg"),
        ("valueQuantity.code", "mg"),
        ("code", {"coding": [{"system": "http://loinc.org", "code": "70274-6"}]}),
        ("derivedFrom", []),
        ("subject.reference", "Patient/p2"),
        ("resourceType", "Patient"),
    ],
)
@pytest.mark.req("RW-10")
def test_a_score_that_says_something_else_is_not_the_same(place, value):
    _, score = stored(submission())
    sent = built(submission()).observations[0]

    changed = with_changed(score, place, value)
    if place == "valueQuantity.unit":
        del changed["valueQuantity"]["code"]

    assert not same(sent, changed)


def test_a_score_written_with_more_digits_is_the_same():
    _, score = stored(submission())

    changed = with_changed(score, "valueQuantity.value", Decimal("12.00"))

    assert same(built(submission()).observations[0], changed)


def test_a_score_must_refer_to_the_response_we_named():
    _, score = stored(submission())
    sent = with_changed(
        score, "derivedFrom[0].reference", "QuestionnaireResponse/other"
    )

    assert not same(sent, score)


def test_an_item_with_another_answer_is_not_the_same():
    sent = built(submission(), dialect=WITH_ITEMS).observations[0]
    held = stored(submission(), dialect=WITH_ITEMS)[1]
    place = "valueCodeableConcept.coding[0].code"

    assert same(sent, held)
    assert not same(sent, with_changed(held, place, "LA6568-5"))


def test_a_score_that_could_not_be_computed_is_compared_too():
    sent = built(submission({"/44250-9": 1})).observations[0]
    _, held = stored(submission({"/44250-9": 1}))

    assert same(sent, held)
    number = without(held, "dataAbsentReason") | {"valueQuantity": {"value": 1}}
    assert not same(sent, number)


def test_an_unreadable_copy_is_not_the_same():
    sent = built(submission()).response

    assert not same_meaning(sent, b"<html>", LIBRARY, PLAIN)
