"""What only the makers of a norm pack can say, as options of the commands."""

import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from clinical.measurement import Mode
from clinical.norms.pack import AgeBand, PackKey
from clinical.norms.source_attributes import MAY_BE_SAID, NOT_AVAILABLE
from questionnaires.instrument import Instrument
from questionnaires.wording import LANGUAGE

if TYPE_CHECKING:
    from clinical.norms.made_pack import Said

Command = TypeVar("Command", bound=Callable[..., Any])
_AGES = re.compile(r"([0-9]{1,3})-([0-9]{1,3})?")
# A byte that is not UTF-8 comes from the command line as half a character.
_HALF = re.compile("[\ud800-\udfff]")
_MODES: Mapping[str, Mode] = {
    **{"screen": "screen", "paper": "paper", "interview": "interview"}
}


@dataclass(frozen=True, slots=True)
class HowRead:
    """How a file or folder of scores is read.

    Attributes:
        folders: of the site's own instruments.
        new_course_after: days; in an export, a longer gap ends the course that counts.
    """

    leave_out_bad_rows: bool
    folders: tuple[Path, ...]
    new_course_after: int | None


instrument_folders = click.option(
    "--instruments",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of the site's own instruments; may be repeated.",
)


class _Session(click.FloatRange):
    """A range that NaN, which is neither below nor above it, does not pass."""

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value} is no session", param, ctx)
        return float(found)


bend = click.option("--knot", type=_Session(2, 50), help="Try a bend there.")


def how_read(command: Command) -> Command:
    """Gives the command `reading: HowRead` from its options."""

    @wraps(command)
    def with_reading(
        *arguments: Any,
        leave_out_bad_rows: bool,
        folders: tuple[Path, ...],
        new_course_after: int | None,
        **named: Any,
    ) -> Any:
        reading = HowRead(leave_out_bad_rows, folders, new_course_after)
        return command(*arguments, reading=reading, **named)

    decorated: Any = instrument_folders(with_reading)
    for option in (
        click.option(
            "--leave-out-bad-rows",
            is_flag=True,
            help="Go on without what is no reading. Each is named all the same.",
        ),
        click.option(
            "--new-course-after",
            type=click.IntRange(min=1),
            metavar="DAYS",
            help="Of an export's folder: a longer gap ends the course that is used.",
        ),
    ):
        decorated = option(decorated)
    return cast(Command, decorated)


def _text(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """What a pack can hold; refused before the work, not after an hour of it."""
    text = value.strip()
    if not text or _HALF.search(text):
        raise click.BadParameter("is empty, or no UTF-8")
    return text


def _code(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not LANGUAGE.fullmatch(value.strip()):
        raise click.BadParameter("is no code of a language, such as de or pt-BR")
    return value.strip()


def for_whom(command: Command) -> Command:
    """Instrument, language, ages, setting and who answered: the pack's key."""
    for option in (
        click.option("--instrument", required=True, metavar="ID"),
        click.option(
            "--language",
            required=True,
            callback=_code,
            metavar="CODE",
            help="Of the form.",
        ),
        click.option(
            "--ages", required=True, metavar="FROM-TO", help="18-64, or 65- for no end."
        ),
        click.option(
            "--setting", callback=_text, required=True, help="Such as outpatient."
        ),
        click.option(
            "--respondent",
            type=click.Choice(["self", "carer"]),
            default="self",
            show_default=True,
        ),
    ):
        command = option(command)
    return command


def origin(command: Command) -> Command:
    """Where the scores come from, and on what basis they are used."""
    for option in (
        click.option(
            "--id", "pack_id", callback=_text, required=True, help="The pack's name."
        ),
        click.option(
            "--version", "version_", callback=_text, default="1.0.0", show_default=True
        ),
        click.option("--country", callback=_text, required=True),
        click.option(
            "--period", callback=_text, required=True, help='Such as "2019 to 2024".'
        ),
        click.option(
            "--legal-basis",
            callback=_text,
            required=True,
            help="On which these data are used.",
        ),
        click.option("--licence", callback=_text, required=True, help="Of the pack."),
        click.option(
            "--developer", callback=_text, required=True, help="Who made it; a contact."
        ),
        click.option(
            "--funding",
            callback=_text,
            default=NOT_AVAILABLE,
            show_default=True,
            help="Who paid.",
        ),
        click.option(
            "--mode",
            type=click.Choice(["any", *_MODES]),
            default="any",
            show_default=True,
        ),
        click.option("--exclusions", callback=_text, default="none", show_default=True),
        click.option(
            "--attribute",
            "attributes",
            multiple=True,
            metavar="KEY=TEXT",
            help="A source attribute in your own words, such as external_tester=...;"
            " may be repeated.",
        ),
    ):
        command = option(command)
    return command


def pack_key(instrument: Instrument, told: Mapping[str, str]) -> PackKey:
    """For whom the pack is; exit code 2 if the ages are none."""
    ages = _AGES.fullmatch(told["ages"])
    if ages is None or (ages[2] and int(ages[2]) < int(ages[1])):
        click.echo("rom norms: --ages is no span such as 18-64 or 65-", err=True)
        sys.exit(2)
    return PackKey(
        instrument.id,
        instrument.version,
        language=told["language"],
        respondent="carer" if told["respondent"] == "carer" else "self",
        age_band=AgeBand(int(ages[1]), int(ages[2]) if ages[2] else None),
        setting=told["setting"],
    )


def said_of(told: Mapping[str, Any], *, software: str) -> "Said":
    """Everything else that stands in the pack."""
    from clinical.norms.made_pack import Said

    return Said(
        pack_id=told["pack_id"],
        version=told["version_"],
        mode=_MODES.get(told["mode"], "any"),
        country=told["country"],
        period=told["period"],
        exclusions=told["exclusions"],
        missing_handling="a session without a score is no reading; nothing is imputed",
        legal_basis=told["legal_basis"],
        licence=told["licence"],
        software=software,
        developer=told["developer"],
        funding=told["funding"],
        attributes=_attributes(told["attributes"]),
    )


def _attributes(told: Sequence[str]) -> dict[str, str]:
    """Exit code 2 for one that nobody knows, or that is not for the makers to say."""
    found: dict[str, str] = {}
    for each in told:
        key, _, text = (part.strip() for part in each.partition("="))
        if key not in MAY_BE_SAID or key in found or not text or _HALF.search(text):
            click.echo(
                f"rom norms: --attribute {key}: give KEY=TEXT, each key once, of"
                f" {', '.join(MAY_BE_SAID)}",
                err=True,
            )
            sys.exit(2)
        found[key] = text
    return found


def software() -> str:
    """What made the pack."""
    return f"rom-on-fhir {version('rom-on-fhir')}, numpy {version('numpy')}"
