"""`rom instruments`: what is here, and how a clinic brings and accepts its own."""

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn

import click

from clinical.errors import PlanFileError
from clinical.plan import plan_from_toml
from clinical.plan_text import with_acceptance
from questionnaires.catalogue import Entry, catalogue
from questionnaires.errors import InstrumentFileError, UnknownInstrument
from questionnaires.instrument import Instrument
from questionnaires.library import Library, load_library, shipped_definitions
from questionnaires.packs.check import completed_id, pack_problems, wording_hashes
from questionnaires.packs.template import pack_template
from questionnaires.reader import Definition
from questionnaires.wording import LANGUAGE
from server.clock import wall_clock
from server.instruments_reference import numbers_told, pages, safety_told
from server.pack_files import (
    PackUnusable,
    changes_in,
    copy_pack,
    read_pack,
    refuse_unreadable,
    replace_file,
)

_SAID = {
    "full": "in full",
    "skeleton": "structure, no wording",
    "completed": "completed by the clinic",
    "own": "the clinic's own",
}
_FOLDER = click.Path(file_okay=False, path_type=Path)
_folders = click.option(
    "--instruments",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of the site's own instruments; may be repeated.",
)


@click.group("instruments")
def command() -> None:
    """What is here of each instrument, and what a clinic adds to it."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON list, for machines.")
@_folders
def list_(*, as_json: bool, folders: tuple[Path, ...]) -> None:
    """Every instrument: what of it is here, in which languages, whose rights."""
    library = _library(folders)
    entries = catalogue(library, shipped=load_library())
    if as_json:
        click.echo(json.dumps([_entry(each) for each in entries], ensure_ascii=False))
        return
    rows = [
        (
            each.id,
            each.title,
            _SAID[each.shipped],
            ", ".join(each.languages) or "-",
            f"class {each.rights}",
        )
        for each in entries
    ]
    head = ("id", "title", "here", "languages", "rights")
    for line in _columns([head, *rows]):
        click.echo(line)
    for each in entries:
        for language in each.changed:
            click.echo(
                f"{each.id}: wording.{language}.toml is not the file the clinic vouched"
                " for: not offered (rom instruments hash, then add)",
                err=True,
            )


@command.command("show")
@click.argument("instrument_id", metavar="ID")
@_folders
def show(instrument_id: str, *, folders: tuple[Path, ...]) -> None:
    """Scoring, every number with source and evidence, rights, what the clinic adds."""
    library = _library(folders)
    instrument = _instrument(instrument_id, library)
    click.echo(pages(library)[f"{instrument.id}.md"], nl=False)
    licence = instrument.licence
    if licence.valid_until is not None:
        until = licence.valid_until.isoformat()
        click.echo(f"\nThe clinic's licence: {licence.reference}, until {until}")
    if instrument.skeleton:
        click.echo(f"\nTo bring it: rom instruments new {instrument.id} FOLDER")


@command.command("new")
@click.argument("instrument_id", metavar="ID")
@click.argument("folder", type=_FOLDER)
@click.option(
    "--language",
    "languages",
    multiple=True,
    default=("en",),
    help="A language of the clinic's wording (BCP 47); may be repeated.",
)
def new(instrument_id: str, folder: Path, *, languages: tuple[str, ...]) -> None:
    """Write a pack to fill in: licence, wording, numbers of the clinic's own."""
    definition = _definition(instrument_id)
    shipped = _shipped_languages(instrument_id)
    for language in languages:
        if not LANGUAGE.fullmatch(language):
            _refuse([f"--language {language!r} is no language, like en or pt-BR"])
        if language in shipped:
            _refuse([f"{instrument_id} is here in {language}; name another language"])
    files = pack_template(definition, languages=tuple(dict.fromkeys(languages)))
    try:
        if folder.exists() and any(folder.iterdir()):
            _refuse([f"{folder} is not empty; nothing is overwritten"])
        copy_pack({name: text.encode() for name, text in files.items()}, folder)
    except (OSError, PackUnusable) as failure:
        _refuse([str(failure)])
    for name in files:
        click.echo(f"{folder / name}: written, to be filled in")
    click.echo(f"then: rom instruments hash {folder}")


@command.command("hash")
@click.argument("folder", type=_FOLDER)
def hash_(folder: Path) -> None:
    """The lines of [wording_sha256] for the wording files in this folder."""
    hashes = wording_hashes(_pack(folder))
    if not hashes:
        _refuse([f"{folder}: no wording.<language>.toml there"])
    click.echo("[wording_sha256]")
    for language, digest in hashes.items():
        click.echo(f'{language} = "{digest}"')


@command.command("add")
@click.argument("folder", type=_FOLDER)
@click.option("--to", "site", type=_FOLDER, required=True, help="The site's folder.")
@click.option("--dry-run", is_flag=True, help="Check and say, but copy nothing.")
def add(folder: Path, *, site: Path, dry_run: bool) -> None:
    """Check a clinic's pack to its end, then copy it into the site's folder."""
    files = _pack(folder)
    try:
        instrument_id = completed_id(files)
    except InstrumentFileError as problem:
        _refuse([str(problem)])
    found = pack_problems(
        files,
        _definition(instrument_id),
        shipped_languages=_shipped_languages(instrument_id),
        today=_today(),
    )
    if found:
        _refuse([str(each) for each in found], head=f"{folder}: not copied")
    try:
        refuse_unreadable(files, instrument_id)
        changes = changes_in(files, site / instrument_id)
        if not dry_run:
            copy_pack(files, site / instrument_id)
    except (InstrumentFileError, PackUnusable) as problem:
        _refuse([str(problem)], head=f"{folder}: not copied")
    for change in changes:
        keys = f": {', '.join(change.keys)}" if change.keys else ""
        click.echo(f"{site / instrument_id / change.file}: {change.what}{keys}")
    for name in read_pack(folder).others:
        click.echo(f"{folder / name}: not copied, the server does not read it")
    if dry_run:
        click.echo("dry run: nothing was copied")
        return
    try:
        load_library([site])
    except InstrumentFileError as problem:
        _refuse([str(problem)], head="copied, but the site's folder cannot be read")
    click.echo(
        f"{instrument_id}: the site's folder can be read with it. Next: name it in the"
        " plan, accept its numbers (rom instruments accept), rom check"
    )


@command.command("accept")
@click.argument("instrument_id", metavar="ID")
@click.option("--by", required=True, help="Who accepts: the clinical lead, by name.")
@click.option(
    "--plan",
    "plan_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The measurement plan to write it into.",
)
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day of the decision, like 2026-11-25; today if not given.",
)
@_folders
def accept(
    instrument_id: str,
    *,
    by: str,
    plan_file: Path,
    on: datetime | None,
    folders: tuple[Path, ...],
) -> None:
    """Write into the plan that this person accepts the instrument's numbers."""
    library = _library(folders)
    instrument = _instrument(instrument_id, library)
    if not instrument.validated:
        _refuse([f"{instrument_id} is not validated: it has no numbers to accept"])
    day = on.date() if on else _today()
    if day > _today():
        _refuse([f"--on {day.isoformat()} lies ahead"])
    file = plan_file.name
    try:
        before = plan_file.read_bytes()
        text = before.decode("utf-8")
        plan = plan_from_toml(text, library, file=file)
        if plan.instrument(instrument_id) is None:
            _refuse([f"{file} does not use {instrument_id}: name it there first"])
        after = with_acceptance(text, instrument_id, by=by, on=day, file=file)
        plan_from_toml(after, library, file=file)
        click.echo(f"{instrument.title} (version {instrument.version})\n")
        click.echo(numbers_told(instrument))
        click.echo(safety_told(instrument))
        changed = after.encode() != before
        if changed:
            replace_file(plan_file.resolve(), after.encode())
    except (PlanFileError, UnicodeDecodeError, OSError) as refusal:
        _refuse([str(refusal)])
    said = f"accepted by {by.strip()} on {day.isoformat()}"
    click.echo(f"{plan_file}: {said}" if changed else f"{plan_file}: already {said}")


def _library(folders: Iterable[Path]) -> Library:
    try:
        return load_library(tuple(folders))
    except InstrumentFileError as problem:
        _refuse([str(problem)])


def _instrument(instrument_id: str, library: Library) -> Instrument:
    try:
        return library.instrument(instrument_id)
    except UnknownInstrument:
        _refuse_unknown(instrument_id, library.instruments)


def _definition(instrument_id: str) -> Definition:
    """Ours: a pack completes what is shipped."""
    definitions = shipped_definitions()
    if instrument_id not in definitions:
        _refuse_unknown(instrument_id, definitions)
    return definitions[instrument_id]


def _shipped_languages(instrument_id: str) -> list[str]:
    return [lang for one, lang in load_library().wordings if one == instrument_id]


def _pack(folder: Path) -> Mapping[str, bytes]:
    try:
        return read_pack(folder).tables
    except PackUnusable as refusal:
        _refuse([str(refusal)])


def _today() -> date:
    return wall_clock("")().date()


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "version": entry.version,
        "title": entry.title,
        "shipped": entry.shipped,
        "languages": list(entry.languages),
        "changed": list(entry.changed),
        "rights": entry.rights,
    }


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _refuse_unknown(name: str, known: Iterable[str]) -> NoReturn:
    _refuse([f"no instrument {name!r}; there are: {', '.join(sorted(known))}"])


def _refuse(problems: list[str], *, head: str = "") -> NoReturn:
    """Every problem on its own line, and exit code 2."""
    if not head and len(problems) == 1:
        click.echo(f"rom instruments: {problems[0]}", err=True)
        sys.exit(2)
    click.echo(f"rom instruments: {head}. Please mend this first:", err=True)
    for problem in problems:
        click.echo(f"  - {problem}", err=True)
    sys.exit(2)
