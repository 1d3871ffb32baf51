"""The shipped wording, word for word against what HL7 publishes."""

import json
import tarfile
from typing import Any

import pytest

from questionnaires.codes import has_right_check_digit
from questionnaires.instrument import ChoiceItem, Wording
from questionnaires.library import load_library
from tests.shared_material import shared

US_CORE_9 = "spec/us-core/9.0.0/examples/Questionnaire-phq-9-example.json"
US_CORE_6 = "spec/us-core/packages/us_core_610.tgz"
SDC = "spec/sdc/4.0.0/examples/Questionnaire-questionnaire-sdc-profile-example"
R4 = "spec/fhir-examples/questionnaire-cqf-example.json"

LIBRARY = load_library()
PHQ_9 = LIBRARY.instrument("phq-9")
WORDING = LIBRARY.wording("phq-9", language="en")
NUMBER_NINE = "/44260-8"
SLEEP = "/44259-0"
DIFFICULTY = "/69722-7"


def published(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared(path).read_text(encoding="utf-8"))
    return found


def us_core_6() -> dict[str, Any]:
    with tarfile.open(shared(US_CORE_6)) as package:
        member = package.extractfile("package/example/Questionnaire-phq-9-example.json")
        assert member is not None
        found: dict[str, Any] = json.load(member)
    return found


def texts(questionnaire: dict[str, Any]) -> dict[str, str]:
    """Code of the item, as a link id → its text."""
    return {
        "/" + item["code"][0]["code"]: item["text"] for item in questionnaire["item"]
    }


def bare(text: str) -> str:
    """Without LOINC's additions, a closing question mark, and spaces around a dash."""
    text = text.removesuffix(" [Reported.PHQ]").removesuffix(" in last 2 weeks")
    return text.removesuffix("?").replace(" - ", "-")


def test_the_phq_9_is_here_in_english():
    assert isinstance(WORDING, Wording)
    assert WORDING.language == "en"


def test_all_ten_questions_are_those_of_us_core_6():
    theirs = texts(us_core_6())

    assert {key: bare(text) for key, text in WORDING.items.items()} == {
        key: bare(theirs[key]) for key in WORDING.items
    }
    assert WORDING.items[DIFFICULTY] == theirs[DIFFICULTY]


def test_the_nine_scored_questions_are_those_of_us_core_9():
    theirs = texts(published(US_CORE_9))

    for link_id in PHQ_9.total.link_ids:
        assert bare(WORDING.items[link_id]) == bare(theirs[link_id])


@pytest.mark.parametrize("path", [f"{SDC}-cqf-PHQ9.json", R4])
def test_seven_questions_are_letter_for_letter_those_of_the_decision_examples(path):
    theirs = texts(published(path))
    here = set(PHQ_9.total.link_ids) - {SLEEP, NUMBER_NINE}

    assert {key: WORDING.items[key] for key in here} == {
        key: theirs[key] for key in here
    }
    # Why they are no source for the other two, and no alias:
    assert NUMBER_NINE not in theirs
    assert WORDING.items[SLEEP] != theirs[SLEEP]
    assert WORDING.items[SLEEP].startswith(theirs[SLEEP])


@pytest.mark.parametrize("slug", ["phq-8", "phq-2"])
def test_the_questions_of_a_short_form_are_those_of_us_core_9(slug):
    theirs = texts(published(US_CORE_9))
    ours = LIBRARY.wording(slug, language="en").items

    assert ours
    assert {key: bare(text) for key, text in ours.items()} == {
        key: bare(theirs[key]) for key in ours
    }


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    ("short", "long"), [("phq-8", "phq-9"), ("phq-2", "phq-9"), ("gad-2", "gad-7")]
)
def test_a_short_form_asks_letter_for_letter_what_the_long_one_asks(
    short, long, language
):
    ours = LIBRARY.wording(short, language=language)
    theirs = LIBRARY.wording(long, language=language)

    assert ours.items == {key: theirs.items[key] for key in ours.items}
    assert ours.options == {key: theirs.options[key] for key in ours.options}


def test_the_core_10_asks_letter_for_letter_what_the_core_om_asks():
    ten = LIBRARY.wording("core-10", language="en")
    whole = LIBRARY.wording("core-om", language="en")
    numbers = [2, 3, 7, 10, 15, 16, 18, 23, 27, 28]

    assert list(ten.items.values()) == [whole.items[f"q{each}"] for each in numbers]
    assert ten.options["q1"] == whole.options["q1"]


def test_the_introduction_and_the_question_on_sleep_are_those_of_sdc():
    [group] = published(f"{SDC}-PHQ9.json")["item"]

    assert WORDING.introduction == group["text"]
    assert WORDING.items[SLEEP] + "?" == group["item"][2]["text"]


@pytest.mark.parametrize("link_id", [item.link_id for item in PHQ_9.items])
def test_every_answer_has_the_code_and_label_of_us_core(link_id):
    item = PHQ_9.item(link_id)
    assert isinstance(item, ChoiceItem)

    for questionnaire in (us_core_6(), published(US_CORE_9)):
        [theirs] = [i for i in questionnaire["item"] if i["linkId"] == link_id]
        offered = [option["valueCoding"] for option in theirs["answerOption"]]
        assert [
            (
                each.coding.system,
                each.coding.code,
                WORDING.options[link_id][each.points],
            )
            for each in item.options
        ] == [(each["system"], each["code"], each["display"]) for each in offered]


@pytest.mark.parametrize("link_id", PHQ_9.total.link_ids)
def test_every_scored_answer_is_worth_what_us_core_says(link_id):
    item = PHQ_9.item(link_id)
    assert isinstance(item, ChoiceItem)

    [theirs] = [i for i in published(US_CORE_9)["item"] if i["linkId"] == link_id]

    worth = [
        extension["valueDecimal"]
        for option in theirs["answerOption"]
        for extension in option["extension"]
        if extension["url"].endswith("/ordinalValue")
    ]
    assert [option.points for option in item.options] == worth


def test_the_notice_is_the_one_the_source_carries():
    assert WORDING.notice == published(US_CORE_9)["copyright"]


def test_our_alias_is_the_url_and_has_every_item_of_ours():
    theirs = published(US_CORE_9)

    assert theirs["url"] in PHQ_9.aliases
    link_ids = [item["linkId"] for item in theirs["item"]]
    assert [each for each in link_ids if each != "/44261-6"] == [
        item.link_id for item in PHQ_9.items
    ]


def test_the_total_of_the_gad_7_has_the_code_of_the_official_example():
    score = "spec/pco/1.0.0/examples/Observation-pcoPROMScoreAnxietyBaseline.json"

    [coding] = published(score)["code"]["coding"]

    total = LIBRARY.instrument("gad-7").total.coding
    assert (coding["system"], coding["code"]) == (total.system, total.code)


def test_every_answer_code_in_us_cores_form_has_its_check_digit():
    codes = [
        option["valueCoding"]["code"]
        for item in published(US_CORE_9)["item"]
        for option in item.get("answerOption", [])
    ]

    assert len(codes) == 40
    assert all(has_right_check_digit(code) for code in codes)
