"""How often people lie inside their band and beyond its ends, by session and intake.

A scale ends. Where the lower end of a band lies on the bottom of the scale nobody can
be below it, so that tail is inside whatever the norm, and `inside` as counted says
nothing about the norm. `inside_fair` splits the people at the end of the scale as the
band's own distribution would: of the share that it expects there, the tail belongs
outside and the rest inside. Where no end is reached the two are the same.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from clinical.change import worse_sign
from clinical.norms.caseload import share_above
from clinical.norms.norm import Norm, bounds_at
from clinical.norms.predict import predict_readings
from clinical.norms.readings import FloatArray, IntArray, Readings
from clinical.norms.rules import NormRules

SESSION_GROUPS = 4
INTAKE_GROUPS = 3


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shares of people, each weighing the same with however many readings.

    Attributes:
        inside: of the outer band, as counted; `inside_fair` as said above.
        worse: beyond the outer band on the worse side: where a signal fires.
        worse_inner: beyond the inner band on the worse side.
    """

    n_rows: int
    inside: float
    inside_fair: float
    worse: float
    worse_inner: float


def coverage(
    norm: Norm, readings: Readings, *, whole_points: bool, rules: NormRules
) -> tuple[Coverage, tuple[Coverage, ...]]:
    """Over all readings, and in each of the groups of `groups_of` in its order.

    Args:
        readings: of people that the norm has not seen.
        whole_points: scores have no fractions, so each stands for half a point around.
    """
    group = groups_of(readings)
    bounds = bounds_at(norm, readings.time, intake=readings.intake_of_row)
    sign = worse_sign(norm.scale.direction)
    if sign > 0:
        worse = readings.score > bounds.high_80
        better = readings.score < bounds.low_80
        worse_inner = readings.score > bounds.high_68
    else:
        worse = readings.score < bounds.low_80
        better = readings.score > bounds.high_80
        worse_inner = readings.score < bounds.low_68
    fair = 1.0 - _beyond(norm, readings, whole_points=whole_points, rules=rules)
    columns = (~(worse | better), fair, worse, worse_inner)

    def over(rows: IntArray) -> Coverage:
        weight = weights_among(readings.person[rows])
        shares = [float(np.average(each[rows], weights=weight)) for each in columns]
        return Coverage(len(rows), *shares)

    groups = range(SESSION_GROUPS * INTAKE_GROUPS)
    return (
        over(np.arange(len(group))),
        tuple(
            over(np.flatnonzero(group == each))
            for each in groups
            if (group == each).any()
        ),
    )


def weights_among(person: IntArray) -> FloatArray:
    """(n_rows,) weights that add up to 1 for each person of these rows.

    By these rows alone: in a group of some sessions who stays longer weighs no less.
    """
    weight: FloatArray = 1.0 / np.bincount(person)[person]
    return weight


def groups_of(readings: Readings) -> IntArray:
    """(n_rows,) group of each reading: session group times three plus intake group.

    Sessions are split into four groups of about as many readings each, intakes into
    three of about as many people each; equal values stay together.
    """
    by_session = _group(readings.session, SESSION_GROUPS, readings.session)
    by_intake = _group(readings.intake, INTAKE_GROUPS, readings.intake_of_row)
    return by_session * INTAKE_GROUPS + by_intake


def _group(
    values: IntArray | FloatArray, n_groups: int, wanted: IntArray | FloatArray
) -> IntArray:
    edges = np.quantile(values, np.arange(1, n_groups) / n_groups)
    return np.searchsorted(edges, wanted, side="left")


def _beyond(
    norm: Norm, readings: Readings, *, whole_points: bool, rules: NormRules
) -> FloatArray:
    """(n_rows,) how much of the reading is beyond the outer band, 0 to 1."""
    expected = predict_readings(norm.fit, readings, knot_session=norm.knot_session)
    tail = float(1 - rules.outer_band) / 2
    # The normal distribution whose tail begins exactly at the band's end.
    sd = expected.sd * norm.scales.k_80 / NormalDist().inv_cdf(1 - tail)
    half = 0.5 if whole_points else 0.0
    beyond = np.zeros(len(readings.score))
    for end, sign in ((norm.scale.low, -1.0), (norm.scale.high, 1.0)):
        away = sign * (readings.score - expected.mean) / expected.sd
        beyond += away > norm.scales.k_80
        at_end = readings.score == end
        expected_there = share_above(
            (sign * (end - expected.mean[at_end]) - half) / sd[at_end]
        )
        reached = expected_there > tail
        places = np.flatnonzero(at_end)[reached]
        beyond[places] = tail / expected_there[reached]
    return beyond
