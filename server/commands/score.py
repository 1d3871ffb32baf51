"""`rom score`: answers in, scores out, on the exact path that production uses."""

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import click

from clinical.change import is_clinical
from clinical.safety import safety_findings
from clinical.signals.kinds import SafetyAnswer, SafetyBlank
from ehr.errors import JsonRefused
from ehr.wire.safe_json import safe_json
from questionnaires.answers import Answers, answers_from_offered
from questionnaires.errors import (
    AnswerNotOffered,
    InstrumentFileError,
    UnknownInstrument,
)
from questionnaires.instrument import Instrument, TextItem
from questionnaires.library import load_library
from questionnaires.scoring import NotScored, Score, score_answers


@click.command("score")
@click.argument("instrument")
@click.option(
    "--answers",
    "source",
    required=True,
    metavar="FILE|-",
    help="JSON: an object of link id to points, or a list in item order; null is a"
    " blank. '-' reads standard input.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")
@click.option(
    "--instruments",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of the site's own instruments; may be repeated.",
)
def command(
    instrument: str, source: str, *, as_json: bool, folders: tuple[Path, ...]
) -> None:
    """Score one form. Exit code 2 when the input cannot be used."""
    try:
        found = load_library(folders).instrument(instrument)
        answers = answers_from_offered(found, _given(source, found), language="und")
    except UnknownInstrument:
        known = ", ".join(sorted(load_library(folders).instruments))
        _refuse(f"no instrument {instrument!r}; there are: {known}")
    except (AnswerNotOffered, InstrumentFileError, _NotAnswers) as refusal:
        _refuse(str(refusal))
    report = _report(found, answers)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        _print(found, report)


class _NotAnswers(Exception):
    """The input is no JSON, or neither an object nor a list of answers."""


def _given(source: str, instrument: Instrument) -> dict[str, object]:
    try:
        body = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as failure:
        raise _NotAnswers(f"cannot read {source}: {failure.strerror}") from None
    if body.lstrip()[:1] == b"[":
        body = b'{"answers":' + body + b"}"
    try:
        table = safe_json(body, profile="request")
    except JsonRefused as refusal:
        raise _NotAnswers(f"{source}: not the JSON we read: {refusal}") from None
    inner = table.get("answers", table)
    if isinstance(inner, list):
        ids = [each.link_id for each in instrument.items]
        if len(inner) > len(ids):
            raise _NotAnswers(
                f"{source}: {len(inner)} answers for {len(ids)} items of"
                f" {instrument.id}"
            )
        return dict(zip(ids, inner, strict=False))
    if isinstance(inner, dict):
        return inner
    raise _NotAnswers(f"{source}: answers must be an object or a list")


def _report(instrument: Instrument, answers: Answers) -> dict[str, object]:
    findings = safety_findings(instrument, answers, authored_on="", source="")
    return {
        "instrument": instrument.id,
        "version": instrument.version,
        "digest": instrument.digest,
        "scores": [
            _score(instrument, each) for each in score_answers(instrument, answers)
        ],
        "safety": [_finding(each) for each in findings],
        "blank": [
            each.link_id
            for each in instrument.items
            if each.link_id not in answers.given and not isinstance(each, TextItem)
        ],
    }


def _score(instrument: Instrument, score: Score | NotScored) -> dict[str, object]:
    if isinstance(score, NotScored):
        return {"id": score.score_id, "value": None, "missing": list(score.missing)}
    found: dict[str, object] = {
        "id": score.score_id,
        "value": _plain(score.value),
        "prorated": score.prorated,
        "missing": list(score.missing),
    }
    if score.score_id == instrument.total.id:
        found["band"] = next(
            (
                band.code
                for band in reversed(instrument.bands)
                if score.value >= band.low
            ),
            None,
        )
        if instrument.cutoff is not None:
            found["clinical"] = is_clinical(instrument, score.value)
    return found


def _finding(finding: SafetyAnswer | SafetyBlank) -> dict[str, object]:
    if isinstance(finding, SafetyAnswer):
        return {
            "link_id": finding.link_id,
            "points": _plain(finding.points),
            "urgency": finding.urgency,
        }
    return {"link_id": finding.link_id, "points": None, "urgency": "ask"}


def _plain(value: Decimal) -> int | str:
    """Whole points as numbers, others as exact text."""
    return int(value) if value == value.to_integral_value() else str(value)


def _print(instrument: Instrument, report: dict[str, object]) -> None:
    click.echo(f"{instrument.title} (version {instrument.version})")
    scores = report["scores"]
    assert isinstance(scores, list)
    for score in scores:
        if score["value"] is None:
            blanks = ", ".join(score["missing"])
            click.echo(f"  {score['id']}: no score, blank items: {blanks}")
            continue
        extra = [str(score["band"])] if score.get("band") else []
        extra += ["estimated, blank: " + ", ".join(score["missing"])] * score[
            "prorated"
        ]
        note = f"  ({'; '.join(extra)})" if extra else ""
        click.echo(f"  {score['id']}: {score['value']}{note}")
    safety = report["safety"]
    assert isinstance(safety, list)
    for finding in safety:
        said = (
            "not answered: ask"
            if finding["points"] is None
            else f"answered {finding['points']}: a person must see this now"
        )
        click.echo(f"  SAFETY {finding['link_id']}: {said}")


def _refuse(problem: str) -> NoReturn:
    click.echo(f"rom score: {problem}", err=True)
    sys.exit(2)
