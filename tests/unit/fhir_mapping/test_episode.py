"""From a chart's resources to one course, with nothing dropped in silence."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from fhir_mapping.r4.reading import resource_from_bytes
from fhir_mapping.submission import without_response
from fhir_mapping.unread import Unread
from questionnaires.scoring import Score
from tests.shared_material import shared
from tests.unit.fhir_mapping.material import (
    ANSWERED,
    WITH_ITEMS,
    built,
    phq9_points,
    reading_of,
    stored,
    submission,
    with_changed,
    without,
)

BLOOD_PRESSURE = {
    "resourceType": "Observation",
    "id": "bp",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
    "subject": {"reference": "Patient/p1"},
}


def response_and_score():
    return stored(submission())


def bare_score(**changes):
    """A total without its response."""
    _, score = response_and_score()
    return without(score, "derivedFrom") | changes


def values(reading):
    return [
        score.value
        for each in reading.episode.measurements
        for score in each.scores
        if isinstance(score, Score)
    ]


def test_a_response_and_its_score_are_one_measurement():
    reading = reading_of(response_and_score())

    [measurement] = reading.episode.measurements
    assert measurement.source == "QuestionnaireResponse/r1"
    assert measurement.answers == submission().answers
    assert measurement.authored == ANSWERED
    assert values(reading) == [12]
    assert (reading.unread, reading.not_ours) == ((), 0)


def test_a_score_whose_day_alone_is_stored_still_belongs_to_its_response():
    response, score = response_and_score()
    score = with_changed(score, "effectiveDateTime", "2026-05-04")

    reading = reading_of([response, score])

    assert len(reading.episode.measurements) == 1


def test_a_score_alone_is_a_measurement_without_answers():
    reading = reading_of([bare_score()])

    [measurement] = reading.episode.measurements
    assert measurement.answers is None
    assert measurement.source == "Observation/o1-0"
    assert measurement.instrument_version == "1.0.0"


def test_a_stored_total_that_the_answers_do_not_give_is_reported():
    response, score = response_and_score()
    score = with_changed(score, "valueQuantity.value", 3)

    reading = reading_of([response, score])

    assert values(reading) == [12]
    assert reading.unread == (
        Unread("Observation", "o1-0", "valueQuantity.value", "disagrees"),
    )


def test_a_stored_total_stands_for_answers_of_a_version_we_cannot_score():
    response, score = response_and_score()
    old = with_changed(
        response,
        "questionnaire",
        "https://rom-on-fhir.example/fhir/Questionnaire/phq-9|0.9.0",
    )

    reading = reading_of([old, score])

    [measurement] = reading.episode.measurements
    assert measurement.instrument_version == "0.9.0"
    assert measurement.answers is not None
    assert values(reading) == [12]


CARER = {"reference": "https://ehr.example/fhir/RelatedPerson/mother"}


def respondents(reading):
    return [each.respondent for each in reading.episode.measurements]


def test_what_a_carer_answered_is_not_taken_for_the_patients_own():
    response, score = response_and_score()
    carers = response | {"id": "r2", "source": CARER}
    bare = bare_score(id="o2", performer=[CARER])

    assert respondents(reading_of([response, score])) == ["self"]
    assert respondents(reading_of([carers])) == ["carer"]
    assert respondents(reading_of([bare])) == ["carer"]
    assert sorted(respondents(reading_of([response, carers]))) == ["carer", "self"]


def test_items_of_a_carer_and_of_the_patient_are_two_sittings():
    own = held_as_items(submission())
    carers = [each | {"id": f"c-{each['id']}", "performer": [CARER]} for each in own]

    assert respondents(reading_of(own)) == ["self"]
    assert sorted(respondents(reading_of([*own, *carers]))) == ["carer", "self"]


def test_a_total_that_names_nobody_belongs_to_the_carers_response_of_that_moment():
    response, _ = response_and_score()
    carers = response | {"source": CARER}

    reading = reading_of([carers, bare_score()])

    assert respondents(reading) == ["carer"]
    assert values(reading) == [12]


def test_a_total_of_a_carers_unreadable_response_is_not_the_patients():
    response, score = response_and_score()
    odd = with_changed(response, "item[0].linkId", "else") | {"source": CARER}

    assert respondents(reading_of([odd, score])) == ["carer"]


def test_staff_who_took_the_answers_down_do_not_make_them_a_carers():
    response, _ = response_and_score()
    nurse = {"reference": "Practitioner/nurse"}

    assert respondents(reading_of([response | {"source": nurse}])) == ["self"]


def test_blood_pressure_is_not_ours_and_no_loss():
    reading = reading_of([BLOOD_PRESSURE, {"resourceType": "Encounter", "id": "e"}])

    assert (reading.not_ours, reading.unread) == (2, ())


def test_what_was_entered_in_error_is_dropped_and_counted():
    response, score = response_and_score()
    withdrawn = [each | {"status": "entered-in-error"} for each in (response, score)]

    reading = reading_of(withdrawn)

    assert reading.episode.measurements == ()
    assert (reading.withdrawn, reading.unread) == (2, ())


@pytest.mark.req("RW-12")
def test_another_patient_s_resources_are_dropped_and_reported():
    response, score = response_and_score()
    others = [
        with_changed(each, "subject.reference", "Patient/p2") | {"id": f"x{number}"}
        for number, each in enumerate((response, score, BLOOD_PRESSURE))
    ]

    reading = reading_of([*others, *response_and_score()])

    assert len(reading.episode.measurements) == 1
    assert [each.reason for each in reading.unread] == ["other_patient"] * 3


def test_a_patient_of_the_same_id_on_another_server_is_another_patient():
    here = with_changed(
        bare_score(), "subject.reference", "https://a.example/f/Patient/p1"
    )

    assert values(reading_of([here], base="https://a.example/f")) == [12]
    assert values(reading_of([here], base="https://b.example/f")) == []


@pytest.mark.parametrize("number", [0, 1])
def test_a_resource_of_ours_without_subject_is_reported(number):
    resource = without(response_and_score()[number], "subject")

    reading = reading_of([resource])

    assert [each.place for each in reading.unread] == ["subject"]


@pytest.mark.parametrize(
    ("place", "value", "named", "reason"),
    [
        ("status", "in-progress", "status", "not_final"),
        ("authored", "2026-05", "authored", "no_date"),
        (
            "modifierExtension",
            [{"url": "urn:x"}],
            "modifierExtension",
            "not_interpreted",
        ),
        ("implicitRules", "urn:x", "implicitRules", "not_interpreted"),
        ("item[0].linkId", "else", "item[0].linkId", "unknown_code"),
    ],
)
@pytest.mark.req("RW-13")
def test_a_response_that_cannot_be_used_is_reported(place, value, named, reason):
    response, _ = response_and_score()

    reading = reading_of([with_changed(response, place, value)])

    assert reading.episode.measurements == ()
    assert reading.unread == (Unread("QuestionnaireResponse", "r1", named, reason),)


def test_a_score_counts_where_its_response_cannot_be_read():
    response, score = response_and_score()

    reading = reading_of([with_changed(response, "item[0].linkId", "else"), score])

    assert values(reading) == [12]
    assert len(reading.unread) == 1


def test_what_the_pages_could_not_read_is_passed_on():
    lost = Unread("Observation", "x", "status", "malformed")

    assert reading_of([], unread=[lost]).unread == (lost,)


@pytest.mark.req("RW-12")
def test_of_one_resource_met_twice_the_newest_counts_in_any_order():
    old = bare_score(meta={"lastUpdated": "2026-05-04T08:00:00Z", "versionId": "1"})
    new = with_changed(old, "valueQuantity.value", 7)
    new["meta"] = {"lastUpdated": "2026-05-04T09:00:00Z", "versionId": "2"}

    assert values(reading_of([old, new])) == [7]
    assert values(reading_of([new, old])) == [7]


@pytest.mark.req("RW-12")
def test_without_dates_the_higher_version_counts():
    old = bare_score(meta={"versionId": "9"})
    new = with_changed(old, "valueQuantity.value", 7) | {"meta": {"versionId": "10"}}

    assert values(reading_of([old, new])) == values(reading_of([new, old])) == [7]


def test_two_copies_that_nothing_tells_apart_give_the_same_in_any_order():
    one, other = bare_score(), with_changed(bare_score(), "valueQuantity.value", 7)

    assert values(reading_of([one, other])) == values(reading_of([other, one]))


def test_resources_without_id_all_count():
    one = without(bare_score(), "id")
    other = with_changed(one, "effectiveDateTime", "2026-06-01")
    first, second = stored(submission())[0], stored(submission(number=2))[0]
    second = with_changed(second, "authored", "2026-07-01")

    reading = reading_of([one, other, without(first, "id"), without(second, "id")])

    assert len(reading.episode.measurements) == 3  # the first is one sitting


def test_a_waiting_submission_is_shown_before_the_chart_holds_it():
    reading = reading_of([], waiting=[submission()])

    [measurement] = reading.episode.measurements
    assert not measurement.in_record


def test_a_submission_that_the_chart_already_holds_is_shown_once():
    reading = reading_of(response_and_score(), waiting=[submission()])

    [measurement] = reading.episode.measurements
    assert measurement.in_record


def test_a_submission_of_which_only_the_score_arrived_keeps_its_answers():
    score = with_changed(bare_score(), "effectiveDateTime", "2026-05-04")

    reading = reading_of([score], waiting=[submission()])

    [measurement] = reading.episode.measurements
    assert measurement.source.startswith("outbox/")
    assert measurement.answers is not None


def test_another_patient_s_submission_never_enters_this_chart():
    other = replace(submission(), patient="p2")

    assert reading_of([], waiting=[other]).episode.measurements == ()


def held_as_items(sent, **changes):
    observations = without_response(built(sent, dialect=WITH_ITEMS))
    return [
        each | {"id": f"i{number}"} | changes
        for number, each in enumerate(observations)
    ]


def test_answers_stored_as_single_items_are_put_together_again():
    sent = submission(phq9_points(2, 2, 1, None, 1, 0, 1, 2, 0, 1))

    reading = reading_of(held_as_items(sent))

    [measurement] = reading.episode.measurements
    assert measurement.answers == sent.answers
    assert values(reading) == [Decimal("10.125")]
    assert (reading.unread, reading.not_ours) == ((), 0)


def test_items_of_another_maker_count_only_as_a_whole_form():
    items = [
        with_changed(each, "code.coding", each["code"]["coding"][:1])
        for each in held_as_items(submission())[:9]
    ]

    whole = reading_of(items)
    phq2 = reading_of(items[:2])
    lost = reading_of(items[1:])

    assert values(whole) == [12]
    assert (phq2.episode.measurements, phq2.unread, phq2.not_ours) == ((), (), 2)
    assert lost.episode.measurements == ()
    assert [each.reason for each in lost.unread] == ["incomplete"]  # the safety item


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("status", "preliminary", "not_final"),
        ("valueCodeableConcept", {"text": "Several days"}, "malformed"),
        ("valueCodeableConcept", {"coding": [{"code": "x"}]}, "unknown_code"),
    ],
)
def test_one_unusable_item_makes_the_sitting_unusable_and_reported(
    place, value, reason
):
    items = held_as_items(submission())[:10]
    items[3] = with_changed(items[3], place, value)

    reading = reading_of(items)

    assert reading.episode.measurements == ()
    assert [each.reason for each in reading.unread] == [reason]


def test_an_item_may_be_numbered_or_declined_and_withdrawn_ones_are_gone():
    items = held_as_items(submission())[:10]
    items[0] = without(items[0], "valueCodeableConcept") | {
        "valueQuantity": {"value": 1}
    }
    items[1] = without(items[1], "valueCodeableConcept") | {
        "dataAbsentReason": {"text": "declined"}
    }
    items[9] = items[9] | {"status": "entered-in-error"}

    reading = reading_of(items)

    [measurement] = reading.episode.measurements
    assert measurement.answers.given["/44250-9"].points == 1
    assert "/44255-8" not in measurement.answers.given
    assert "/69722-7" not in measurement.answers.given
    assert reading.withdrawn == 1


def test_the_same_item_twice_at_one_instant_is_not_chosen_between():
    items = held_as_items(submission())[:10]

    reading = reading_of([*items, items[0] | {"id": "again"}])

    assert [each.reason for each in reading.unread] == ["disagrees"]


def test_an_item_without_subject_is_reported():
    reading = reading_of([without(held_as_items(submission())[0], "subject")])

    assert [each.place for each in reading.unread] == ["subject"]


def test_items_of_a_response_that_was_read_add_nothing():
    reading = reading_of(stored(submission(), dialect=WITH_ITEMS))

    assert len(reading.episode.measurements) == 1
    assert reading.unread == ()


def test_us_core_s_phq9_is_one_measurement_of_twelve_and_its_text_total_is_reported():
    folder = shared("spec/us-core/9.0.0/examples")
    files = sorted(folder.glob("*PHQ9*.json")) + sorted(folder.glob("*phq-9*.json"))
    resources = [resource_from_bytes(each.read_bytes()) for each in files]

    reading = reading_of(resources, patient="example")

    assert len(resources) >= 13
    assert values(reading) == [12]
    assert reading.unread == (
        Unread("Observation", "PHQ9-item-example-44261-6", "valueString", "malformed"),
    )


def test_sessions_come_out_oldest_first_whatever_the_page_says():
    sittings = [
        submission(number=number, authored=ANSWERED + timedelta(days=7 * number))
        for number in range(5)
    ]
    resources = [each for sent in reversed(sittings) for each in stored(sent)]

    reading = reading_of(resources)

    found = [each.authored for each in reading.episode.measurements]
    assert found == [each.authored for each in sittings]


def test_a_place_beside_the_line_makes_the_sitting_unusable():
    sent = submission({"o1": 50, "o2": 50, "o3": 50, "o4": 50}, instrument_id="ors")
    items = held_as_items(sent)[:4]
    items[2] = items[2] | {"valueInteger": 101}

    reading = reading_of(items)

    assert reading.episode.measurements == ()
    assert [each.reason for each in reading.unread] == ["out_of_range"]


def test_an_item_stored_without_an_answer_is_not_an_answer():
    response, _ = response_and_score()
    empty = {"linkId": "/44250-9"}

    reading = reading_of([with_changed(response, "item[0]", empty)])

    [measurement] = reading.episode.measurements
    assert "/44250-9" not in measurement.answers.given
