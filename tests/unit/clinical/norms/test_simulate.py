"""The invented cohorts follow the law they claim."""

from dataclasses import replace

import numpy as np
import pytest

from clinical.norms.fit import fit
from clinical.norms.form import FULL
from clinical.norms.simulate import HARD, PLAIN, Law, as_ordinals, at_site_b, simulate
from clinical.norms.simulate_alliance import ALLIANCE, KINDS, simulate_alliance
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


def test_alliance_raters_come_in_their_shares_and_know_their_onset() -> None:
    raters = simulate_alliance(ALLIANCE, 5_000, random=random())

    shares = np.bincount(raters.kind, minlength=len(KINDS)) / 5_000
    assert shares == pytest.approx(ALLIANCE.shares, abs=0.02)
    at_ceiling = raters.kind == KINDS.index("at_ceiling")
    assert np.nanmin(raters.scores[at_ceiling]) == ALLIANCE.high
    assert (raters.onset[at_ceiling] == 0).all()


@pytest.mark.parametrize(
    ("kind", "lost_at_onset", "lost_later"),
    [("steady", 0.0, 0.0), ("dip", 4.0, 0.0), ("lasting_fall", 4.0, 4.0)],
)
def test_a_dip_comes_back_and_a_lasting_fall_does_not(
    kind: str, lost_at_onset: float, lost_later: float
) -> None:
    law = replace(ALLIANCE, own_level=(12.0, 0.5), noise_sd=0.5, onset=(5, 5))
    raters = simulate_alliance(law, 10_000, random=random())

    scores = raters.scores[raters.kind == [*KINDS].index(kind)]

    before, at, later = (np.nanmean(scores[:, part]) for part in ([0, 1, 2], [4], [5]))
    assert before - at == pytest.approx(lost_at_onset, abs=0.1)
    assert before - later == pytest.approx(lost_later, abs=0.1)


def test_drifters_fall_a_little_each_session() -> None:
    law = replace(ALLIANCE, own_level=(12.0, 0.5), onset=(5, 5))
    raters = simulate_alliance(law, 60_000, random=random())

    course = np.nanmean(raters.scores[raters.kind == KINDS.index("drifting")], axis=0)

    assert np.diff(course)[4:9] == pytest.approx([-0.6] * 5, abs=0.06)
