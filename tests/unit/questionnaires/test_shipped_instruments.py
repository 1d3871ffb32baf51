"""What this project ships: codes, numbers with sources, and whose words."""

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from importlib.resources import files

import pytest

from questionnaires.codes import LOINC, has_right_check_digit
from questionnaires.instrument import ChoiceItem, ProrateMean, SliderItem, Strict
from questionnaires.library import NoWording, load_library

LIBRARY = load_library()
SLUGS = sorted(LIBRARY.instruments)
WHOLE = [slug for slug in SLUGS if not LIBRARY.instrument(slug).skeleton]
FOLDER = files("questionnaires") / "instruments"
EVIDENCE = {"verified", "secondary", "computed", "own"}


def test_these_instruments_are_shipped_with_their_words():
    assert WHOLE == [
        "core-10",
        "core-om",
        "gad-2",
        "gad-7",
        "pcl-5",
        "phq-2",
        "phq-8",
        "phq-9",
        "relationship-check-in",
        "session-alliance",
        "session-alliance-child",
        "session-outcome",
        "session-outcome-child",
    ]


LANGUAGES = {
    "core-10": ["en"],
    "core-om": ["en"],
    "gad-2": ["en", "es"],
    "gad-7": ["en", "es"],
    "pcl-5": ["en"],
    "phq-2": ["en", "es"],
    "phq-8": ["en", "es"],
    "phq-9": ["en", "es"],
    "relationship-check-in": ["de", "en", "es"],
    "session-alliance": ["de", "en", "es"],
    "session-alliance-child": ["de", "en", "es"],
    "session-outcome": ["de", "en", "es"],
    "session-outcome-child": ["de", "en", "es"],
}


def test_each_instrument_is_worded_in_these_languages():
    found = {
        slug: sorted(lang for name, lang in LIBRARY.wordings if name == slug)
        for slug in WHOLE
    }

    assert found == LANGUAGES


def numbers(found: object, *, sourced: bool, key: str) -> Iterator[tuple[str, bool]]:
    """Each number of a file, and whether it or a table around it has a source."""
    match found:
        case dict():
            has = bool(found.get("source")) and found.get("evidence") in EVIDENCE
            for name, each in found.items():
                yield from numbers(each, sourced=sourced or has, key=f"{key}.{name}")
        case list():
            for each in found:
                yield from numbers(each, sourced=sourced, key=key)
        case int() | float() if not isinstance(found, bool):
            yield key, sourced


@pytest.mark.parametrize("slug", SLUGS)
def test_every_number_stands_beside_its_source_and_evidence(slug):
    text = (FOLDER / slug / "instrument.toml").read_text(encoding="utf-8")

    found = list(numbers(tomllib.loads(text), sourced=False, key=""))

    assert len(found) > 4
    assert [key for key, sourced in found if not sourced] == []


PHQ_9 = (
    "44250-9 44255-8 44259-0 44254-1 44251-7 44258-2 44252-5 44253-3 44260-8 69722-7"
)
GAD_7 = "69725-0 68509-9 69733-4 69734-2 69735-9 69689-8 69736-7"


PHQ_8 = " ".join(PHQ_9.split()[:8])
PHQ_2 = " ".join(PHQ_9.split()[:2])
GAD_2 = " ".join(GAD_7.split()[:2])


@pytest.mark.parametrize(
    ("slug", "codes", "panel", "total"),
    [
        ("phq-9", PHQ_9, "44249-1", "44261-6"),
        ("phq-8", PHQ_8, "phq-8", "phq-8.total"),
        ("phq-2", PHQ_2, "55757-9", "55758-7"),
        ("gad-7", GAD_7, "69737-5", "70274-6"),
        ("gad-2", GAD_2, "gad-2", "gad-2.total"),
    ],
)
def test_items_stand_in_the_order_of_loinc(slug, codes, panel, total):
    instrument = LIBRARY.instrument(slug)

    assert [item.link_id for item in instrument.items] == [
        f"/{code}" for code in codes.split()
    ]
    assert [item.codings[0].code for item in instrument.items] == codes.split()
    assert instrument.coding.code == panel
    assert instrument.total.coding.code == total


def loinc_codes() -> list[str]:
    found = set()
    for instrument in LIBRARY.instruments.values():
        codings = [instrument.coding, *(score.coding for score in instrument.scores)]
        for item in instrument.items:
            codings += item.codings
            if isinstance(item, ChoiceItem):
                codings += [option.coding for option in item.options]
        found |= {coding.code for coding in codings if coding.system == LOINC}
    return sorted(found)


@pytest.mark.parametrize("code", loinc_codes())
def test_every_loinc_code_has_its_check_digit(code):
    assert has_right_check_digit(code)


@pytest.mark.parametrize("code", ["LA2-8", "LA3-6"])
def test_an_answer_code_of_one_digit_has_its_check_digit_too(code):
    """Male and female in HL7's R4 example of a family history questionnaire."""
    assert has_right_check_digit(code)


@pytest.mark.parametrize(
    "code",
    [
        "89708-7",
        "93038-1",
        "44250-8",
        "44205-9",
        "LA6568-4",
        "LA10137-8",
        "",
        "44250",
        "44250-",
        "-9",
        "LA-5",
        "la6568-5",
        "44250-9 ",
        "٤٤٢٥٠-9",
        "123456789-1",
    ],
)
def test_a_mistyped_loinc_code_is_noticed(code):
    assert has_right_check_digit(code) is False


def test_no_code_is_shipped_that_is_known_to_be_wrong_or_deprecated():
    assert not {"89708-7", "93038-1", "44262-4", "70273-8"} & set(loinc_codes())


@pytest.mark.parametrize("slug", ["phq-9", "phq-8", "phq-2", "gad-7", "gad-2"])
def test_frequency_answers_are_worth_nought_to_three(slug):
    for item in LIBRARY.instrument(slug).items[:7]:
        worth = {option.coding.code: option.points for option in item.options}
        assert worth == {"LA6568-5": 0, "LA6569-3": 1, "LA6570-1": 2, "LA6571-9": 3}


def test_the_difficulty_answers_follow_the_form_and_not_their_codes():
    item = LIBRARY.instrument("phq-9").item("/69722-7")

    assert [option.coding.code for option in item.options] == [
        "LA6572-7",
        "LA6573-5",
        "LA6575-0",
        "LA6574-3",
    ]
    assert [option.points for option in item.options] == [0, 1, 2, 3]


def test_the_difficulty_item_is_in_no_score():
    phq_9 = LIBRARY.instrument("phq-9")

    assert [score.id for score in phq_9.scores] == ["total"]
    assert phq_9.total.link_ids == tuple(item.link_id for item in phq_9.items[:9])


RISK_OF_THE_CORE_OM = ("q6", "q9", "q16", "q22", "q24", "q34")


def test_these_items_and_no_others_are_for_safety():
    rules = {
        (slug, item.link_id): (item.safety.at_least, item.safety.urgency)
        for slug in WHOLE
        for item in LIBRARY.instrument(slug).items
        if isinstance(item, ChoiceItem | SliderItem) and item.safety
    }

    assert rules == {
        ("phq-9", "/44260-8"): (1, "full"),
        ("core-10", "q6"): (1, "full"),
        ("pcl-5", "q16"): (1, "review"),
        **{("core-om", link_id): (1, "full") for link_id in RISK_OF_THE_CORE_OM},
    }


def test_numbers_of_the_phq_9():
    phq_9 = LIBRARY.instrument("phq-9")

    assert [(band.code, band.low, band.high) for band in phq_9.bands] == [
        ("minimal", 0, 5),
        ("mild", 5, 10),
        ("moderate", 10, 15),
        ("moderately-severe", 15, 20),
        ("severe", 20, 27),
    ]
    assert (phq_9.cutoff.value, phq_9.cutoff.operator) == (10, ">=")
    assert phq_9.cutoff.source.evidence == "verified"
    assert (phq_9.reliable_change.value, phq_9.reliable_change.operator) == (6, ">=")
    assert phq_9.reliable_change.source.evidence == "secondary"
    assert isinstance(phq_9.total.missing, ProrateMean)
    assert phq_9.total.missing.max_missing == 2


def test_numbers_of_the_gad_7():
    gad_7 = LIBRARY.instrument("gad-7")

    assert [(band.code, band.low) for band in gad_7.bands] == [
        ("minimal", 0),
        ("mild", 5),
        ("moderate", 10),
        ("severe", 15),
    ]
    assert (gad_7.cutoff.value, gad_7.cutoff.operator) == (8, ">=")
    assert gad_7.cutoff.source.evidence == "secondary"
    assert gad_7.reliable_change.value == 4
    assert isinstance(gad_7.total.missing, Strict)


def test_every_translation_says_whose_it_is_and_none_is_ours_but_of_our_own_forms():
    for (slug, language), wording in LIBRARY.wordings.items():
        kind = LIBRARY.instrument(slug).licence.kind
        assert (wording.translator == "original") == (language == "en")
        if language != "en":
            ours = wording.translator.startswith("ROM on FHIR contributors")
            assert ours == (kind == "own")


def test_no_number_of_an_english_form_is_said_to_hold_in_spanish():
    validated = [
        wording
        for (slug, language), wording in LIBRARY.wordings.items()
        if language != "en" and LIBRARY.instrument(slug).validated
    ]

    assert len(validated) == 5
    assert not any(wording.numbers_apply for wording in validated)


@pytest.mark.parametrize(
    ("slug", "ages"),
    [
        ("session-outcome", (18, 120)),
        ("session-outcome-child", (6, 12)),
        ("session-alliance-child", (6, 12)),
        ("phq-a", (12, 17)),
        ("core-10", (17, 120)),
    ],
)
def test_a_form_is_for_these_ages(slug, ages):
    instrument = LIBRARY.instrument(slug)

    assert (instrument.age_min, instrument.age_max) == ages


def questions(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"q{number}" for number in range(first, last + 1))


def test_the_phq_a_waits_for_the_clinics_words_and_carries_no_number():
    skeleton = LIBRARY.instrument("phq-a")

    assert skeleton.skeleton
    assert (skeleton.licence.kind, len(skeleton.items)) == ("C", 13)
    assert skeleton.total.link_ids == questions(1, 9)
    assert (skeleton.total.coding.code, skeleton.total.high) == ("89204-2", 27)
    assert (skeleton.bands, skeleton.cutoff, skeleton.reliable_change) == (
        (),
        None,
        None,
    )
    assert [each.name for each in (FOLDER / "phq-a").iterdir()] == ["instrument.toml"]


def test_a_short_or_changed_form_names_the_one_it_comes_from():
    base = "https://rom-on-fhir.example/fhir/Questionnaire/"
    found = {
        slug: [url.removeprefix(base) for url in LIBRARY.instrument(slug).derived_from]
        for slug in SLUGS
    }

    assert {slug: urls for slug, urls in found.items() if urls} == {
        "core-10": ["core-om"],
        "cors": ["ors"],
        "csrs": ["srs"],
        "gad-2": ["gad-7"],
        "gsrs": ["srs"],
        "oq-30-2": ["oq-45-2"],
        "phq-2": ["phq-9"],
        "phq-8": ["phq-9"],
        "phq-a": ["phq-9"],
    }


@pytest.mark.parametrize("slug", ["ors", "srs"])
def test_licensed_forms_are_lines_without_words_and_numbers(slug):
    skeleton = LIBRARY.instrument(slug)

    assert skeleton.skeleton
    assert skeleton.licence.kind == "D"
    assert [(i.low, i.high, i.points_per_step) for i in skeleton.items] == [
        (0, 100, Decimal("0.1"))
    ] * 4
    assert skeleton.direction == "higher_is_better"
    assert (skeleton.bands, skeleton.cutoff, skeleton.reliable_change) == (
        (),
        None,
        None,
    )
    assert LIBRARY.wording(slug, language="en") == NoWording(slug, "en")
    assert [each.name for each in (FOLDER / slug).iterdir()] == ["instrument.toml"]


def test_outcome_alliance_and_screening_are_told_apart():
    constructs = {slug: LIBRARY.instrument(slug).construct for slug in WHOLE}

    other = {slug: kind for slug, kind in constructs.items() if kind != "outcome"}
    assert other == {
        "gad-2": "screening",
        "phq-2": "screening",
        "session-alliance": "alliance",
        "session-alliance-child": "alliance",
    }


def test_us_cores_phq_9_is_the_same_form_and_sdcs_two_examples_are_not():
    hl7 = "http://hl7.org/fhir"
    sdc = "questionnaire-sdc-profile-example"

    assert (
        LIBRARY.by_canonical(f"{hl7}/us/core/Questionnaire/phq-9-example").id == "phq-9"
    )
    assert LIBRARY.by_canonical(f"{hl7}/uv/sdc/Questionnaire/{sdc}-PHQ9") is None
    assert (
        LIBRARY.by_canonical(f"http://build.fhir.org/ig/HL7/sdc/{sdc}-cqf-PHQ9") is None
    )
