"""Invented alliance ratings: what the rupture rules are tried against.

A rating is the person's own level, the noise of the day and what a rupture takes away,
cut off at the ends of the scale and rounded to what the form can say. A rupture lasts
some sessions and is repaired; a dip is a low rating of one session; a drift falls by
the same amount in the end, in small steps, and stays. All synthetic.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from clinical.norms.readings import BoolArray, FloatArray, IntArray

RaterKind = Literal["steady", "at_ceiling", "noisy", "drifting", "dipping", "early"]
KINDS: tuple[RaterKind, ...] = (
    *("steady", "at_ceiling", "noisy", "drifting", "dipping", "early"),
)


@dataclass(frozen=True, slots=True)
class AllianceLaw:
    """How ratings come about; higher is better, lowest rating 0.

    Attributes:
        high: best possible rating, in score points.
        step: the smallest difference that the form can say, in score points.
        shares: of each kind, in the order of `KINDS`; they sum to 1.
        level: mean of people's own levels, as a part of the range.
        ceiling_level: the same of those at the ceiling; above 1, what lies there is
            rated with the highest rating.
        spread: SD of ratings of many people, as a part of the range.
        retest: part of that variance that lies between people.
        noisy_times: the noise of noisy raters, in the noise of the others.
        rise: what steady raters lack at the first session, in SD of the noise; it is
            made up by session `risen_at`.
        ruptured: part of steady, ceiling and noisy raters who have a rupture.
        fall: least and most that a rupture takes away, in SD of the noise.
        lasts: fewest and most sessions of a rupture; a drift falls for the most.
        onset: first and last session at which anything may begin.
        early_onset: the same of early ruptures.
    """

    high: float
    step: float
    n_sessions: int
    shares: tuple[float, float, float, float, float, float]
    level: float
    ceiling_level: float
    spread: float
    retest: float
    noisy_times: float
    rise: float
    risen_at: int
    ruptured: float
    fall: tuple[float, float]
    lasts: tuple[int, int]
    onset: tuple[int, int]
    early_onset: tuple[int, int]
    missed: float


# Four visual lines of 10 cm, marked in millimetres. Numbers with a source:
#   45 in 100 at the ceiling, and others who begin lower and rise:
#     acorncollaboration.org/alliance; on one form of 7 items 54 gave the maximum
#     throughout (psychoutcomes.org);
#   retest .64: Duncan 2003 (J Brief Ther 3:3-12), within .54-.70 of four studies
#     (doi 10.1080/26408066.2020.1729281);
#   ruptures in 46 of 100: PMC3921691;
#   a fall of 2 SD or more: the stricter published threshold; no longer than six
#     sessions: the longest decline seen (both BMC Med Res Methodol 2012;12:10).
# Invented, for want of any published figure: levels and spread (such that a quarter of
# ratings without a rupture lie below nine tenths of the range), the noise of noisy
# raters, the size of the rise, twice 2 SD as the largest fall, the shares of other
# kinds, onsets, missed sessions.
VISUAL_LINES = AllianceLaw(
    high=40.0,
    step=0.1,
    n_sessions=20,
    shares=(0.20, 0.45, 0.10, 0.10, 0.10, 0.05),
    level=0.92,
    ceiling_level=1.08,
    spread=0.10,
    retest=0.64,
    noisy_times=2.0,
    rise=1.0,
    risen_at=6,
    ruptured=0.46,
    fall=(2.0, 4.0),
    lasts=(2, 6),
    onset=(4, 14),
    early_onset=(2, 3),
    missed=0.10,
)


def on_whole_points(high: float) -> AllianceLaw:
    """The same people on a form of whole points, from 0 to `high`."""
    return replace(VISUAL_LINES, high=high, step=1.0)


@dataclass(frozen=True, slots=True, eq=False)
class AllianceRaters:
    """Ratings with the truth about them.

    Attributes:
        scores: (n_persons, n_sessions), NaN where not rated, sessions ascending from 1.
        kind: (n_persons,) place in `KINDS`.
        onset: (n_persons,) session at which something begins; 0 where nothing does.
        ruptured: (n_persons, n_sessions), whether a rupture or drift is on. A dip of
            one session is none.
    """

    scores: FloatArray
    kind: IntArray
    onset: IntArray
    ruptured: BoolArray


def simulate_alliance(
    law: AllianceLaw, n_persons: int, *, random: np.random.Generator
) -> AllianceRaters:
    """Ratings of so many people; the same generator state gives the same ratings."""
    kind = random.choice(len(KINDS), size=n_persons, p=law.shares)
    its = {name: kind == place for place, name in enumerate(KINDS)}
    session = np.arange(1, law.n_sessions + 1)

    noise_sd = law.high * law.spread * np.sqrt(1 - law.retest)
    own_sd = law.high * law.spread * np.sqrt(law.retest)
    level = random.normal(law.level * law.high, own_sd, n_persons)
    level[its["at_ceiling"]] = law.ceiling_level * law.high
    noise = random.normal(0, noise_sd, (n_persons, law.n_sessions))
    noise[its["noisy"]] *= law.noisy_times
    lacking = np.clip(1 - (session - 1) / (law.risen_at - 1), 0, 1)
    rise = np.outer(its["steady"] | its["early"], law.rise * noise_sd * lacking)

    onset, lasts = _begins(law, its, random=random)
    since = session[None, :] - onset[:, None]
    begun = (since >= 0) & (onset > 0)[:, None]
    ruptured = begun & ((since < lasts[:, None]) | its["drifting"][:, None])
    fall = noise_sd * random.uniform(*law.fall, n_persons)
    part = np.where(
        its["drifting"][:, None], np.clip((since + 1) / law.lasts[1], 0, 1), 1.0
    )
    lost = ruptured * part * fall[:, None]

    felt = level[:, None] + noise - rise - lost
    scores = np.clip(np.round(felt / law.step) * law.step, 0, law.high)
    # The first rating and the one where something begins are always there.
    keep = (session[None, :] == 1) | (since == 0)
    scores[(random.random(scores.shape) < law.missed) & ~keep] = np.nan
    ruptured[its["dipping"]] = False
    return AllianceRaters(scores, kind, onset=onset, ruptured=ruptured)


def _begins(
    law: AllianceLaw, its: Mapping[RaterKind, BoolArray], *, random: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Session at which something begins, 0 where nothing does, and how long it lasts.

    A noisy rater's rupture is as large as any other's.
    """
    n_persons = len(its["steady"])
    onset = random.integers(law.onset[0], law.onset[1] + 1, n_persons)
    early = random.integers(law.early_onset[0], law.early_onset[1] + 1, n_persons)
    lasts = random.integers(law.lasts[0], law.lasts[1] + 1, n_persons)
    sometimes = its["steady"] | its["at_ceiling"] | its["noisy"]
    onset[sometimes & (random.random(n_persons) >= law.ruptured)] = 0
    lasts[its["dipping"]] = 1
    return np.where(its["early"], early, onset), lasts
