"""A small quasi-Newton search (BFGS) for smooth functions of a few parameters."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clinical.norms.readings import FloatArray

MOST_STEPS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Minimum:
    """Where the search ended.

    Attributes:
        curvature: inverse of the second derivatives, as the search has learnt them.
        expected_gain: how much lower a further step would still lead, as a quadratic.
        evaluations: of the function with its gradient.
    """

    place: FloatArray
    value: float
    curvature: FloatArray
    expected_gain: float
    evaluations: int

    @property
    def converged(self) -> bool:
        return self.evaluations < MOST_STEPS


def minimise(
    function: Callable[[FloatArray], tuple[float, FloatArray]],
    start: FloatArray,
    *,
    curvature: FloatArray | None,
    tolerance: float,
) -> Minimum:
    """The lowest place that a descent from `start` finds.

    Args:
        function: value and gradient at a place.
        curvature: a first guess of the inverse second derivatives; None: a short step
            along the gradient, then its length is learnt.
        tolerance: ends when a further step promises less than half of this.
    """
    place, steps = start.astype(np.float64), 1
    value, gradient = function(place)
    size = float(np.linalg.norm(gradient))
    fresh = curvature is None
    if curvature is None:
        curvature = np.eye(len(place)) * (0.2 / size if size else 1.0)
    while steps < MOST_STEPS:
        step = -curvature @ gradient
        promise = -float(step @ gradient)
        if promise <= tolerance and not fresh:
            break
        if promise <= 0 or not np.isfinite(promise):
            if size == 0.0:
                break
            curvature, fresh = np.eye(len(place)) * (0.2 / size), True
            continue
        length, found = 1.0, function(place + step)
        steps += 1
        # Rounding of the value hides gains this small; then the step is simply taken.
        noise = 1e-13 * abs(value)
        while not found[0] <= value - 1e-4 * length * promise + noise:
            if length < 1e-6 or steps >= MOST_STEPS:
                found, length = (value, gradient), 0.0
                break
            length /= 3
            found = function(place + length * step)
            steps += 1
        if length == 0.0:
            if fresh:
                break
            curvature, fresh = np.eye(len(place)) * (0.2 / size), True
            continue
        moved, bend = length * step, found[1] - gradient
        place, (value, gradient) = place + moved, found
        size = float(np.linalg.norm(gradient))
        curvature = _learnt(curvature, moved, bend, fresh=fresh)
        fresh = False
    promise = float(gradient @ curvature @ gradient)
    return Minimum(place, value, curvature, promise, evaluations=steps)


def _learnt(
    curvature: FloatArray, moved: FloatArray, bend: FloatArray, *, fresh: bool
) -> FloatArray:
    """The BFGS update; unchanged where the function does not curve upwards."""
    along = float(moved @ bend)
    if along <= 1e-12 * float(np.linalg.norm(moved) * np.linalg.norm(bend)):
        return curvature
    if fresh:
        curvature = np.eye(len(moved)) * (along / float(bend @ bend))
    left = np.eye(len(moved)) - np.outer(moved, bend) / along
    learnt: FloatArray = left @ curvature @ left.T + np.outer(moved, moved) / along
    return learnt
