"""One instrument, respondent, version, language and mode through one episode."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from clinical.measurement import Episode, Measurement, Mode, Respondent
from questionnaires.instrument import Instrument, Source
from questionnaires.scoring import Score


@dataclass(slots=True, unsafe_hash=True)
class Reading:
    """One point of a trajectory: what a session gave.

    A session is a day. Whoever fills in the form again that day corrects it or goes on
    with it, and begins no second session: the last score of the day is the reading.

    Attributes:
        session_number: 1 is the intake itself; counts days on which the series was
            answered from there on, also those that have no score and so no reading.
        authored: when it was answered, with the offset it was recorded with.
        value: score points of the instrument's first score.
        source: where it stands ("QuestionnaireResponse/17").
        replaces: what was scored before on the same day, oldest first.
    """

    session_number: Final[int]
    authored: Final[datetime]
    value: Final[Decimal]
    prorated: Final[bool]
    in_record: Final[bool]
    source: Final[str]
    replaces: Final[tuple["Reading", ...]] = ()

    @property
    def on(self) -> date:
        """The day as it was where it was answered."""
        return self.authored.date()

    @property
    def of_day(self) -> tuple["Reading", ...]:
        """Everything that was scored on this day, oldest first; itself at the end."""
        return (*self.replaces, self)

    @property
    def begun(self) -> datetime:
        """When this session first gave a score."""
        return self.of_day[0].authored


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Readings of one series, oldest first. The series key never changes inside it.

    Version, language and mode are those of its latest sitting: only what the site has
    declared equivalent stands beside another in one series.
    """

    instrument: Instrument
    instrument_version: str
    language: str
    readings: tuple[Reading, ...]
    respondent: Respondent = "self"
    mode: Mode | None = None

    @property
    def form(self) -> tuple[str, str, str, str]:
        """What must be equal before two people's series may be put together."""
        return (
            self.instrument.id,
            self.instrument_version,
            self.language,
            self.respondent,
        )


@dataclass(frozen=True, slots=True)
class Equivalence:
    """A site's declaration, with its source, that these give the same scores.

    Nobody can declare two respondents or two instruments equivalent.
    """

    instrument_id: str
    what: Literal["version", "language", "mode"]
    values: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Course:
    """What one respondent has answered on one instrument, read once for all rules.

    Attributes:
        sittings: every one of the present course, in any version, language and mode,
            oldest first.
        series: those with a reading, the one measured last at the end.
        earlier: courses before a pause so long that a new one began, oldest first.
    """

    instrument: Instrument
    respondent: Respondent
    sittings: tuple[Measurement, ...]
    series: tuple[Trajectory, ...]
    earlier: "tuple[Course, ...]" = ()

    @property
    def current(self) -> Trajectory | None:
        """The series measured last, which is the one the rules read."""
        return self.series[-1] if self.series else None

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Of the current series."""
        return self.series[-1].readings if self.series else ()

    def reading_of(self, sitting: Measurement) -> Reading | None:
        """The reading that this sitting gave, replaced or not; None without a score."""
        for course in (self, *self.earlier):
            for series in course.series:
                for session in series.readings:
                    for reading in session.of_day:
                        if (
                            reading.source == sitting.source
                            and reading.authored == sitting.authored
                        ):
                            return reading
        return None


def courses(
    episode: Episode,
    instrument: Instrument,
    *,
    equivalences: Sequence[Equivalence] = (),
    new_after_days: int | None = None,
) -> tuple[Course, ...]:
    """One for each respondent who has answered, the patient first; none if nobody.

    Args:
        new_after_days: a longer pause between two sittings begins a new course, with
            an intake of its own; None: nothing does.
    """
    found: list[Course] = []
    for respondent, answered in _by_respondent(episode, instrument).items():
        *earlier, present = [
            Course(
                instrument,
                respondent,
                tuple(part),
                _series(part, instrument, respondent, equivalences=equivalences),
            )
            for part in _parted(answered, new_after_days)
        ]
        found.append(replace(present, earlier=tuple(earlier)) if earlier else present)
    return tuple(found)


def trajectories(
    episode: Episode,
    instrument: Instrument,
    *,
    equivalences: Sequence[Equivalence] = (),
    new_after_days: int | None = None,
) -> tuple[Trajectory, ...]:
    """Every series with a reading, of earlier courses too; the one measured last at
    the end.

    A sitting without a score gives no reading; it is never counted as zero.
    """
    found = courses(
        episode, instrument, equivalences=equivalences, new_after_days=new_after_days
    )
    return series_of(part for each in found for part in (*each.earlier, each))


def series_of(of_courses: Iterable[Course]) -> tuple[Trajectory, ...]:
    """Their series, the one measured last at the end."""
    found = [series for course in of_courses for series in course.series]
    found.sort(key=lambda each: each.readings[-1].authored)
    return tuple(found)


def sittings(episode: Episode, instrument: Instrument) -> tuple[Measurement, ...]:
    """Every time this instrument was filled in, in any version and language."""
    return tuple(
        each for each in episode.measurements if each.instrument_id == instrument.id
    )


def present_sittings(
    episode: Episode,
    instrument_id: str,
    respondent: Respondent,
    *,
    new_after_days: int | None,
) -> Sequence[Measurement]:
    """Those of the present course, oldest first; none if nobody has answered."""
    answered = [
        each
        for each in episode.measurements
        if (each.instrument_id, each.respondent) == (instrument_id, respondent)
    ]
    return _parted(answered, new_after_days)[-1] if answered else answered


def standing(
    answered: Iterable[Measurement], instrument: Instrument
) -> tuple[Measurement, ...]:
    """Those that no later one of the same day stands for; only one with a score does.

    Args:
        answered: sittings of one respondent, oldest first.
    """
    kept: list[Measurement] = []
    begun, day = 0, date.min  # where the sittings of this day begin among those kept
    for each in answered:
        on = each.authored.date()
        if on != day:
            begun, day = len(kept), on
        elif followed_score(each, instrument) is not None:
            del kept[begun:]
        kept.append(each)
    return tuple(kept)


def followed_score(measurement: Measurement, instrument: Instrument) -> Score | None:
    """The score whose course is followed; None if this sitting does not give it."""
    if not instrument.scores:
        return None  # a screening form that is only looked at answer by answer
    return _score(measurement, instrument.total.id)


def _by_respondent(
    episode: Episode, instrument: Instrument
) -> dict[Respondent, list[Measurement]]:
    """The patient first; nobody who has not answered."""
    found: dict[Respondent, list[Measurement]] = {"self": [], "carer": []}
    for each in sittings(episode, instrument):
        found[each.respondent].append(each)
    return {respondent: answered for respondent, answered in found.items() if answered}


def _parted(
    answered: Sequence[Measurement], new_after_days: int | None
) -> Sequence[Sequence[Measurement]]:
    """One part for each course; at least one sitting, oldest first."""
    first, last = answered[0].authored.date(), answered[-1].authored.date()
    if new_after_days is None or (last - first).days <= new_after_days:
        return (answered,)
    days = [each.authored.date() for each in answered]
    begins = [
        at
        for at in range(1, len(days))
        if (days[at] - days[at - 1]).days > new_after_days
    ]
    return [
        answered[start:end]
        for start, end in zip([0, *begins], [*begins, len(days)], strict=True)
    ]


def _score(measurement: Measurement, score_id: str) -> Score | None:
    for score in measurement.scores:
        if score.score_id == score_id and isinstance(score, Score):
            return score
    return None


def _series(
    answered: Sequence[Measurement],
    instrument: Instrument,
    respondent: Respondent,
    *,
    equivalences: Sequence[Equivalence],
) -> tuple[Trajectory, ...]:
    same: dict[tuple[str, str], str] = {
        (each.what, value): each.values[0]
        for each in equivalences
        if each.instrument_id == instrument.id
        for value in each.values
    }
    by_form: dict[tuple[str, str], list[Measurement]] = {}
    for each in answered:
        version, language = each.instrument_version, each.language
        if same:
            version = same.get(("version", version), version)
            language = same.get(("language", language), language)
        form = (version, language)
        by_form.setdefault(form, []).append(each)
    found = [
        Trajectory(
            instrument,
            members[-1].instrument_version,
            members[-1].language,
            readings,
            respondent,
            mode,
        )
        for of_form in by_form.values()
        for mode, members in _by_mode(of_form, same)
        if (readings := _readings(members, instrument))
    ]
    found.sort(key=lambda each: each.readings[-1].authored)
    return tuple(found)


def _by_mode(
    members: Sequence[Measurement], same: dict[tuple[str, str], str]
) -> Iterable[tuple[Mode | None, Sequence[Measurement]]]:
    """Sittings of one form, apart by mode as far as the mode is known.

    A sitting whose mode nobody wrote down is no reason to begin a new series: it
    belongs to the mode that was used before it, the first ones to the first known one.
    """
    modes = {each.mode for each in members}
    if len(modes) == 1:
        return [(members[0].mode, members)]
    mode = next((each.mode for each in members if each.mode is not None), None)
    found: dict[str | None, list[Measurement]] = {}
    last: dict[str | None, Mode | None] = {}
    for each in members:
        mode = each.mode or mode
        key = None if mode is None else same.get(("mode", mode), mode)
        found.setdefault(key, []).append(each)
        last[key] = mode
    return [(last[key], of_mode) for key, of_mode in found.items()]


def _readings(
    members: Iterable[Measurement], instrument: Instrument
) -> tuple[Reading, ...]:
    if not instrument.scores:
        return ()
    score_id = instrument.total.id
    readings: list[Reading] = []
    session_number, day = 0, date.min
    for member in members:
        score = _score(member, score_id)
        if score is None and not readings:
            continue  # the intake is the first day with a score
        on = member.authored.date()
        if on != day:
            session_number, day = session_number + 1, on
        if score is None:
            continue
        replaces: tuple[Reading, ...] = ()
        if readings and readings[-1].session_number == session_number:
            before = readings.pop()
            replaces = (*before.replaces, replace(before, replaces=()))
        readings.append(
            Reading(
                session_number=session_number,
                authored=member.authored,
                value=score.value,
                prorated=score.prorated,
                in_record=member.in_record,
                source=member.source,
                replaces=replaces,
            )
        )
    return tuple(readings)
