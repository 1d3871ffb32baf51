"""The most that can be known of an invented person's end: the law's own probability.

Courses are drawn from the law, weighed by how well they agree with a person's readings
so far, and followed to their end, with all that the law has: tails, errors that hang
together, the ends of the scale, those who get worse, leaving. No rule that sees the
readings alone can rank people better, whatever it was fitted to.
"""

from dataclasses import dataclass

import numpy as np

from clinical.norms.readings import BoolArray, FloatArray, IntArray, Readings
from clinical.norms.simulate import Law

DRAWS = 1_600  # courses for each person
BLOCK = 200  # people at once


@dataclass(frozen=True, slots=True)
class _Courses:
    """Each (n_persons, draws): a drawn person's own line and the latest error."""

    start: FloatArray
    slope: FloatArray
    error: FloatArray

    def at(self, session: int) -> FloatArray:
        felt: FloatArray = self.start + self.slope * np.log(session)
        return felt

    def chosen(self, places: IntArray) -> "_Courses":
        taken = (
            np.take_along_axis(each, places, axis=1)
            for each in (self.start, self.slope, self.error)
        )
        return _Courses(*taken)


def best_chance(
    law: Law,
    people: Readings,
    *,
    known: int,
    rci: float,
    random: np.random.Generator,
    draws: int = DRAWS,
) -> FloatArray:
    """(n_persons,) of a last score that is worse than the intake by `rci`.

    Args:
        people: readings up to session `known` of people who came on after it.
    """
    scores = np.full((people.n_persons, known - 1), np.nan)
    scores[people.person, people.session - 2] = people.score
    parts = []
    for at in range(0, people.n_persons, BLOCK):
        rows = slice(at, at + BLOCK)
        intake = people.intake[rows, None]
        course = _agreeing(law, scores[rows], intake, draws=draws, random=random)
        parts.append(_ends(law, course, intake, known=known, rci=rci, random=random))
    return np.concatenate(parts)


def _agreeing(
    law: Law,
    scores: FloatArray,
    intake: FloatArray,
    *,
    draws: int,
    random: np.random.Generator,
) -> _Courses:
    """As many courses as likely as the readings leave them.

    Args:
        scores: (n_persons, n_sessions) from session 2 on, NaN where not measured.
        intake: (n_persons, 1).
    """
    size = (len(scores), draws)
    root = np.linalg.cholesky([[law.g[0], law.g[1]], [law.g[1], law.g[2]]])
    own = _standard(law, (*size, 2), random) @ root.T
    b0, b1, b2, b3 = law.beta
    course = _Courses(
        b0 + b2 * intake + own[..., 0],
        b1
        + b3 * intake
        + own[..., 1]
        + law.worse_slope * (random.random(size) < law.worse_share),
        error=np.zeros(size),
    )
    weight, spread = np.zeros(size), np.sqrt(law.sigma2)
    for session, column in enumerate(scores.T, start=2):
        before = law.correlation * course.error  # none before session 2
        if session == 3:
            spread *= np.sqrt(1 - law.correlation**2)
        missed = np.isnan(column)[:, None]
        drawn = before + spread * _standard(law, size, random)
        felt, density = _felt(law, column[:, None], size, random)
        seen = felt - course.at(session)
        fits = _log_density(law, (seen - before) / spread) - density
        stays = np.log1p(-_leaves(law, course.at(session) + drawn, intake, session))
        weight += np.where(missed, stays, fits)
        course = _Courses(course.start, course.slope, np.where(missed, drawn, seen))
    share = np.exp(weight - weight.max(axis=1, keepdims=True))
    reached = np.cumsum(share, axis=1) / share.sum(axis=1, keepdims=True)
    steps = (random.random((len(scores), 1)) + np.arange(draws)) / draws
    places = [np.searchsorted(row, at) for row, at in zip(reached, steps, strict=True)]
    return course.chosen(np.minimum(places, draws - 1))


def _ends(
    law: Law,
    course: _Courses,
    intake: FloatArray,
    *,
    known: int,
    rci: float,
    random: np.random.Generator,
) -> FloatArray:
    """(n_persons,) share of the courses that end worse by `rci`."""
    size = course.error.shape
    planned = random.integers(
        max(law.fewest_sessions, known + 1), law.most_sessions + 1, size
    )
    error, here = course.error, np.ones(size, dtype=bool)
    worse: BoolArray = np.zeros(size, dtype=bool)
    spread = np.sqrt(law.sigma2 * (1 - law.correlation**2))
    for session in range(known + 1, law.most_sessions + 1):
        error = law.correlation * error + spread * _standard(law, size, random)
        felt = course.at(session) + error
        last = here & (
            (planned == session)
            | (random.random(size) < _leaves(law, felt, intake, session))
        )
        worse |= last & (_rated(law, felt) - intake >= rci)
        here &= ~last
    share: FloatArray = worse.mean(axis=1)
    return share


def _felt(
    law: Law, score: FloatArray, size: tuple[int, int], random: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """What may lie behind a score, and how densely it was drawn (log, plus a constant).

    Half a point on each side; at the ends of the scale anything beyond.
    """
    if not law.whole_points:
        return np.broadcast_to(score, size), np.zeros(size)
    within = random.random(size) - 0.5
    scale = np.sqrt(law.sigma2)
    far = random.exponential(scale, size)
    beyond = np.where(score == law.low, 0.5 - far, far - 0.5)
    at_end = (score == law.low) | (score == law.high)
    return (
        score + np.where(at_end, beyond, within),
        np.where(at_end, -far / scale, 0.0),
    )


def _rated(law: Law, felt: FloatArray) -> FloatArray:
    return np.clip(np.round(felt), law.low, law.high) if law.whole_points else felt


def _leaves(
    law: Law, felt: FloatArray, intake: FloatArray, session: int
) -> FloatArray | float:
    """Chance that this session is the last, beside the one that was planned."""
    why = law.leaving
    if why is None or session < why.after:
        return 0.0
    score = _rated(law, felt)
    chance: FloatArray = (
        why.base
        + why.well * (score < why.well_below)
        + why.worse * (score > intake + why.worse_by)
    )
    return chance


def _standard(
    law: Law, shape: tuple[int, ...], random: np.random.Generator
) -> FloatArray:
    """Mean 0, variance 1, with the law's tails."""
    if law.tails is None:
        return random.standard_normal(shape)
    wide: FloatArray = random.standard_t(law.tails, shape)
    scaled: FloatArray = wide * np.sqrt((law.tails - 2) / law.tails)
    return scaled


def _log_density(law: Law, z: FloatArray) -> FloatArray:
    """Of `_standard`, but for a constant, which all courses of a person share."""
    if law.tails is None:
        return -z * z / 2
    tail: FloatArray = np.log1p(z * z / (law.tails - 2))
    return -(law.tails + 1) / 2 * tail
