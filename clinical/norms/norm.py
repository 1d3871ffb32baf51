"""One norm: fit, scales and the people behind it, as far as their number allows."""

from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist
from typing import Literal

import numpy as np

from clinical.expected_response import ExpectedResponse, Sample
from clinical.norms.conformal import Scales, split_conformal
from clinical.norms.errors import TooFewPeople
from clinical.norms.fit import Fit, fit
from clinical.norms.form import FULL, INTERCEPT_ONLY, NO_INTERACTION, WITH_KNOT, Form
from clinical.norms.predict import predict
from clinical.norms.readings import FloatArray, Readings
from clinical.norms.rules import NormRules
from clinical.norms.sums import sums_of
from questionnaires.instrument import Direction

Tier = Literal["small", "full", "subgroups"]
_DIGITS = 12  # of a coefficient; far beyond what any sample can tell


@dataclass(frozen=True, slots=True)
class Scale:
    """The instrument's range in score points, and which end is worse."""

    low: float
    high: float
    direction: Direction


@dataclass(frozen=True, slots=True, eq=False)
class Norm:
    """What people with this intake did, ready to become a curve.

    Attributes:
        n_per_session: people with a reading at session 2, 3, ... in order.
        max_session: last session before the first with too few people.
    """

    tier: Tier
    fit: Fit
    scales: Scales
    scale: Scale
    knot_session: float | None
    intake_low: float
    intake_high: float
    n_persons: int
    n_per_session: tuple[int, ...]
    max_session: int


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Each (n_rows,): expected score and band ends, clipped to the range."""

    expected: FloatArray
    low_68: FloatArray
    high_68: FloatArray
    low_80: FloatArray
    high_80: FloatArray


def tier_of(n_persons: int, rules: NormRules) -> Tier:
    """What so many people with at least one reading after the intake allow.

    Raises:
        TooFewPeople: no norm of their own; reliable change and cut-offs only.
    """
    if n_persons < rules.persons_for_any:
        raise TooFewPeople("a norm", persons=n_persons, needed=rules.persons_for_any)
    if n_persons < rules.persons_for_full_model:
        return "small"
    return "full" if n_persons < rules.persons_for_subgroups else "subgroups"


def forms_of(tier: Tier) -> tuple[Form, ...]:
    """The forms a tier may choose from, simplest first."""
    if tier == "small":
        return (INTERCEPT_ONLY, NO_INTERACTION)
    return (NO_INTERACTION, FULL, WITH_KNOT)


def make_norm(
    readings: Readings,
    scale: Scale,
    *,
    form: Form,
    rules: NormRules,
    knot_session: float | None,
    random: np.random.Generator,
) -> Norm:
    """Fit and scales of these people.

    Lines of a small sample are not calibrated: they stand where the model says.

    Args:
        form: one that `forms_of` the tier names.
        random: splits people into folds.

    Raises:
        TooFewPeople: the tier allows nothing, not this form, or no session is left.
        NotFitted: the model has no fit.
    """
    n_persons = int((readings.rows_per_person > 0).sum())
    tier = tier_of(n_persons, rules)
    if form not in forms_of(tier):
        raise TooFewPeople(
            f"the terms {', '.join(form.terms)}",
            persons=n_persons,
            needed=rules.persons_for_full_model,
        )
    at = np.bincount(readings.session)[2:]
    enough = np.append(at >= rules.persons_per_session, False)
    max_session = int(np.argmin(enough)) + 1
    if max_session < 2:
        raise TooFewPeople(
            "session 2", persons=int(at[:1].sum()), needed=rules.persons_per_session
        )
    found = fit(
        sums_of(readings, knot_session=knot_session),
        form,
        reference=float(np.round(readings.intake.mean())),
    )
    seen = readings.intake[readings.rows_per_person > 0]
    return Norm(
        tier,
        found,
        scales=nominal_scales(n_persons, rules)
        if tier == "small"
        else split_conformal(
            readings,
            form,
            direction=scale.direction,
            rules=rules,
            knot_session=knot_session,
            random=random,
        ),
        scale=scale,
        knot_session=knot_session if form.has_knot else None,
        intake_low=float(seen.min()),
        intake_high=float(seen.max()),
        n_persons=n_persons,
        n_per_session=tuple(at.tolist()),
        max_session=max_session,
    )


def bounds_at(norm: Norm, time: FloatArray, *, intake: FloatArray) -> Bounds:
    """The bands at these times L of people with these intakes, as arrays."""
    expected = predict(norm.fit, time, intake=intake, knot_session=norm.knot_session)
    scale = norm.scale

    def clipped(sds: float) -> FloatArray:
        return np.clip(expected.mean + sds * expected.sd, scale.low, scale.high)

    return Bounds(
        clipped(0.0),
        low_68=clipped(-norm.scales.k_68),
        high_68=clipped(norm.scales.k_68),
        low_80=clipped(-norm.scales.k_80),
        high_80=clipped(norm.scales.k_80),
    )


def curve_of(
    norm: Norm, *, pack_id: str, pack_hash: str, provenance: str
) -> ExpectedResponse:
    """The curve as exact decimals, as a pack holds it and a rule reads it."""
    found = norm.fit
    return ExpectedResponse(
        found.form.terms,
        tuple(_exact(each) for each in found.beta),
        cov_b=tuple(tuple(_exact(each) for each in row) for row in found.cov_beta),
        g=(_exact(found.g[0, 0]), _exact(found.g[0, 1]), _exact(found.g[1, 1])),
        sigma2=_exact(found.sigma2),
        knot_session=None if norm.knot_session is None else _exact(norm.knot_session),
        k_68=_exact(norm.scales.k_68),
        k_80=_exact(norm.scales.k_80),
        reference_intake=_exact(found.reference),
        low=_exact(norm.scale.low),
        high=_exact(norm.scale.high),
        direction=norm.scale.direction,
        intake_low=_exact(norm.intake_low),
        intake_high=_exact(norm.intake_high),
        max_session=norm.max_session,
        sample=Sample(
            pack_id,
            pack_hash,
            n_persons=norm.n_persons,
            n_per_session=norm.n_per_session[: norm.max_session - 1],
            provenance=provenance,
        ),
    )


def nominal_scales(n_persons: int, rules: NormRules) -> Scales:
    """Where the model says, without looking at how far out people were."""
    k_68, k_80 = (
        NormalDist().inv_cdf(float((1 + inside) / 2))
        for inside in (rules.inner_band, rules.outer_band)
    )
    return Scales(k_68, k_80, n_persons)


def _exact(value: float) -> Decimal:
    return Decimal(f"{value:.{_DIGITS}g}")
