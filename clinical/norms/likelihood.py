"""Profiled (RE)ML of the growth model and its gradient, from sums alone.

score ~ terms, own intercept and own slope on L. With D = G / s2 = R R' and
R = [[a, 0], [b, c]], everything else has a closed form, and a person's V never becomes
larger than 2 x 2:

    M = Z'Z    A = I + M D    S = A^-1 M = Z'V^-1 Z    q = A^-1 Z'y = Z'V^-1 y
    -2 log L = sum log det A + [log det X'V^-1 X] + df (1 + log(2 pi rss / df))

The bracket and df = rows - terms belong to REML; ML has df = rows. The gradient uses
dV^-1 = -V^-1 Z dD Z' V^-1: all it needs are sums of products of S and q.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from clinical.norms.form import Form
from clinical.norms.readings import FloatArray
from clinical.norms.sums import Sums

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
# The basis vectors in Z'V^-1: entries of S (00, 01, 11) and of Z'V^-1 k (3, 4).
_ROW = ((0, 1), (1, 2), (3, 4))


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """The likelihood at one D, with what is profiled out of it.

    Attributes:
        deviance: -2 log L.
        gradient: (3,) by a, b, c.
        beta: (n_terms,) with intake as it stands in the sums.
        inverse: (n_terms, n_terms) (X'V^-1 X)^-1; times sigma2 it is Cov(beta).
    """

    deviance: float
    gradient: FloatArray
    beta: FloatArray
    inverse: FloatArray
    sigma2: float


@dataclass(slots=True, eq=False)
class _Totals:
    """Sums over all groups, powers of intake along the last axis."""

    log_det: float
    yvy: float
    bases: FloatArray  # (3, 3, 3) basis'V^-1 basis
    bases_y: FloatArray  # (3, 2) basis'V^-1 y
    rows: FloatArray  # (5, 5, 3) products of the entries of Z'V^-1 (1, L, k)
    rows_q: FloatArray  # (5, 2, 2) the same entries times q
    qq: FloatArray  # (2, 2)


def profile(
    sums: Sums, form: Form, *, theta: FloatArray, restricted: bool = True
) -> Profile:
    """Deviance and gradient at theta = (a, b, c).

    Raises:
        numpy.linalg.LinAlgError: the terms cannot be told apart in these data.
    """
    a, b, c = (float(each) for each in theta)
    d = np.array([[a * a, a * b], [a * b, b * b + c * c]])
    totals = _totals(sums, form, d)
    terms = [_BASIS[each] for each in form.terms]
    p = len(terms)
    h = np.empty((p, p))
    xy = np.empty(p)
    for i, (basis, power) in enumerate(terms):
        xy[i] = totals.bases_y[basis, power]
        for j, (other, other_power) in enumerate(terms):
            h[i, j] = totals.bases[basis, other, power + other_power]
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
    slope = _log_det_slope(totals) - df / rss * _residual_slope(totals, terms, beta)
    if restricted:
        deviance += 2 * float(np.log(np.diag(root)).sum())
        slope -= _fixed_slope(totals, terms, inverse)
    # Chain rule from (D00, D01, D11) to (a, b, c).
    gradient = np.array(
        [
            2 * a * slope[0] + b * slope[1],
            a * slope[1] + 2 * b * slope[2],
            2 * c * slope[2],
        ]
    )
    return Profile(float(deviance), gradient, beta, inverse, sigma2=rss / df)


def _totals(sums: Sums, form: Form, d: FloatArray) -> _Totals:
    n_rows = 5 if form.has_knot else 3
    found = _Totals(
        0.0,
        0.0,
        bases=np.zeros((3, 3, 3)),
        bases_y=np.zeros((3, 2)),
        rows=np.zeros((5, 5, 3)),
        rows_q=np.zeros((5, 2, 2)),
        qq=np.zeros((2, 2)),
    )
    for start in range(0, len(sums.n), GROUPS_AT_ONCE):
        _add_block(found, sums.part(slice(start, start + GROUPS_AT_ONCE)), d, n_rows)
    return found


def _add_block(found: _Totals, part: Sums, d: FloatArray, n_rows: int) -> None:
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
    # A^-1 = I - S D
    e00, e01 = 1 - s00 * d00 - s01 * d01, -s00 * d01 - s01 * d11
    e10, e11 = -s01 * d00 - s11 * d01, 1 - s01 * d01 - s11 * d11
    q0, q1 = e00 * part.y + e01 * part.ly, e10 * part.y + e11 * part.ly
    # A^-1 (sum of v v'): its product with D gives y'V^-1 y, with A^-T the sum of q q'.
    f00, f01 = e00 * part.y_y + e01 * part.y_ly, e00 * part.y_ly + e01 * part.ly_ly
    f10, f11 = e10 * part.y_y + e11 * part.y_ly, e10 * part.y_ly + e11 * part.ly_ly
    explained = d00 * f00.sum() + d01 * (f01.sum() + f10.sum()) + d11 * f11.sum()
    found.yvy += float(part.yy.sum() - explained)
    q01 = f00 @ e10 + f01 @ e11
    found.qq += [[f00 @ e00 + f01 @ e01, q01], [q01, f10 @ e10 + f11 @ e11]]

    qx0, qx1 = e00 * part.xy + e01 * part.xly, e10 * part.xy + e11 * part.xly
    own = [s00, s01, s11]
    bases_y, bases_xy = [q0, q1], [qx0, qx1]
    if part.knot is not None and n_rows == 5:
        knot = part.knot
        k0, k1 = e00 * knot.k + e01 * knot.kl, e10 * knot.k + e11 * knot.kl
        # V^-1 = I - Z (D A^-1) Z'
        w0, w1 = d00 * k0 + d01 * k1, d01 * k0 + d11 * k1
        own += [k0, k1]
        bases_y += [knot.ky - w0 * part.y - w1 * part.ly]
        bases_xy += [knot.xky - w0 * part.xy - w1 * part.xly]
        kk = knot.kk - w0 * knot.k - w1 * knot.kl
        found.bases[2, 2, 0] += float(kk @ part.persons)
    rows = np.stack(own)
    for power, weight in enumerate((part.persons, part.x, part.xx)):
        weighted = rows * weight
        found.rows[:n_rows, :n_rows, power] += weighted @ rows.T
        added = weighted.sum(axis=1)
        for place, (left, right) in enumerate(((0, 0), (0, 1), (1, 1))):
            found.bases[left, right, power] += added[place]
            if left != right:
                found.bases[right, left, power] += added[place]
        if n_rows == 5:
            for place, basis in ((3, 0), (4, 1)):
                found.bases[basis, 2, power] += added[place]
                found.bases[2, basis, power] += added[place]
    for power, (q, y) in enumerate((((q0, q1), bases_y), ((qx0, qx1), bases_xy))):
        found.rows_q[:n_rows, :, power] += rows @ np.stack(q).T
        found.bases_y[: len(y), power] += [each.sum() for each in y]


def _log_det_slope(totals: _Totals) -> FloatArray:
    """Of sum log det A by (D00, D01, D11): tr(S dD)."""
    s = totals.bases[:, :, 0]
    return np.array([s[0, 0], 2 * s[0, 1], s[1, 1]])


def _fixed_slope(
    totals: _Totals, terms: list[tuple[int, int]], inverse: FloatArray
) -> FloatArray:
    """Minus the slope of log det X'V^-1 X."""
    slope = np.zeros((2, 2))
    for (i, (left, p)), (j, (right, q)) in product(enumerate(terms), repeat=2):
        for u, v in product(range(2), repeat=2):
            place = totals.rows[_ROW[left][u], _ROW[right][v], p + q]
            slope[u, v] += inverse[i, j] * place
    return _by_entry(slope)


def _residual_slope(
    totals: _Totals, terms: list[tuple[int, int]], beta: FloatArray
) -> FloatArray:
    """Minus the slope of rss: sums of t t' with t = Z'V^-1 (y - X beta)."""
    slope = totals.qq.copy()
    for i, (left, p) in enumerate(terms):
        for u, v in product(range(2), repeat=2):
            cross = totals.rows_q[_ROW[left][u], v, p]
            slope[u, v] -= beta[i] * cross
            slope[v, u] -= beta[i] * cross
            for j, (right, q) in enumerate(terms):
                square = totals.rows[_ROW[left][u], _ROW[right][v], p + q]
                slope[u, v] += beta[i] * beta[j] * square
    return _by_entry(slope)


def _by_entry(matrix: FloatArray) -> FloatArray:
    return np.array([matrix[0, 0], matrix[0, 1] + matrix[1, 0], matrix[1, 1]])
