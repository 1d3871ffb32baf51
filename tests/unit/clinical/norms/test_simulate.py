"""The invented cohorts follow the law they claim."""

from dataclasses import replace

import numpy as np
import pytest

from clinical.norms.fit import fit
from clinical.norms.form import FULL
from clinical.norms.readings import BoolArray
from clinical.norms.simulate import HARD, PLAIN, Law, as_ordinals, at_site_b, simulate
from clinical.norms.simulate_alliance import (
    KINDS,
    VISUAL_LINES,
    AllianceLaw,
    AllianceRaters,
    RaterKind,
    on_whole_points,
    simulate_alliance,
)
from clinical.norms.sums import sums_of


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("law", [PLAIN, HARD], ids=["plain", "hard"])
def test_the_same_seed_gives_the_same_cohort(law: Law) -> None:
    one, two, other = (simulate(law, 50, random=random(seed)) for seed in (3, 3, 4))

    assert np.array_equal(one.score, two.score)
    assert np.array_equal(one.session, two.session)
    assert len(one.score) != len(other.score) or (one.score != other.score).any()


def test_plain_people_come_as_long_as_planned_and_miss_inner_sessions() -> None:
    readings = simulate(PLAIN, 20_000, random=random())

    last = np.maximum.reduceat(
        readings.session,
        np.cumsum(readings.rows_per_person) - readings.rows_per_person,
    )
    inner = (last - 2).sum()
    missed = inner - (len(readings.score) - readings.n_persons)
    assert np.bincount(last)[3:] / 20_000 == pytest.approx([1 / 18] * 18, abs=0.008)
    assert missed / inner == pytest.approx(0.15, abs=0.005)
    assert (readings.intake == np.round(readings.intake)).all()
    assert (readings.intake.min(), readings.intake.max()) == (2, 27)


def test_hard_scores_are_whole_points_in_range_with_people_at_the_floor() -> None:
    readings = simulate(HARD, 20_000, random=random())

    assert (readings.score == np.round(readings.score)).all()
    assert (readings.score.min(), readings.score.max()) == (0, 27)
    assert 0.02 < (readings.score == 0).mean() < 0.06


def test_hard_people_leave_more_often_when_well_or_worse() -> None:
    readings = simulate(HARD, 40_000, random=random())
    ends = np.append(np.diff(readings.person) == 1, True)
    at_7 = readings.session == 7

    def leaving(which: np.ndarray) -> float:
        return float(ends[at_7 & which].mean())

    well = readings.score < 5
    worse = readings.score > readings.intake_of_row + 4
    assert leaving(well) - leaving(~well & ~worse) == pytest.approx(0.10, abs=0.03)
    assert leaving(worse) - leaving(~well & ~worse) == pytest.approx(0.05, abs=0.04)


def test_hard_errors_have_the_variance_of_plain_ones_and_hang_together() -> None:
    # Without own courses, range and leaving, the score is mean plus error.
    law = replace(
        HARD,
        g=(1e-12, 0.0, 1e-12),
        worse_share=0.0,
        whole_points=False,
        missed=0.0,
        leaving=None,
        fewest_sessions=20,
        beta=(0.0, 0.0, 0.0, 0.0),
    )

    errors = simulate(law, 20_000, random=random()).score.reshape(20_000, 19)

    assert errors.var() == pytest.approx(8.0, rel=0.02)
    assert np.corrcoef(errors[:, 4], errors[:, 5])[0, 1] == pytest.approx(
        0.35, abs=0.03
    )


def test_at_site_b_people_gain_slower_and_swing_more() -> None:
    readings = simulate(at_site_b(PLAIN), 20_000, random=random())

    found = fit(sums_of(readings), FULL, reference=0.0)

    assert found.beta[1] == pytest.approx(-0.2, abs=0.15)
    assert found.sigma2 == pytest.approx(8 * 1.35**2, rel=0.02)


def test_as_ordinals_counts_the_sessions_that_were_held() -> None:
    readings = simulate(PLAIN, 200, random=random())

    found = as_ordinals(readings)

    for person in range(200):
        its = found.session[found.person == person]
        assert its.tolist() == list(range(2, len(its) + 2))
    assert np.array_equal(found.score, readings.score)


def raters(law: AllianceLaw = VISUAL_LINES) -> AllianceRaters:
    return simulate_alliance(law, 8_000, random=random())


def of(found: AllianceRaters, kind: RaterKind) -> BoolArray:
    return np.asarray(found.kind == KINDS.index(kind))


BELOW_CEILING = replace(VISUAL_LINES, level=0.6, missed=0.0, rise=0.0)


def only(kind: RaterKind, **changes: object) -> AllianceRaters:
    """Raters of one kind, so far below the ceiling that nothing is cut off."""
    found = raters(replace(BELOW_CEILING, **changes))  # type: ignore[arg-type]  # by name
    its = of(found, kind)
    return AllianceRaters(
        found.scores[its], found.kind[its], found.onset[its], found.ruptured[its]
    )


def test_alliance_raters_come_in_their_shares_on_the_forms_own_steps() -> None:
    fine, whole = raters(), raters(on_whole_points(16.0))

    for found, step, high in ((fine, 0.1, 40), (whole, 1.0, 16)):
        shares = np.bincount(found.kind, minlength=len(KINDS)) / 8_000
        given = found.scores[~np.isnan(found.scores)]
        assert shares == pytest.approx(VISUAL_LINES.shares, abs=0.02)
        assert given / step == pytest.approx(np.round(given / step))
        assert (given.min() >= 0, given.max()) == (True, high)


def test_a_quarter_of_ratings_without_a_rupture_lie_below_nine_tenths() -> None:
    found = raters()

    quiet = found.scores[~found.ruptured & ~np.isnan(found.scores)]
    assert (quiet < 36).mean() == pytest.approx(0.25, abs=0.04)


def test_raters_at_the_ceiling_give_the_highest_rating_nine_times_in_ten() -> None:
    found = raters()
    quiet = of(found, "at_ceiling")[:, None] & ~found.ruptured

    given = found.scores[quiet & ~np.isnan(found.scores)]

    assert (given == 40).mean() == pytest.approx(0.91, abs=0.02)


@pytest.mark.parametrize("kind", ["steady", "at_ceiling", "noisy"])
def test_ruptures_come_to_as_many_as_the_law_says_and_last_two_to_six(
    kind: RaterKind,
) -> None:
    found = raters()

    its = of(found, kind)
    lasted = found.ruptured[its & (found.onset > 0)].sum(axis=1)

    assert (found.onset[its] > 0).mean() == pytest.approx(0.46, abs=0.05)
    assert {*lasted.tolist()} == {2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("kind", "at_once", "next_time", "long_after"),
    [
        ("steady", 3.0, 3.0, 0.0),
        ("dipping", 3.0, 0.0, 0.0),
        ("drifting", 0.5, 1.0, 3.0),
    ],
)
def test_ruptures_are_repaired_dips_are_over_and_drifts_stay(
    kind: RaterKind, at_once: float, next_time: float, long_after: float
) -> None:
    """Lost points in SD of the noise, 2.4 points; falls are 2 to 4 SD."""
    found = only(kind, onset=(5, 5), ruptured=1.0)

    before = found.scores[:, :4].mean()
    lost = (before - found.scores.mean(axis=0)) / 2.4

    assert lost[[4, 5, 15]] == pytest.approx([at_once, next_time, long_after], abs=0.15)


def test_a_dip_is_no_rupture_and_a_drift_is_one_to_the_end() -> None:
    dips, drifts = only("dipping", onset=(5, 5)), only("drifting", onset=(5, 5))

    assert not dips.ruptured.any()
    assert drifts.ruptured.all(axis=0).tolist() == [False] * 4 + [True] * 16


def test_noisy_raters_swing_twice_as_far_and_steady_ones_rise_at_first() -> None:
    noisy = only("noisy", ruptured=0.0).scores.std(axis=1, ddof=1)
    rising = only("steady", ruptured=0.0, rise=1.0).scores.mean(axis=0)

    assert np.sqrt((noisy**2).mean()) == pytest.approx(4.8, abs=0.1)
    assert rising[5] - rising[0] == pytest.approx(2.4, abs=0.1)
    assert rising[10] == pytest.approx(rising[5], abs=0.1)


def test_early_ruptures_begin_in_the_second_or_third_session() -> None:
    found = raters()

    assert {*found.onset[of(found, "early")].tolist()} == {2, 3}
