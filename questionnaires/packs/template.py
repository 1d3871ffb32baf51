"""A clinic's pack to fill in: neutral slots for the words that it alone holds."""

import re
import textwrap
from collections.abc import Iterator
from datetime import date

from questionnaires.instrument import ChoiceItem, Instrument, SliderItem
from questionnaires.reader import Definition

# A value that begins so was not filled in yet; the check of a pack refuses it.
SLOT = "FILL IN"
# A TOML date has no room for words: this day stands for "not filled in yet".
SLOT_DAY = date(1900, 1, 1)

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

_HEAD = """\
# The clinic's pack for {title}. Whatever says "{slot}" is for the clinic to write. Then
#   rom instruments hash FOLDER                  prints the lines for [wording_sha256]
#   rom instruments add FOLDER --to SITE_FOLDER  says all that is wrong, or copies it
{site_adds}
completes = "{id}"
version = "{version}"
"""
_LICENCE = """
[licence]
holder = "{slot}: who granted the licence"
reference = "{slot}: its number or date, as its holder names it"
valid_until = {day}  # {slot}: last day on which the form may be offered

# One line for each wording file, by its language. A file that changes later is not
# offered until somebody vouches for it again.
[wording_sha256]
{hashes}
"""
_REVERSED = """
# Which items the licensed manual turns around for the score; [] if it turns none.
[reversed]
items = ["{slot}: link ids, such as q1"]
source = "{slot}: manual and page"
evidence = "secondary"
entered_by = "{slot}: name"
entered_on = {day}  # {slot}
"""
_NUMBERS = """
# Only if wanted, and only with the source and the person who entered it. Scores go from
# {low} to {high}. Take off the "# " and write the clinic's own.
# [cutoff]
# value = "{slot}: score points"
# operator = "{operator}"  # clinical where "score {operator} value" holds
# population = "{slot}: whom it was found in"
# source = "{slot}"
# evidence = "own"
# entered_by = "{slot}: name"
# entered_on = {day}  # {slot}
#
# [rci]
# value = "{slot}: score points"
# operator = ">="
# method = "{slot}: how it was computed"
# source = "{slot}"
# evidence = "own"
# entered_by = "{slot}: name"
# entered_on = {day}  # {slot}
"""
_WORDING_HEAD = """\
# The wording of {title} in one language, word for word as the licence allows.
instrument = "{id}"
version = "{version}"
language = "{language}"
title = "{slot}: title as on the form"
# Only if the clinic's own staff call the form something else than {title} in this
# language, and the text names it so. Take off the "# ".
# short_title = "{slot}"
introduction = "{slot}: introduction as on the form, with the period it asks about"
source = "{slot}: where the text was taken from"
translator = "{slot}: original, or who translated it"
validation = "{slot}: what is known of this language version, with its source"
# Whether cut-off, bands and reliable change hold for this language version.
numbers_apply = false
notice = "{slot}: rights notice that must stand with the text"
"""


def pack_template(
    definition: Definition, *, languages: tuple[str, ...]
) -> dict[str, str]:
    """File name -> text: `instrument.toml`, and one wording a language.

    A skeleton gets places for licence, hashes and numbers; to an instrument that is
    here in full a clinic can only add languages.
    """
    instrument = definition.instrument
    found = {"instrument.toml": _instrument(instrument, languages)}
    for language in languages:
        lines = _wording(definition, language)
        found[f"wording.{language}.toml"] = "\n".join(lines) + "\n"
    return found


def _instrument(instrument: Instrument, languages: tuple[str, ...]) -> str:
    brings = f"What the clinic brings: {instrument.licence.site_adds}"
    text = _HEAD.format(
        title=instrument.title,
        id=instrument.id,
        version=instrument.version,
        slot=SLOT,
        site_adds=(
            textwrap.fill(brings, 88, initial_indent="# ", subsequent_indent="# ")
            + "\n"
            if instrument.licence.site_adds
            else ""
        ),
    )
    if not instrument.skeleton:
        return text
    hashes = "\n".join(
        f'{language} = "{SLOT}: rom instruments hash prints it"'
        for language in languages
    )
    text += _LICENCE.format(slot=SLOT, day=SLOT_DAY, hashes=hashes)
    if not instrument.reversed_known:
        text += _REVERSED.format(slot=SLOT, day=SLOT_DAY)
    if instrument.scores:
        worse = instrument.direction == "higher_is_worse"
        total = instrument.total
        text += _NUMBERS.format(
            slot=SLOT,
            day=SLOT_DAY,
            low=f"{total.low:f}",
            high=f"{total.high:f}",
            operator=">=" if worse else "<",
        )
    return text


def _wording(definition: Definition, language: str) -> Iterator[str]:
    instrument = definition.instrument
    yield _WORDING_HEAD.format(
        title=instrument.title,
        id=instrument.id,
        version=instrument.version,
        language=language,
        slot=SLOT,
    )
    yield "[items]"
    for number, item in enumerate(instrument.items, 1):
        yield f'{_key(item.link_id)} = "{SLOT}: item {number}"'
    told: set[str] = set()
    for item in instrument.items:
        name = definition.choices.get(item.link_id)
        if isinstance(item, ChoiceItem) and name is not None and name not in told:
            told.add(name)
            yield f"\n[choices.{_key(name)}]"
            for option in item.options:
                points = f"{option.points:f}"
                yield f'{_key(points)} = "{SLOT}: the answer worth {points}"'
    lines = [item for item in instrument.items if isinstance(item, SliderItem)]
    if lines:
        yield "\n[anchors]"
    for item in lines:
        ends = f'["{SLOT}: left end, {item.low}", "{SLOT}: right end, {item.high}"]'
        yield f"{_key(item.link_id)} = {ends}"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else f'"{name}"'
