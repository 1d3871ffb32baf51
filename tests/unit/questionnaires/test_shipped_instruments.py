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
FOLDER = files("questionnaires") / "instruments"
EVIDENCE = {"verified", "secondary", "computed", "own"}


def test_these_instruments_are_shipped():
    assert SLUGS == [
        "gad-7",
        "ors",
        "phq-9",
        "session-alliance",
        "session-outcome",
        "srs",
    ]


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


@pytest.mark.parametrize(
    ("slug", "codes", "panel", "total"),
    [("phq-9", PHQ_9, "44249-1", "44261-6"), ("gad-7", GAD_7, "69737-5", "70274-6")],
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
    assert not has_right_check_digit(code)


def test_no_code_is_shipped_that_is_known_to_be_wrong_or_deprecated():
    assert not {"89708-7", "93038-1", "44262-4", "70273-8"} & set(loinc_codes())


@pytest.mark.parametrize("slug", ["phq-9", "gad-7"])
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


def test_only_the_item_on_being_better_off_dead_starts_the_safety_flow():
    rules = {
        (slug, item.link_id): (item.safety.at_least, item.safety.urgency)
        for slug in SLUGS
        for item in LIBRARY.instrument(slug).items
        if isinstance(item, ChoiceItem | SliderItem) and item.safety
    }

    assert rules == {("phq-9", "/44260-8"): (1, "full")}


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


@pytest.mark.parametrize("slug", ["session-outcome", "session-alliance"])
def test_our_own_check_in_claims_no_number(slug):
    check_in = LIBRARY.instrument(slug)

    assert not check_in.validated
    assert (check_in.bands, check_in.cutoff, check_in.reliable_change) == (
        (),
        None,
        None,
    )
    assert (check_in.total.low, check_in.total.high) == (0, 16)
    assert check_in.direction == "higher_is_better"
    assert "not validated" in LIBRARY.wording(slug, language="en").notice.lower()
    assert "CC0" in check_in.licence.terms


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


def test_alliance_and_outcome_are_told_apart():
    assert {slug: LIBRARY.instrument(slug).construct for slug in SLUGS} == {
        "gad-7": "outcome",
        "ors": "outcome",
        "phq-9": "outcome",
        "session-alliance": "alliance",
        "session-outcome": "outcome",
        "srs": "alliance",
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
