"""`rom norms extract`: scores of many people from the files of an export."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ehr.bulk.errors import FolderUnusable, UnknownScore
from questionnaires.errors import InstrumentFileError, UnknownInstrument

if TYPE_CHECKING:
    from server.bulk.scores import Report


@click.command("extract")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--instrument", required=True, metavar="ID", help="Whose score.")
@click.option("--score", metavar="ID", help="Another score than the total.")
@click.option("--language", metavar="CODE", help="Only readings in it; de takes de-CH.")
@click.option(
    "--new-course-after",
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="A longer gap ends the course that is used. Without it all readings of a"
    " person are one course.",
)
@click.option(
    "--legal-basis",
    required=True,
    metavar="TEXT",
    help="On what basis the site uses these data for norms; stands in the report.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A new .csv or .parquet: person, session, day, score.",
)
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option(
    "--instruments",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of the site's own instruments; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="The report as one object.")
def extract(
    folder: Path,
    *,
    instrument: str,
    score: str | None,
    language: str | None,
    new_course_after: int | None,
    legal_basis: str,
    out: Path,
    processes: int,
    folders: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Scores from the NDJSON files of an export, without names, ids and dates.

    Exit code 1: some lines could not be read (the report says which); 2: unusable, or
    nobody's reading was found; then nothing is written.
    """
    # numpy is an extra: the other commands must not need it.
    from ehr.bulk.extract import Wish
    from server.bulk.score_table import TableUnusable, new_table, refuse_existing
    from server.bulk.scores import Choice, scores_from_folder

    try:
        refuse_existing(out)
    except TableUnusable as problem:
        _refuse(str(problem))
    if not legal_basis.strip():
        _refuse("--legal-basis is empty; without one these data may not be used")
    choice = Choice(
        Wish(instrument, score, language, folders),
        new_course_after_days=new_course_after,
        legal_basis=legal_basis.strip(),
    )
    try:
        with new_table(out) as take, progress("reading") as told:
            report = scores_from_folder(
                folder, choice, take=take, processes=processes, told=told
            )
            if not report["persons"]:
                raise _NobodyFound
    except _NobodyFound:
        _say(report, as_json=as_json)
        _refuse(_nobody(folder, report))
    except (FolderUnusable, TableUnusable, UnknownScore, InstrumentFileError) as error:
        _refuse(str(error))
    except UnknownInstrument:
        _refuse(f"no instrument {instrument!r}; rom score --list shows the names")
    except OSError as error:
        # A disk that is full names no file.
        _refuse(f"{error.filename or out}: {error.strerror or error}")
    _say(report, as_json=as_json)
    sys.exit(1 if report["unread"] else 0)


class _NobodyFound(Exception):
    """No table is left behind that looks as if it held scores."""


def _say(report: "Report", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        for name, value in report.items():
            click.echo(f"{name}: {_plain(value)}")


def _nobody(folder: Path, report: "Report") -> str:
    of = f"{report['instrument']} {report['version']} ({report['score']})"
    language = f" in {report['language']}" if report["language"] else ""
    unread = sum(int(each["count"]) for each in report["unread"])
    why = {"about something else": report["about_something_else"]}
    why |= {"not to be read": unread} | report["left_out"]
    return (
        f"{folder}: holds no reading of {of}{language}; nothing was written. Of"
        f" {report['lines']} lines: {_plain({k: n for k, n in why.items() if n})}"
    )


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, in bytes done and in all."""
    with click.progressbar(length=1, label=what, file=sys.stderr) as bar:

        def told(done: int, size: int) -> None:
            bar.length = max(size, 1)
            bar.update(done - bar.pos)

        yield told


def _plain(value: object) -> str:
    if isinstance(value, list):
        return "".join(f"\n  {_plain(each)}" for each in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items()) or "none"
    return "all" if value is None else str(value)


def _refuse(problem: str) -> NoReturn:
    click.echo(f"rom norms: {problem}", err=True)
    sys.exit(2)
