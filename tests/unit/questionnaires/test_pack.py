"""A clinic's pack is looked through to its end: every problem, and none too many."""

import re
from datetime import date
from hashlib import sha256

import pytest

from questionnaires.catalogue import catalogue
from questionnaires.errors import InstrumentFileError
from questionnaires.instrument import ChoiceItem
from questionnaires.library import load_library, shipped_definitions
from questionnaires.packs.check import completed_id, pack_problems, wording_hashes
from questionnaires.packs.template import SLOT, pack_template
from tests.unit.questionnaires.test_completion import COMPLETION, WORDING

TODAY = date(2026, 11, 25)
DEFINITIONS = shipped_definitions()
LIBRARY = load_library()


def pack(instrument=COMPLETION, **wordings):
    files = {"instrument.toml": instrument.encode()}
    for language, text in (wordings or {"en": WORDING}).items():
        files[f"wording.{language}.toml"] = text.encode()
    return files


def problems(files, *, instrument_id="ors", shipped=(), today=TODAY):
    found = pack_problems(
        files, DEFINITIONS[instrument_id], shipped_languages=shipped, today=today
    )
    return [(each.file, each.key) for each in found]


def test_a_pack_that_is_right_has_no_problem():
    assert problems(pack()) == []


def test_numbers_are_free_to_be_left_out():
    assert problems(pack(COMPLETION.split("[cutoff]")[0])) == []


def test_everything_that_is_wrong_is_said_at_once():
    instrument = (
        COMPLETION.replace('version = "1.0.0"', 'version = "2.0.0"')
        .replace('reference = "L-42"\n', "")
        .replace("2027-12-31", "2026-11-24")
        .replace("value = 20.5", "value = 41")
        .replace("entered_on = 2026-11-23", "entered_on = 2026-11-26", 1)
        .replace('method = "the clinic\'s own"\n', "")
        .replace("[licence]", "colour = 1\n[licence]")
    )
    wording = (
        WORDING.replace('o2 = "second"\n', "")
        .replace('o3 = ["l", "r"]', 'o3 = ["l"]')
        .replace('validation = "invented"\n', "")
        .replace('title = "Invented title"', 'titel = "Invented title"')
    )

    assert set(problems(pack(instrument, en=wording))) == {
        ("instrument.toml", "version"),
        ("instrument.toml", "licence.reference"),
        ("instrument.toml", "licence.valid_until"),
        ("instrument.toml", "wording_sha256.en"),
        ("instrument.toml", "cutoff.value"),
        ("instrument.toml", "cutoff.entered_on"),
        ("instrument.toml", "rci.method"),
        ("instrument.toml", "colour"),
        ("wording.en.toml", "items.o2"),
        ("wording.en.toml", "anchors.o3"),
        ("wording.en.toml", "validation"),
        ("wording.en.toml", "title"),
        ("wording.en.toml", "titel"),
    }


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"ors"\nversion', '"ors"\nx = 1\nversion', "x"),
        ('holder = "the licensor"\n', "", "licence.holder"),
        ("[licence]", "[licens]", "licence"),
        ("[wording_sha256]", "[hashes]", "wording_sha256"),
        ("2027-12-31", '"2027-12-31"', "licence.valid_until"),
        ("2027-12-31", "1900-01-01", "licence.valid_until"),
        ('"L-42"', '"L-42"\nx = 1', "licence.x"),
        ('"L-42"', f'"{SLOT}: number"', "licence.reference"),
        ('en = "', 'de = "', "wording_sha256.de"),
        ('en = "', 'de = "', "wording_sha256.en"),
        ("[cutoff]\n", "[cutoff]\nx = 1\n", "cutoff.x"),
        ("value = 20.5\n", "", "cutoff.value"),
        ("value = 20.5", 'value = "20.5"', "cutoff.value"),
        ('operator = "<"', 'operator = ">="', "cutoff.operator"),
        ("value = 7.5", "value = 0", "rci.value"),
        ('entered_by = "Dr. Example"\n', "", "cutoff.entered_by"),
        ("[rci]\n", "rci = 6\n[x]\n", "cutoff.rci"),
        ("[cutoff]", "[cutoff", "file"),
    ],
)
def test_each_single_mistake_of_the_instrument_file_is_named(old, new, key):
    assert ("instrument.toml", key) in problems(pack(COMPLETION.replace(old, new, 1)))


def test_a_number_that_is_no_table_is_named():
    instrument = COMPLETION.split("[cutoff]")[0].replace(
        "[licence]", "rci = 6\n[licence]"
    )

    assert problems(pack(instrument)) == [("instrument.toml", "rci")]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"ors"', '"srs"', "instrument"),
        ('language = "en"', 'language = "de"', "language"),
        ("[items]", 'short_title = " "\n[items]', "short_title"),
        ("[items]", f'short_title = "{SLOT}"\n[items]', "short_title"),
        ('o1 = "first"', 'o1 = ""', "items.o1"),
        ('o1 = "first"', 'o9 = "first"', "items.o9"),
        ("[items]", "[itmes]", "items"),
        ("[anchors]", "[ends]", "anchors"),
        ('o1 = ["l", "r"]', 'o1 = ["l", "  "]', "anchors.o1"),
        ('o1 = ["l", "r"]', f'o1 = ["l", "{SLOT}: right"]', "anchors.o1"),
        ("numbers_apply = true", "", "numbers_apply"),
        ("[items]", "[items", "file"),
    ],
)
def test_each_single_mistake_of_a_wording_is_named(old, new, key):
    assert old in WORDING
    text = WORDING.replace(old, new, 1)

    assert ("wording.en.toml", key) in problems(pack(en=text))


def choices_pack(**replaced):
    """A language of an instrument that is here in full, with lists of choices."""
    files = pack_template(DEFINITIONS["session-outcome"], languages=("nl",))
    text = files["wording.nl.toml"].replace(SLOT, "woord")
    for old, new in replaced.items():
        text = text.replace(old, new)
    return {
        "instrument.toml": files["instrument.toml"].encode(),
        "wording.nl.toml": text.encode(),
    }


def test_a_pack_may_say_what_the_form_is_called():
    told = WORDING.replace("[items]", 'short_title = "Invented name"\n[items]')
    digest = sha256(told.encode()).hexdigest()
    vouched = re.sub(r'^en = ".*"$', f'en = "{digest}"', COMPLETION, flags=re.MULTILINE)

    assert problems(pack(vouched, en=told)) == []


def test_to_an_instrument_that_is_here_in_full_a_language_can_be_added():
    assert problems(choices_pack(), instrument_id="session-outcome") == []


@pytest.mark.parametrize(
    ("replaced", "key"),
    [
        ({'0 = "': 'none = "'}, "choices.quality.none"),
        ({'0 = "': '9 = "'}, "choices.quality.0"),
        ({'0 = "': '9 = "'}, "choices.quality.9"),
        ({"[choices.quality]": "[choices.other]"}, "choices.quality"),
        ({"[choices.quality]": "[choices.other]"}, "choices.other"),
        ({"[choices.": "[answers."}, "choices"),
    ],
)
def test_a_list_of_answers_must_be_the_instruments(replaced, key):
    found = problems(choices_pack(**replaced), instrument_id="session-outcome")

    assert ("wording.nl.toml", key) in found


def test_a_language_that_is_here_is_not_replaced():
    found = problems(choices_pack(), instrument_id="session-outcome", shipped=["nl"])

    assert found == [("wording.nl.toml", "language")]


def test_an_instrument_that_is_here_in_full_takes_no_numbers():
    files = choices_pack()
    files["instrument.toml"] += b"[rci]\nvalue = 1\n"

    assert ("instrument.toml", "rci") in problems(
        files, instrument_id="session-outcome"
    )


def test_a_file_of_another_name_and_a_pack_without_wording_are_named():
    files = pack()
    files["wordings-en.toml"] = files.pop("wording.en.toml")

    assert set(problems(files)) == {
        ("instrument.toml", "wording_sha256.en"),
        ("wordings-en.toml", "file"),
        ("wording.<language>.toml", "file"),
    }


def test_the_mend_of_a_wrong_hash_is_the_line_to_paste():
    changed = WORDING.replace("fourth", "fifth")

    [problem] = pack_problems(
        pack(en=changed), DEFINITIONS["ors"], shipped_languages=(), today=TODAY
    )

    assert f'en = "{sha256(changed.encode()).hexdigest()}"' in problem.problem


def test_hashes_are_those_of_the_wording_files_alone():
    assert wording_hashes(pack(en=WORDING, de="x")) == {
        "de": sha256(b"x").hexdigest(),
        "en": sha256(WORDING.encode()).hexdigest(),
    }


@pytest.mark.parametrize(
    ("files", "key"),
    [
        ({}, "file"),
        ({"instrument.toml": b'id = "own"'}, "id"),
        ({"instrument.toml": b"x = 1"}, "completes"),
        ({"instrument.toml": b"x ="}, "file"),
        ({"instrument.toml": b"#" * 1_000_001}, "file"),
    ],
)
def test_a_folder_that_is_no_pack_says_what_it_lacks(files, key):
    with pytest.raises(InstrumentFileError) as refused:
        completed_id(files)

    assert refused.value.key == key


@pytest.mark.parametrize("instrument_id", sorted(DEFINITIONS))
def test_a_template_has_a_place_for_everything_and_nothing_else_is_wrong(instrument_id):
    """Each template, filled in and hashed, is a pack; as it is, only slots are open."""
    definition = DEFINITIONS[instrument_id]
    files = pack_template(definition, languages=("tlh", "de-CH"))
    encoded = {name: text.encode() for name, text in files.items()}

    assert completed_id(encoded) == instrument_id
    found = pack_problems(encoded, definition, shipped_languages=(), today=TODAY)
    assert all("still to be filled in" in each.problem for each in found)
    assert problems(filled(files), instrument_id=instrument_id) == []


@pytest.mark.parametrize("instrument_id", ["ors", "srs"])
def test_the_numbers_of_a_template_can_be_uncommented(instrument_id):
    files = pack_template(DEFINITIONS[instrument_id], languages=("en",))
    text = files["instrument.toml"]
    at = text.index("# [cutoff]")
    uncommented = text[:at] + re.sub(r"^# ?", "", text[at:], flags=re.MULTILINE)
    open_places = problems(
        {"instrument.toml": uncommented.encode()}, instrument_id=instrument_id
    )
    assert ("instrument.toml", "cutoff.value") in open_places
    assert ("instrument.toml", "rci.entered_on") in open_places

    with_values = uncommented.replace(f'"{SLOT}: score points"', "20")
    files["instrument.toml"] = with_values

    assert problems(filled(files), instrument_id=instrument_id) == []


def filled(files):
    """The template as a clinic would fill it in, with the right hashes."""
    turned = f'["{SLOT}: link ids, such as q1"]'
    done = {
        name: text.replace(turned, '["q1"]')
        .replace(SLOT, "word")
        .replace("1900-01-01", "2026-11-25")
        for name, text in files.items()
    }
    hashes = wording_hashes({name: text.encode() for name, text in done.items()})
    for language, digest in hashes.items():
        line = f'{language} = "word: rom instruments hash prints it"'
        text = done["instrument.toml"].replace(line, f'{language} = "{digest}"')
        done["instrument.toml"] = text
    return {name: text.encode() for name, text in done.items()}


@pytest.mark.parametrize("instrument_id", sorted(DEFINITIONS))
def test_a_template_says_at_its_top_what_the_clinic_brings(instrument_id):
    definition = DEFINITIONS[instrument_id]
    text = pack_template(definition, languages=())["instrument.toml"]
    head = text.partition("\ncompletes")[0].splitlines()

    brings = definition.instrument.licence.site_adds
    said = " ".join(line.removeprefix("# ") for line in head)
    assert ("What the clinic brings: " in said) is bool(brings)
    assert " ".join(brings.split()) in said


def test_the_places_of_a_template_are_numbered_as_on_the_form():
    wording = pack_template(DEFINITIONS["ors"], languages=("en",))["wording.en.toml"]

    for number in (1, 2, 3, 4):
        assert f'o{number} = "{SLOT}: item {number}"' in wording


def test_a_template_holds_no_word_of_an_instrument():
    for instrument_id, definition in DEFINITIONS.items():
        wordings = [
            w for w in LIBRARY.wordings.values() if w.instrument_id == instrument_id
        ]
        files = pack_template(definition, languages=("xx",))
        for wording in wordings:
            said = files["wording.xx.toml"]
            assert not [text for text in wording.items.values() if text in said]


def test_the_catalogue_tells_what_the_clinic_brought(completing_site):
    entries = {
        each.id: each for each in catalogue(completing_site.library(), shipped=LIBRARY)
    }

    assert (entries["ors"].shipped, entries["ors"].languages) == ("completed", ("en",))
    assert (entries["srs"].shipped, entries["srs"].languages) == ("skeleton", ())
    assert (entries["phq-9"].shipped, entries["phq-9"].rights) == ("full", "A")
    assert list(entries) == sorted(entries)


def test_the_catalogue_tells_an_instrument_of_the_clinics_own(site):
    [mood] = [
        each for each in catalogue(site.library(), shipped=LIBRARY) if each.id == "mood"
    ]

    assert (mood.shipped, mood.rights) == ("own", "own")


def test_the_catalogue_tells_a_wording_that_changed(completing_site):
    completing_site.change_wording("fourth", "FOURTH")

    [ors] = [
        each
        for each in catalogue(completing_site.library(), shipped=LIBRARY)
        if each.id == "ors"
    ]

    assert (ors.shipped, ors.languages, ors.changed) == ("skeleton", (), ("en",))


@pytest.fixture
def completing_site(site):
    site.slug = "ors"
    site.instrument = COMPLETION
    site.wordings = {"wording.en.toml": WORDING}
    return site


def test_the_lists_of_choices_have_their_names():
    outcome = DEFINITIONS["session-outcome"]
    with_choices = [
        item.link_id
        for item in outcome.instrument.items
        if isinstance(item, ChoiceItem)
    ]

    assert sorted(outcome.choices) == sorted(with_choices)


def turned_pack(old="", new=""):
    """A pack that names the turned items, with one thing changed in its file."""
    definition = DEFINITIONS["oq-30-2"]
    files = filled(pack_template(definition, languages=("en",)))
    text = files["instrument.toml"].decode()
    assert old in text
    return files | {"instrument.toml": text.replace(old, new).encode()}


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        ("", "", []),
        ("[reversed]", "[turned]", ["reversed", "turned"]),
        ('items = ["q1"]', "", ["reversed.items"]),
        ('items = ["q1"]', "items = 1", ["reversed.items"]),
        ('items = ["q1"]', 'items = ["q99"]', ["reversed.items"]),
        ('items = ["q1"]', 'items = ["q1"]\nx = 1', ["reversed.x"]),
        ("entered_on = 2026-11-25", "entered_on = 2026-11-26", ["reversed.entered_on"]),
        ("evidence = ", "proof = ", ["reversed.evidence", "reversed.proof"]),
    ],
)
def test_what_is_wrong_with_the_turned_items_is_named(old, new, keys):
    found = problems(turned_pack(old, new), instrument_id="oq-30-2")

    assert sorted({key for _, key in found}) == keys


def test_all_that_a_number_lacks_is_said_at_once():
    before, after = COMPLETION.split("[cutoff]\n")
    lacking = "\n".join(
        line
        for line in after.partition("[rci]")[0].splitlines()
        if not line.startswith(("value", "evidence", "entered_by"))
    )

    found = problems(pack(f"{before}[cutoff]\n{lacking}\n"))

    assert {key for _, key in found} == {
        "cutoff.value",
        "cutoff.evidence",
        "cutoff.entered_by",
    }
