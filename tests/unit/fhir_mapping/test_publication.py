"""The library as others get it: which words, which codes, which bytes."""

import json
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

import pytest

from fhir_mapping.errors import NotValidR4
from fhir_mapping.fhir_package import package_files
from fhir_mapping.form_structure import (
    structure_from_questionnaire,
    structure_of_instrument,
)
from fhir_mapping.known_codes import item_code, score_code
from fhir_mapping.publication import publication_of, published_form
from fhir_mapping.r4.json import json_bytes, pretty_json_bytes
from fhir_mapping.r4.models import checked
from questionnaires.errors import UnknownInstrument
from questionnaires.instrument import ChoiceItem
from tests.unit.fhir_mapping.material import LIBRARY, PHQ9, with_changed

WHOLE = publication_of(LIBRARY)
BASE = "https://rom-on-fhir.example/fhir/CodeSystem"


def of(instrument_id, publication=WHOLE):
    [found] = [
        each for each in publication.forms if each.instrument.id == instrument_id
    ]
    return found


def licensed_site():
    """The library of a site that holds a licence, and so the words, of the ORS."""
    ors = replace(LIBRARY.instrument("ors"), skeleton=False)
    words = replace(
        LIBRARY.wordings["phq-9", "en"],
        instrument_id="ors",
        items={each.link_id: "Secret" for each in ors.items},
        options={},
        anchors={each.link_id: ("Secret", "Secret") for each in ors.items},
    )
    return replace(
        LIBRARY,
        instruments=MappingProxyType({**LIBRARY.instruments, "ors": ors}),
        wordings=MappingProxyType({**LIBRARY.wordings, ("ors", "en"): words}),
    )


def test_every_instrument_is_published_once_in_the_order_of_the_ids():
    assert [each.instrument.id for each in WHOLE.forms] == sorted(LIBRARY.instruments)
    assert WHOLE.left_out == ()


@pytest.mark.parametrize("instrument_id", sorted(LIBRARY.instruments))
def test_what_is_published_of_an_instrument_has_its_structure(instrument_id):
    form = of(instrument_id).questionnaire

    ours = structure_of_instrument(LIBRARY.instrument(instrument_id))
    assert structure_from_questionnaire(form) == ours


@pytest.mark.parametrize("instrument_id", sorted(LIBRARY.instruments))
def test_a_form_holds_every_language_it_has_and_says_whose_words_they_are(
    instrument_id,
):
    found = of(instrument_id)
    languages = {lang for name, lang in LIBRARY.wordings if name == instrument_id}

    assert set(found.languages) == languages
    assert (found.words == "none") == LIBRARY.instrument(instrument_id).skeleton
    status = "draft" if found.words == "none" else "active"
    assert found.questionnaire["status"] == status


def test_another_main_language_moves_the_others_beside_it():
    form = of("phq-9", publication_of(LIBRARY, language="es"))

    assert form.languages == ("es", "en")
    assert form.questionnaire["language"] == "es"
    spanish = LIBRARY.wordings["phq-9", "es"]
    assert form.questionnaire["title"] == spanish.title


def test_a_language_that_is_not_there_is_not_replaced_by_a_neighbour_s():
    found = publication_of(LIBRARY, chosen=["phq-9"], language="xx")

    assert found.forms == ()
    [left] = found.left_out
    assert (left.instrument.id, left.languages) == ("phq-9", ("en", "es"))


def test_without_english_the_first_language_is_the_main_one():
    wordings = {k: v for k, v in LIBRARY.wordings.items() if k != ("phq-9", "en")}
    spanish = replace(LIBRARY, wordings=MappingProxyType(wordings))

    assert published_form(spanish, "phq-9").languages == ("es",)


def test_an_instrument_without_any_words_is_left_out():
    wordings = {k: v for k, v in LIBRARY.wordings.items() if k[0] != "phq-9"}
    bare = replace(LIBRARY, wordings=MappingProxyType(wordings))

    assert published_form(bare, "phq-9").languages == ()


def test_a_site_s_licensed_words_stay_out_of_what_is_passed_on():
    site = licensed_site()

    own = of("ors", publication_of(site, chosen=["ors"]))
    passed = of("ors", publication_of(site, chosen=["ors"], licensed_words=False))

    assert own.words == "licensed"
    assert "Secret" in json_bytes(own.questionnaire).decode()
    assert passed.words == "none" and passed.questionnaire["status"] == "draft"
    assert "Secret" not in json_bytes(passed.questionnaire).decode()


def test_an_unknown_instrument_is_named():
    with pytest.raises(UnknownInstrument, match="phq-99"):
        publication_of(LIBRARY, chosen=["phq-99"])


def test_the_derived_forms_say_how_they_are_derived():
    for each in WHOLE.forms:
        if not each.instrument.derived_from:
            continue
        assert all("|" in url for url in each.questionnaire["derivedFrom"])
        assert each.questionnaire["_derivedFrom"]


def systems(publication=WHOLE):
    return {
        each["url"]: {one["code"]: one.get("display") for one in each["concept"]}
        for each in publication.code_systems
    }


def test_every_code_of_ours_is_in_one_of_our_code_systems():
    found = systems()

    for each in LIBRARY.instruments.values():
        assert each.id in found[f"{BASE}/instrument"]
        for rule in each.scores:
            assert score_code(each, rule) in found[f"{BASE}/score"]
        for item in each.items:
            assert item_code(each, item.link_id) in found[f"{BASE}/item"]
            codings = [*item.codings]
            if isinstance(item, ChoiceItem):
                codings += [option.coding for option in item.options]
            for coding in codings:
                if coding.system.startswith(BASE):
                    assert coding.code in found[coding.system]
        for band in each.bands:
            assert f"{each.id}.{band.code}" in found[f"{BASE}/band"]
    assert found[f"{BASE}/scoring-method"] == {"prorated-mean": None}
    assert all(url.startswith(BASE) for url in found)


def test_a_code_system_is_whole_whichever_forms_were_chosen():
    assert systems(publication_of(LIBRARY, chosen=["phq-9"])) == systems()


def test_an_answer_s_code_has_no_display_and_a_score_s_is_neutral():
    assert set(systems()[f"{BASE}/session-alliance"].values()) == {None}
    assert systems()[f"{BASE}/score"]["phq-9.total"] == "PHQ-9: total"


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("name", "a b", "name"),
        ("concept[1].code", "core-10.healthy", "concept.code"),
        ("count", 1, "count"),
        ("status", "final", "status"),
    ],
)
def test_a_code_system_that_breaks_a_rule_is_refused(place, value, named):
    [band] = [each for each in WHOLE.code_systems if each["id"] == "band"]
    value = band["concept"][0]["code"] if named == "concept.code" else value

    with pytest.raises(NotValidR4) as caught:
        checked(with_changed(band, place, value))

    assert named in caught.value.places


def test_pretty_json_is_the_same_json_with_every_digit():
    resource = {
        "a": [Decimal("7.10"), 1, True, None],
        "b": {},
        "c": [],
        "d": {"é\n": "x"},
    }

    text = pretty_json_bytes(resource).decode()

    assert text.endswith("}\n")
    assert "    7.10,\n    1,\n    true,\n    null\n" in text
    assert json.loads(text, parse_float=Decimal) == resource
    with pytest.raises(TypeError):
        pretty_json_bytes({"a": 0.1})


def test_a_package_lists_each_resource_with_what_it_says_of_itself():
    files = package_files(WHOLE, version="1.2.3")

    manifest = json.loads(files["package/package.json"])
    index = json.loads(files["package/.index.json"])
    assert manifest["name"] == "rom-on-fhir.questionnaires"
    assert manifest["version"] == "1.2.3"
    assert manifest["fhirVersions"] == ["4.0.1"]
    assert manifest["dependencies"]["hl7.fhir.r4.core"] == "4.0.1"
    assert index["index-version"] == 2
    assert len(index["files"]) == len(files) - 2 == len(WHOLE.resources)
    for entry in index["files"]:
        resource = json.loads(files[f"package/{entry['filename']}"])
        for key, value in entry.items():
            assert key == "filename" or resource[key] == value
    assert list(files) == sorted(files)


def test_the_publication_of_the_same_library_is_the_same_bytes():
    again = publication_of(LIBRARY)

    assert list(map(json_bytes, again.resources)) == list(
        map(json_bytes, WHOLE.resources)
    )
    assert of("phq-9").file_name == "Questionnaire-phq-9.json"
    assert PHQ9.canonical == of("phq-9").questionnaire["url"]
