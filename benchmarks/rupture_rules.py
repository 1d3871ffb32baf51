"""The rules that `benchmarks.ruptures` compares, and what each does to each person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from clinical.measurement import Episode, Measurement
from clinical.norms.readings import BoolArray, FloatArray
from clinical.norms.simulate_alliance import AllianceRaters
from clinical.plan import MeasurementPlan
from clinical.signals.kinds import AllianceDrop
from clinical.signals.read import read_signals
from questionnaires.instrument import Instrument
from questionnaires.scoring import Score

FROM_SESSION = 4
LONGEST = 8
FIRST_DAY = datetime(2026, 1, 5, 10, tzinfo=UTC)

# Each rule gives (n_persons, n_sessions): whether it speaks after this rating.


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One rule on one set of people, each array of (n_persons,).

    Attributes:
        false, quiet: alarms without a rupture, and the sessions that could have one.
        delay: in sessions, NaN where there is no rupture.
        soon: 1.0 where the rule spoke in the first three sessions.
    """

    false: FloatArray
    quiet: FloatArray
    delay: FloatArray
    soon: FloatArray


def drop_rule(
    instrument: Instrument, scores: FloatArray, plan: MeasurementPlan
) -> BoolArray:
    """R3 as the product reads it, after each rating anew."""
    own = replace(plan, outcome=(), alliance=(instrument,))
    speaks = np.zeros(scores.shape, dtype=bool)
    for person, row in enumerate(scores):
        sessions = np.flatnonzero(~np.isnan(row))
        taken = tuple(sitting(instrument, int(at), row[at]) for at in sessions)
        for number, at in enumerate(sessions, start=1):
            found = read_signals(
                Episode(taken[:number]),
                own,
                today=taken[number - 1].authored.date(),
                unread=0,
            )
            speaks[person, at] = any(isinstance(s, AllianceDrop) for s in found.signals)
    return speaks


def sitting(instrument: Instrument, session: int, value: float) -> Measurement:
    """A rating in the record, a week after the one before."""
    total = Score(instrument.id, instrument.total.id, Decimal(f"{value:.1f}"), ())
    return Measurement(
        instrument_id=instrument.id,
        instrument_version=instrument.version,
        language="en",
        authored=FIRST_DAY + timedelta(weeks=session),
        scores=(total,),
        answers=None,
        source=f"Observation/{session}",
        in_record=True,
    )


def below_cutoff(scores: FloatArray, cutoff: float) -> BoolArray:
    return np.nan_to_num(scores, nan=np.inf) < cutoff - 1e-9


def points_below_last(scores: FloatArray, points: float) -> BoolArray:
    """So many points or more below the rating before, whenever that was."""
    before = np.full(len(scores), np.nan)
    speaks = np.zeros(scores.shape, dtype=bool)
    for at, column in enumerate(scores.T):
        speaks[:, at] = column <= before - points + 1e-9
        before = np.where(np.isnan(column), before, column)
    return speaks


# 36 of 40 on visual lines is the cut-off in common use; forms without one get the same
# part of their range. One point is one point on every form.
RULES = ("cutoff", "one_point")
OWN_POINT: Mapping[str, Callable[[FloatArray, float], BoolArray]] = {
    "cutoff": lambda scores, high: below_cutoff(scores, 0.9 * high),
    "one_point": lambda scores, high: points_below_last(scores, 1.0),
}
AT_POINTS: Mapping[str, Callable[[FloatArray, float], BoolArray]] = {
    "cutoff": below_cutoff,
    "one_point": points_below_last,
}


def judged(speaks: BoolArray, raters: AllianceRaters) -> Judged:
    """False alarms and delays of one rule, person by person."""
    n_persons, n_sessions = speaks.shape
    session = np.arange(1, n_sessions + 1)
    quiet = ~np.isnan(raters.scores) & ~raters.ruptured & (session >= FROM_SESSION)
    delay, soon = np.full(n_persons, np.nan), np.zeros(n_persons)
    for person in np.flatnonzero(raters.ruptured.any(axis=1)):
        begins = raters.onset[person] - 1
        lasts = min(int(raters.ruptured[person].sum()), LONGEST)
        window = speaks[person, begins : begins + lasts]
        delay[person] = window.argmax() if window.any() else lasts
        soon[person] = window[:3].any()
    false = speaks & quiet
    return Judged(false.sum(axis=1) * 1.0, quiet.sum(axis=1) * 1.0, delay, soon)
