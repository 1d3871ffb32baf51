"""Answers as QuestionnaireResponse, and other makers' responses as answers."""

from decimal import Decimal

import pytest

from fhir_mapping.errors import UnreadableResource
from fhir_mapping.known_codes import known_codes
from fhir_mapping.questionnaire_response import answers_from_response
from questionnaires.answers import Written
from questionnaires.scoring import score_answers
from tests.shared_material import shared
from tests.unit.fhir_mapping.material import (
    ALLIANCE,
    LIBRARY,
    PHQ9,
    as_read,
    built,
    official,
    phq9_points,
    submission,
    with_changed,
    without,
)

CODES = known_codes(LIBRARY)
ITEM_WEIGHT = "http://hl7.org/fhir/StructureDefinition/itemWeight"
ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
DATA_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def read(response):
    return answers_from_response(as_read(response), CODES, default_language="en")


def us_core():
    folder = shared("spec/us-core/9.0.0/examples")
    return official(folder / "QuestionnaireResponse-phq-9-example.json")


def ours():
    return built(submission()).response


def total(answers):
    return score_answers(PHQ9, answers)[0].value


def test_what_was_answered_can_be_read_back():
    sent = submission()

    assert read(built(sent).response) == sent.answers


def test_a_blank_item_is_left_out_and_stays_a_blank():
    sent = submission(phq9_points(2, None, 2))

    response = built(sent).response

    link_ids = [item["linkId"] for item in response["item"]]
    assert link_ids == ["/44250-9", "/44259-0"]
    assert read(response) == sent.answers


def test_a_response_without_any_answer_has_no_items():
    response = built(submission({})).response

    assert "item" not in response
    assert read(response).given == {}


def test_an_open_question_keeps_its_words():
    text = "Zwischen uns war es gut.\nDanke 🙂"
    sent = submission({"a1": 4, "a5": text}, instrument_id=ALLIANCE.id)

    answers = read(built(sent).response)

    assert answers.given["a5"] == Written(text)


def test_a_line_is_written_as_whole_steps():
    sent = submission({"o1": 73, "o2": 0}, instrument_id="ors")

    response = built(sent).response

    assert [item["answer"] for item in response["item"]] == [
        [{"valueInteger": 73}],
        [{"valueInteger": 0}],
    ]
    assert "text" not in response["item"][0]  # no wording of a licensed form here
    assert read(response) == sent.answers


@pytest.mark.parametrize("value", [{"valueInteger": 101}, {"valueDecimal": 7.5}])
def test_a_place_beside_the_line_is_not_read(value):
    response = built(submission({"o1": 73}, instrument_id="ors")).response

    with pytest.raises(UnreadableResource) as caught:
        answers_from_response(
            as_read_float(with_changed(response, "item[0].answer[0]", value)),
            CODES,
            default_language="en",
        )

    assert caught.value.place.startswith("item[0]")


def as_read_float(response):
    value = response["item"][0]["answer"][0]
    if "valueDecimal" in value:
        value["valueDecimal"] = Decimal(str(value["valueDecimal"]))
    return as_read(response)


def test_a_whole_number_may_come_as_a_decimal():
    response = built(submission({"o1": 73}, instrument_id="ors")).response

    answers = read(
        with_changed(response, "item[0].answer[0]", {"valueDecimal": Decimal("73.0")})
    )

    assert answers.given["o1"].points == Decimal("7.3")


def test_us_core_s_example_is_read_with_its_total_of_twelve():
    answers = read(us_core())

    assert total(answers) == 12
    assert answers.instrument_version == PHQ9.version


def test_a_form_of_an_unknown_maker_is_known_by_its_loinc_items():
    response = us_core() | {
        "questionnaire": "https://elsewhere.example/Questionnaire/7"
    }

    assert total(read(response)) == 12
    assert total(read(without(response, "questionnaire"))) == 12


def test_link_ids_below_a_panel_and_inside_groups_are_found():
    response = without(us_core(), "questionnaire")
    for item in response["item"]:
        item["linkId"] = "/44249-1" + item["linkId"]
    response["item"] = [{"linkId": "/44249-1", "item": response["item"]}]

    assert total(read(response)) == 12


def test_a_shorter_relative_of_the_phq9_is_not_taken_for_it():
    response = without(us_core(), "questionnaire")
    response["item"] = [
        item for item in response["item"] if item["linkId"] != "/44260-8"
    ]

    assert read(response) is None


def test_a_form_about_something_else_is_not_ours():
    assert (
        read({"resourceType": "QuestionnaireResponse", "status": "completed"}) is None
    )
    assert read(ours() | {"questionnaire": "urn:else"} | {"item": []}) is None


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        ({"valueInteger": 3}, 3),
        ({"valueDecimal": 1}, 1),
        ({"valueCoding": {"system": "http://loinc.org", "code": "la6571-9"}}, 3),
        ({"valueCoding": {"code": "LA6571-9"}}, 3),
        (
            {
                "valueCoding": {
                    "system": "urn:local",
                    "code": "x",
                    "extension": [{"url": ORDINAL, "valueDecimal": 2}],
                }
            },
            2,
        ),
        (
            {
                "extension": [{"url": ITEM_WEIGHT, "valueDecimal": 1}],
                "valueCoding": {"system": "urn:local", "code": "x"},
            },
            1,
        ),
    ],
)
def test_an_answer_may_be_coded_weighed_or_numbered(answer, points):
    response = with_changed(ours(), "item[0].answer[0]", answer)

    assert read(response).given["/44250-9"].points == points


@pytest.mark.parametrize(
    ("answer", "place", "reason"),
    [
        (
            {"valueCoding": {"system": "http://loinc.org", "code": "LA0000-0"}},
            "item[0].answer[0].valueCoding",
            "unknown_code",
        ),
        (
            {"valueCoding": {"code": "2"}},
            "item[0].answer[0].valueCoding",
            "unknown_code",
        ),
        ({"valueInteger": 4}, "item[0].answer", "out_of_range"),
        ({"valueString": "Several days"}, "item[0].answer", "malformed"),
        ({"valueBoolean": True}, "item[0].answer", "malformed"),
        (
            {
                "valueCoding": {
                    "system": "http://loinc.org",
                    "code": "LA6571-9",
                    "extension": [{"url": ITEM_WEIGHT, "valueDecimal": 1}],
                }
            },
            "item[0].answer[0].valueCoding",
            "disagrees",
        ),
    ],
)
def test_an_answer_that_is_not_offered_is_reported_not_guessed(answer, place, reason):
    response = with_changed(ours(), "item[0].answer[0]", answer)

    with pytest.raises(UnreadableResource) as caught:
        read(response)

    assert (caught.value.place, caught.value.reason) == (place, reason)


@pytest.mark.parametrize(
    "answer",
    [
        {"valueCoding": {"system": DATA_ABSENT, "code": "asked-declined"}},
        {
            "extension": [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                    "valueCode": "asked-declined",
                }
            ]
        },
    ],
)
def test_an_answer_that_was_declined_is_a_blank(answer):
    response = with_changed(ours(), "item[0].answer[0]", answer)

    assert "/44250-9" not in read(response).given


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("item[0].linkId", "q1", "item[0].linkId"),
        ("item[1].linkId", "/44250-9", "item[1].linkId"),
        ("item[0].modifierExtension", [{"url": "urn:x"}], "item[0].modifierExtension"),
        ("language", "not a language", "language"),
    ],
)
def test_an_item_the_form_does_not_have_is_reported_at_its_place(place, value, named):
    with pytest.raises(UnreadableResource) as caught:
        read(with_changed(ours(), place, value))

    assert caught.value.place == named


def test_two_answers_to_one_question_are_not_chosen_between():
    answer = {"valueInteger": 1}
    response = with_changed(ours(), "item[0].answer", [answer, answer])

    with pytest.raises(UnreadableResource, match=r"item\[0\].answer"):
        read(response)


def test_an_open_question_answered_by_a_number_is_reported():
    sent = submission({"a5": "text"}, instrument_id=ALLIANCE.id)
    response = with_changed(
        built(sent).response, "item[0].answer[0]", {"valueInteger": 1}
    )

    with pytest.raises(UnreadableResource):
        read(response)


def test_items_below_an_answer_are_found():
    response = ours()
    nested = {"linkId": "q-else", "answer": [{"valueInteger": 1}]}
    response = with_changed(response, "item[0].answer[0].item", [nested])

    with pytest.raises(UnreadableResource) as caught:
        read(response)

    assert caught.value.place == "item[0].answer[0].item[0].linkId"


def test_another_version_of_our_form_keeps_its_version():
    response = ours() | {"questionnaire": f"{PHQ9.canonical}|0.9.0"}

    assert read(response).instrument_version == "0.9.0"


@pytest.mark.req("SD-20", "SD-23", "SD-24", "SD-26", "SD-27")
def test_a_response_says_who_answered_what_when_and_with_which_weight():
    response = ours()

    assert response["status"] == "completed"
    assert response["questionnaire"] == f"{PHQ9.canonical}|{PHQ9.version}"
    assert response["identifier"]["value"] == "00000000-0000-0000-0000-000000000001"
    assert response["subject"] == {"reference": "Patient/p1"}
    assert response["encounter"] == {"reference": "Encounter/e1"}
    assert response["author"] == {"reference": "Practitioner/7"}
    assert response["source"] == {"reference": "Patient/p1"}
    assert response["authored"] == "2026-05-04T09:30:15+02:00"
    coding = response["item"][0]["answer"][0]["valueCoding"]
    assert coding["extension"] == [{"url": ITEM_WEIGHT, "valueDecimal": 2}]
    assert coding["display"] == "More than half the days"
