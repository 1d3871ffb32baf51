"""QuestionnaireResponses in a file, scored as those of a chart; one, Bundle, NDJSON."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from ehr.errors import JsonRefused
from ehr.wire.typed_json import LARGEST, checked_text
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.known_codes import KnownCodes, known_codes
from fhir_mapping.questionnaire_response import (
    RESPONSE,
    answers_from_response,
    refuse_unfinished,
)
from fhir_mapping.r4.reading import Resource, bundle_from_bytes, resource_from_bytes
from questionnaires.errors import AnswerNotOffered
from questionnaires.instrument import Instrument
from questionnaires.library import Library
from server.scoring.lines import InputUnusable, bounded_lines, first_bytes
from server.scoring.report import Report, not_scored, report_from_answers

LONGEST_RESOURCE = 1_000_000  # bytes of one NDJSON line
MOST_BLANK_LINES = 100  # before the second line that says something
_SHOWABLE = re.compile(r"https?://[A-Za-z0-9./_|:-]{1,200}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ScoredResponse:
    """One response: what was found, or why not.

    Attributes:
        place: "line 3" of NDJSON, "resource 2" of a Bundle, "" for a single one.
        name: "QuestionnaireResponse/17", without an id the type alone.
        report: None if the response cannot be used.
        problem: "" if every score could be told.
    """

    place: str
    name: str
    instrument: Instrument | None
    report: Report | None
    problem: str


@dataclass(frozen=True, slots=True)
class OtherResource:
    """A resource of another type: nothing to score here."""

    place: str
    type: str


def scored_responses(
    stream: BinaryIO, library: Library
) -> Iterator[ScoredResponse | OtherResource]:
    """Each resource, in the order of the file; NDJSON is read line by line.

    Raises:
        InputUnusable: too large, or neither a resource nor lines of resources.
    """
    codes = known_codes(library)
    lines = bounded_lines(stream, longest=LARGEST["ehr"])
    begun: list[bytes] = []
    for number, line in lines:
        begun.append(line)
        if number > 1 and (line.strip() or number == MOST_BLANK_LINES):
            break
    # No JSON document has "{" at the start of its first two lines; NDJSON has.
    if len(begun) > 1 and all(
        each.lstrip()[:1] == b"{" for each in (begun[0], begun[-1])
    ):
        yield from _from_lines(chain(enumerate(begun, 1), lines), codes)
        return
    size = sum(map(len, begun))
    rest = first_bytes(stream, most=max(0, LARGEST["ehr"] - size))
    yield from _from_document(b"".join([*begun, rest]), codes)


def _from_lines(
    lines: Iterator[tuple[int, bytes]], codes: KnownCodes
) -> Iterator[ScoredResponse | OtherResource]:
    for number, line in lines:
        if not line.strip():
            continue
        place = f"line {number}"
        if len(line) > LONGEST_RESOURCE:
            problem = f"is longer than {LONGEST_RESOURCE} bytes"
            yield ScoredResponse(place, "Resource", None, None, problem)
            continue
        try:
            resource = resource_from_bytes(checked_text(line, profile="ehr"))
        except JsonRefused as refusal:
            problem = f"not the JSON we read: {refusal}"
            yield ScoredResponse(place, "Resource", None, None, problem)
        except UnreadableResource as refusal:
            yield ScoredResponse(place, refusal.resource_type, None, None, str(refusal))
        else:
            yield _scored(resource, codes, place=place)


def _from_document(
    body: bytes, codes: KnownCodes
) -> Iterator[ScoredResponse | OtherResource]:
    try:
        text = checked_text(body, profile="ehr")
        resource = resource_from_bytes(text)
        if resource.resource_type != "Bundle":
            yield _scored(resource, codes, place="")
            return
        page = bundle_from_bytes(text)
    except JsonRefused as refusal:
        large = "; put one resource on each line (NDJSON)"
        hint = large if refusal.place == "size" else ""
        raise InputUnusable(f"not the JSON we read: {refusal}{hint}") from None
    except UnreadableResource as refusal:
        raise InputUnusable(str(refusal)) from None
    for number, each in enumerate(page.resources, 1):
        yield _scored(each, codes, place=f"resource {number}")
    for unread in page.unread:
        name = f"{unread.resource_type}/{unread.resource_id}".rstrip("/")
        problem = f"cannot be read at {unread.place or 'its root'}: {unread.reason}"
        yield ScoredResponse("", name, None, None, problem)


def _scored(
    resource: Resource, codes: KnownCodes, *, place: str
) -> ScoredResponse | OtherResource:
    if resource.resource_type != RESPONSE:
        return OtherResource(place, resource.resource_type)
    name = f"{RESPONSE}/{resource.id}" if _ID.fullmatch(resource.id) else RESPONSE
    try:
        answers = answers_from_response(resource, codes, default_language="und")
        if answers is None:
            problem = f"no instrument here is {_canonical(resource)}"
            return ScoredResponse(place, name, None, None, problem)
        refuse_unfinished(resource)
        instrument = codes.library.instrument(answers.instrument_id)
        report = report_from_answers(instrument, answers)
    except UnreadableResource as refusal:
        return ScoredResponse(place, name, None, None, str(refusal))
    except AnswerNotOffered as refusal:
        problem = f"another version than the one here: {refusal}"
        return ScoredResponse(place, name, None, None, problem)
    untold = ", ".join(not_scored(report))
    problem = f"too many blanks for: {untold}" if untold else ""
    return ScoredResponse(place, name, instrument, report, problem)


def _canonical(resource: Resource) -> str:
    said = resource.questionnaire or ""
    return said if _SHOWABLE.fullmatch(said) else "the form it names"
