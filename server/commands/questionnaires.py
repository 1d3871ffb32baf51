"""`rom questionnaires`: the instruments as FHIR resources: files, a package, an EHR.

Exit codes: 0 done · 2 unusable input or settings · 3 an EHR holds other content under
the same version · 4 an EHR cannot be reached · 5 an EHR refused, or keeps it otherwise.
The highest that occurred counts.
"""

import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import NoReturn, TypeVar

import click

from fhir_mapping.fhir_package import package_files
from fhir_mapping.publication import (
    LeftOut,
    Publication,
    PublishedForm,
    ids_of,
    publication_from,
    published_form,
)
from questionnaires.errors import InstrumentFileError, UnknownInstrument
from questionnaires.library import Library, load_library
from questionnaires.wording import LANGUAGE
from server.publishing.files import INDEX, export_files, tarball, write_folder
from server.publishing.words import table, words_of

_Command = TypeVar("_Command", bound=Callable[..., object])


class _Group(click.Group):
    """`publish` needs the whole installation, so it is imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "publish"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "publish":
            from server.commands.publish import publish

            return publish
        return super().get_command(ctx, cmd_name)


@click.group("questionnaires", cls=_Group)
def command() -> None:
    """Instruments as FHIR R4 Questionnaires (SDC): export, package, publish."""


def _chosen(decorated: _Command) -> _Command:
    """The options that say which instruments, and from where."""
    for option in (
        click.option(
            "--instrument",
            "chosen",
            multiple=True,
            metavar="ID",
            help="Only this instrument; may be repeated.",
        ),
        click.option(
            "--instruments",
            "folders",
            multiple=True,
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="A folder of the site's own instruments; may be repeated.",
        ),
        click.option("--json", "as_json", is_flag=True, help="A summary for machines."),
    ):
        decorated = option(decorated)
    return decorated


@command.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--language",
    help="Main language of the words; the others stand beside it. Without it:"
    " English, else the first there is.",
)
@_chosen
def export(
    folder: Path,
    *,
    language: str | None,
    chosen: tuple[str, ...],
    folders: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Write one JSON file per instrument, our code systems and an index to FOLDER.

    Skeletons are written as structure only, with numbers in place of words.
    """
    if language is not None and not LANGUAGE.fullmatch(language):
        _refuse(f"{language!r} is no language; write it like en, de or pt-BR")
    found = _publication(
        _library(folders), chosen, language=language, licensed_words=True
    )
    if chosen and found.left_out:
        _refuse(_left_out(found.left_out))
    files = export_files(found)
    try:
        others = write_folder(folder, files)
    except OSError as failure:
        _refuse(f"cannot write to {folder}: {failure.strerror}")
    if as_json:
        click.echo(files[INDEX].decode(), nl=False)
    else:
        _print(found, f"{folder}")
    if others:
        click.echo(
            f"Also in {folder}, not from this export: {', '.join(others)}", err=True
        )


@command.command("package")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--version",
    default=lambda: installed_version("rom-on-fhir"),
    show_default="that of the program",
    help="Version of the package.",
)
@_chosen
def package(
    file: Path,
    *,
    version: str,
    chosen: tuple[str, ...],
    folders: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Write a FHIR NPM package (FILE.tgz), to pass on.

    Words that a site holds by licence are never in it: those forms are structure only.
    """
    if not _is_semver(version):
        _refuse(f"{version!r} is no version; write it like 1.0.0")
    found = _publication(_library(folders), chosen, language=None, licensed_words=False)
    files = package_files(found, version=version)
    try:
        file.write_bytes(tarball(files))
    except OSError as failure:
        _refuse(f"cannot write {file}: {failure.strerror}")
    if as_json:
        click.echo(files["package/package.json"].decode(), nl=False)
    else:
        _print(found, f"{file} (version {version})")


def _library(folders: Iterable[Path]) -> Library:
    try:
        return load_library(tuple(folders))
    except InstrumentFileError as refusal:
        _refuse(str(refusal))


def _publication(
    library: Library,
    chosen: tuple[str, ...],
    *,
    language: str | None,
    licensed_words: bool,
) -> Publication:
    try:
        ids = ids_of(library, chosen)
    except UnknownInstrument as refusal:
        known = ", ".join(sorted(library.instruments))
        _refuse(f"no instrument {refusal.name!r}; there are: {known}")
    forms: list[PublishedForm | LeftOut] = []
    with click.progressbar(
        ids, label="Building forms", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        for each in bar:
            forms.append(
                published_form(
                    library, each, language=language, licensed_words=licensed_words
                )
            )
    return publication_from(library, forms)


def _print(found: Publication, where: str) -> None:
    rows = [("instrument", "version", "status", "words", "file")]
    rows += [
        (
            each.instrument.id,
            each.instrument.version,
            str(each.questionnaire["status"]),
            words_of(each),
            each.file_name,
        )
        for each in found.forms
    ]
    click.echo("\n".join(table(rows)))
    bare = sum(each.words == "none" for each in found.forms)
    click.echo(
        f"{len(found.forms)} forms ({bare} structure only),"
        f" {len(found.code_systems)} code systems: {where}"
    )
    if found.left_out:
        click.echo(f"Left out: {_left_out(found.left_out)}")


def _left_out(found: tuple[LeftOut, ...]) -> str:
    return "; ".join(
        f"{each.instrument.id} has no wording in this language,"
        f" only in {', '.join(each.languages) or 'none'}"
        for each in found
    )


def _is_semver(text: str) -> bool:
    parts = text.partition("-")[0].split(".")
    plain = text.isascii() and all(each.isalnum() or each in ".-+" for each in text)
    return plain and len(parts) == 3 and all(each.isdigit() for each in parts)


def _refuse(problem: str) -> NoReturn:
    click.echo(f"rom questionnaires: {problem}", err=True)
    sys.exit(2)
