"""A submission as the outbox keeps it, and as the resources it becomes."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from fhir_mapping.r4.json import json_bytes
from fhir_mapping.submission import (
    derived_id,
    identifier_of,
    measurement_from_submission,
    submission_from_json,
    submission_to_json,
    transaction_from,
    with_member_references,
    with_response_reference,
    without_response,
)
from questionnaires.errors import AnswerNotOffered, UnknownInstrument
from tests.unit.fhir_mapping.material import (
    FIXTURES,
    LIBRARY,
    PLAIN,
    WITH_ITEMS,
    built,
    phq9_points,
    submission,
)

PRORATED = phq9_points(2, 2, 1, None, 1, 0, 1, 2, 0, 1)


def test_what_the_outbox_keeps_comes_back_whole():
    sent = submission(PRORATED)

    stored = json.loads(json.dumps(submission_to_json(sent)))

    assert submission_from_json(LIBRARY, stored) == sent
    alone = replace(sent, encounter=None)
    assert submission_from_json(LIBRARY, submission_to_json(alone)) == alone


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 2),
        ("answers", "x"),
        ("mode", "tablet"),
        ("patient", 5),
        ("encounter", 5),
        ("id", "no uuid"),
        ("authored", "soon"),
    ],
)
def test_what_the_outbox_never_wrote_is_refused(key, value):
    stored = submission_to_json(submission()) | {key: value}

    with pytest.raises(ValueError):  # noqa: PT011 - the kinds differ, all are ValueError
        submission_from_json(LIBRARY, stored)


def test_a_stored_submission_needs_its_instrument():
    stored = submission_to_json(submission())
    answers = stored["answers"]

    with pytest.raises(UnknownInstrument):
        submission_from_json(
            LIBRARY, stored | {"answers": answers | {"instrument": "gone"}}
        )
    with pytest.raises(AnswerNotOffered):
        submission_from_json(LIBRARY, stored | {"answers": answers | {"version": "0"}})


@pytest.mark.req("RW-02")
def test_building_again_gives_the_same_bytes_and_identities():
    sent = submission(PRORATED)

    first = transaction_from(built(sent, dialect=WITH_ITEMS))
    second = transaction_from(built(sent, dialect=WITH_ITEMS))

    assert json_bytes(first) == json_bytes(second)
    identities = [identifier_of(each["resource"]) for each in first["entry"]]
    assert len(set(identities)) == len(identities) == 12


@pytest.mark.req("RW-02")
def test_the_identity_of_a_derived_resource_is_fixed_for_ever():
    found = derived_id(UUID(int=1), "score", code="phq-9.total", version="1.0.0")

    assert found == UUID("d78b3806-168e-5bf4-b994-f2bf6589a230")


@pytest.mark.req("RW-03")
def test_a_transaction_creates_each_resource_only_if_it_is_not_there():
    bundle = transaction_from(built(submission()))

    for entry in bundle["entry"]:
        value = identifier_of(entry["resource"])
        assert entry["fullUrl"] == f"urn:uuid:{value}"
        assert entry["request"]["ifNoneExist"].endswith(f"/submission|{value}")
    response, score = bundle["entry"]
    assert score["resource"]["derivedFrom"] == [{"reference": response["fullUrl"]}]


def test_one_phq9_submission_is_written_exactly_like_this():
    golden = FIXTURES / "rom-on-fhir" / "phq-9-transaction.json"

    written = json_bytes(transaction_from(built(submission(PRORATED))))

    assert json.loads(written) == json.loads(golden.read_text(encoding="utf-8"))


def test_scores_refer_to_the_response_as_the_ehr_stored_it():
    resources = with_response_reference(built(submission()), "QuestionnaireResponse/17")

    assert resources.observations[0]["derivedFrom"] == [
        {"reference": "QuestionnaireResponse/17"}
    ]


def test_an_ehr_without_responses_gets_scores_that_refer_to_nothing():
    observations = without_response(built(submission()))

    assert "derivedFrom" not in observations[0]


def test_a_panel_can_name_its_members_as_the_ehr_stored_them():
    resources = built(submission(), dialect=WITH_ITEMS)
    panel = resources.observations[-1]
    first = panel["hasMember"][0]["reference"]

    named = with_member_references(panel, {first: "Observation/5"})

    assert named["hasMember"][0] == {"reference": "Observation/5"}
    assert named["hasMember"][1] == panel["hasMember"][1]


def test_a_waiting_submission_is_a_measurement_that_is_not_in_the_record():
    sent = submission(PRORATED, authored=submission().authored.replace(microsecond=7))

    measurement = measurement_from_submission(sent, LIBRARY)

    assert measurement.source == f"outbox/{sent.id}"
    assert not measurement.in_record
    assert measurement.authored.microsecond == 0
    assert measurement.scores[0].prorated


def test_a_form_without_wording_is_written_in_codes_alone():
    sent = submission({"o1": 50, "o2": 50, "o3": 50, "o4": 50}, instrument_id="ors")

    resources = built(sent, dialect=WITH_ITEMS)

    assert "_questionnaire" not in resources.response
    assert resources.observations[0]["valueInteger"] == 50


def test_an_open_answer_stands_in_its_item_and_in_no_score():
    sent = submission(
        {"a1": 4, "a2": 4, "a3": 4, "a4": 4, "a5": "Danke"},
        instrument_id="session-alliance",
    )

    *_, text, score, _panel = built(sent, dialect=WITH_ITEMS).observations

    assert text["valueString"] == "Danke"
    assert "Danke" not in json_bytes(score).decode()
    assert len(built(sent, dialect=PLAIN).observations) == 1
