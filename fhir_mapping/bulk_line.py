"""One line of a bulk export → one reading of one score, or why there is none.

A judgement is always made on the whole resource, by the rules of the chart
(`fhir_mapping.observation`, `fhir_mapping.chart_pile`). Among millions of lines the
same code, quantity and status come again and again; for a line that has nothing else
that matters, the judgement about those very bytes is remembered.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeGuard, TypeVar

from fhir_mapping.chart_pile import WITHDRAWN, measurement_from_response
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.known_codes import KnownCodes
from fhir_mapping.observation import effective, score_of
from fhir_mapping.r4.codes import LOINC
from fhir_mapping.r4.dates import to_the_day
from fhir_mapping.r4.reading import Meta, Resource, resource_from_bytes
from fhir_mapping.r4.references import relative
from fhir_mapping.r4.score_line import ScoreLine, score_line
from questionnaires.instrument import ChoiceItem, Instrument, ScoreRule, SliderItem
from questionnaires.scoring import NotScored, Score
from questionnaires.wording import is_in_language

Kind = Literal["Observation", "QuestionnaireResponse"]
LeftOut = Literal[
    "about something else",
    "no score: too much is blank",
    "entered in error",
    "another version of the instrument",
    "another language",
    "answered by a carer",
]

# patient, record, instant, day, updated, value: plain, for there are millions. Both
# ids are for joining lines only. Instant and updated in seconds since 1970, day in
# days since 1970 as the date was written. A value of NaN counts for nothing but
# replaces an older version of the same record.
Row = tuple[str, str, int, int, int, float]

K = TypeVar("K")
V = TypeVar("V")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = _EPOCH.toordinal()
_ANY_DAY: Final = "2000-01-03"
_ANY_MIDNIGHT: Final = datetime(2000, 1, 3, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_MOST_REMEMBERED: Final = 50_000  # per table; then it begins anew
LATEST: Final = 2**32 - 1  # what four bytes hold: seconds until the year 2106


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which score is read.

    Attributes:
        language: only readings in it ("de" takes "de-CH" too); None takes all.
        default_language: of resources that state none.
    """

    codes: KnownCodes
    instrument: Instrument
    rule: ScoreRule
    language: str | None
    default_language: str

    def needles(self, kind: Kind) -> tuple[bytes, ...]:
        """Texts of which a line must hold one; without, it cannot be what is wanted.

        Codes without any character that a JSON writer might escape on its own account.
        For Observations none: looking for both codes of a score costs more than
        reading the few fields that matter of every line (`benchmarks.bulk`).
        """
        if kind == "Observation":
            return ()
        urls = (self.instrument.canonical, *self.instrument.aliases)
        found = {each.rsplit("/", 1)[-1] for each in urls}
        found |= set(self._one_loinc_item())
        return tuple(sorted(each.encode() for each in found))

    def _one_loinc_item(self) -> tuple[str, ...]:
        """Of a form known by its items all scored ones are there, so one is enough."""
        for link_id in self.rule.link_ids:
            item = self.instrument.item(link_id)
            if isinstance(item, ChoiceItem | SliderItem):
                for coding in item.codings:
                    if coding.system == LOINC:
                        return (coding.code,)
        return ()


@dataclass(slots=True)
class UsualLines:
    """Lines with nothing unusual in them, field by field, as they are written."""

    patient: list[str] = field(default_factory=list)
    record: list[str] = field(default_factory=list)
    moment: list[str | None] = field(default_factory=list)
    updated: list[str | None] = field(default_factory=list)
    value: list[float] = field(default_factory=list)


@dataclass(slots=True)
class LineReader:
    """Reads line after line of one kind; keeps count of what it leaves out.

    Attributes:
        estimated: scores that stand on answers of which some are missing.
        others: lines about something else.
    """

    wanted: Wanted
    kind: Kind
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    estimated: int = 0
    others: int = 0
    _foreign: dict[bytes, None] = field(default_factory=dict)
    _judged: dict[object, "float | LeftOut | UnreadableResource"] = field(
        default_factory=dict
    )
    _days: dict[str, int | None] = field(default_factory=dict)
    _clocks: dict[str, int | None] = field(default_factory=dict)
    _rests: dict[str, int | None] = field(default_factory=dict)

    def row(self, line: bytes) -> Row | None:
        """The reading of this line; None if it is about something else.

        Args:
            line: one resource, its text checked at the door.

        Raises:
            UnreadableResource: it is, or may be, wanted and cannot be used.
        """
        if self.kind == "QuestionnaireResponse":
            return self._response(resource_from_bytes(line))
        short = score_line(line)
        if short is None:
            return self._whole(resource_from_bytes(line)) if line.strip() else None
        code = bytes(short.code)
        if code in self._foreign and short.resource_type == "Observation":
            self.others += 1
            return None
        if not short.usual:
            return self._whole(resource_from_bytes(line))
        decisive = (short.status, short.language, code, bytes(short.value_quantity))
        judged = self._judged.get(decisive)
        if judged is None:
            judged = self._judgement(resource_from_bytes(line))
            _remember(self._judged, decisive, judged)
            if judged == "about something else":
                _remember(self._foreign, code, None)
        if type(judged) is not float:
            return None if self._value(judged) is None else self._no_longer(short)
        moment = self.moment(short.effective_date_time)
        if moment is None:
            raise UnreadableResource("Observation", "effectiveDateTime", "no_date")
        instant, day = moment
        reference = short.subject.reference if short.subject else None
        patient = _patient(reference, "Observation")
        record = _record("Observation", short.id, patient, instant)
        return patient, record, instant, day, self._updated(short.meta), judged

    def usual(self, lines: Sequence[ScoreLine], found: UsualLines) -> list[int]:
        """Adds the readings of the usual lines; says which lines `row` has to read."""
        foreign, judged = self._foreign, self._judged
        unusual: list[int] = []
        usual: list[int] = []
        values: list[float] = []
        for at, line in enumerate(lines):
            code = bytes(line.code)
            if code in foreign:
                continue
            if line.usual:
                quantity = bytes(line.value_quantity)
                value = judged.get((line.status, line.language, code, quantity))
                if type(value) is float:
                    usual.append(at)
                    values.append(value)
                    continue
            unusual.append(at)
        self.others += len(lines) - len(usual) - len(unusual)
        some = [lines[at] for at in usual]
        patients = [each.subject.reference if each.subject else None for each in some]
        records = [each.id for each in some]
        if not _are_patients(patients) or "" in records:
            return sorted(usual + unusual)
        found.patient += patients
        found.record += records
        found.moment += [each.effective_date_time for each in some]
        found.updated += [
            each.meta.last_updated if each.meta else None for each in some
        ]
        found.value += values
        return unusual

    def _whole(self, resource: Resource) -> Row | None:
        value = self._value(self._judgement(resource))
        if value is None:
            return None
        if value != value:  # NaN
            return self._no_longer(resource)
        return self._row(resource, effective(resource), value)

    def _judgement(self, resource: Resource) -> "float | LeftOut | UnreadableResource":
        """All that does not depend on whose it is and when it was."""
        codes, wanted = self.wanted.codes, self.wanted
        known = codes.score(resource.code.coding) if resource.code else None
        if (
            resource.resource_type != "Observation"
            or known is None
            or known.instrument.id != wanted.instrument.id
            or known.rule.id != wanted.rule.id
        ):
            return "about something else"
        if resource.status == WITHDRAWN:
            return "entered in error"
        try:
            score = score_of(resource, known)
        except UnreadableResource as error:
            return error
        return self._usable(
            score,
            version=known.version,
            language=resource.language or wanted.default_language,
        )

    def _response(self, resource: Resource) -> Row | None:
        wanted = self.wanted
        if resource.resource_type != "QuestionnaireResponse":
            self.others += 1
            return None
        if resource.status == WITHDRAWN:
            self.left_out["entered in error"] += 1
            return self._no_longer(resource)
        measured = measurement_from_response(
            resource, wanted.codes, default_language=wanted.default_language
        )
        if measured is None or measured.instrument_id != wanted.instrument.id:
            self.others += 1
            return None
        if measured.respondent == "carer":
            self.left_out["answered by a carer"] += 1
            return self._no_longer(resource)
        scores = {each.score_id: each for each in measured.scores}
        value = self._value(
            self._usable(
                scores.get(wanted.rule.id),
                version=measured.instrument_version,
                language=measured.language,
            )
        )
        if value is None or value != value:  # NaN
            return self._no_longer(resource)
        return self._row(resource, measured.authored, value)

    def _usable(
        self, score: Score | NotScored | None, *, version: str, language: str
    ) -> "float | LeftOut":
        wanted = self.wanted
        if version != wanted.instrument.version:
            return "another version of the instrument"
        if wanted.language and not is_in_language(language, wanted=wanted.language):
            return "another language"
        if not isinstance(score, Score):
            return "no score: too much is blank"
        self.estimated += score.prorated
        return float(score.value)

    def _value(self, judged: "float | LeftOut | UnreadableResource") -> float | None:
        if isinstance(judged, float):
            return judged
        if isinstance(judged, UnreadableResource):
            raise UnreadableResource(judged.resource_type, judged.place, judged.reason)
        if judged == "about something else":
            self.others += 1
            return None
        self.left_out[judged] += 1
        return math.nan

    def moment(self, text: str | None) -> tuple[int, int] | None:
        """Instant and day as `to_the_day` reads them, in parts that come again.

        The offset is part of the text, so each part says the same beside any other.
        """
        if not text:
            return None
        parts = text[:10], text[10:19], text[19:]
        try:
            day = self._days[parts[0]]
            clock, rest = self._clocks[parts[1]], self._rests[parts[2]]
        except KeyError:
            day, clock, rest = _day(parts[0]), _clock(parts[1]), _rest(parts[2])
            _remember(self._days, parts[0], day)
            _remember(self._clocks, parts[1], clock)
            _remember(self._rests, parts[2], rest)
        if day is None or clock is None or rest is None or len(text) == 19:
            whole = to_the_day(text)
            return None if whole is None else _instant_and_day(whole)
        return day * 86_400 + clock + rest, day

    def _row(self, resource: Resource, moment: datetime, value: float) -> Row:
        kind, subject = resource.resource_type, resource.subject
        patient = _patient(subject.reference if subject else None, kind)
        instant, day = _instant_and_day(moment)
        record = _record(kind, resource.id, patient, instant)
        return patient, record, instant, day, self._updated(resource.meta), value

    def _no_longer(self, resource: Resource | ScoreLine) -> Row | None:
        """What is left of a record: that its older versions count no more."""
        if not resource.id:
            return None
        record = _record(resource.resource_type, resource.id, "", 0)
        return "", record, 0, 0, self._updated(resource.meta), math.nan

    def _updated(self, meta: Meta | None) -> int:
        """Seconds since 1970, within four bytes; 0 where nothing is said."""
        found = self.moment(meta.last_updated) if meta else None
        return 0 if found is None else min(max(found[0], 0), LATEST)


def _are_patients(references: list[str | None]) -> TypeGuard[list[str]]:
    """Whether all of them are of the form `Patient/id`."""
    if None in references:
        return False
    text = "\n".join(each for each in references if each)
    last = len(references) - 1
    return last < 0 or (
        text.startswith("Patient/")
        and text.count("\nPatient/") == text.count("\n") == last
        and text.count("/") == last + 1
    )


def _patient(reference: str | None, kind: str) -> str:
    if not reference:
        raise UnreadableResource(kind, "subject")
    found = reference if reference.count("/") == 1 else relative(reference)
    if not found.startswith("Patient/"):
        raise UnreadableResource(kind, "subject")
    return found


def _record(kind: str, name: str, patient: str, instant: int) -> str:
    if not name:  # then there is no second version: the sitting is all that names it
        return f"{kind} of {patient} {instant}"
    return name if kind == "Observation" else f"{kind}/{name}"


def _instant_and_day(moment: datetime) -> tuple[int, int]:
    return (moment - _EPOCH) // _SECOND, moment.toordinal() - _EPOCH_DAY


def _day(text: str) -> int | None:
    found = to_the_day(text)
    return None if found is None else found.toordinal() - _EPOCH_DAY


def _clock(text: str) -> int | None:
    """Seconds since midnight; 0 where there is only a day."""
    if not text:
        return 0
    found = to_the_day(f"{_ANY_DAY}{text}Z") if len(text) == 9 else None
    return None if found is None else (found - _ANY_MIDNIGHT) // _SECOND


def _rest(text: str) -> int | None:
    """Seconds by which an offset moves the instant; fractions are cut off."""
    if not text:
        return 0
    found = to_the_day(f"{_ANY_DAY}T00:00:00{text}")
    return None if found is None else (found - _ANY_MIDNIGHT) // _SECOND


def _remember(table: dict[K, V], key: K, value: V) -> None:
    if len(table) >= _MOST_REMEMBERED:
        table.clear()
    table[key] = value
