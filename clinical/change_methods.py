"""Recovered, reliably improved, unchanged or deteriorated, by the site's method.

Two people with the same scores may be classed differently by two methods; which one is
used stands in the plan. The signals themselves rest on the reliable change (J-T).
"""

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import Literal, assert_never

from clinical.change import gain, holds, is_clinical, is_reliably_better
from clinical.change import is_reliably_worse as is_worse_by_rci
from questionnaires.instrument import Instrument

ChangeClass = Literal["recovered", "reliably_improved", "unchanged", "deteriorated"]

# The same digits on every machine, whatever the caller's context.
_EXACTLY = Context(prec=28)


@dataclass(frozen=True, slots=True)
class ChangeSample:
    """The people whose first scores a change is compared with.

    Attributes:
        mean, sd: of their first scores, in score points.
        reliability: of the instrument in them, above 0 and below 1.
        z: how many standard errors are more than chance (1.96 at 95 %).
        operator: a statistic s with `s operator z` is reliable.
    """

    mean: Decimal
    sd: Decimal
    reliability: Decimal
    z: Decimal
    operator: Literal[">=", ">"]


@dataclass(frozen=True, slots=True)
class JacobsonTruax:
    """By the reliable change that the instrument's file or the site gives."""


@dataclass(frozen=True, slots=True)
class EdwardsNunnally:
    """By the distance from the score that regression to the mean would give."""

    sample: ChangeSample


ChangeMethod = JacobsonTruax | EdwardsNunnally


def change_class(
    instrument: Instrument, before: Decimal, after: Decimal, *, method: ChangeMethod
) -> ChangeClass:
    """What became of a person between two scores.

    Recovered is reliably better and across the cut-off from its clinical side. Who
    started on the other side can be reliably better or worse, but not recovered.

    Raises:
        ValueError: the instrument has no cut-off, or no reliable change to go by.

    Source:
        Jacobson & Truax 1991, J Consult Clin Psychol 59(1):12-19; the methods as in
        the R package clinicalsignificance 3.0.0, with boundaries as declared here.
    """
    better, worse = _reliable(instrument, before, after, method=method)
    if better:
        crossed = is_clinical(instrument, before) and not is_clinical(instrument, after)
        return "recovered" if crossed else "reliably_improved"
    return "deteriorated" if worse else "unchanged"


def standard_error(sample: ChangeSample) -> Decimal:
    """SEm = SD sqrt(1 - r), in score points."""
    with localcontext(_EXACTLY):
        return sample.sd * (1 - sample.reliability).sqrt()


def difference_error(sample: ChangeSample) -> Decimal:
    """Sdiff = sqrt(2) SEm, in score points."""
    with localcontext(_EXACTLY):
        return Decimal(2).sqrt() * standard_error(sample)


def reliable_change_points(sample: ChangeSample) -> Decimal:
    """RCI = z Sdiff: the change that is more than chance, in score points."""
    with localcontext(_EXACTLY):
        return sample.z * difference_error(sample)


def cutoff_c(
    *, clinical: tuple[Decimal, Decimal], functional: tuple[Decimal, Decimal]
) -> Decimal:
    """Cut-off c: between two populations, nearer to the one that varies less.

    Args:
        clinical: mean and SD in score points.
        functional: mean and SD of people without the problem.
    """
    (mean_clinical, sd_clinical), (mean_functional, sd_functional) = (
        clinical,
        functional,
    )
    with localcontext(_EXACTLY):
        weighed = sd_clinical * mean_functional + sd_functional * mean_clinical
        return weighed / (sd_clinical + sd_functional)


def cutoff_a(instrument: Instrument, *, clinical: tuple[Decimal, Decimal]) -> Decimal:
    """Cut-off a: two SD of the clinical population away from its mean, to health."""
    mean, sd = clinical
    return mean + gain(instrument, Decimal(0), 2 * sd)


def cutoff_b(instrument: Instrument, *, functional: tuple[Decimal, Decimal]) -> Decimal:
    """Cut-off b: two SD of the functional population away from its mean, to illness."""
    mean, sd = functional
    return mean - gain(instrument, Decimal(0), 2 * sd)


def jacobson_truax(
    instrument: Instrument, before: Decimal, after: Decimal, *, sample: ChangeSample
) -> Decimal:
    """(y - x) / Sdiff in the direction of health; no unit."""
    with localcontext(_EXACTLY):
        return gain(instrument, before, after) / difference_error(sample)


def edwards_nunnally(
    instrument: Instrument, before: Decimal, after: Decimal, *, sample: ChangeSample
) -> Decimal:
    """(y - [r (x - M) + M]) / SEm in the direction of health; no unit.

    Where a score far from the mean would go by itself, going there is no change.
    """
    with localcontext(_EXACTLY):
        expected = sample.reliability * (before - sample.mean) + sample.mean
        return gain(instrument, expected, after) / standard_error(sample)


def _reliable(
    instrument: Instrument, before: Decimal, after: Decimal, *, method: ChangeMethod
) -> tuple[bool, bool]:
    """Whether reliably better, and whether reliably worse."""
    match method:
        case JacobsonTruax():
            return (
                is_reliably_better(instrument, before, after),
                is_worse_by_rci(instrument, before, after),
            )
        case EdwardsNunnally(sample=sample):
            statistic = edwards_nunnally(instrument, before, after, sample=sample)
            return (
                holds(statistic, sample.operator, sample.z),
                holds(-statistic, sample.operator, sample.z),
            )
        case _:
            assert_never(method)
