"""Invented alliance ratings: what the rupture rules are tried against.

Most people rate steadily near their own level, many at the top throughout. A rupture
is a fall and a return (repaired) or a fall that stays; a drift is slow. All synthetic.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from clinical.norms.readings import FloatArray, IntArray

RaterKind = Literal["steady", "at_ceiling", "drifting", "dip", "lasting_fall"]
KINDS: tuple[RaterKind, ...] = (
    *("steady", "at_ceiling", "drifting", "dip", "lasting_fall"),
)


@dataclass(frozen=True, slots=True)
class AllianceLaw:
    """How ratings come about; higher is better, whole points.

    Attributes:
        shares: of each kind, in the order of `KINDS`; they sum to 1.
        own_level: mean and SD of people's own levels, in score points.
        noise_sd: of a single rating around the own level.
        drift: points lost per session by those who drift, from `onset` on.
        fall: points lost at once in a dip or a lasting fall.
        dip_sessions: how many sessions a dip lasts.
        onset: first and last session at which a drift or fall may begin.
    """

    low: float
    high: float
    n_sessions: int
    shares: tuple[float, float, float, float, float]
    own_level: tuple[float, float]
    noise_sd: float
    drift: float
    fall: float
    dip_sessions: int
    onset: tuple[int, int]
    missed: float


# A scale of 0-16, as our own open check-in has it. Invented in every number.
ALLIANCE = AllianceLaw(
    low=0.0,
    high=16.0,
    n_sessions=12,
    shares=(0.35, 0.30, 0.10, 0.15, 0.10),
    own_level=(12.5, 1.5),
    noise_sd=0.8,
    drift=0.6,
    fall=4.0,
    dip_sessions=1,
    onset=(5, 9),
    missed=0.10,
)


@dataclass(frozen=True, slots=True, eq=False)
class AllianceRaters:
    """Ratings with the truth about them.

    Attributes:
        scores: (n_persons, n_sessions), NaN where not rated, sessions ascending from 1.
        kind: (n_persons,) place in `KINDS`.
        onset: (n_persons,) session at which drift or fall begins; 0 where none does.
    """

    scores: FloatArray
    kind: IntArray
    onset: IntArray


def simulate_alliance(
    law: AllianceLaw, n_persons: int, *, random: np.random.Generator
) -> AllianceRaters:
    """Ratings of so many people; the same generator state gives the same ratings."""
    kind = random.choice(len(KINDS), size=n_persons, p=law.shares)
    session = np.arange(1, law.n_sessions + 1)
    onset = random.integers(law.onset[0], law.onset[1] + 1, n_persons)
    onset[np.isin(kind, _places("steady", "at_ceiling"))] = 0
    level = random.normal(*law.own_level, n_persons)
    noise = random.normal(0, law.noise_sd, (n_persons, law.n_sessions))
    since = session[None, :] - onset[:, None]
    lost = np.zeros_like(noise)
    for name, points in (
        ("drifting", law.drift * (since + 1) * (since >= 0)),
        ("dip", law.fall * ((since >= 0) & (since < law.dip_sessions))),
        ("lasting_fall", law.fall * (since >= 0)),
    ):
        its = np.isin(kind, _places(name))
        lost[its] = points[its]
    scores = np.clip(np.round(level[:, None] + noise - lost), law.low, law.high)
    scores[np.isin(kind, _places("at_ceiling"))] = law.high
    # The first rating and the one where something begins are always there.
    keep = (session[None, :] == 1) | (since == 0)
    scores[(random.random(scores.shape) < law.missed) & ~keep] = np.nan
    return AllianceRaters(scores, kind, onset=onset)


def _places(*names: str) -> list[int]:
    return [place for place, name in enumerate(KINDS) if name in names]
