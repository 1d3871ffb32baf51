"""What so many people allow, and the curve that comes of it."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from clinical.expected_response import Band, expected_band
from clinical.norms.choose import choose_form, log_scores
from clinical.norms.conformal import Scales
from clinical.norms.coverage import coverage, groups_of
from clinical.norms.errors import TooFewPeople
from clinical.norms.fit import fit
from clinical.norms.form import FULL, INTERCEPT_ONLY, NO_INTERACTION, WITH_KNOT, Form
from clinical.norms.norm import (
    Norm,
    Scale,
    Tier,
    bounds_at,
    curve_of,
    forms_of,
    make_norm,
    tier_of,
)
from clinical.norms.predict import design, predict
from clinical.norms.simulate import HARD, PLAIN
from clinical.norms.sums import sums_of
from tests.unit.clinical.norms.cohorts import (
    ENDLESS,
    RULES,
    WORSE_DOWN,
    WORSE_UP,
    cohort,
    norm_of,
    turned_over,
)
from tests.unit.clinical.norms.public_data import (
    RIESBY_MEAN,
    SGDATA_MEAN,
    PublicData,
    riesby_after_intake,
    sgdata_after_intake,
)


@pytest.mark.parametrize(
    ("data", "reference", "session", "mean", "sd"),
    [
        (riesby_after_intake, RIESBY_MEAN, 2, 22.1652, 4.6086),
        (riesby_after_intake, RIESBY_MEAN, 4, 16.0279, 6.0726),
        (riesby_after_intake, RIESBY_MEAN, 6, 12.4378, 7.9133),
        (sgdata_after_intake, SGDATA_MEAN, 2, 36.6272, 6.1006),
        (sgdata_after_intake, SGDATA_MEAN, 5, 25.1255, 5.4339),
        (sgdata_after_intake, SGDATA_MEAN, 13, 13.1314, 7.6563),
    ],
)
def test_bands_of_public_data_are_the_published_ones(
    data: Callable[[], PublicData],
    reference: float,
    session: int,
    mean: float,
    sd: float,
) -> None:
    found = fit(data().sums, FULL, reference=reference)

    expected = predict(
        found,
        np.log([session]),
        intake=np.array([reference]),
        knot_session=None,
    )

    assert expected.mean[0] == pytest.approx(mean, rel=1e-3)
    assert expected.sd[0] == pytest.approx(sd, rel=1e-3)


@pytest.mark.parametrize("form", [FULL, WITH_KNOT, NO_INTERACTION])
def test_the_exact_curve_is_the_norm_in_arrays(form: Form) -> None:
    norm = norm_of(cohort(400), form, knot_session=6.0)
    curve = curve_of(norm, pack_id="p 1", pack_hash="0" * 64, provenance="invented")

    for session, intake in ((2, 5), (7, 14), (norm.max_session, 22)):
        found = expected_band(curve, intake=Decimal(intake), session_number=session)
        arrays = bounds_at(
            norm, np.log([session]), intake=np.array([intake], dtype=float)
        )
        assert isinstance(found, Band)
        assert [
            float(each)
            for each in (
                *(found.expected, found.low_68, found.high_68),
                *(found.low_80, found.high_80),
            )
        ] == pytest.approx(
            [
                *(arrays.expected[0], arrays.low_68[0], arrays.high_68[0]),
                *(arrays.low_80[0], arrays.high_80[0]),
            ],
            abs=0.00501,
        )


@pytest.mark.parametrize(
    ("n_persons", "tier"),
    [
        *((100, "small"), (299, "small"), (300, "full"), (999, "full")),
        (1_000, "subgroups"),
    ],
)
def test_the_number_of_people_decides_what_is_allowed(
    n_persons: int, tier: Tier
) -> None:
    assert tier_of(n_persons, RULES) == tier


def test_below_a_hundred_people_there_is_no_norm() -> None:
    with pytest.raises(TooFewPeople, match="99 persons with readings; at least 100"):
        norm_of(cohort(99))


def test_a_small_sample_has_no_interaction() -> None:
    assert forms_of("small") == (INTERCEPT_ONLY, NO_INTERACTION)
    with pytest.raises(TooFewPeople, match="time_by_intake: 150 persons"):
        norm_of(cohort(150), FULL)


def test_lines_of_a_small_sample_stand_where_the_model_says() -> None:
    norm = norm_of(cohort(150), NO_INTERACTION)

    assert norm.scales.k_80 == pytest.approx(1.2816, abs=1e-4)
    assert norm.scales.k_68 == pytest.approx(0.9945, abs=1e-4)


@pytest.mark.parametrize("law", [PLAIN, HARD], ids=["plain", "hard"])
def test_small_samples_point_out_at_most_13_in_100(law: object) -> None:
    scale = ENDLESS if law is PLAIN else WORSE_UP
    others = cohort(5_000, law, seed=99)  # type: ignore[arg-type]
    worse = [
        coverage(
            norm_of(cohort(100, law, seed=seed), NO_INTERACTION, scale),  # type: ignore[arg-type]
            others,
            whole_points=law is HARD,
            rules=RULES,
        )[0].worse
        for seed in range(12)
    ]

    assert np.mean(worse) <= 0.13


def test_the_curve_ends_before_the_first_session_with_too_few_people() -> None:
    readings = cohort(300)
    at = np.bincount(readings.session)

    norm = norm_of(readings)

    assert at[norm.max_session] >= RULES.persons_per_session
    assert at[norm.max_session + 1] < RULES.persons_per_session
    assert norm.n_per_session == tuple(at[2:])
    curve = curve_of(norm, pack_id="p 1", pack_hash="0" * 64, provenance="invented")
    assert curve.max_session == norm.max_session
    assert curve.sample.persons_at(2) == at[2]
    assert curve.sample.persons_at(norm.max_session + 1) == 0


def test_without_enough_people_at_the_second_session_there_is_no_curve() -> None:
    readings = cohort(200)
    few = readings.session + (readings.person >= 40)

    with pytest.raises(TooFewPeople, match="session 2"):
        norm_of(replace(readings, session=few), NO_INTERACTION)


def test_people_without_a_reading_count_for_nothing() -> None:
    readings = cohort(120)
    more = replace(readings, intake=np.append(readings.intake, [0.0, 27.0] * 100))

    norm, same = norm_of(more, NO_INTERACTION), norm_of(readings, NO_INTERACTION)

    assert norm.n_persons == same.n_persons == 120
    assert (norm.intake_low, norm.intake_high) == (same.intake_low, same.intake_high)


def test_a_scale_turned_over_gives_the_norm_turned_over() -> None:
    readings = cohort(400)
    up, down = norm_of(readings), norm_of(turned_over(readings), scale=WORSE_DOWN)
    time, intake = np.log([2.0, 5.0, 12.0]), np.array([9.0, 14.0, 20.0])

    found = bounds_at(down, time, intake=27.0 - intake)

    expected = bounds_at(up, time, intake=intake)
    assert 27.0 - found.low_80 == pytest.approx(expected.high_80, abs=1e-4)
    assert 27.0 - found.high_68 == pytest.approx(expected.low_68, abs=1e-4)
    shares, _ = coverage(
        down, turned_over(cohort(2_000, seed=3)), whole_points=True, rules=RULES
    )
    upright, _ = coverage(up, cohort(2_000, seed=3), whole_points=True, rules=RULES)
    assert shares.worse == pytest.approx(upright.worse, abs=2e-3)
    assert shares.inside == pytest.approx(upright.inside, abs=2e-3)
    assert shares.inside_fair == pytest.approx(upright.inside_fair, abs=2e-3)


def test_a_form_with_a_knot_needs_its_session() -> None:
    with pytest.raises(ValueError, match="its session is needed"):
        design(WITH_KNOT, np.log([2.0]), c=np.zeros(1), knot_session=None)


def test_groups_hold_similar_numbers_of_readings() -> None:
    readings = cohort(4_000, PLAIN)

    found = np.bincount(groups_of(readings), minlength=12)

    assert len(found) == 12
    assert found.min() > len(readings.score) / 12 / 2


def test_in_each_group_a_person_weighs_the_same_however_long_the_course() -> None:
    readings = cohort(2_000, PLAIN)
    norm = norm_of(readings, scale=ENDLESS)
    bounds = bounds_at(norm, readings.time, intake=readings.intake_of_row)
    short = readings.rows_per_person[readings.person] < 5
    score = np.where(short, bounds.high_80 + 1, bounds.high_68 - 0.1)
    seen, group = replace(readings, score=score), groups_of(readings)

    _, groups = coverage(norm, seen, whole_points=False, rules=RULES)

    for at, found in enumerate(groups):
        people, rows = np.unique(readings.person[group == at], return_index=True)
        expected = short[group == at][rows].sum() / len(people)
        assert found.worse == pytest.approx(expected)


def test_at_the_floor_the_tail_that_cannot_show_is_counted_as_outside() -> None:
    """Nobody is below a band that begins at the bottom; half the people stand there."""
    readings = cohort(4_000)
    law = norm_of(readings)
    # A norm that expects the middle of its people half a point above the floor.
    half = replace(
        law,
        fit=replace(
            law.fit,
            beta=np.array([0.5, 0.0, 0.0, 0.0]),
            cov_beta=np.zeros((4, 4)),
            g=np.zeros((2, 2)),
            sigma2=4.0,
        ),
        scales=Scales(0.994, 1.2815515655446004, 1),
    )
    drawn = np.random.default_rng(1).normal(0.5, 2.0, len(readings.score))
    seen = replace(readings, score=np.clip(np.round(drawn), 0, 27))

    found, groups = coverage(half, seen, whole_points=True, rules=RULES)

    assert found.inside == pytest.approx(0.90, abs=0.05)
    assert found.inside_fair == pytest.approx(found.inside - 0.10, abs=0.01)
    assert len(groups) == 12


def test_where_no_end_is_reached_both_ways_of_counting_agree() -> None:
    norm = norm_of(cohort(1_000, PLAIN), scale=ENDLESS)

    found, _ = coverage(
        norm, cohort(2_000, PLAIN, seed=9), whole_points=False, rules=RULES
    )

    assert found.inside_fair == pytest.approx(found.inside, abs=1e-12)
    assert found.inside == pytest.approx(0.80, abs=0.03)


def test_the_log_score_is_the_density_of_all_readings_of_a_person() -> None:
    readings = cohort(3)
    found = fit(sums_of(cohort(300)), FULL, reference=14.0)

    score = log_scores(found, readings, knot_session=None)

    for person in range(3):
        rows = readings.person == person
        time = readings.time[rows]
        z = np.column_stack((np.ones_like(time), time))
        v = z @ found.g @ z.T + found.sigma2 * np.eye(len(time))
        x = design(FULL, time, c=readings.intake_of_row[rows] - 14.0, knot_session=None)
        left = readings.score[rows] - x @ found.beta
        density = -0.5 * (
            len(time) * np.log(2 * np.pi)
            + np.linalg.slogdet(v)[1]
            + left @ np.linalg.solve(v, left)
        )
        assert score[person] == pytest.approx(density, rel=1e-9)


def chosen(readings: object) -> Form:
    return choose_form(
        readings,  # type: ignore[arg-type]  # Readings
        forms_of("full"),
        n_folds=10,
        knot_session=6.0,
        random=np.random.default_rng(1),
    ).form


def test_a_form_that_the_law_has_is_found_and_a_richer_one_is_not_kept() -> None:
    assert chosen(cohort(3_000, PLAIN)) == FULL


def test_without_interaction_in_the_law_the_simpler_form_is_kept() -> None:
    law = replace(PLAIN, beta=(3.0, -3.0, 0.85, 0.0))

    assert chosen(cohort(1_000, law)) == NO_INTERACTION


def test_a_bend_in_the_law_earns_its_knot() -> None:
    readings = cohort(3_000, PLAIN)
    bend = 4.0 * np.maximum(readings.time - np.log(6.0), 0)

    assert chosen(replace(readings, score=readings.score + bend)) == WITH_KNOT


def test_a_choice_needs_something_to_choose_from() -> None:
    with pytest.raises(ValueError, match="no form to choose from"):
        choose_form(
            cohort(10),
            (),
            n_folds=2,
            knot_session=None,
            random=np.random.default_rng(1),
        )


def test_the_same_people_and_seed_give_the_same_norm() -> None:
    def made() -> Norm:
        return make_norm(
            cohort(400),
            Scale(0.0, 27.0, "higher_is_worse"),
            form=FULL,
            rules=RULES,
            knot_session=None,
            random=np.random.default_rng(5),
        )

    one, two = (
        curve_of(made(), pack_id="p", pack_hash="0" * 64, provenance="invented")
        for _ in range(2)
    )
    assert one == two
