"""What holds for every score, every answer and every order of resources."""

import json
import random
from decimal import Decimal

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from fhir_mapping.errors import UnreadableResource
from fhir_mapping.known_codes import known_codes
from fhir_mapping.observation import (
    Derived,
    observation_from_score,
    score_from_observation,
)
from fhir_mapping.r4.dates import moment_from_text, text_from_moment, whole_seconds
from fhir_mapping.r4.json import json_bytes
from fhir_mapping.r4.models import checked
from fhir_mapping.r4.reading import bundle_from_bytes, resource_from_bytes
from questionnaires.answers import answers_from_offered
from questionnaires.errors import AnswerNotOffered
from questionnaires.instrument import ChoiceItem
from questionnaires.scoring import NotScored, Score
from tests.shared_material import shared
from tests.unit.fhir_mapping.material import (
    ALLIANCE,
    LIBRARY,
    PHQ9,
    PLAIN,
    WITH_ITEMS,
    as_read,
    reading_of,
    stored,
    submission,
    with_changed,
)

# A first run loads models; nobody times this suite.
calm = settings(deadline=None, max_examples=60)
CODES = known_codes(LIBRARY)
RULES = [
    (instrument, rule)
    for instrument in LIBRARY.instruments.values()
    for rule in instrument.scores
]


@st.composite
def scores(draw):
    instrument, rule = draw(st.sampled_from(RULES))
    missing = tuple(draw(st.sets(st.sampled_from(rule.link_ids))))
    if missing and draw(st.booleans()):
        return instrument, NotScored(instrument.id, rule.id, missing)
    value = draw(st.decimals(rule.low, rule.high, places=draw(st.integers(0, 6))))
    return instrument, Score(instrument.id, rule.id, value, missing)


@st.composite
def answered(draw):
    instrument = draw(st.sampled_from([PHQ9, ALLIANCE]))
    offered = {
        item.link_id: draw(
            st.sampled_from([None, *(option.points for option in item.options)])
        )
        for item in instrument.items
        if isinstance(item, ChoiceItem)
    }
    return instrument, offered


@calm
@drawn(scores())
def test_a_score_survives_the_way_to_an_observation_and_back(given_score):
    instrument, score = given_score
    sent = submission()
    derived = Derived(sent.id, None, instrument.version)

    observation = observation_from_score(
        score, instrument, sitting=sent.sitting, derived=derived, dialect=PLAIN
    )

    read = score_from_observation(as_read(checked(observation)), CODES)
    assert read == score
    if isinstance(score, Score):
        assert str(read.value) == format(score.value, "f")


@calm
@drawn(answered())
def test_answers_survive_the_way_through_the_chart(given_answers):
    instrument, offered = given_answers
    sent = submission(offered, instrument_id=instrument.id)

    reading = reading_of(stored(sent))

    [measurement] = reading.episode.measurements
    assert measurement.answers == sent.answers
    assert reading.unread == ()


@calm
@drawn(st.randoms(use_true_random=False))
def test_the_order_of_resources_changes_nothing(chance: random.Random):
    resources = [
        *stored(submission(number=1)),
        *stored(submission(number=2, authored=submission().authored.replace(day=11))),
        *stored(submission(number=3), dialect=WITH_ITEMS),
    ]
    resources.append(with_changed(resources[1], "valueQuantity.value", 3) | {"id": "x"})
    resources.append(with_changed(resources[0], "status", "in-progress") | {"id": "y"})
    read = [as_read(each) for each in resources]
    expected = reading_of(read)

    chance.shuffle(read)

    assert reading_of(read) == expected


@calm
@drawn(st.datetimes(timezones=st.timezones()))
def test_every_moment_we_write_is_read_back(moment):
    # FHIR has offsets of whole minutes; older local times had seconds.
    offset = moment.utcoffset()
    if offset.total_seconds() % 60 or not 1 < moment.year < 9999:
        return

    found = moment_from_text(text_from_moment(moment))

    # Not `==`: in the hour that a clock skips it is never true.
    assert found.utcoffset() == offset
    assert found.replace(tzinfo=None) == whole_seconds(moment).replace(tzinfo=None)


@calm
@drawn(st.text())
def test_any_text_in_place_of_a_date_is_read_or_refused(text):
    moment_from_text(text)


@calm
@drawn(st.dictionaries(st.text(min_size=1), st.text()))
@pytest.mark.req("RW-13")
def test_unknown_extensions_and_fields_change_nothing(extra):
    response, score = stored(submission())
    expected = reading_of([response, score])
    foreign = {f"x{key}": value for key, value in extra.items()}
    extension = {
        "extension": [
            {"url": key, "valueString": value} for key, value in extra.items()
        ]
    }
    body = json.loads(json_bytes(response)) | foreign | extension

    read = resource_from_bytes(json.dumps(body).encode())

    assert reading_of([read, score]) == expected


@calm
@drawn(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    st.sampled_from(
        [
            "status",
            "code",
            "subject",
            "identifier",
            "effectiveDateTime",
            "valueQuantity",
            "derivedFrom",
            "extension",
            "item",
            "authored",
            "questionnaire",
            "meta",
            "id",
            "resourceType",
        ]
    ),
)
def test_one_odd_resource_never_costs_another(odd, place):
    response, score = (json.loads(json_bytes(each)) for each in stored(submission()))
    broken = {"resourceType": "Observation", "id": "odd", place: odd}
    page = {
        "resourceType": "Bundle",
        "entry": [{"resource": each} for each in (broken, response, score)],
    }

    found = bundle_from_bytes(json.dumps(page).encode())
    reading = reading_of(list(found.resources), unread=found.unread)

    assert len(reading.episode.measurements) == 1
    counted = len(reading.unread) + reading.not_ours + len(found.issues)
    assert counted <= 1 or place in ("id", "resourceType")


def naughty_strings():
    return json.loads(
        shared("corpora/big-list-of-naughty-strings/blns.json").read_text("utf-8")
    )


PLACES = [
    (0, "id"),
    (0, "language"),
    (0, "questionnaire"),
    (0, "status"),
    (0, "authored"),
    (0, "subject.reference"),
    (0, "identifier.value"),
    (0, "item[0].linkId"),
    (0, "item[0].text"),
    (0, "item[0].answer[0].valueCoding.code"),
    (0, "item[0].answer[0].valueCoding.display"),
    (1, "id"),
    (1, "language"),
    (1, "status"),
    (1, "code.coding[0].code"),
    (1, "code.text"),
    (1, "subject.reference"),
    (1, "effectiveDateTime"),
    (1, "valueQuantity.unit"),
    (1, "valueQuantity.code"),
    (1, "derivedFrom[0].reference"),
    (1, "category[0].coding[0].code"),
]


@pytest.mark.parametrize(("number", "place"), PLACES)
def test_no_naughty_string_in_a_text_field_breaks_the_reading(number, place):
    strings = naughty_strings()
    resources = stored(submission())
    resources[number] = with_changed(resources[number], place, "@here@")
    entries = [{"resource": each} for each in resources]
    page = json_bytes({"resourceType": "Bundle", "entry": entries})

    for text in strings:
        body = page.replace(b'"@here@"', json.dumps(text).encode())
        found = bundle_from_bytes(body)
        reading = reading_of(list(found.resources), unread=found.unread)
        accounted = len(reading.episode.measurements) + len(reading.unread)
        assert accounted + reading.not_ours + reading.withdrawn >= 1

    assert len(strings) >= 500


def test_every_naughty_string_as_an_open_answer_is_written_and_read_or_refused():
    strings = naughty_strings()

    kept = refused = 0
    for text in strings:
        try:
            answers_from_offered(ALLIANCE, {"a5": text}, language="en")
        except AnswerNotOffered:
            refused += 1
            continue
        sent = submission({"a5": text}, instrument_id=ALLIANCE.id)
        reading = reading_of([stored(sent)[0]])
        assert reading.episode.measurements[0].answers == sent.answers
        kept += 1

    assert kept + refused == len(strings) >= 500
    assert kept > 450
    print(f"naughty strings as answers: {kept} kept, {refused} refused at the form")


@calm
@drawn(st.decimals(allow_nan=True, allow_infinity=True) | st.integers() | st.text())
def test_no_number_in_a_score_breaks_the_reading(value):
    _, score = stored(submission())
    text = json.dumps(str(value)) if isinstance(value, str) else str(value)
    body = json_bytes(with_changed(score, "valueQuantity.value", 0))
    body = body.replace(b'"value":0,', f'"value":{text},'.encode())

    try:
        read = score_from_observation(resource_from_bytes(body), CODES)
    except UnreadableResource:
        return

    assert Decimal(0) <= read.value <= Decimal(27)
