"""A damped Newton search for the place where the likelihood is highest.

The curvature that is expected leads there in five or six steps where the model holds.
Where it does not, or few people are there, what the gradients have shown on the way
(BFGS) leads faster; near a singular fit it is the other way round. So they take turns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from clinical.norms.likelihood import Profile
from clinical.norms.readings import FloatArray

TURN = 4  # steps until it is the other's turn
LENGTHS = 3.0 ** -np.arange(14)  # of a step, tried until one leads down

ProfileAt = Callable[[FloatArray], Profile]


@dataclass(frozen=True, slots=True, eq=False)
class Minimum:
    """Where the search ended.

    Attributes:
        place: (3,) theta.
        evaluations: of the profile.
        converged: a further step promises nothing.
    """

    place: FloatArray
    profile: Profile
    evaluations: int
    converged: bool


def minimise(
    profile_at: ProfileAt,
    start: FloatArray,
    *,
    free: Sequence[int],
    tolerance: float,
    most: int,
) -> Minimum:
    """The lowest deviance that a descent from `start` finds.

    Args:
        start: (3,) theta.
        free: the parameters that move; the others stay as they are.
        tolerance: ends when a further step promises less than half of this.
        most: evaluations, or a few more.
    """
    place, found = start, profile_at(start)
    evaluations, moves = 1, 0
    inverse = expected = _inverse(found, free)
    while evaluations < most:
        step = np.zeros_like(place)
        step[free] = -inverse @ found.gradient[free]
        promise = -float(step @ found.gradient)
        if promise <= tolerance:
            break
        # Rounding of the value hides gains this small; then the step is simply taken.
        noise = 1e-13 * abs(found.deviance)
        for length in LENGTHS:
            tried = profile_at(place + length * step)
            evaluations += 1
            if tried.deviance <= found.deviance - 1e-4 * length * promise + noise:
                break
        else:
            if inverse is expected:
                break
            inverse = expected
            continue
        moves += 1
        moved, bend = length * step[free], (tried.gradient - found.gradient)[free]
        place, found = place + length * step, tried
        expected = _inverse(found, free)
        learn = moves // TURN % 2 == 1
        inverse = _learnt(inverse, moved, bend) if learn else expected
    return Minimum(place, found, evaluations, converged=evaluations < most)


def _inverse(found: Profile, free: Sequence[int]) -> FloatArray:
    """Inverse of the expected curvature; 0 where there is none, and no gradient."""
    curvature = found.curvature[np.ix_(free, free)]
    return np.asarray(np.linalg.pinv(curvature, hermitian=True), dtype=np.float64)


def _learnt(inverse: FloatArray, moved: FloatArray, bend: FloatArray) -> FloatArray:
    """The BFGS update; unchanged where the function does not curve upwards."""
    along = float(moved @ bend)
    if along <= 1e-12 * float(np.linalg.norm(moved) * np.linalg.norm(bend)):
        return inverse
    left = np.eye(len(moved)) - np.outer(moved, bend) / along
    learnt: FloatArray = left @ inverse @ left.T + np.outer(moved, moved) / along
    return learnt
