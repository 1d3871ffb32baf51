"""Profiled (RE)ML of the growth model and its gradient, from sums alone.

score ~ terms, own intercept and own slope on L. With D = G / s2 = R R' and
R = [[a, 0], [b, c]], everything else has a closed form, and a person's V never becomes
larger than 2 x 2:

    M = Z'Z    A = I + M D    S = A^-1 M = Z'V^-1 Z    q = A^-1 Z'y = Z'V^-1 y
    -2 log L = sum log det A + [log det X'V^-1 X] + df (1 + log(2 pi rss / df))

The bracket and df = rows - terms belong to REML; ML has df = rows. The gradient uses
dV^-1 = -V^-1 Z dD Z' V^-1: all it needs are sums of products of S and q. So does the
curvature that is expected, tr(S dD S dD) summed over persons (Longford 1987, Biometrika
74:817-827).
"""

from dataclasses import dataclass

import numpy as np

from clinical.norms.form import Form
from clinical.norms.readings import FloatArray
from clinical.norms.sums import KnotSums, Sums

# So that the arrays of one block stay in the processor's cache, and so few that numpy's
# linear algebra does not call up threads for products this thin.
GROUPS_AT_ONCE = 8192
# What a term is made of: the basis 1, L, k (place 0, 1, 2) and the power of intake.
_BASIS = {
    "intercept": (0, 0),
    "time": (1, 0),
    "intake": (0, 1),
    "time_by_intake": (1, 1),
    "knot": (2, 0),
}
# The row of basis'V^-1 basis among what is added up over the groups: 1, S00, S01, S11,
# Z'V^-1 k (two rows), k'V^-1 k. The first two columns are basis'V^-1 Z.
_ROW = np.array(((1, 2, 4), (2, 3, 5), (4, 5, 6)))


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """The likelihood at one D, with what is profiled out of it.

    Attributes:
        deviance: -2 log L.
        gradient: (3,) by a, b, c.
        curvature: (3, 3) second derivatives as they are expected to be; no negative
            eigenvalue.
        beta: (n_terms,) with intake as it stands in the sums.
        inverse: (n_terms, n_terms) (X'V^-1 X)^-1; times sigma2 it is Cov(beta).
    """

    deviance: float
    gradient: FloatArray
    curvature: FloatArray
    beta: FloatArray
    inverse: FloatArray
    sigma2: float


@dataclass(slots=True, eq=False)
class _Totals:
    """Sums over all groups, powers of intake along the last axis."""

    log_det: float
    yvy: float
    rows: FloatArray  # (7, 7, 3) products of the rows of `_ROW`
    rows_q: FloatArray  # (7, 3, 2) the same rows times (Z, k)'V^-1 y
    qq: FloatArray  # (2, 2)


def profile(
    sums: Sums,
    form: Form,
    *,
    theta: FloatArray,
    restricted: bool = True,
    slope_first: bool = False,
) -> Profile:
    """Deviance and gradient at theta = (a, b, c).

    Args:
        slope_first: a² is the slope's entry of D and not the intercept's. One D has
            both descriptions.

    Raises:
        numpy.linalg.LinAlgError: the terms cannot be told apart in these data.
    """
    a, b, c = (float(each) for each in theta)
    order = slice(None, None, -1 if slope_first else 1)
    d = np.array([[a * a, a * b], [a * b, b * b + c * c]])[order, order]
    totals = _totals(sums, form, d)
    basis, power = np.array([_BASIS[each] for each in form.terms]).T
    p = len(basis)
    powers = power[:, None] + power
    h = totals.rows[0, _ROW[basis[:, None], basis], powers]
    xy = totals.rows_q[0, basis, power]
    root = np.linalg.cholesky(h)
    inverse_root = np.linalg.inv(root)
    inverse = inverse_root.T @ inverse_root
    z = inverse_root @ xy
    beta = inverse_root.T @ z
    rss = totals.yvy - float(z @ z)
    df = sums.n_rows - p if restricted else sums.n_rows
    if rss <= 0 or df <= 0:
        raise np.linalg.LinAlgError("the model leaves no residual")
    deviance = totals.log_det + df * (1 + np.log(2 * np.pi * rss / df))
    # By the four entries of D: X'V^-1 Z with itself, and Z'V^-1 (y - X beta).
    xz = _ROW[basis, :2]
    squares = totals.rows[xz[:, None, :, None], xz[:, None], powers[..., None, None]]
    cross = np.einsum("i,iuv", beta, totals.rows_q[xz, :2, power[:, None]])
    left = totals.qq - cross - cross.T + np.einsum("i,j,ijuv", beta, beta, squares)
    slope = totals.rows[0, _ROW[:2, :2], 0] - df / rss * left
    if restricted:
        deviance += 2 * float(np.log(np.diag(root)).sum())
        slope -= np.einsum("ij,ijuv", inverse, squares)
    # Chain rule from D to (a, b, c).
    turn = np.array([[[2 * a, b], [b, 0]], [[0, a], [a, 2 * b]], [[0, 0], [0, 2 * c]]])
    turn = turn[:, order, order]
    return Profile(
        float(deviance),
        gradient=np.einsum("uij,ij", turn, slope),
        curvature=_curvature(totals, turn, slope[order, order], df),
        beta=beta,
        inverse=inverse,
        sigma2=rss / df,
    )


def _curvature(
    totals: _Totals, turn: FloatArray, slope: FloatArray, df: int
) -> FloatArray:
    """By a, b, c: what is expected, and where D ends, what the slope by D adds.

    Args:
        turn: (3, 2, 2) D by a, b, c.
        slope: (2, 2) by the entries of D, that of a² first.
    """
    zz = _ROW[:2, :2]
    squares = totals.rows[zz[:, :, None, None], zz, 0]
    expected = np.einsum("ujk,vli,ijkl", turn, turn, squares)
    trace = np.einsum("uij,ij", turn, totals.rows[0, zz, 0])
    # Where D wants to be smaller than nothing (a singular fit), this part alone bends.
    ends = np.zeros((3, 3))
    ends[:2, :2], ends[2, 2] = 2 * slope, 2 * slope[1, 1]
    size, axes = np.linalg.eigh(ends)
    found: FloatArray = (
        expected - np.outer(trace, trace) / df
        + (axes * np.maximum(size, 0.0)) @ axes.T
    )  # fmt: skip
    return found


def _totals(sums: Sums, form: Form, d: FloatArray) -> _Totals:
    found = _Totals(
        0.0,
        0.0,
        rows=np.zeros((7, 7, 3)),
        rows_q=np.zeros((7, 3, 2)),
        qq=np.zeros((2, 2)),
    )
    for start in range(0, len(sums.n), GROUPS_AT_ONCE):
        part = sums.part(slice(start, start + GROUPS_AT_ONCE))
        _add_block(found, part, d, knot=part.knot if form.has_knot else None)
    return found


def _add_block(
    found: _Totals, part: Sums, d: FloatArray, *, knot: KnotSums | None
) -> None:
    d00, d01, d11 = d[0, 0], d[0, 1], d[1, 1]
    det_m = part.n * part.ll - part.l * part.l
    det_a = (
        1 + part.n * d00 + 2 * part.l * d01 + part.ll * d11
        + det_m * (d00 * d11 - d01 * d01)
    )  # fmt: skip
    # S = (M^-1 + D)^-1, written so that M may be singular (one reading only).
    s00 = (part.n + det_m * d11) / det_a
    s01 = (part.l - det_m * d01) / det_a
    s11 = (part.ll + det_m * d00) / det_a
    found.log_det += float(part.persons @ np.log(det_a))
    # A^-1, not as I - S D: where sigma2 is small beside G, that loses all digits.
    e00 = (1 + part.l * d01 + part.ll * d11) / det_a
    e01 = -(part.n * d01 + part.l * d11) / det_a
    e10 = -(part.l * d00 + part.ll * d01) / det_a
    e11 = (1 + part.n * d00 + part.l * d01) / det_a
    q0, q1 = e00 * part.y + e01 * part.ly, e10 * part.y + e11 * part.ly
    # A^-1 (sum of v v'): its product with D gives y'V^-1 y, with A^-T the sum of q q'.
    f00, f01 = e00 * part.y_y + e01 * part.y_ly, e00 * part.y_ly + e01 * part.ly_ly
    f10, f11 = e10 * part.y_y + e11 * part.y_ly, e10 * part.y_ly + e11 * part.ly_ly
    explained = d00 * f00.sum() + d01 * (f01.sum() + f10.sum()) + d11 * f11.sum()
    found.yvy += float(part.yy.sum() - explained)
    q01 = f00 @ e10 + f01 @ e11
    found.qq += [[f00 @ e00 + f01 @ e01, q01], [q01, f10 @ e10 + f11 @ e11]]

    qx0, qx1 = e00 * part.xy + e01 * part.xly, e10 * part.xy + e11 * part.xly
    own, q, qx = [np.ones_like(s00), s00, s01, s11], [q0, q1], [qx0, qx1]
    if knot is not None:
        k0, k1 = e00 * knot.k + e01 * knot.kl, e10 * knot.k + e11 * knot.kl
        # V^-1 = I - Z (D A^-1) Z'
        w0, w1 = d00 * k0 + d01 * k1, d01 * k0 + d11 * k1
        own += [k0, k1, knot.kk - w0 * knot.k - w1 * knot.kl]
        q += [knot.ky - w0 * part.y - w1 * part.ly]
        qx += [knot.xky - w0 * part.xy - w1 * part.xly]
    rows, size = np.stack(own), len(own)
    for power, weight in enumerate((part.persons, part.x, part.xx)):
        found.rows[:size, :size, power] += (rows * weight) @ rows.T
    for power, each in enumerate((q, qx)):
        found.rows_q[:size, : len(each), power] += rows @ np.stack(each).T
