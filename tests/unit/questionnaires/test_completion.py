"""A site completes a skeleton: its own wording, numbers and licence."""

import dataclasses
from datetime import date
from decimal import Decimal
from hashlib import sha256

import pytest

from questionnaires.checks import check_instrument
from questionnaires.errors import InstrumentFileError
from questionnaires.library import NoWording, load_instrument, load_library

# Invented text: the licensed one is in no file of this project.
WORDING = """\
instrument = "ors"
version = "1.0.0"
language = "en"
title = "Invented title"
introduction = "Invented introduction"
source = "invented"
translator = "original"
validation = "invented"
numbers_apply = true
notice = "invented"

[items]
o1 = "first"
o2 = "second"
o3 = "third"
o4 = "fourth"

[anchors]
o1 = ["l", "r"]
o2 = ["l", "r"]
o3 = ["l", "r"]
o4 = ["l", "r"]
"""

COMPLETION = f"""\
completes = "ors"
version = "1.0.0"

[licence]
holder = "the licensor"
reference = "L-42"
valid_until = 2027-12-31

[wording_sha256]
en = "{sha256(WORDING.encode()).hexdigest().upper()}"

[cutoff]
value = 20.5
operator = "<"
population = "adults of this clinic"
source = "the clinic's manual"
evidence = "own"
entered_by = "Dr. Example"
entered_on = 2026-11-23

[rci]
value = 7.5
operator = ">="
method = "the clinic's own"
source = "the clinic's manual"
evidence = "own"
entered_by = "Dr. Example"
entered_on = 2026-11-23
"""


@pytest.fixture
def completing(site):
    """The clinic's folder that completes a skeleton of ours."""
    site.slug = "ors"
    site.instrument = COMPLETION
    site.wordings = {"wording.en.toml": WORDING}
    return site


def test_a_completed_skeleton_can_be_offered_with_the_clinics_numbers(completing):
    library = completing.library()

    ors = library.instrument("ors")
    assert not ors.skeleton
    assert (ors.cutoff.value, ors.cutoff.operator) == (Decimal("20.5"), "<")
    assert ors.reliable_change.value == Decimal("7.5")
    assert (ors.licence.reference, ors.licence.valid_until) == (
        "L-42",
        date(2027, 12, 31),
    )
    assert library.wording("ors", language="en").items["o4"] == "fourth"


def test_a_clinics_wording_may_say_what_the_form_is_called(completing):
    text = WORDING.replace("[items]", 'short_title = "Invented name"\n[items]')
    before, after = (sha256(each.encode()).hexdigest() for each in (WORDING, text))
    completing.wordings = {"wording.en.toml": text}
    completing.instrument = COMPLETION.replace(before.upper(), after)

    ors = completing.library().instrument("ors")

    assert (ors.title_in("en-GB"), ors.title_in("de")) == ("Invented name", "ORS")


def test_a_number_of_the_clinic_says_who_entered_it_and_when(completing):
    ors = completing.library().instrument("ors")

    for number in (ors.cutoff, ors.reliable_change):
        assert number.source.text == (
            "the clinic's manual; entered by Dr. Example, 2026-11-23"
        )


def test_the_clinics_numbers_change_the_digest(completing):
    ours = load_library().instrument("ors").digest

    assert completing.library().instrument("ors").digest != ours


def test_a_clinic_may_add_the_wording_alone(completing):
    completing.instrument = COMPLETION.split("[cutoff]")[0]

    ors = completing.library().instrument("ors")

    assert (ors.skeleton, ors.cutoff, ors.reliable_change) == (False, None, None)


def test_a_completed_skeleton_read_alone_is_the_one_of_the_library(completing):
    ors = completing.library().instrument("ors")

    assert load_instrument("ors", [completing.folder]) == ors


@pytest.mark.hazard("H23")
def test_a_wording_that_changed_is_not_offered_and_the_scores_stay(completing):
    completing.change_wording("fourth", "FOURTH")

    library = completing.library()

    assert library.instrument("ors").skeleton
    assert library.instrument("ors").cutoff.value == Decimal("20.5")
    assert library.wording("ors", language="en") == NoWording("ors", "en")
    assert library.changed == {("ors", "en")}


BROKEN = {
    "another version": ('version = "1.0.0"', 'version = "2.0.0"', "version"),
    "a folder of another name": ('completes = "ors"', 'completes = "srs"', "completes"),
    "an unknown instrument": ('completes = "ors"', 'completes = "x"', "completes"),
    "no licence": (
        COMPLETION[COMPLETION.index("[licence]") : COMPLETION.index("[wording")],
        "",
        "licence",
    ),
    "no reference": ('reference = "L-42"\n', "", "licence.reference"),
    "no end of the licence": (
        "valid_until = 2027-12-31\n",
        "",
        "licence.valid_until",
    ),
    "an end of the licence in quotes": (
        "2027-12-31",
        '"2027-12-31"',
        "licence.valid_until",
    ),
    "no fingerprint of the wording": (
        'en = "',
        'de = "',
        "wording_sha256.en",
    ),
    "a cut-off outside the range": ("value = 20.5", "value = 41", "cutoff.value"),
    "a cut-off on the healthy side": (
        'operator = "<"',
        'operator = ">="',
        "cutoff.operator",
    ),
    "an unknown key": ("[licence]", "x = 1\n[licence]", "x"),
    "an unknown key in the licence": ('"L-42"', '"L-42"\nx = 1', "licence.x"),
    "an unknown key in the cut-off": (
        "value = 20.5",
        "value = 20.5\nx = 1",
        "cutoff.x",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_completion_with_one_thing_wrong_is_refused(completing, what):
    old, new, key = BROKEN[what]
    completing.change(old, new)

    refused = completing.refusal()

    assert (refused.file, refused.key) == ("clinic/ors/instrument.toml", key)


@pytest.mark.parametrize("table", ["cutoff", "rci"])
@pytest.mark.parametrize(
    "line",
    [
        'source = "the clinic\'s manual"\n',
        'evidence = "own"\n',
        'entered_by = "Dr. Example"\n',
        "entered_on = 2026-11-23\n",
    ],
)
def test_a_number_of_the_clinic_needs_source_name_and_date(completing, table, line):
    before, after = COMPLETION.split(f"[{table}]")
    completing.instrument = before + f"[{table}]" + after.replace(line, "", 1)

    assert completing.refusal().key == f"{table}.{line.split(' ')[0]}"


def test_a_skeleton_with_a_wording_of_its_own_is_refused(site):
    for preset in ("bands", "cutoff", "rci", "reliability", "sd"):
        site.instrument = site.instrument.split(f"[{preset}]")[0]
    site.instrument = site.instrument.split("[bands]")[0]
    site.change("skeleton = false", "skeleton = true")
    site.change('terms = "free"', 'terms = "free"\nsite_adds = "the words"')

    refused = site.refusal()

    assert (refused.file, refused.key) == ("clinic/mood/wording.en.toml", "file")


def test_an_instrument_that_is_whole_takes_another_language(site):
    ours = load_library()
    site.slug = "session-outcome"
    site.instrument = 'completes = "session-outcome"\nversion = "1.0.0"\n'
    site.wordings = {
        "wording.fr.toml": """\
instrument = "session-outcome"
version = "1.0.0"
language = "fr"
title = "t"
introduction = "i"
source = "s"
translator = "original"
validation = "invented"
numbers_apply = true
notice = "n"
[items]
o1 = "a"
o2 = "b"
o3 = "c"
o4 = "d"
[choices.quality]
0 = "0"
1 = "1"
2 = "2"
3 = "3"
4 = "4"
[choices.ease]
0 = "0"
1 = "1"
2 = "2"
3 = "3"
4 = "4"
"""
    }

    library = site.library()

    assert library.wording("session-outcome", language="fr").items["o1"] == "a"
    assert library.instruments == ours.instruments


def test_the_numbers_of_an_instrument_that_is_whole_are_not_replaced(site):
    site.slug = "phq-9"
    site.wordings = {}
    site.instrument = COMPLETION.replace('"ors"', '"phq-9"')

    assert site.refusal().key == "licence"


def test_a_wording_that_is_here_is_not_replaced(site):
    site.slug = "phq-9"
    site.wordings = {"wording.en.toml": WORDING}
    site.instrument = 'completes = "phq-9"\nversion = "1.0.0"\n'

    refused = site.refusal()

    assert (refused.file, refused.key) == ("clinic/phq-9/wording.en.toml", "language")


@pytest.mark.parametrize("kind", ["C", "D"])
def test_we_ship_no_instrument_whose_licence_keeps_its_text(site, kind):
    mood = site.library().instrument("mood")
    licensed = dataclasses.replace(
        mood, licence=dataclasses.replace(mood.licence, kind=kind)
    )

    check_instrument(licensed, file="f", origin="site")
    with pytest.raises(InstrumentFileError) as refused:
        check_instrument(licensed, file="f", origin="shipped")

    assert refused.value.key == "skeleton"


@pytest.mark.parametrize("slug", ["ors", "srs"])
@pytest.mark.parametrize("number", ["cutoff", "reliable_change", "bands"])
def test_ors_and_srs_cannot_ship_with_preset_numbers(slug, number):
    library = load_library()
    preset = getattr(library.instrument("phq-9"), number)
    skeleton = dataclasses.replace(library.instrument(slug), **{number: preset})

    with pytest.raises(InstrumentFileError):
        check_instrument(skeleton, file="f", origin="shipped")
