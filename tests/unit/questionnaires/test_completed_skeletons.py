"""A clinic completes each form that ships as structure alone."""

from decimal import Decimal
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest

from questionnaires.answers import answers_from_offered
from questionnaires.errors import InstrumentFileError
from questionnaires.instrument import Instrument
from questionnaires.library import load_library
from questionnaires.scoring import NotScored, Score, score_answers

LIBRARY = load_library()
FOLDER = files("questionnaires") / "instruments"
SKELETONS = sorted(slug for slug, each in LIBRARY.instruments.items() if each.skeleton)
CONDITIONAL = [s for s in SKELETONS if LIBRARY.instrument(s).licence.kind == "C"]


REVERSED = """
[reversed]
items = ["q2"]
source = "the licensed manual"
evidence = "secondary"
entered_by = "Dr. Example"
entered_on = 2026-11-23
"""


def completion(instrument: Instrument, wording: str, *, more: str = "") -> str:
    turned = "" if instrument.reversed_known else REVERSED
    return f"""\
completes = "{instrument.id}"
version = "1.0.0"

[licence]
holder = "the holder"
reference = "invented"
valid_until = 2027-12-31

[wording_sha256]
en = "{sha256(wording.encode()).hexdigest()}"
{turned}{more}"""


def invented_wording(slug: str) -> str:
    """A wording file with numbers for words, as the lists of the file are named."""
    instrument = LIBRARY.instrument(slug)
    toml = (FOLDER / slug / "instrument.toml").read_text(encoding="utf-8")
    names = [
        line.removeprefix("[choices.").removesuffix("]")
        for line in toml.splitlines()
        if line.startswith("[choices.")
    ]
    used = [
        line.removeprefix('choices = "').removesuffix('"')
        for line in toml.splitlines()
        if line.startswith("choices = ")
    ]
    lines = [
        f'instrument = "{slug}"',
        'version = "1.0.0"\nlanguage = "en"\ntitle = "x"\nintroduction = "x"',
        'source = "x"\ntranslator = "original"\nvalidation = "x"',
        'numbers_apply = false\nnotice = "x"\n[items]',
        *(f'{item.link_id} = "x"' for item in instrument.items),
    ]
    for name in names:
        item = instrument.items[used.index(name)]
        lines.append(f"[choices.{name}]")
        lines += [f'{option.points} = "x"' for option in item.options]
    if not names:
        lines.append("[anchors]")
        lines += [f'{item.link_id} = ["l", "r"]' for item in instrument.items]
    return "\n".join(lines) + "\n"


def completed(folder: Path, slug: str, *, more: str = "") -> Instrument:
    wording = invented_wording(slug)
    (folder / slug).mkdir(parents=True)
    text = completion(LIBRARY.instrument(slug), wording, more=more)
    (folder / slug / "instrument.toml").write_text(text, encoding="utf-8")
    (folder / slug / "wording.en.toml").write_text(wording, encoding="utf-8")
    return load_library([folder]).instrument(slug)


@pytest.mark.parametrize("slug", SKELETONS)
def test_a_clinic_with_licence_and_wording_can_offer_it(slug, tmp_path):
    assert not completed(tmp_path, slug).skeleton


@pytest.mark.parametrize("slug", CONDITIONAL)
def test_published_numbers_stay_when_a_clinic_adds_the_wording_alone(slug, tmp_path):
    ours = LIBRARY.instrument(slug)

    theirs = completed(tmp_path, slug)

    assert theirs.bands == ours.bands
    assert (theirs.cutoff, theirs.reliable_change) == (
        ours.cutoff,
        ours.reliable_change,
    )


def test_a_clinics_own_cut_off_takes_the_place_of_the_published_one(tmp_path):
    theirs = completed(
        tmp_path,
        "who-5",
        more="""
[cutoff]
value = 28
operator = "<="
population = "this clinic"
source = "the clinic"
evidence = "own"
entered_by = "Dr. Example"
entered_on = 2026-11-25
""",
    )

    assert theirs.cutoff.value == 28
    assert theirs.cutoff.source.text == "the clinic; entered by Dr. Example, 2026-11-25"
    assert theirs.reliable_change == LIBRARY.instrument("who-5").reliable_change


@pytest.fixture
def oq_30(tmp_path: Path):
    """Loads the library with a clinic's OQ-30.2, its file changed in one place."""

    def load(old: str = "", new: str = "") -> Instrument:
        folder = tmp_path / "clinic" / "oq-30-2"
        folder.mkdir(parents=True)
        wording = invented_wording("oq-30-2")
        text = completion(LIBRARY.instrument("oq-30-2"), wording)
        assert old in text
        (folder / "wording.en.toml").write_text(wording, encoding="utf-8")
        (folder / "instrument.toml").write_text(
            text.replace(old, new, 1), encoding="utf-8"
        )
        return load_library([tmp_path / "clinic"]).instrument("oq-30-2")

    return load


def total(instrument: Instrument, points: int) -> Score | NotScored:
    given = {item.link_id: points for item in instrument.items}
    answers = answers_from_offered(instrument, given, language="en")
    return score_answers(instrument, answers)[0]


def test_a_form_whose_turned_items_only_the_manual_names_has_no_score_before():
    assert total(LIBRARY.instrument("oq-30-2"), 0) == NotScored("oq-30-2", "total", ())


def test_the_clinic_names_the_turned_items_and_they_are_turned(oq_30):
    completed = oq_30()

    assert [each.link_id for each in completed.items if each.reverse] == ["q2"]
    assert total(completed, 0) == Score("oq-30-2", "total", Decimal(4), ())


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        (REVERSED, "", "reversed"),
        ('items = ["q2"]', 'items = ["q31"]', "reversed.items"),
        ('items = ["q2"]', 'items = ["q2", "q2"]', "reversed.items"),
        ('items = ["q2"]', 'items = ["q2"]\nx = 1', "reversed.x"),
        ('entered_by = "Dr. Example"\n', "", "reversed.entered_by"),
        ('source = "the licensed manual"\n', "", "reversed.source"),
    ],
)
def test_turned_items_need_a_person_a_source_and_items_that_exist(oq_30, old, new, key):
    with pytest.raises(InstrumentFileError) as refused:
        oq_30(old, new)

    assert refused.value.key == key


def test_a_clinic_may_name_every_item_as_turned(tmp_path):
    instrument = LIBRARY.instrument("oq-30-2")
    every = ", ".join(f'"{item.link_id}"' for item in instrument.items)
    wording = invented_wording("oq-30-2")
    folder = tmp_path / "oq-30-2"
    folder.mkdir()
    text = completion(instrument, wording).replace('["q2"]', f"[{every}]")
    (folder / "instrument.toml").write_text(text, encoding="utf-8")
    (folder / "wording.en.toml").write_text(wording, encoding="utf-8")

    completed = load_library([tmp_path]).instrument("oq-30-2")

    assert all(item.reverse for item in completed.items)
