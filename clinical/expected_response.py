"""Where a score is expected to lie, given the first one: curve, band, or no norm.

Decimal throughout, logarithm and root included: the same pack and the same data give
the same band on every machine. No numpy: fitting lives in `clinical.norms`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from itertools import product
from typing import Literal

from clinical.attention import Attention
from questionnaires.instrument import Direction

# What stands before each coefficient: 1, L, c, L c, and the knot max(L - log(k), 0),
# with L = log(session number) and c = intake - reference_intake.
Term = Literal["intercept", "time", "intake", "time_by_intake", "knot"]

NoNormReason = Literal[
    "is_intake",
    "after_last_session",
    "intake_outside_sample",
    "too_few_people_for_a_norm",
    "no_norm_for_this_group",
    "norm_review_overdue",
]

_EXACTLY = Context(prec=28)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Sample:
    """Who the curve was made from. It describes people who stayed until a session.

    Attributes:
        pack_id: the norm pack's name with its version; `pack_hash` its SHA-256 (hex).
        n_persons: people with at least one reading after the intake.
        n_per_session: people with a reading, for session 2, 3, ... in order.
        provenance: setting, country, period and language, as the pack states them.
    """

    pack_id: str
    pack_hash: str
    n_persons: int
    n_per_session: tuple[int, ...]
    provenance: str

    def persons_at(self, session_number: int) -> int:
        """How many people the curve rests on at this session; 0 where it has none."""
        if session_number in range(2, len(self.n_per_session) + 2):
            return self.n_per_session[session_number - 2]
        return 0


@dataclass(frozen=True, slots=True)
class ExpectedResponse:
    """One norm pack's curve with the spread of single people around it.

    Attributes:
        terms: order of `b` and of the rows and columns of `cov_b`.
        b: coefficients, score points per unit of their term.
        cov_b: their sampling covariance.
        g: covariance of a person's own intercept and slope: var, cov, var.
        sigma2: residual variance, score points squared.
        knot_session: session number at which the slope changes, if `terms` has a knot.
        k_68: half width of the 68 % band in predictive SDs; `k_80` of the 80 % band.
        low: bottom of the instrument's range in score points; `high` its top.
        intake_low: first and last intake (`intake_high`) that the sample covers.
        max_session: last session with enough people; the intake is session 1.
        attention: what the site's plan asks of a course beside the band, if it does.
    """

    terms: tuple[Term, ...]
    b: tuple[Decimal, ...]
    cov_b: tuple[tuple[Decimal, ...], ...]
    g: tuple[Decimal, Decimal, Decimal]
    sigma2: Decimal
    knot_session: Decimal | None
    k_68: Decimal
    k_80: Decimal
    reference_intake: Decimal
    low: Decimal
    high: Decimal
    direction: Direction
    intake_low: Decimal
    intake_high: Decimal
    max_session: int
    sample: Sample
    attention: Attention | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """Expected score and the 68 % and 80 % bounds at one session, in score points.

    Clipped to the instrument's range and rounded to 0.01, so that the rule and the
    drawn line use the same number.
    """

    session_number: int
    expected: Decimal
    low_68: Decimal
    high_68: Decimal
    low_80: Decimal
    high_80: Decimal


@dataclass(frozen=True, slots=True)
class NoNorm:
    """There is nothing to compare with; a neighbour's norm is never taken instead."""

    reason: NoNormReason


def expected_band(
    curve: ExpectedResponse, *, intake: Decimal, session_number: int
) -> Band | NoNorm:
    """Where this patient's score is expected to lie at this session.

    Args:
        curve: one norm pack's curve.
        intake: first score of the episode, in score points.
        session_number: 1 is the intake itself; counts days with an answer, not weeks.

    Returns:
        `NoNorm` if intake or session lies outside what the pack covers.

    Source:
        `curve.sample.provenance`; method in docs/explanation/expected-response.md.
    """
    outside = not_covered(curve, intake=intake, session_number=session_number)
    if outside is not None:
        return outside
    with localcontext(_EXACTLY):
        x = term_values(curve, intake=intake, session_number=session_number)
        mean = _dot(x, curve.b)
        sd = _predictive_variance(curve, x, session_number).sqrt()
        return Band(
            session_number,
            _shown(curve, mean),
            low_68=_shown(curve, mean - curve.k_68 * sd),
            high_68=_shown(curve, mean + curve.k_68 * sd),
            low_80=_shown(curve, mean - curve.k_80 * sd),
            high_80=_shown(curve, mean + curve.k_80 * sd),
        )


def not_covered(
    curve: ExpectedResponse, *, intake: Decimal, session_number: int
) -> NoNorm | None:
    """Why the curve says nothing about this intake and session, if it does not.

    Raises:
        ValueError: sessions are counted from 1.
    """
    if session_number < 1:
        raise ValueError("session numbers begin with 1, the intake")
    if session_number == 1:
        return NoNorm("is_intake")
    if session_number > curve.max_session:
        return NoNorm("after_last_session")
    if _clamped(intake, curve.intake_low, curve.intake_high) != intake:
        return NoNorm("intake_outside_sample")
    return None


def term_values(
    curve: ExpectedResponse, *, intake: Decimal, session_number: int
) -> tuple[Decimal, ...]:
    """What each coefficient is multiplied with, in the order of `curve.terms`."""
    time = log_of(session_number)
    c = intake - curve.reference_intake
    bent = Decimal(0)
    if curve.knot_session is not None:
        bent = max(time - _EXACTLY.ln(curve.knot_session), Decimal(0))
    values: dict[Term, Decimal] = {
        "intercept": Decimal(1),
        "time": time,
        "intake": c,
        "time_by_intake": time * c,
        "knot": bent,
    }
    return tuple(values[term] for term in curve.terms)


@lru_cache(maxsize=256)
def log_of(session_number: int) -> Decimal:
    """L; to the same digits whatever the caller's precision."""
    return _EXACTLY.ln(Decimal(session_number))


def _predictive_variance(
    curve: ExpectedResponse, x: Sequence[Decimal], session_number: int
) -> Decimal:
    """Of one new person's score: own course, residual, uncertainty of the curve."""
    time = log_of(session_number)
    own = curve.g[0] + 2 * time * curve.g[1] + time * time * curve.g[2]
    places = range(len(x))
    of_curve = sum(
        (x[i] * x[j] * curve.cov_b[i][j] for i, j in product(places, places)),
        Decimal(0),
    )
    return own + curve.sigma2 + of_curve


def _dot(left: Sequence[Decimal], right: Sequence[Decimal]) -> Decimal:
    return sum((a * b for a, b in zip(left, right, strict=True)), Decimal(0))


def _shown(curve: ExpectedResponse, value: Decimal) -> Decimal:
    return _clamped(value, curve.low, curve.high).quantize(_CENT)


def _clamped(value: Decimal, low: Decimal, high: Decimal) -> Decimal:
    return min(max(value, low), high)
