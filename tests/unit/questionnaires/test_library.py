"""What the library lets in, and what it refuses by file and key."""

import dataclasses
from decimal import Decimal
from pathlib import Path

import pytest

from questionnaires.checks import problems_of
from questionnaires.errors import InstrumentFileError, UnknownInstrument
from questionnaires.instrument import Coding, SliderItem, TextItem
from questionnaires.library import NoWording, load_instrument, load_library


def test_a_site_can_bring_an_instrument_of_its_own(site):
    library = site.library()

    mood = library.instrument("mood")
    assert mood.total.id == "total"
    assert [band.code for band in mood.bands] == ["low", "high"]
    assert library.wording("mood", language="en").options["sad"][Decimal(2)] == "Often"
    assert library.wording("mood", language="en").anchors["line"] == ("left", "right")


def test_numbers_stay_exact_as_written(site):
    line = site.library().instrument("mood").item("line")

    assert isinstance(line, SliderItem)
    assert str(line.points_per_step) == "0.1"


def test_a_wording_in_another_language_is_never_taken_instead(site):
    library = site.library()

    assert library.wording("mood", language="de") == NoWording("mood", "de")


@pytest.mark.parametrize(
    ("language", "apply"), [("en", True), ("en-GB", True), ("de", False), ("e", False)]
)
def test_numbers_apply_to_a_language_and_its_regions_alone(site, language, apply):
    assert site.library().numbers_apply("mood", language=language) is apply


def test_numbers_do_not_apply_where_the_wording_says_so(site):
    site.change_wording("numbers_apply = true", "numbers_apply = false")

    assert site.library().numbers_apply("mood", language="en") is False


def test_a_form_without_lines_has_no_ends_of_lines():
    assert load_library().wording("phq-9", language="en").anchors == {}


def test_an_instrument_nobody_knows_is_named(site):
    library = site.library()

    with pytest.raises(UnknownInstrument, match="no instrument 'nobodys' in the"):
        library.wording("nobodys", language="en")


@pytest.mark.parametrize(
    "url",
    [
        "https://site.example/Questionnaire/mood",
        "https://site.example/Questionnaire/mood|1.0.0",
        "https://other.example/Questionnaire/mood",
        "https://other.example/Questionnaire/mood|7",
    ],
)
def test_a_form_is_known_by_its_canonical_or_alias_whatever_the_version(site, url):
    assert site.library().by_canonical(url).id == "mood"


def test_another_canonical_is_no_form_of_ours(site):
    assert site.library().by_canonical("https://site.example/Questionnaire/") is None


def test_a_score_is_known_by_its_code_in_its_system_alone(site):
    library = site.library()
    system = "https://site.example/score"

    mood, rule = library.by_score_coding(Coding(system, "mood.mean"))

    assert (mood.id, rule.id) == ("mood", "mean")
    assert library.by_score_coding(Coding("http://loinc.org", "mood.mean")) is None


def test_the_digest_changes_with_the_file(site, another_site):
    other = another_site("elsewhere")
    other.change('title = "Mood"', 'title = "Moods"')

    first = site.library().instrument("mood")
    second = other.library().instrument("mood")

    assert first.digest != second.digest
    assert len(first.digest) == 64


def test_an_instrument_cannot_be_changed_after_reading(site):
    library = site.library()

    with pytest.raises(dataclasses.FrozenInstanceError):
        library.instrument("mood").title = "x"
    with pytest.raises(TypeError):
        library.instruments["mood"] = None


def test_notes_and_hidden_folders_beside_the_files_are_left_alone(site):
    folder = site.write()
    (folder / "mood" / "LICENCE.txt").write_text("free")
    (folder / ".git").mkdir()
    (folder / "README.md").write_text("ours")

    assert load_library([folder]).instrument("mood").id == "mood"


SOURCE = 'source = "the site\'s manual"\nevidence = "own"\n'

BROKEN = {
    # head
    "an id with capitals": ('id = "mood"', 'id = "Mood"', "id"),
    "an id that is not the folder's": ('id = "mood"', 'id = "moods"', "id"),
    "no id": ('id = "mood"\n', "", "id"),
    "an empty title": ('title = "Mood"', 'title = " "', "title"),
    "a title that is a number": ('title = "Mood"', "title = 3", "title"),
    "a version of two numbers": ('version = "1.0.0"', 'version = "1.0"', "version"),
    "a canonical with a version": (
        'Questionnaire/mood"\na',
        'Q/mood|1"\na',
        "canonical",
    ),
    "an alias with a space": ("other.example/Q", "other.example/ Q", "aliases"),
    "aliases that are one text": (
        'aliases = ["https://other.example/Questionnaire/mood"]',
        'aliases = "https://other.example/Questionnaire/mood"',
        "aliases",
    ),
    "an empty alias": (
        '["https://other.example/Questionnaire/mood"]',
        '[""]',
        "aliases",
    ),
    "an unknown construct": ('"outcome"', '"wellbeing"', "construct"),
    "no direction": ('direction = "higher_is_worse"\n', "", "direction"),
    "an unknown direction": ('"higher_is_worse"', '"up"', "direction"),
    "validated as a word": ("validated = true", 'validated = "yes"', "validated"),
    "ages the wrong way round": ("min = 18", "min = 100", "ages"),
    "ages in half years": ("min = 18", "min = 17.5", "ages.min"),
    "ages without evidence": (
        'source = "adults"\nevidence = "own"',
        'source = "adults"',
        "ages.evidence",
    ),
    "an unknown key at the top": ('recall = "today"', 'recall = "today"\nx = 1', "x"),
    "an unknown key in a table": (
        'holder = "the site"',
        'holder = "x"\ny = 1',
        "licence.y",
    ),
    "an unknown licence class": ('class = "own"', 'class = "E"', "licence.class"),
    "a licence that is a text": (
        '[licence]\nclass = "own"\nholder = "the site"\nterms = "free"\n'
        'url = "https://site.example/"\n',
        "[[licence]]\n",
        "licence",
    ),
    "an end of licence with a time": (
        'class = "own"',
        'class = "own"\nvalid_until = 2026-01-01T00:00:00',
        "licence.valid_until",
    ),
    # answers
    "answers without source": (
        'system = "https://site.example/often"\nsource = "the site\'s manual"',
        'system = "https://site.example/often"',
        "choices.often.source",
    ),
    "points that are a text": (
        "points = 1",
        'points = "1"',
        "choices.often.options[1].points",
    ),
    "points that are true": (
        "points = 1",
        "points = true",
        "choices.often.options[1].points",
    ),
    "points that are no number": (
        "points = 1",
        "points = nan",
        "choices.often.options[1].points",
    ),
    "points beyond all scales": (
        "points = 1",
        "points = 1e99",
        "choices.often.options[1].points",
    ),
    "points finer than a millionth": (
        "points = 1",
        "points = 1.0000001",
        "choices.often.options[1].points",
    ),
    "two answers worth the same": ("points = 1", "points = 2", "items[0].choices"),
    "two answers with one code": ('"sometimes"', '"never"', "items[0].choices"),
    "an unknown key in an answer": (
        'code = "sometimes"',
        'code = "sometimes", text = "x"',
        "choices.often.options[1].text",
    ),
    "no answers at all": (
        '[\n  { points = 0, code = "never" },\n  { points = 1, code = "sometimes" },\n'
        '  { points = 2, code = "often" },\n]',
        "[]",
        "choices.often.options",
    ),
    "a single answer": (
        '  { points = 1, code = "sometimes" },\n  { points = 2, code = "often" },\n',
        "",
        "items[0].choices",
    ),
    # items
    "a link id twice": ('link_id = "glad"', 'link_id = "sad"', "items[1].link_id"),
    "an item code twice": ('code = "glad"', 'code = "line"', "items[2].codings"),
    "a LOINC code with a wrong check digit": ("44255-8", "44255-9", "items[0].codings"),
    "an item without its kind": ("open = true", "", "items[3]"),
    "an item that is not open after all": ("open = true", "open = false", "items[3]"),
    "an item with unknown answers": (
        'choices = "often"\nreverse = true',
        'choices = "rarely"\nreverse = true',
        "items[1].choices",
    ),
    "an item without reverse": ("reverse = true\n", "", "items[1].reverse"),
    "a reversed item that no score uses": (
        "open = true",
        'choices = "often"\nreverse = true',
        "items[3].reverse",
    ),
    "an open item with reverse": (
        "open = true",
        "open = true\nreverse = false",
        "items[3].reverse",
    ),
    "a line the wrong way round": (
        "low = 0, high = 20",
        "low = 20, high = 0",
        "items[2].slider",
    ),
    "a line of no length": (
        "low = 0, high = 20",
        "low = 20, high = 20",
        "items[2].slider",
    ),
    "a line in half steps": ("high = 20", "high = 20.5", "items[2].slider.high"),
    "a line whose steps are worth nothing": (
        "points_per_step = 0.1",
        "points_per_step = 0",
        "items[2].slider.points_per_step",
    ),
    "a line without source": ('0.1, source = "x", ', "0.1, ", "items[2].slider.source"),
    "a safety rule without source": (
        'urgency = "review", source = "manual"',
        'urgency = "review"',
        "items[0].safety.source",
    ),
    "a safety rule that cannot fire": (
        "at_least = 2",
        "at_least = 3",
        "items[0].safety.at_least",
    ),
    "a safety rule of unknown urgency": (
        '"review"',
        '"soon"',
        "items[0].safety.urgency",
    ),
    "an unknown key in an item": (
        '[[items]]\nlink_id = "words"',
        'x = 1\n[[items]]\nlink_id = "words"',
        "items[2].x",
    ),
    # scores
    "a score of an unknown item": (
        'items = ["sad", "glad"]',
        'items = ["sad", "mad"]',
        "scores[1].items",
    ),
    "a score of an open item": (
        'items = ["sad", "glad"]',
        'items = ["sad", "words"]',
        "scores[1].items",
    ),
    "a score that counts an item twice": (
        'items = ["sad", "glad"]',
        'items = ["sad", "sad"]',
        "scores[1].items",
    ),
    "a score of nothing": ('items = ["sad", "glad"]', "items = []", "scores[1].items"),
    "a sum with a range the items cannot make": (
        "range = [0, 6]",
        "range = [0, 7]",
        "scores[0].range",
    ),
    "a mean with a range the items cannot make": (
        "range = [0, 20]",
        "range = [0, 40]",
        "scores[1].range",
    ),
    "a range of one number": ("range = [0, 6]", "range = [6]", "scores[0].range"),
    "a range that is one number": ("range = [0, 6]", "range = 6", "scores[0].range"),
    "a factor of nothing": ("factor = 10", "factor = 0", "scores[1].factor"),
    "an unknown operation": ('op = "mean"', 'op = "median"', "scores[1].op"),
    "an unknown rounding": ('"half_up"', '"bankers"', "scores[1].rounding"),
    "a score id twice": ('id = "mean"', 'id = "total"', "scores[1].id"),
    "a score code twice": ('"mood.mean"', '"mood.total"', "scores.coding"),
    "a score without evidence": (
        'manual"\nevidence = "own"\n\n[[scores]]',
        'manual"\n\n[[scores]]',
        "scores[0].evidence",
    ),
    # bands
    "a score's LOINC code with a wrong check digit": (
        '{ system = "https://site.example/score", code = "mood.mean" }',
        '{ system = "http://loinc.org", code = "44261-7" }',
        "scores[1].coding",
    ),
    "bands with a gap": ("low = 2.5", "low = 3", "bands.steps[1].low"),
    "bands that overlap": ("low = 2.5", "low = 2", "bands.steps[1].low"),
    "bands that begin too high": (
        "low = 0, high = 2.5",
        "low = 1, high = 2.5",
        "bands.steps",
    ),
    "bands that end too early": (
        "low = 2.5, high = 6",
        "low = 2.5, high = 5",
        "bands.steps",
    ),
    "a band the wrong way round": (
        '  { code = "high", low = 2.5, high = 6 },\n',
        '  { code = "mid", low = 2.5, high = 2 },\n'
        '  { code = "high", low = 2, high = 6 },\n',
        "bands.steps[1]",
    ),
    "a band twice": ('code = "high"', 'code = "low"', "bands.steps[1].code"),
    "bands without source": (
        '[bands]\nsource = "the site\'s manual"',
        "[bands]",
        "bands.source",
    ),
    # numbers
    "a cut-off outside the range": ("value = 3", "value = 7", "cutoff.value"),
    "a cut-off that calls the healthy clinical": (
        'value = 3\noperator = ">="',
        'value = 3\noperator = "<"',
        "cutoff.operator",
    ),
    "a cut-off without source": (
        'population = "adults"\nsource = "the site\'s manual"',
        'population = "adults"',
        "cutoff.source",
    ),
    "a cut-off with unchecked evidence": (
        'population = "adults"\n' + SOURCE,
        'population = "adults"\nsource = "x"\nevidence = "unverified"\n',
        "cutoff.evidence",
    ),
    "a reliable change of nothing": ("value = 2", "value = 0", "rci.value"),
    "a reliable change beyond the range": ("value = 2", "value = 6.5", "rci.value"),
    "a reliable change that looks downwards": (
        'value = 2\noperator = ">="',
        'value = 2\noperator = "<="',
        "rci.operator",
    ),
    "a reliable change without evidence": (
        'method = "published"\n' + SOURCE,
        'method = "published"\nsource = "x"\n',
        "rci.evidence",
    ),
    "a reliability above one": ("value = 0.9", "value = 1.9", "reliability[0].value"),
    "a reliability of unknown kind": ('"alpha"', '"omega"', "reliability[0].kind"),
    "a spread of nothing": ("value = 1.5", "value = 0", "sd.value"),
    "turned items that only the clinic knows in a form that is whole": (
        "skeleton = false",
        "skeleton = false\nreversed_by_site = true",
        "reversed_by_site",
    ),
    "numbers for a form that is not validated": (
        "validated = true",
        "validated = false",
        "bands",
    ),
    "a skeleton that does not say what the clinic brings": (
        "skeleton = false",
        "skeleton = true",
        "licence.site_adds",
    ),
    # the file itself
    "a file that is not TOML": ('id = "mood"', "id = mood", "file"),
    "a number no machine can hold": (
        "points = 1",
        "points = 1e9999999999999999999",
        "file",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_an_instrument_with_one_thing_wrong_is_refused(site, what):
    old, new, key = BROKEN[what]
    site.change(old, new)

    refused = site.refusal()

    assert (refused.file, refused.key) == ("clinic/mood/instrument.toml", key)
    assert refused.problem


MISSING_RULES = {
    "an unknown rule for blanks": ('rule = "prorate_mean"', 'rule = "zero"', "rule"),
    "prorating that bears no blank": (
        "max_missing = 1",
        "max_missing = 0",
        "max_missing",
    ),
    "prorating of nothing but blanks": (
        "max_missing = 1",
        "max_missing = 3",
        "max_missing",
    ),
    "a rule for blanks without source": ('source = "x", ', "", "source"),
}


@pytest.mark.parametrize("what", MISSING_RULES)
def test_a_score_with_a_wrong_rule_for_blanks_is_refused(site, what):
    old, new, key = MISSING_RULES[what]
    first, rest = site.instrument.split("[[scores]]", 1)
    site.instrument = first + "[[scores]]" + rest.replace(old, new, 1)

    assert site.refusal().key == f"scores[0].missing.{key}"


def test_a_reversed_item_needs_answers_that_can_be_turned_around(site):
    site.instrument = site.instrument.replace("points = 2,", "points = 3,")

    assert site.refusal().key == "items[1].reverse"


@pytest.mark.parametrize(("number", "key"), [(300, None), (301, "items")])
def test_more_items_than_any_questionnaire_has_are_refused(site, number, key):
    mood = site.library().instrument("mood")
    open_items = [
        TextItem(f"i{each}", (Coding("s", str(each)),), None)
        for each in range(number - len(mood.items))
    ]

    found = dict(
        problems_of(dataclasses.replace(mood, items=(*mood.items, *open_items)), "site")
    )

    assert list(found) == ([key] if key else [])


def test_a_file_larger_than_any_questionnaire_is_refused(site, another_site):
    largest = site.instrument + "#" * (1_000_000 - len(site.instrument.encode()))
    larger = another_site("larger")
    site.instrument, larger.instrument = largest, largest + "#"

    assert site.library().instrument("mood")
    assert larger.refusal().key == "file"


def test_a_file_that_is_not_text_is_refused(site):
    folder = site.write()
    (folder / "mood" / "instrument.toml").write_bytes(b'id = "\xff"')

    with pytest.raises(
        InstrumentFileError, match=r"mood/instrument.toml: file:.*UTF-8"
    ):
        load_library([folder])


def test_a_folder_without_an_instrument_is_refused(site):
    folder = site.write()
    (folder / "mood" / "instrument.toml").unlink()

    with pytest.raises(
        InstrumentFileError, match=r"mood/instrument.toml.*cannot be read"
    ):
        load_library([folder])


def test_a_site_folder_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(InstrumentFileError, match="cannot be read"):
        load_library([tmp_path / "nowhere"])


BROKEN_WORDING = {
    "no text for an item": ('glad = "Glad?"\n', "", "items.glad"),
    "an empty text": ('"Glad?"', '""', "items.glad"),
    "a text for an unknown item": (
        'glad = "Glad?"',
        'glad = "Glad?"\nmad = "?"',
        "items.mad",
    ),
    "no label for an answer": ('1 = "Sometimes"\n', "", "choices.often.1"),
    "a label for an unknown answer": (
        '2 = "Often"',
        '2 = "Often"\n3 = "x"',
        "choices.often.3",
    ),
    "a label for no number": ('2 = "Often"', '2 = "Often"\nx = "x"', "choices.often.x"),
    "one answer labelled twice": (
        '2 = "Often"',
        '2 = "Often"\n"2.0" = "x"',
        "choices.often.2",
    ),
    "an unknown list of answers": (
        "[anchors]",
        '[choices.x]\n0 = "x"\n[anchors]',
        "choices.x",
    ),
    "a line with one end": ('["left", "right"]', '["left"]', "anchors.line"),
    "ends for an unknown line": (
        'line = ["left", "right"]',
        'line = ["left", "right"]\nx = ["left", "right"]',
        "anchors.x",
    ),
    "a line without ends": ('line = ["left", "right"]', "", "anchors.line"),
    "no notice": ('notice = "free"\n', "", "notice"),
    "another instrument": ('"mood"', '"doom"', "instrument"),
    "another version": ('"1.0.0"', '"2.0.0"', "version"),
    "another language than its name says": ('"en"', '"de"', "language"),
    "an unknown key": ('notice = "free"', 'notice = "free"\nx = 1', "x"),
}


@pytest.mark.parametrize("what", BROKEN_WORDING)
def test_a_wording_with_one_thing_wrong_is_refused(site, what):
    old, new, key = BROKEN_WORDING[what]
    site.change_wording(old, new)

    refused = site.refusal()

    assert (refused.file, refused.key) == ("clinic/mood/wording.en.toml", key)


def test_a_label_for_no_number_says_what_is_wanted(site):
    site.change_wording('2 = "Often"', '2 = "Often"\nx = "x"')

    assert site.refusal().problem == "must be the points of an answer"


@pytest.mark.parametrize(
    "name", ["wordings.en.toml", "wording.english.toml", "wording.toml"]
)
def test_a_file_that_is_meant_to_be_a_wording_is_not_passed_over(site, name):
    site.wordings[name] = ""

    refused = site.refusal()

    assert (refused.file, refused.key) == (f"clinic/mood/{name}", "file")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        (
            "https://other.example/Questionnaire/mood",
            "https://rom-on-fhir.example/fhir/Questionnaire/phq-9",
            "aliases",
        ),
        (
            "https://site.example/Questionnaire/mood",
            "https://rom-on-fhir.example/fhir/Questionnaire/phq-9",
            "canonical",
        ),
        (
            '{ system = "https://site.example/score", code = "mood.mean" }',
            '{ system = "http://loinc.org", code = "44261-6" }',
            "scores.coding",
        ),
    ],
)
def test_an_instrument_that_could_be_taken_for_another_is_refused(site, old, new, key):
    site.change(old, new)

    refused = site.refusal()

    assert refused.key == key
    assert "instruments/phq-9/instrument.toml" in refused.problem


def test_an_instrument_of_ours_is_not_replaced(site):
    site.slug = "phq-9"
    site.change('id = "mood"', 'id = "phq-9"')

    assert site.refusal().key == "id"


def test_the_same_instrument_in_two_site_folders_is_refused(site, another_site):
    folders = [site.write(), another_site("second").write()]

    with pytest.raises(InstrumentFileError, match="already in the library"):
        load_library(folders)


def test_an_id_is_a_plain_slug_even_if_the_folder_agrees(site):
    site.slug = "Mood"
    site.change('id = "mood"', 'id = "Mood"')

    assert site.refusal().key == "id"


def test_an_item_or_score_that_is_not_there_is_a_key_error(site):
    mood = site.library().instrument("mood")

    with pytest.raises(KeyError, match="mad"):
        mood.item("mad")
    with pytest.raises(KeyError, match="sum"):
        mood.score("sum")


def test_a_clinic_can_bring_the_wording_in_a_language_that_is_not_shipped(site):
    site.slug = "gad-7"
    site.instrument = 'completes = "gad-7"\nversion = "1.0.0"\n'
    items = "\n".join(
        f'"{item.link_id}" = "invented"'
        for item in load_library().instrument("gad-7").items
    )
    site.wordings = {
        "wording.de.toml": 'instrument = "gad-7"\nversion = "1.0.0"\nlanguage = "de"\n'
        'title = "t"\nintroduction = "i"\nsource = "s"\n'
        'translator = "t"\nvalidation = "v"\nnumbers_apply = true\nnotice = "n"\n'
        f"[items]\n{items}\n"
        '[choices.frequency]\n0 = "a"\n1 = "b"\n2 = "c"\n3 = "d"\n'
    }

    wording = site.library().wording("gad-7", language="de")

    assert wording.options["/69725-0"][Decimal(3)] == "d"


@pytest.mark.parametrize("instrument_id", sorted(load_library().instruments))
def test_one_instrument_alone_is_the_one_of_the_library(instrument_id):
    library = load_library()

    assert load_instrument(instrument_id) == library.instrument(instrument_id)


def test_one_instrument_of_the_sites_is_read_without_the_others(site):
    folder = site.write()
    (folder / "broken").mkdir()

    mood = load_instrument("mood", [folder])

    assert mood.title == "Mood"


def test_one_instrument_that_is_nowhere_is_unknown(site):
    with pytest.raises(UnknownInstrument):
        load_instrument("nobody", [site.write()])
