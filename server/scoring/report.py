"""What is said about one form that was scored, for machines and for people."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TypedDict

from clinical.change import is_clinical
from clinical.safety import safety_findings
from clinical.signals.kinds import SafetyAnswer, SafetyBlank
from questionnaires.answers import Answers
from questionnaires.instrument import Instrument, TextItem
from questionnaires.scoring import NotScored, Score, score_answers


class ScoreReport(TypedDict, total=False):
    """One score; `value` is None if too much is blank."""

    id: str
    value: int | str | None
    prorated: bool
    missing: list[str]
    band: str | None
    clinical: bool


class FindingReport(TypedDict):
    """One safety item: answered so that a person must see it, or blank."""

    link_id: str
    points: int | str | None
    urgency: str


class Report(TypedDict):
    """One form, scored as in production."""

    instrument: str
    version: str
    digest: str
    scores: list[ScoreReport]
    safety: list[FindingReport]
    blank: list[str]


def report_from_answers(instrument: Instrument, answers: Answers) -> Report:
    """Scores, safety findings and blanks of one form.

    Raises:
        AnswerNotOffered: the answers are to another instrument or version.
    """
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


_UNKNOWN = "the clinic has not said which items are turned around"


def not_scored(report: Report) -> tuple[str, ...]:
    """Ids of the scores that could not be told."""
    return tuple(each["id"] for each in report["scores"] if each["value"] is None)


def words(instrument: Instrument, report: Report) -> Iterator[str]:
    """The report, line by line."""
    yield f"{instrument.title} (version {instrument.version})"
    for score in report["scores"]:
        blanks = ", ".join(score["missing"])
        if score["value"] is None:
            why = f"blank items: {blanks}" if blanks else _UNKNOWN
            yield f"  {score['id']}: no score, {why}"
            continue
        band = score.get("band")
        extra = [band] if band else []
        extra += [f"estimated, blank: {blanks}"] if score["prorated"] else []
        note = f"  ({'; '.join(extra)})" if extra else ""
        yield f"  {score['id']}: {score['value']}{note}"
    for finding in report["safety"]:
        yield f"  SAFETY {finding['link_id']}: {_seen(finding)}"


def _seen(finding: FindingReport) -> str:
    if finding["points"] is None:
        return "not answered: ask"
    urgent = finding["urgency"] == "full"
    by_whom = "a person must see this now" if urgent else "for the clinician's review"
    return f"answered {finding['points']}: {by_whom}"


def _score(instrument: Instrument, score: Score | NotScored) -> ScoreReport:
    if isinstance(score, NotScored):
        return {"id": score.score_id, "value": None, "missing": list(score.missing)}
    found: ScoreReport = {
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


def _finding(finding: SafetyAnswer | SafetyBlank) -> FindingReport:
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
