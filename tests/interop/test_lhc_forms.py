"""Every form of the library in LHC-Forms: shown, filled in, scored, extracted."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from fhir_mapping.questionnaire import questionnaire_from_instrument
from fhir_mapping.r4.json import Json
from questionnaires.instrument import ChoiceItem, Instrument, SliderItem, Wording
from questionnaires.wording import neutral_wording
from tests.interop.conftest import Ledger
from tests.interop.foreign_forms.forms import (
    INSTRUMENTS,
    LIBRARY,
    ForeignForm,
    form_of,
    observations_of,
    wordings,
)
from tests.interop.foreign_forms.lhc_forms import ENGINE, PACKAGE, LhcForms, lhc_forms
from tests.interop.npm_tools import npm_archive
from tests.vectors import Vector, Vectors, vectors_of

pytestmark = [pytest.mark.interop, pytest.mark.browser]

EXTRACT = (
    "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
    "sdc-questionnaire-observationExtract"
)
MOST = 1_000  # vectors a form, beside its edges
# A form whose turned items only the clinic names publishes no way to score it.
SCORED = [each for each in INSTRUMENTS if each.scores and each.reversed_known]
SPOKEN = [each for _, each in wordings()] + [
    neutral_wording(each)
    for each in INSTRUMENTS
    if all(instrument_id != each.id for instrument_id, _ in wordings())
]


@pytest.fixture(scope="module")
def lhc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LhcForms]:
    package = npm_archive(PACKAGE)
    profile = tmp_path_factory.mktemp("lhc") / "profile"
    with sync_playwright() as playwright, lhc_forms(playwright, package, profile) as it:
        yield it


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    "wording", SPOKEN, ids=lambda each: f"{each.instrument_id}-{each.language}"
)
def test_every_form_loads_and_shows_every_question_and_answer(
    lhc: LhcForms, wording: Wording
) -> None:
    instrument = LIBRARY.instrument(wording.instrument_id)

    problem = lhc.load(questionnaire_from_instrument(instrument, wording))

    assert (problem, lhc.complaints) == (None, [])
    shown, text = lhc.items(), lhc.text()
    assert squeezed(wording.title) in text
    assert squeezed(wording.introduction) in text
    for item in instrument.items:
        found = shown[item.link_id]
        assert found["text"] == wording.items[item.link_id]
        if item.ask_if is None:
            assert squeezed(wording.items[item.link_id]) in text
        if isinstance(item, ChoiceItem):
            labels = wording.options[item.link_id]
            assert [
                (each["text"], Decimal(str(each["score"]))) for each in found["options"]
            ] == [(labels[each.points], each.points) for each in item.options]
        if isinstance(item, SliderItem):
            assert found["bounds"] == {
                "minInclusive": item.low,
                "maxInclusive": item.high,
            }
            # It has no slider: a field for a number, and one of the two ends as help.
            assert found["help"] in wording.anchors[item.link_id]


@pytest.mark.req("SD-07", "SD-08")
@pytest.mark.parametrize("instrument", SCORED, ids=lambda each: each.id)
def test_lhc_forms_computes_every_score_as_we_do(
    lhc: LhcForms, instrument: Instrument, vector_ledger: Ledger
) -> None:
    form = form_of(instrument)
    vectors = vectors_of(instrument, at_most=MOST)
    assert lhc.load(form.questionnaire) is None

    computed = list(lhc.computed(form, vectors, vectors.rows))

    differ = [
        (vector, theirs, ours)
        for vector, theirs in computed
        if theirs != (ours := vectors.scores(vector))
    ]
    assert differ[:5] == []
    assert len(computed) == len(vectors.rows)
    vector_ledger.add(ENGINE, instrument.id, vectors, rows=len(computed))


def test_lhc_forms_tells_a_wrong_weight(lhc: LhcForms) -> None:
    form = form_of(LIBRARY.instrument("phq-9"))
    vectors = vectors_of(form.instrument, at_most=0)
    wrong = questionnaire_from_instrument(form.instrument, form.wording)
    for extension in wrong["item"][3]["answerOption"][2]["extension"]:
        extension["valueDecimal"] = Decimal(3)
    assert lhc.load(wrong) is None

    faulty = replace(form, questionnaire=wrong)
    computed = lhc.computed(faulty, vectors, vectors.rows)

    differ = [each for each, theirs in computed if theirs != vectors.scores(each)]
    assert differ
    assert {each[2] for each in differ} == {2}


def highest(instrument: Instrument) -> dict[str, int]:
    """Per question, the place of its answer that is worth most."""
    return {
        item.link_id: max(
            range(len(item.options)), key=lambda place: item.options[place].points
        )
        for item in instrument.items
        if isinstance(item, ChoiceItem)
    } | {
        item.link_id: item.high
        for item in instrument.items
        if isinstance(item, SliderItem)
    }


def click_through(lhc: LhcForms, form: ForeignForm) -> None:
    """As a person does it: the highest answer to each question, in order."""
    shown = lhc.items()
    for item in form.instrument.items:
        if isinstance(item, ChoiceItem):
            choose(
                lhc, shown[item.link_id], place=highest(form.instrument)[item.link_id]
            )
        elif isinstance(item, SliderItem):
            field = lhc.page.locator(f'[id="{shown[item.link_id]["id"]}"]')
            field.fill(str(item.high))
            field.press("Tab")


def choose(lhc: LhcForms, item: dict[str, Any], *, place: int) -> None:
    """Opens the list of answers, finds all of them there, clicks one."""
    if item["layout"] == "RADIO_CHECKBOX":
        labels = lhc.page.locator(f'[id="item-{item["id"]}"] label')
        labels.filter(has_text=item["options"][place]["text"]).first.click()
        return
    lhc.page.locator(f'[id="{item["id"]}"]').click()
    offered = lhc.page.locator("#lhc-tools-searchResults li")
    offered.first.wait_for()
    told = [squeezed(each) for each in offered.all_inner_texts()]
    # Number, text and weight: "3: More than half the days - 2".
    assert len(told) == len(item["options"])
    for line, option in zip(told, item["options"], strict=True):
        assert squeezed(option["text"]) in line
    offered.nth(place).click()


def settled(lhc: LhcForms, wanted: object) -> object:
    """The scores, once they are those or two seconds have passed."""
    for _ in range(20):
        if lhc.scores() == wanted:
            break
        lhc.page.wait_for_timeout(100)
    return lhc.scores()


@pytest.mark.parametrize("instrument", SCORED, ids=lambda each: each.id)
def test_a_person_who_clicks_gets_the_same_scores(
    lhc: LhcForms, instrument: Instrument
) -> None:
    form = form_of(instrument)
    vectors = vectors_of(instrument, at_most=0)
    all_high: Vector = tuple(len(each) - 1 for each in vectors.offered)
    assert lhc.load(form.questionnaire) is None

    click_through(lhc, form)
    full = settled(lhc, vectors.scores(all_high))
    last = lhc.items()[vectors.questions[-1].link_id]["id"]
    field = lhc.page.locator(f'[id="{last}"]')
    field.fill("")
    field.press("Tab")
    one_blank = settled(lhc, vectors.scores((*all_high[:-1], None)))

    assert full == vectors.scores(all_high)
    assert one_blank == vectors.scores((*all_high[:-1], None))
    assert lhc.complaints == []


def extracting(questionnaire: Json) -> set[tuple[str, str]]:
    """The codes of items whose answers become Observations."""
    return {
        (coding["system"], coding["code"])
        for item in questionnaire["item"]
        if any(
            each["url"] == EXTRACT and each.get("valueBoolean") is True
            for each in item.get("extension", [])
        )
        for coding in item["code"]
    }


def meanings(
    observations: list[Json], wanted: set[tuple[str, str]]
) -> dict[frozenset[tuple[str, str]], object]:
    """By its codes, what each Observation with a value says, and its first category."""
    return {
        codes: (value, pair(each["category"][0]["coding"][0]))
        for each in observations
        if (codes := frozenset(map(pair, each["code"]["coding"]))) & wanted
        and (value := value_of(each)) is not None
    }


def pair(coding: Json) -> tuple[str, str]:
    return coding["system"], coding["code"]


def value_of(observation: Json) -> object:
    if "valueQuantity" in observation:
        quantity = observation["valueQuantity"]
        return Decimal(quantity["value"]), quantity.get("code")
    if "valueInteger" in observation:
        return observation["valueInteger"]
    if "valueCodeableConcept" in observation:
        return frozenset(map(pair, observation["valueCodeableConcept"]["coding"]))
    return observation.get("valueString")


@pytest.mark.req("SD-30")
@pytest.mark.parametrize("instrument", SCORED, ids=lambda each: each.id)
def test_lhc_forms_extracts_the_observations_that_we_write(
    lhc: LhcForms, instrument: Instrument
) -> None:
    form = form_of(instrument)
    wanted = extracting(form.questionnaire)
    if not wanted:
        pytest.skip(f"{instrument.id}: its Questionnaire asks for no extraction")
    vectors = vectors_of(instrument, at_most=0)
    assert lhc.load(form.questionnaire) is None

    for vector in some(vectors):
        theirs = lhc.extracted(form, vectors, vector)

        assert meanings(theirs, wanted) == meanings(
            observations_of(vectors.answers(vector)), wanted
        )


def some(vectors: Vectors) -> list[Vector]:
    """All lowest, all highest, nothing, and blanks here and there."""
    return list(vectors.rows[:3]) + list(vectors.rows[3 : vectors.edges : 97])
