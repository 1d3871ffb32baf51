"""A form filler that extracts Observations from our forms gets those we would write."""

from dataclasses import replace
from decimal import Decimal

import pytest

from fhir_mapping.known_codes import known_codes
from fhir_mapping.observation import score_from_observation
from fhir_mapping.questionnaire import questionnaire_from_instrument
from questionnaires.scoring import Score, score_answers
from questionnaires.wording import neutral_wording
from tests.unit.fhir_mapping.material import (
    LIBRARY,
    PHQ9,
    WITH_ITEMS,
    as_read,
    built,
    phq9_points,
    submission,
)
from tests.unit.fhir_mapping.sdc_extraction import EXTRACT, extracted

# What a form filler cannot know: our identifiers, and what we make of a score.
OURS_ALONE = (
    *("meta", "language", "identifier", "performer", "derivedFrom", "encounter"),
    *("interpretation", "referenceRange", "method", "extension"),
)


def form_of(instrument_id):
    instrument = LIBRARY.instrument(instrument_id)
    wording = LIBRARY.wordings.get((instrument_id, "en"), neutral_wording(instrument))
    return questionnaire_from_instrument(instrument, wording)


def filled(sent):
    """The response a form filler makes: our answers, and the scores it computed."""
    instrument = LIBRARY.instrument(sent.answers.instrument_id)
    response = built(sent).response
    scores = [
        {
            "linkId": f"score/{score.score_id}",
            "answer": [{"valueDecimal": score.value}],
        }
        for score in score_answers(instrument, sent.answers)
        if isinstance(score, Score)
    ]
    answered = [
        item | {"answer": [_unweighed(each) for each in item["answer"]]}
        for item in response["item"]
    ]
    return response | {"item": [*answered, *scores]}


def _unweighed(answer):
    """Without the weight that we write beside each chosen option."""
    if "valueCoding" not in answer:
        return answer
    coding = {k: v for k, v in answer["valueCoding"].items() if k != "extension"}
    return {"valueCoding": coding}


def bare(observation):
    """The Observation as far as a form filler can know it."""
    found = {key: v for key, v in observation.items() if key not in OURS_ALONE}
    # A second category is our dialect's addition, the text of a code our title.
    found["category"] = found["category"][:1]
    found["code"] = {"coding": found["code"]["coding"]}
    return found


SENT = {
    "phq-9": submission(),
    "a blank": submission(phq9_points(2, 2, 1, None, 1, 0, 1, 2, 0)),
    "too many blanks": submission(phq9_points(1, 2)),
    "lines": submission({"o1": 0, "o2": 100, "o3": 33, "o4": 7}, instrument_id="ors"),
    "alliance": submission(
        {"a1": 0, "a2": 1, "a3": 2, "a4": 4, "a5": "words"},
        instrument_id="session-alliance",
    ),
}


@pytest.mark.req("SD-30", "SD-31")
@pytest.mark.parametrize("name", SENT)
def test_the_extracted_observations_are_those_that_we_would_write(name):
    sent = SENT[name]
    instrument = LIBRARY.instrument(sent.answers.instrument_id)
    scored = {each for rule in instrument.scores for each in rule.link_ids}
    link_ids = [each for each in sent.answers.given if each in scored]

    found = extracted(form_of(instrument.id), filled(sent))

    ours = [bare(each) for each in built(sent, dialect=WITH_ITEMS).observations]
    assert len(found) >= len(link_ids)
    assert all(each in ours for each in found)
    written = [each for each in ours if "valueQuantity" in each]
    assert [each for each in found if "valueQuantity" in each] == written


@pytest.mark.req("SD-30")
def test_an_extracted_score_is_read_as_ours_with_its_version():
    sent = submission()

    score = extracted(form_of("phq-9"), filled(sent))[-1]

    codes = known_codes(LIBRARY)
    resource = as_read(score)
    expected = Score("phq-9", "total", Decimal(12), ())
    assert score_from_observation(resource, codes) == expected
    assert codes.score(resource.code.coding).version == PHQ9.version


def test_free_text_and_unscored_answers_are_not_extracted():
    alliance = {each["linkId"]: each for each in form_of("session-alliance")["item"]}
    phq9 = {each["linkId"]: each for each in form_of("phq-9")["item"]}

    assert _is_marked(alliance["a1"]) and not _is_marked(alliance["a5"])
    assert _is_marked(phq9["/44250-9"]) and not _is_marked(phq9["/69722-7"])
    assert not _is_marked(phq9["introduction"])


def test_the_answers_of_a_form_without_scores_are_its_result():
    unscored = replace(PHQ9, scores=(), bands=(), cutoff=None, reliable_change=None)

    form = questionnaire_from_instrument(unscored, LIBRARY.wordings["phq-9", "en"])

    marked = [each["linkId"] for each in form["item"] if _is_marked(each)]
    assert marked == [each.link_id for each in PHQ9.items]


def _is_marked(item):
    return {"url": EXTRACT, "valueBoolean": True} in item.get("extension", [])
