"""Invented cohorts with a known law: what a fit and a band are tried against.

*Plain* is the model itself. *Hard* breaks it where real data do: heavy tails, errors
that hang together, a floor, some who get worse, leaving that depends on the score.
Every figure that comes from here is synthetic; nothing in it is a norm.
"""

from dataclasses import dataclass, replace

import numpy as np

from clinical.norms.readings import BoolArray, FloatArray, IntArray, Readings

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Leaving:
    """Chance to leave after a session, from session `after` on.

    The base, plus a share with a score under `well_below`, plus a share with a score
    more than `worse_by` points above the intake.
    """

    after: int
    base: float
    well: float
    well_below: float
    worse: float
    worse_by: float


@dataclass(frozen=True, slots=True)
class Law:
    """How scores come about; higher is worse.

    Attributes:
        beta: for (1, L, x, x L), with L = log(session) and x the intake.
        g: variance of own intercept, covariance, variance of own slope on L.
        sigma2: variance of a single reading around the person's course.
        tails: degrees of freedom of effects and errors at equal variance; None: normal.
        correlation: of an error with the one a session earlier.
        worse_share: of people whose slope is `worse_slope` higher.
        whole_points: rounded, and clipped to `low` and `high`.
        missed: share of sessions between the first and the last without a reading.
    """

    beta: tuple[float, float, float, float]
    g: tuple[float, float, float]
    sigma2: float
    tails: int | None
    correlation: float
    worse_share: float
    worse_slope: float
    whole_points: bool
    low: float
    high: float
    missed: float
    leaving: Leaving | None
    intake_mean: float = 14.0
    intake_sd: float = 5.0
    intake_low: float = 2.0
    fewest_sessions: int = 3
    most_sessions: int = 20


PLAIN = Law(
    beta=(3.0, -1.2, 0.85, -0.13),
    g=(9.0, -1.5, 2.5),
    sigma2=8.0,
    tails=None,
    correlation=0.0,
    worse_share=0.0,
    worse_slope=0.0,
    whole_points=False,
    low=0.0,
    high=27.0,
    missed=0.15,
    leaving=None,
)
HARD = replace(
    PLAIN,
    tails=5,
    correlation=0.35,
    worse_share=0.08,
    worse_slope=2.8,
    whole_points=True,
    leaving=Leaving(
        after=3, base=0.04, well=0.10, well_below=5.0, worse=0.05, worse_by=4.0
    ),
)


def at_site_b(law: Law) -> Law:
    """Another clinic: slower gain, noisier readings. A norm does not travel there."""
    b0, b1, b2, b3 = law.beta
    return replace(law, beta=(b0, b1 + 1.0, b2, b3), sigma2=law.sigma2 * 1.35**2)


def simulate(law: Law, n_persons: int, *, random: Random) -> Readings:
    """A cohort; the same generator state gives the same cohort.

    Each person has an intake, a last session between fewest and most (unless they
    leave before it), and a reading in each session that was not missed.
    """
    intake = np.clip(
        np.round(random.normal(law.intake_mean, law.intake_sd, n_persons)),
        law.intake_low,
        law.high,
    )
    sessions = np.arange(2, law.most_sessions + 1)
    planned = random.integers(law.fewest_sessions, law.most_sessions + 1, n_persons)
    scores = _scores(law, intake, sessions, random)
    last = _last_session(law, intake, planned, scores, random)
    held = sessions[None, :] <= last[:, None]
    inner = sessions[None, :] < last[:, None]
    held &= ~(inner & (random.random(held.shape) < law.missed))
    person, place = np.nonzero(held)
    return Readings(person, sessions[place], score=scores[held], intake=intake)


def as_ordinals(readings: Readings) -> Readings:
    """The same scores with sessions counted as they were held: 2, 3, 4, ..."""
    counts = readings.rows_per_person
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return replace(readings, session=np.arange(len(readings.score)) - starts + 2)


def _scores(
    law: Law, intake: FloatArray, sessions: IntArray, random: Random
) -> FloatArray:
    """(n_persons, n_sessions), sessions ascending, as if nobody ever left."""
    n_persons, time = len(intake), np.log(sessions)
    root = np.linalg.cholesky([[law.g[0], law.g[1]], [law.g[1], law.g[2]]])
    own = _standard(law, (n_persons, 2), random) @ root.T
    own[:, 1] += law.worse_slope * (random.random(n_persons) < law.worse_share)
    fresh = _standard(law, (n_persons, len(sessions)), random) * np.sqrt(law.sigma2)
    error = fresh.copy()
    for place in range(1, len(sessions)):
        error[:, place] = (
            law.correlation * error[:, place - 1]
            + np.sqrt(1 - law.correlation**2) * fresh[:, place]
        )
    b0, b1, b2, b3 = law.beta
    start = b0 + b2 * intake + own[:, 0]
    slope = b1 + b3 * intake + own[:, 1]
    scores: FloatArray = start[:, None] + slope[:, None] * time[None, :] + error
    if law.whole_points:
        scores = np.clip(np.round(scores), law.low, law.high)
    return scores


def _standard(law: Law, shape: tuple[int, int], random: Random) -> FloatArray:
    """Mean 0, variance 1."""
    if law.tails is None:
        return random.standard_normal(shape)
    wide: FloatArray = random.standard_t(law.tails, shape)
    scaled: FloatArray = wide * np.sqrt((law.tails - 2) / law.tails)
    return scaled


def _last_session(
    law: Law,
    intake: FloatArray,
    planned: IntArray,
    scores: FloatArray,
    random: Random,
) -> IntArray:
    """(n_persons,) the session after which there is no further one."""
    if law.leaving is None:
        return planned
    why = law.leaving
    last = planned.copy()
    staying: BoolArray = np.ones(len(intake), dtype=bool)
    for session in range(why.after, law.most_sessions + 1):
        score = scores[:, session - 2]
        chance = (
            why.base
            + why.well * (score < why.well_below)
            + why.worse * (score > intake + why.worse_by)
        )
        leaves = staying & (random.random(len(intake)) < chance)
        last[leaves] = np.minimum(last[leaves], session)
        staying &= ~leaves
    return last
