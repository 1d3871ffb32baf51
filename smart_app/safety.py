"""Safety marks on the page: raised with the response, seen by a named person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from clinical.signals.kinds import SafetyAnswer, SafetyBlank, Signal
from ehr.delivery.marks import Finding, finding_from_bytes
from questionnaires.instrument import Instrument
from questionnaires.library import Library
from smart_app.figures import moment
from smart_app.sentence_parts import Sentence, item_number, points_of, title
from smart_app.words import sentence
from vault.database import TenantVault
from vault.safety_marks import Mark


@dataclass(frozen=True, slots=True)
class OpenMark:
    """`about` names form, item, answer and time, so that no two buttons are alike."""

    id: str
    about: str


@dataclass(frozen=True, slots=True)
class SeenMark:
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class SafetyView:
    """What stands first on the clinician's page.

    Attributes:
        sentences: what was answered; from the chart, and from every open mark.
        open, seen: the patient's marks, oldest first.
    """

    sentences: tuple[Sentence, ...]
    open: tuple[OpenMark, ...]
    seen: tuple[SeenMark, ...]


def safety_view(
    vault: TenantVault,
    patient: str,
    *,
    signals: Iterable[Signal],
    library: Library,
    now: datetime,
) -> SafetyView:
    """The banner.

    Args:
        vault: of the patient's tenant.
        patient: FHIR id.
        signals: of the chart as it is now; none if it cannot be had.
        library: for the words.
        now: in the site's zone.
    """
    marks = vault.safety.marks(patient)
    return SafetyView(
        sentences=tuple(safety_sentences(signals, marks, library)),
        open=tuple(
            OpenMark(mark.mark_id, _about(mark, library, now=now))
            for mark in marks
            if mark.seen_by is None
        ),
        seen=tuple(
            SeenMark(mark.seen_by, moment(mark.seen_at, like=now))
            for mark in marks
            if mark.seen_by is not None and mark.seen_at is not None
        ),
    )


def safety_sentences(
    signals: Iterable[Signal], marks: Iterable[Mark], library: Library
) -> list[Sentence]:
    """What the chart says about safety, and every open mark it does not speak of.

    A mark stays until a person has seen it: also if a later form says otherwise, if
    the response is not in the chart, or if the chart cannot be had at all.
    """
    found: list[Finding] = [
        each for each in signals if isinstance(each, SafetyAnswer | SafetyBlank)
    ]
    told = {_what(each) for each in found}
    for mark in marks:
        if mark.seen_by is not None or not mark.body:
            continue
        finding = finding_from_bytes(mark.body)
        if _what(finding) not in told:
            told.add(_what(finding))
            found.append(finding)
    found.sort(key=lambda each: isinstance(each, SafetyBlank))
    return [_sentence(each, library) for each in found]


def needs_crisis_text(vault: TenantVault, patient: str, submission_id: str) -> bool:
    """Whether this response raised a mark that asks for the crisis text."""
    return any(
        mark.submission_id == submission_id and _is_urgent(mark)
        for mark in vault.safety.marks(patient)
    )


def _is_urgent(mark: Mark) -> bool:
    if not mark.body:  # purged after somebody has seen it
        return False
    finding = finding_from_bytes(mark.body)
    return isinstance(finding, SafetyAnswer) and finding.urgency == "full"


def _about(mark: Mark, library: Library, *, now: datetime) -> str:
    raised = gettext("raised %(time)s", time=moment(mark.raised_at, like=now))
    finding = finding_from_bytes(mark.body) if mark.body else None
    instrument = library.instruments.get(finding.instrument_id) if finding else None
    if finding is None or instrument is None or not _has_item(instrument, finding):
        return raised
    name = title(instrument, finding.respondent)
    item = item_number(instrument, finding.link_id)
    if isinstance(finding, SafetyBlank):
        return gettext(
            "%(instrument)s, item %(item)s left blank, %(raised)s",
            instrument=name,
            item=item,
            raised=raised,
        )
    return gettext(
        "%(instrument)s, item %(item)s: %(points)s, %(raised)s",
        instrument=name,
        item=item,
        points=points_of(instrument, finding.link_id, finding.points),
        raised=raised,
    )


def _has_item(instrument: Instrument, finding: Finding) -> bool:
    return finding.link_id in {each.link_id for each in instrument.items}


def _what(finding: Finding) -> tuple[str, str, str, bool]:
    """The same answer in the chart and in our mark, whatever it is called there."""
    return (
        finding.instrument_id,
        finding.link_id,
        finding.authored_on,
        isinstance(finding, SafetyBlank),
    )


def _sentence(finding: Finding, library: Library) -> Sentence:
    instrument = library.instruments.get(finding.instrument_id)
    if instrument and _has_item(instrument, finding):
        return sentence(finding, library)
    return Sentence(  # the form was changed or taken away since
        tone="safety",
        marker=gettext("Safety"),
        text=gettext("A safety item of a form that is no longer here was answered."),
        next_step=gettext("Please speak with the person about it now."),
        why=(),
        rule="S1",
    )
