"""`rom score`: answers in, scores out, on the exact path that production uses."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

import click

from ehr.errors import JsonRefused
from ehr.wire.safe_json import LARGEST, safe_json
from questionnaires.answers import answers_from_offered
from questionnaires.errors import (
    AnswerNotOffered,
    InstrumentFileError,
    UnknownInstrument,
)
from questionnaires.instrument import Instrument
from questionnaires.library import Library, load_instrument, load_library
from server.scoring.lines import InputUnusable, first_bytes
from server.scoring.report import report_from_answers, words

_FILE = "FILE|-"


@click.command("score")
@click.argument("instrument", required=False)
@click.option(
    "--answers",
    metavar=_FILE,
    help="JSON: an object of link id to points, or a list in item order; null is a"
    " blank. '-' reads standard input.",
)
@click.option(
    "--csv",
    "table",
    metavar=_FILE,
    help="CSV with a header of link ids or item numbers (q1, q2 ...): one form a row."
    " Writes CSV, or with --json one object a row.",
)
@click.option(
    "--fhir",
    "resources",
    metavar=_FILE,
    help="A QuestionnaireResponse, a Bundle or NDJSON; the instrument is recognised.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="NAME=ITEM",
    help="With --csv: what a column of another name is (link id or number).",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="NAME",
    help="With --csv: a column that is no answer and goes through to the output.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON, for machines.")
@click.option("--list", "as_list", is_flag=True, help="What can be scored, and stop.")
@click.option(
    "--instruments",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of the site's own instruments; may be repeated.",
)
def command(
    instrument: str | None,
    *,
    answers: str | None,
    table: str | None,
    resources: str | None,
    columns: tuple[str, ...],
    keep: tuple[str, ...],
    as_json: bool,
    as_list: bool,
    folders: tuple[Path, ...],
) -> None:
    """Score forms. Exit code 2: the input cannot be used; 1: not every row could be."""
    try:
        if as_list:
            _list(load_library(folders), as_json=as_json)
            return
        given = [each for each in (answers, table, resources) if each is not None]
        if len(given) != 1:
            _refuse("give one of --answers, --csv and --fhir; --list shows the names")
        with _opened(given[0]) as stream:
            if resources is not None:
                library = load_library(folders)
                sys.exit(_score_responses(stream, library, as_json=as_json))
            found = _instrument(instrument, folders)
            if table is None:
                _score_one(stream, found, as_json=as_json)
            else:
                renamed = dict(_pair(each) for each in columns)
                ended = _score_rows(
                    stream, found, renamed=renamed, kept=keep, as_json=as_json
                )
                sys.exit(ended)
    except (AnswerNotOffered, InstrumentFileError, InputUnusable) as refusal:
        _refuse(str(refusal))
    except BrokenPipeError:  # whoever reads has enough
        sys.stderr.close()
        sys.exit(1)


def _instrument(name: str | None, folders: tuple[Path, ...]) -> Instrument:
    if name is None:
        _refuse("name the instrument; rom score --list shows the names")
    try:
        return load_instrument(name, folders)
    except UnknownInstrument:
        known = ", ".join(sorted(load_library(folders).instruments))
        _refuse(f"no instrument {name!r}; there are: {known}")


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = Path(source).open("rb")  # noqa: SIM115  # closed by the `with` below
    except OSError as failure:
        raise InputUnusable(f"cannot read {source}: {failure.strerror}") from None
    with stream:
        yield stream


def _score_one(stream: BinaryIO, instrument: Instrument, *, as_json: bool) -> None:
    given = _given(first_bytes(stream, most=LARGEST["request"]), instrument)
    answers = answers_from_offered(instrument, given, language="und")
    report = report_from_answers(instrument, answers)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    for line in words(instrument, report):
        click.echo(line)


def _given(body: bytes, instrument: Instrument) -> dict[str, object]:
    if body.lstrip()[:1] == b"[":
        body = b'{"answers":' + body + b"}"
    try:
        table = safe_json(body, profile="request")
    except JsonRefused as refusal:
        if refusal.place == "size":
            problem = f"more than {LARGEST['request']} bytes for one form"
            raise InputUnusable(f"{problem}; many forms: --csv or --fhir") from None
        raise InputUnusable(f"not the JSON we read: {refusal}") from None
    inner = table.get("answers", table)
    if isinstance(inner, list):
        ids = [each.link_id for each in instrument.items]
        if len(inner) > len(ids):
            raise InputUnusable(
                f"{len(inner)} answers for {len(ids)} items of {instrument.id}"
            )
        return dict(zip(ids, inner, strict=False))
    if isinstance(inner, dict):
        return inner
    raise InputUnusable("answers must be an object or a list")


def _pair(option: str) -> tuple[str, str]:
    name, equals, item = option.rpartition("=")
    if not (name and equals and item):
        raise InputUnusable(f"--column {option!r}: write NAME=ITEM, like mood3=q3")
    return name, item


def _score_rows(
    stream: BinaryIO,
    instrument: Instrument,
    *,
    renamed: Mapping[str, str],
    kept: tuple[str, ...],
    as_json: bool,
) -> int:
    # Not at the top: who scores one form does not wait for the CSV reader.
    from server.scoring.rows import say_on_stderr, scored_rows, write_rows

    tally = write_rows(
        scored_rows(stream, instrument, renamed=renamed, kept=kept),
        instrument,
        kept=kept,
        as_json=as_json,
        out=sys.stdout,
        say=say_on_stderr,
    )
    say_on_stderr(f"{tally.rows} rows, {tally.problems} not fully scored")
    return 1 if tally.problems else 0


def _score_responses(stream: BinaryIO, library: Library, *, as_json: bool) -> int:
    # Not at the top: FHIR's reader takes as long as everything else together.
    from server.scoring.responses import OtherResource, scored_responses

    seen = problems = others = 0
    for each in scored_responses(stream, library):
        if isinstance(each, OtherResource):
            others += 1
            continue
        seen += 1
        problems += bool(each.problem)
        if as_json:
            said: dict[str, object] = {"place": each.place, "resource": each.name}
            said |= dict(each.report) if each.report else {}
            said |= {"problem": each.problem} if each.problem else {}
            click.echo(json.dumps(said, ensure_ascii=False))
            continue
        where = f"{each.place}: {each.name}" if each.place else each.name
        click.echo(f"{where}: {each.problem}" if each.problem else where)
        if each.instrument is not None and each.report is not None:
            for line in words(each.instrument, each.report):
                click.echo(f"  {line}")
    said_others = f", {others} resources of other types" if others else ""
    click.echo(
        f"rom score: {seen} responses, {problems} not fully scored{said_others}",
        err=True,
    )
    return 1 if problems or not seen else 0


def _list(library: Library, *, as_json: bool) -> None:
    for name, each in sorted(library.instruments.items()):
        scores = {
            score.id: [format(score.low, "f"), format(score.high, "f")]
            for score in each.scores
        }
        if as_json:
            items = [item.link_id for item in each.items]
            said = {"id": name, "title": each.title, "items": items, "scores": scores}
            click.echo(json.dumps(said, ensure_ascii=False))
            continue
        told = ", ".join(
            f"{key} {low} to {high}" for key, (low, high) in scores.items()
        )
        click.echo(
            f"{name}: {each.title}, {len(each.items)} items; {told or 'no score'}"
        )


def _refuse(problem: str) -> NoReturn:
    click.echo(f"rom score: {problem}", err=True)
    sys.exit(2)
