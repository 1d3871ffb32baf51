"""The files of `rom norms`: read, or refused with exit code 2 and what to do."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

from clinical.errors import NormPackError
from clinical.norms.canonical import LARGEST_PACK
from clinical.norms.pack import NormPack, PackKey, pack_bytes, pack_from_bytes
from clinical.norms.people import People
from clinical.norms.readings import Readings, joined
from questionnaires.errors import InstrumentFileError, UnknownInstrument
from questionnaires.instrument import Instrument
from questionnaires.library import load_library
from server.norms.pack_options import HowRead
from server.norms.score_file import (
    NobodyLeft,
    NotUsed,
    Scores,
    Wanted,
    scores_from_file,
)
from server.norms.score_folder import readings_from_export
from server.norms.score_rows import ScoresUnusable
from server.pack_files import replace_file


def read_scores(
    path: Path, instrument: Instrument, key: PackKey, *, reading: HowRead
) -> Scores:
    """The scores; each row that is no reading is named by its line."""
    if not path.is_dir():
        wanted = Wanted(instrument.total, key.language, key.age_band)
        try:
            with progress("reading") as told:
                found = scores_from_file(path, wanted, told=told)
        except (ScoresUnusable, OSError) as problem:
            _refuse_scores(problem, path)
        _tell(found.not_used, reading)
        return found
    parts: list[Readings] = []
    not_used = read_export(path, instrument, key, reading=reading, take=parts.append)
    return Scores(People(joined(parts), {}), not_used)


def read_export(
    folder: Path,
    instrument: Instrument,
    key: PackKey,
    *,
    reading: HowRead,
    take: Callable[[Readings], None],
) -> NotUsed:
    """The readings of an export's folder, some people at a time."""
    try:
        with progress("reading") as told:
            not_used = readings_from_export(
                folder,
                instrument,
                Wanted(instrument.total, key.language, key.age_band),
                instrument_folders=reading.folders,
                new_course_after_days=reading.new_course_after,
                take=take,
                told=told,
            )
    except (ScoresUnusable, OSError) as problem:
        _refuse_scores(problem, folder)
    _tell(not_used, reading)
    return not_used


def _refuse_scores(problem: ScoresUnusable | OSError, path: Path) -> NoReturn:
    if isinstance(problem, OSError):
        refuse(f"{problem.filename or path}: cannot be read: {problem.strerror}")
    if isinstance(problem, NobodyLeft):  # why, is in what was not used
        _name(problem.not_used)
    refuse(str(problem))


def _tell(found: NotUsed, reading: HowRead) -> None:
    """Says what was not used; goes on only if that is nothing, or wanted so."""
    _name(found)
    refuse_bad_rows(found.n_bad, reading)


def refuse_bad_rows(n_bad: int, reading: HowRead) -> None:
    """Goes on only if there are none, or they are to be left out."""
    if n_bad and not reading.leave_out_bad_rows:
        refuse(
            f"{n_bad} rows are no readings: mend them, or go on without them"
            " by --leave-out-bad-rows"
        )


def _name(found: NotUsed) -> None:
    for each in found.bad:
        click.echo(each, err=True)
    if found.n_bad > len(found.bad):
        click.echo(f"... and {found.n_bad - len(found.bad)} more such rows", err=True)
    for reason, count in found.left_out.items():
        click.echo(f"left out: {count} {reason}", err=True)


def find_instrument(name: str, folders: tuple[Path, ...]) -> Instrument:
    """An instrument whose course can have a norm."""
    try:
        found = load_library(folders).instrument(name)
    except InstrumentFileError as problem:
        refuse(str(problem))
    except UnknownInstrument:
        refuse(f"no instrument {name!r}; rom score --list shows the names")
    if not found.scores or found.construct != "outcome":
        refuse(f"{name} has no outcome score whose course could have a norm")
    return found


def read_pack(path: Path) -> NormPack:
    """The pack of this file, unchanged since it was made."""
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_PACK + 2)
        return pack_from_bytes(content, file=path.name)
    except NormPackError as problem:
        refuse(str(problem))
    except OSError as problem:
        refuse(f"{path}: cannot be read: {problem.strerror}")


def write_pack(pack: NormPack, path: Path) -> None:
    """Writes it beside the file first, so that nobody reads half a pack."""
    content = pack_bytes(pack)
    try:
        pack_from_bytes(content, file=path.name)  # as the server will read it
    except NormPackError as problem:
        refuse(str(problem))
    write_file(path, content)


def write_file(path: Path, content: bytes) -> None:
    """All of it, or nothing and exit code 2."""
    try:
        replace_file(path, content)
    except OSError as problem:
        refuse(
            f"{path}: cannot be written: {problem.strerror}; what was there before is"
            " as it was. Make room, or name another place"
        )


def refuse_existing(path: Path) -> None:
    """Nothing is overwritten; and no hour of work is lost for want of a folder."""
    if path.exists():
        refuse(f"{path} is there already; nothing is overwritten")
    if not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        refuse(f"{path.parent}: is no folder that can be written into; make it first")


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, in bytes done and in all."""
    with click.progressbar(length=1, label=what, file=sys.stderr) as bar:

        def told(done: int, size: int) -> None:
            bar.length = max(size, 1)
            bar.update(done - bar.pos)

        yield told


def refuse(problem: str) -> NoReturn:
    """Says what is wrong; exit code 2."""
    click.echo(f"rom norms: {problem}", err=True)
    sys.exit(2)
