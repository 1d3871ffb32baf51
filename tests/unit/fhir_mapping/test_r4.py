"""FHIR's own forms: dates, references, exact JSON, outcomes, rules R4B misses."""

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from fhir_mapping.errors import NotValidR4
from fhir_mapping.r4.dates import (
    PartialDate,
    moment_from_text,
    text_from_moment,
    to_the_day,
    whole_seconds,
)
from fhir_mapping.r4.json import fhir_text, json_bytes
from fhir_mapping.r4.models import checked
from fhir_mapping.r4.operation_outcome import Issue, issues_from_outcome
from fhir_mapping.r4.references import reference_parts, refers_to, relative
from fhir_mapping.submission import transaction_from
from tests.unit.fhir_mapping.material import (
    ANSWERED,
    built,
    submission,
    with_changed,
    without,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", PartialDate(2026, None, None)),
        ("2026-05", PartialDate(2026, 5, None)),
        ("2026-05-04", PartialDate(2026, 5, 4)),
        ("2026-05-04T09:30:15+02:00", ANSWERED),
        ("2026-05-04T07:30:15Z", ANSWERED),
        ("2026-05-04T07:30:15.000Z", ANSWERED),
        ("2026-05-04T07:30Z", ANSWERED.replace(second=0)),
        ("2026-05-04T07:30:14.1234567891Z", "microseconds"),
        ("2026-06-30T23:59:60Z", datetime(2026, 7, 1, tzinfo=UTC)),
    ],
)
def test_each_precision_of_a_fhir_date_is_read(text, expected):
    found = moment_from_text(text)

    if expected == "microseconds":
        expected = ANSWERED.replace(second=14, microsecond=123456)
    assert found == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "26",
        "2026-5-4",
        "2026-13",
        "2026-00",
        "2026-02-30",
        "0001-01-01",
        "9999-12-31",
        "２０２６",
        "2026-05-04T09:30:15",  # no offset: the day itself is uncertain
        "2026-05-04 09:30:15Z",
        "2026-W19-1T09:30:15Z",
        "20260504T093015Z",
        "2026-05-04T24:00:00Z",
        "2026-05-04T09:30:15+25:00",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "2026-13-04T09:30:60Z",
        "2026-05-04T09:30:15Z\n",
    ],
)
def test_what_is_no_fhir_date_is_not_guessed(text):
    assert moment_from_text(text) is None


def test_a_moment_keeps_the_offset_it_was_written_with():
    found = moment_from_text("2026-05-04T23:30:15-07:00")

    assert isinstance(found, datetime)
    assert found.date() == date(2026, 5, 4)
    assert text_from_moment(found) == "2026-05-04T23:30:15-07:00"


def test_only_dates_exact_to_the_day_place_a_measurement():
    assert to_the_day("2026-05-04") == datetime(2026, 5, 4, tzinfo=UTC)
    assert to_the_day("2026-05") is None
    assert to_the_day(None) is None


def test_a_moment_without_offset_is_never_written():
    with pytest.raises(ValueError, match="offset"):
        text_from_moment(datetime(2026, 5, 4))


def test_what_is_written_is_what_whole_seconds_say():
    moment = ANSWERED.replace(microsecond=999_999)

    assert moment_from_text(text_from_moment(moment)) == whole_seconds(moment)


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("Patient/1", ("Patient", "1")),
        ("Patient/1/_history/3", ("Patient", "1")),
        ("https://ehr.example/fhir/Patient/1", ("Patient", "1")),
        ("urn:uuid:c757873d-ec9a-4326-a141-556f43239520", None),
        ("#p", None),
        ("Patient", None),
        ("Patient/", None),
        ("/1", None),
    ],
)
def test_a_reference_names_type_and_id(reference, parts):
    assert reference_parts(reference) == parts


def test_an_absolute_reference_to_another_server_is_another_patient():
    here, there = "https://ehr.example/fhir", "https://other.example/fhir"

    assert refers_to(f"{here}/Patient/1", "Patient", resource_id="1", base=f"{here}/")
    assert not refers_to(f"{there}/Patient/1", "Patient", resource_id="1", base=here)
    assert refers_to(f"{there}/Patient/1", "Patient", resource_id="1", base=None)
    assert refers_to("Patient/1/_history/2", "Patient", resource_id="1", base=here)
    assert not refers_to("Patient/11", "Patient", resource_id="1", base=None)


def test_a_relative_reference_loses_server_and_version():
    assert relative("https://a.example/f/Observation/1/_history/2") == "Observation/1"
    assert relative("urn:uuid:1") == "urn:uuid:1"


@pytest.mark.req("RW-15")
def test_json_keeps_the_digits_of_a_decimal():
    written = json_bytes({"a": Decimal("7.10"), "b": [1, True, None, 'ä"\n']})

    assert written == '{"a":7.10,"b":[1,true,null,"ä\\"\\n"]}'.encode()


@pytest.mark.parametrize("value", [0.1, Decimal("NaN"), date(2026, 1, 1)])
def test_json_refuses_what_has_no_exact_form(value):
    with pytest.raises(TypeError):
        json_bytes({"value": value})


def test_characters_that_fhir_forbids_are_replaced():
    assert fhir_text("a\x00b\ud800c\td\n") == "a�b�c\td\n"


def test_an_outcome_becomes_severity_code_and_vendor_numbers():
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "fatal",
                "code": "processing",
                "diagnostics": "patient Jane Doe",
                "details": {"coding": [{"system": "urn:oid:1", "code": "4113"}, 5]},
                "expression": ["Observation.value", 7],
            },
            {"details": "odd"},
            "odd",
        ],
    }

    assert issues_from_outcome(outcome) == (
        Issue("fatal", "processing", (("urn:oid:1", "4113"),), ("Observation.value",)),
        Issue("error", "", (), ()),
    )
    assert issues_from_outcome({"resourceType": "Observation"}) == ()
    assert issues_from_outcome({"resourceType": "OperationOutcome", "issue": 5}) == ()


def test_a_warning_is_no_failure():
    warning = Issue("warning", "processing", (), ())

    assert not warning.is_failure
    assert Issue("error", "", (), ()).is_failure
    with pytest.raises(FrozenInstanceError):
        warning.code = "x"


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("status", "nonsense", "status"),
        ("valueString", "12", ""),
        ("dataAbsentReason", {"text": "x"}, "dataAbsentReason"),
        ("category", [], "category"),
        ("valueQuantity.value", 7.5, "valueQuantity.value"),
        ("valueQuantity.value", Decimal("NaN"), "valueQuantity.value"),
        ("encounter", None, "encounter"),
        ("code.text", "  ", "code.text"),
        ("code.text", "a\x00", "code.text"),
        ("method", {}, "method"),
        ("effectivePeriod", {"start": "2026"}, ""),
        ("referenceRange", [{"appliesTo": [{"text": "x"}]}], "referenceRange[0]"),
        ("effectiveDateTime", "yesterday", "effectiveDateTime"),
        ("unknownField", "x", "unknownField"),
    ],
)
def test_an_observation_that_breaks_a_rule_is_refused_at_its_place(place, value, named):
    observation = built(submission()).observations[0]

    with pytest.raises(NotValidR4) as caught:
        checked(with_changed(observation, place, value))

    assert named in caught.value.places
    assert caught.value.__cause__ is None


def test_an_observation_that_says_nothing_is_refused():
    observation = without(built(submission()).observations[0], "valueQuantity")

    with pytest.raises(NotValidR4):
        checked(observation)


def test_a_component_that_repeats_the_code_is_refused():
    observation = built(submission()).observations[0]
    twice = observation | {"component": [{"code": observation["code"]}]}

    with pytest.raises(NotValidR4) as caught:
        checked(twice)

    assert caught.value.places == ("value",)


@pytest.mark.parametrize("field", ["questionnaire", "authored", "subject", "status"])
def test_a_response_without_what_sdc_requires_is_refused(field):
    with pytest.raises(NotValidR4):
        checked(without(built(submission()).response, field))


def test_a_response_that_answers_an_item_twice_is_refused():
    response = built(submission()).response
    response = with_changed(response, "item[1].linkId", "/44250-9")

    with pytest.raises(NotValidR4) as caught:
        checked(response)

    assert caught.value.places == ("item[1].linkId",)


def test_a_value_never_enters_the_error():
    response = with_changed(built(submission()).response, "authored", "Jane Doe")

    with pytest.raises(NotValidR4) as caught:
        checked(response)

    assert "Jane" not in str(caught.value)


def test_a_type_we_never_write_is_refused():
    with pytest.raises(NotValidR4):
        checked({"resourceType": "Patient", "id": "1"})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("entry[0].request", None), "entry[0].request"),
        (
            ("entry[1].fullUrl", "urn:uuid:00000000-0000-0000-0000-000000000001"),
            "entry",
        ),
        (("entry[1].resource.status", "x"), "entry[1].resource.status"),
    ],
)
def test_a_transaction_with_one_bad_entry_is_refused(change, place):
    bundle = with_changed(transaction_from(built(submission())), *change)
    if change[1] is None:
        del bundle["entry"][0]["request"]

    with pytest.raises(NotValidR4) as caught:
        checked(bundle)

    assert any(each.startswith(place) for each in caught.value.places)


def test_items_never_stand_under_item_and_answer_both():
    response = built(submission()).response
    below = [{"linkId": "below", "answer": [{"valueInteger": 1}]}]

    with pytest.raises(NotValidR4) as caught:
        checked(with_changed(response, "item[0].item", below))

    assert caught.value.places == ("item[0]",)
