"""A damped Newton search for the place where the likelihood is highest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from clinical.norms.likelihood import Profile
from clinical.norms.readings import FloatArray

MOST_STEPS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Minimum:
    """Where the search ended.

    Attributes:
        place: (3,) theta.
        evaluations: of the profile.
    """

    place: FloatArray
    profile: Profile
    evaluations: int

    @property
    def converged(self) -> bool:
        return self.evaluations < MOST_STEPS


def minimise(
    profile_at: Callable[[FloatArray], Profile],
    start: FloatArray,
    *,
    free: Sequence[int],
    tolerance: float,
) -> Minimum:
    """The lowest deviance that a descent from `start` finds.

    Args:
        start: (3,) theta.
        free: the parameters that move; the others stay as they are.
        tolerance: ends when a further step promises less than half of this.
    """
    place, steps = start.astype(np.float64), 1
    found = profile_at(place)
    while steps < MOST_STEPS:
        gradient = found.gradient[free]
        # Where a parameter has no curvature it has no gradient either: it stays.
        inverse = np.linalg.pinv(found.curvature[np.ix_(free, free)], hermitian=True)
        step = np.zeros_like(place)
        step[free] = -inverse @ gradient
        promise = -float(step[free] @ gradient)
        if promise <= tolerance:
            break
        # Rounding of the value hides gains this small; then the step is simply taken.
        noise = 1e-13 * abs(found.deviance)
        length, tried = 1.0, profile_at(place + step)
        steps += 1
        while not tried.deviance <= found.deviance - 1e-4 * length * promise + noise:
            if length < 1e-6 or steps >= MOST_STEPS:
                return Minimum(place, found, evaluations=steps)
            length /= 3
            tried = profile_at(place + length * step)
            steps += 1
        place, found = place + length * step, tried
    return Minimum(place, found, evaluations=steps)
