"""One instrument, version and language through one episode."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from clinical.measurement import Episode, Measurement
from questionnaires.instrument import Instrument
from questionnaires.scoring import Score


@dataclass(frozen=True, slots=True)
class Reading:
    """One point of a trajectory.

    Attributes:
        session_number: 1 is the intake itself; counts measurements of the series from
            there on, also those that have no score and so no reading.
        authored: when it was answered, with the offset it was recorded with.
        value: score points of the instrument's first score.
        source: where it stands ("QuestionnaireResponse/17").
    """

    session_number: int
    authored: datetime
    value: Decimal
    prorated: bool
    in_record: bool
    source: str

    @property
    def on(self) -> date:
        """The day as it was where it was answered."""
        return self.authored.date()


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Readings of one series, oldest first. The series key never changes inside it."""

    instrument: Instrument
    instrument_version: str
    language: str
    readings: tuple[Reading, ...]


def trajectories(episode: Episode, instrument: Instrument) -> tuple[Trajectory, ...]:
    """One per version and language with a reading, the one measured last at the end.

    A sitting without a score gives no reading; it is never counted as zero.
    """
    series: dict[tuple[str, str], list[Measurement]] = {}
    for each in sittings(episode, instrument):
        key = (each.instrument_version, each.language)
        series.setdefault(key, []).append(each)
    found = [
        Trajectory(instrument, version, language, _readings(members, instrument))
        for (version, language), members in series.items()
    ]
    measured = [each for each in found if each.readings]
    measured.sort(key=lambda each: each.readings[-1].authored)
    return tuple(measured)


def sittings(episode: Episode, instrument: Instrument) -> tuple[Measurement, ...]:
    """Every time this instrument was filled in, in any version and language."""
    return tuple(
        each for each in episode.measurements if each.instrument_id == instrument.id
    )


def followed_score(measurement: Measurement, instrument: Instrument) -> Score | None:
    """The score whose course is followed; None if this sitting does not give it."""
    for score in measurement.scores:
        if score.score_id == instrument.total.id and isinstance(score, Score):
            return score
    return None


def _readings(
    members: Iterable[Measurement], instrument: Instrument
) -> tuple[Reading, ...]:
    readings: list[Reading] = []
    session_number = 0
    for member in members:
        score = followed_score(member, instrument)
        if score is None and not readings:
            continue  # the intake is the first sitting with a score
        session_number += 1
        if score is not None:
            readings.append(
                Reading(
                    session_number=session_number,
                    authored=member.authored,
                    value=score.value,
                    prorated=score.prorated,
                    in_record=member.in_record,
                    source=member.source,
                )
            )
    return tuple(readings)
