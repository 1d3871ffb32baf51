"""What a person's readings so far say about their own intercept and slope."""

from dataclasses import dataclass

import numpy as np

from clinical.norms.readings import FloatArray
from clinical.norms.sums import Sums


@dataclass(frozen=True, slots=True, eq=False)
class OwnCourse:
    """Best linear unbiased prediction of (u0, u1), each entry (n_persons,).

    Attributes:
        intercept: expected u0; `slope` expected u1; score points.
        variance: of u0 given the readings, then covariance, then variance of u1.
        log_det: log determinant of V / sigma2 of the person's readings.
    """

    intercept: FloatArray
    slope: FloatArray
    variance: tuple[FloatArray, FloatArray, FloatArray]
    log_det: FloatArray


def own_course(g: FloatArray, sigma2: float, left: Sums) -> OwnCourse:
    """From sums over what the curve leaves unexplained (y stands for y - X beta).

    With D = G / sigma2, M = Z'Z and W = D (I + M D)^-1: u = W Z'r, Var = sigma2 W.
    Written so that G may be singular and a person may have no reading.
    """
    d00, d01, d11 = (float(g[i, j]) / sigma2 for i, j in ((0, 0), (0, 1), (1, 1)))
    det_d = d00 * d11 - d01 * d01
    det_m = left.n * left.ll - left.l * left.l
    det = 1 + left.n * d00 + 2 * left.l * d01 + left.ll * d11 + det_m * det_d
    # W = (D + det(D) adj(M)) / det
    w00 = (d00 + det_d * left.ll) / det
    w01 = (d01 - det_d * left.l) / det
    w11 = (d11 + det_d * left.n) / det
    return OwnCourse(
        w00 * left.y + w01 * left.ly,
        w01 * left.y + w11 * left.ly,
        variance=(sigma2 * w00, sigma2 * w01, sigma2 * w11),
        log_det=np.log(det),
    )
