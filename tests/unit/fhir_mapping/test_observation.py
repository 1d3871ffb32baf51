"""A score as an Observation, and which foreign scores count."""

from decimal import Decimal

import pytest

from fhir_mapping.errors import UnreadableResource
from fhir_mapping.known_codes import known_codes
from fhir_mapping.observation import UNNAMED_ITEM, effective, score_from_observation
from questionnaires.scoring import NotScored, Score
from tests.shared_material import shared
from tests.unit.fhir_mapping.material import (
    ANSWERED,
    LIBRARY,
    WITH_ITEMS,
    as_read,
    built,
    official,
    phq9_points,
    submission,
    with_changed,
    without,
)

CODES = known_codes(LIBRARY)


def ours(*points):
    given = phq9_points(*points) if points else phq9_points(2, 2, 2, 2, 1, 1, 2, 0, 0)
    return built(submission(given)).observations[0]


def foreign(**fields):
    """A PHQ-9 total as another system may file it."""
    return {
        "resourceType": "Observation",
        "id": "f1",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-05-04",
        "valueQuantity": {"value": 12},
    } | fields


def score(observation):
    return score_from_observation(as_read(observation), CODES)


@pytest.mark.req("UC-01", "UC-02", "UC-04", "UC-10")
def test_a_score_is_a_us_core_survey_and_a_pco_prom_score():
    observation = ours()

    assert [each["coding"][0]["code"] for each in observation["category"]] == [
        "survey",
        "functional-status",
    ]
    assert observation["valueQuantity"] == {
        "value": 12,
        "unit": "{score}",
        "system": "http://unitsofmeasure.org",
        "code": "{score}",
    }
    assert len(observation["meta"]["profile"]) == 2
    assert observation["interpretation"][0]["coding"][0]["code"] == "phq-9.moderate"
    assert observation["referenceRange"] == [{"text": "< 10"}]
    assert observation["derivedFrom"][0]["reference"].startswith("urn:uuid:")


@pytest.mark.req("SD-32")
def test_a_computed_score_has_no_performer_and_an_item_has_the_respondent():
    observations = built(submission(), dialect=WITH_ITEMS).observations

    assert "performer" not in ours()
    assert observations[0]["performer"] == [{"reference": "Patient/p1"}]


@pytest.mark.req("UC-02")
def test_an_alliance_score_has_no_second_category():
    sent = submission(
        {"a1": 1, "a2": 1, "a3": 1, "a4": 1}, instrument_id="session-alliance"
    )

    assert len(built(sent).observations[0]["category"]) == 1


def test_a_prorated_score_says_so_and_is_read_back_whole():
    observation = ours(2, 2, 1, None, 1, 0, 1, 2, 0)

    assert observation["method"]["coding"][0]["code"] == "prorated-mean"
    assert score(observation) == Score(
        "phq-9", "total", Decimal("10.125"), ("/44254-1",)
    )


def test_a_prorated_score_that_lost_its_extension_is_still_prorated():
    observation = without(ours(2, 2, 1, None, 1, 0, 1, 2, 0), "extension")

    assert score(observation).missing == (UNNAMED_ITEM,)


@pytest.mark.req("UC-01")
def test_too_many_blanks_are_a_reason_and_not_a_number():
    observation = ours(2, 2, 1)

    assert "valueQuantity" not in observation
    assert len(observation["meta"]["profile"]) == 1  # PCO wants a value
    found = score(observation)
    assert isinstance(found, NotScored)
    assert len(found.missing) == 6


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"valueQuantity": {"value": 12, "code": "{score}", "unit": "points"}},
        {"valueQuantity": {"value": Decimal("12.0"), "unit": "{score}"}},
        {
            "valueQuantity": {
                "value": 12,
                "system": "http://unitsofmeasure.org",
                "code": "1",
                "unit": "score",
            }
        },
        {"valueQuantity": {"value": 12, "unit": "{points}"}},
        {"status": "amended"},
        {"status": "corrected"},
    ],
)
def test_a_foreign_total_in_score_points_counts(fields):
    assert score(foreign(**fields)) == Score("phq-9", "total", Decimal(12), ())


def test_a_foreign_total_may_be_a_whole_number():
    observation = without(foreign(valueInteger=12), "valueQuantity")

    assert score(observation).value == 12


@pytest.mark.parametrize(
    ("fields", "place", "reason"),
    [
        ({"valueQuantity": {"value": 12, "unit": "mg"}}, "valueQuantity.unit", "unit"),
        ({"valueQuantity": {"value": 12, "code": "%"}}, "valueQuantity.code", "unit"),
        (
            {"valueQuantity": {"value": 12, "system": "urn:x", "code": "1"}},
            "valueQuantity.code",
            "unit",
        ),
        ({"valueQuantity": {"value": 28}}, "valueQuantity.value", "out_of_range"),
        ({"valueQuantity": {"value": -1}}, "valueQuantity.value", "out_of_range"),
        ({"valueQuantity": {"unit": "1"}}, "valueQuantity.value", "malformed"),
        ({"valueQuantity": {"value": "NaN"}}, "valueQuantity.value", "malformed"),
        (
            {"valueQuantity": {"value": 12, "comparator": ">"}},
            "valueQuantity.comparator",
            "malformed",
        ),
        ({"valueQuantity": None, "valueString": "12"}, "valueString", "malformed"),
        (
            {"valueQuantity": None, "valueCodeableConcept": {"text": "12"}},
            "valueCodeableConcept",
            "malformed",
        ),
        ({"valueQuantity": None}, "value", "malformed"),
        ({"status": "preliminary"}, "status", "not_final"),
        ({"status": None}, "status", "not_final"),
        ({"implicitRules": "urn:x"}, "implicitRules", "not_interpreted"),
        (
            {"modifierExtension": [{"url": "urn:x"}]},
            "modifierExtension",
            "not_interpreted",
        ),
        ({"code": {"text": "PHQ-9"}}, "code", "unknown_code"),
        ({"code": None}, "code", "unknown_code"),
    ],
)
@pytest.mark.req("RW-13")
def test_a_foreign_total_that_may_mislead_is_reported(fields, place, reason):
    with pytest.raises(UnreadableResource) as caught:
        score(foreign(**fields))

    assert (caught.value.place, caught.value.reason) == (place, reason)


@pytest.mark.req("UC-04")
def test_us_core_s_own_total_is_a_text_and_is_reported():
    folder = shared("spec/us-core/9.0.0/examples")
    example = official(folder / "Observation-PHQ9-item-example-44261-6.json")

    with pytest.raises(UnreadableResource) as caught:
        score(example)

    assert caught.value.place == "valueString"


def test_a_pco_prom_score_is_read():
    folder = shared("spec/pco/1.0.0/examples")
    example = official(folder / "Observation-pcoPROMScoreAnxietyFollowUp.json")

    assert score(example) == Score("gad-7", "total", Decimal(10), ())


@pytest.mark.parametrize(
    ("fields", "moment"),
    [
        ({"effectiveDateTime": "2026-05-04T09:30:15+02:00"}, ANSWERED),
        (
            {"effectiveDateTime": None, "effectiveInstant": "2026-05-04T07:30:15Z"},
            ANSWERED,
        ),
        (
            {
                "effectiveDateTime": None,
                "effectivePeriod": {
                    "start": "2026-04-20",
                    "end": "2026-05-04T07:30:15Z",
                },
            },
            ANSWERED,
        ),
    ],
)
def test_a_score_counts_when_it_was_answered(fields, moment):
    assert effective(as_read(foreign(**fields))) == moment


@pytest.mark.parametrize("text", [None, "2026", "2026-05", "soon"])
def test_a_score_without_a_day_has_no_place_in_a_course(text):
    with pytest.raises(UnreadableResource) as caught:
        effective(as_read(foreign(effectiveDateTime=text)))

    assert caught.value.reason == "no_date"


@pytest.mark.req("RW-15")
def test_the_digits_of_a_score_are_kept():
    observation = with_changed(ours(), "valueQuantity.value", Decimal("7.10"))

    assert str(score(observation).value) == "7.10"


@pytest.mark.req("UC-03")
def test_a_panel_holds_items_and_the_total_and_has_no_value_itself():
    observations = built(submission(), dialect=WITH_ITEMS).observations

    panel = observations[-1]
    members = {each["reference"] for each in panel["hasMember"]}
    others = {
        f"urn:uuid:{each['identifier'][0]['value']}" for each in observations[:-1]
    }
    assert members == others
    assert len(members) == 11
    assert not any(key.startswith("value") for key in panel)
