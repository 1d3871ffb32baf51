"""A dialect file is the only place where an EHR's deviation stands."""

from dataclasses import replace
from pathlib import Path

import pytest

from fhir_mapping.dialect import BUILT_IN, KEYS, dialect_from_toml, load_dialect
from fhir_mapping.errors import DialectFileError
from questionnaires.instrument import Coding
from tests.unit.fhir_mapping.material import PLAIN, built, submission

TEXT = (BUILT_IN / "plain-r4.toml").read_text(encoding="utf-8")
DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "dialects.md"


def test_plain_r4_deviates_in_nothing():
    assert PLAIN.id == "plain-r4"
    assert PLAIN.profiles
    assert PLAIN.category.code == "survey"
    assert "alliance" not in PLAIN.second_category


def test_a_site_s_own_dialect_is_read_from_its_path(tmp_path):
    file = tmp_path / "our-hospital.toml"
    file.write_text(TEXT.replace('"plain-r4"', '"our-hospital"'), encoding="utf-8")

    assert load_dialect(str(file)).id == "our-hospital"


def test_a_dialect_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(DialectFileError, match="plain-r4"):
        load_dialect("nowhere")


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    file = tmp_path / "odd.toml"
    file.write_bytes(b'id = "\xff"')

    with pytest.raises(DialectFileError, match="UTF-8"):
        load_dialect(str(file))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("profiles = true", "profile = true", "write.profile"),
        ("profiles = true", "", "write.profiles"),
        ("profiles = true", 'profiles = "yes"', "write.profiles"),
        ('id = "plain-r4"', "id = 5", "id"),
        ('id = "plain-r4"', 'id = " "', "id"),
        ("[read]", "[reed]", "reed"),
        ('code = "survey" }', 'cod = "survey" }', "write.category.cod"),
        (', code = "survey" }', " }", "write.category"),
        ("panel = false", "panel = false\ncategory = 5 #", "write.category"),
        ("outcome = {", "mood = {", "write.second_category.mood"),
        ("categories = [", "categories = [] #", "read.categories"),
        ("categories = [", "categories = [5] #", "read.categories"),
    ],
)
def test_a_wrong_key_stops_the_start_and_is_named(old, new, key):
    assert old in TEXT
    text = TEXT.replace(old, new)
    if "category = 5" in new:
        text = text.replace("category = { system", "# {")

    with pytest.raises(DialectFileError) as caught:
        dialect_from_toml(text, file="x.toml")

    assert caught.value.key == key
    assert "x.toml" in str(caught.value)


def test_a_file_that_is_no_toml_is_refused():
    with pytest.raises(DialectFileError, match="TOML"):
        dialect_from_toml("id = ", file="x.toml")


def test_a_table_must_be_a_table():
    with pytest.raises(DialectFileError, match="table"):
        dialect_from_toml('id = "x"\ndefault_language = "en"\nwrite = 5', file="x.toml")


def test_every_key_of_a_dialect_is_documented():
    document = DOCUMENT.read_text(encoding="utf-8")

    for table, keys in KEYS.items():
        for key in keys:
            name = f"{table}.{key}".removeprefix(".")
            assert f"`{name}`" in document, name


def test_a_dialect_decides_what_is_written():
    vitals = Coding("http://hl7.org/fhir/observation-category", "vital-signs")
    dialect = replace(PLAIN, profiles=False, category=vitals, second_category={})

    observation = built(submission(), dialect=dialect).observations[0]

    assert "meta" not in observation
    assert observation["category"] == [
        {"coding": [{"system": vitals.system, "code": vitals.code}]}
    ]
