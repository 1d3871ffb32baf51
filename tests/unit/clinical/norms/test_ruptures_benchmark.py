"""The benchmark of rupture rules counts as it says."""

import numpy as np
import pytest

from benchmarks.rupture_rules import (
    below_cutoff,
    drop_rule,
    judged,
    points_below_last,
)
from benchmarks.ruptures import Group, once, point, ratios
from clinical.norms.simulate_alliance import AllianceRaters
from tests.instruments import ALLIANCE_CHECK_IN, plan_with

NOT_RATED = np.nan
EVERYBODY = Group(np.ones(1), np.ones(1))


def course(*scores: float, ruptured: tuple[int, ...] = ()) -> AllianceRaters:
    """One person; `ruptured` names sessions, 1 is the first."""
    sessions = np.arange(1, len(scores) + 1)
    return AllianceRaters(
        np.array([scores], dtype=float),
        np.zeros(1, dtype=int),
        np.array([ruptured[0] if ruptured else 0]),
        np.isin(sessions, ruptured)[None, :],
    )


def speaking(n_sessions: int, *sessions: int) -> np.ndarray:
    return np.isin(np.arange(1, n_sessions + 1), sessions)[None, :]


def test_one_point_less_is_counted_from_the_last_rating_given() -> None:
    found = points_below_last(course(14, 14, NOT_RATED, 13, 13, 12.5).scores, 1.0)

    assert found.tolist() == [[False, False, False, True, False, False]]


def test_below_the_cutoff_is_strictly_below_and_never_where_nobody_rated() -> None:
    found = below_cutoff(course(36.0, 35.9, NOT_RATED).scores, 36.0)

    assert found.tolist() == [[False, True, False]]


def test_the_drop_rule_is_the_products() -> None:
    scores = course(14, 14, NOT_RATED, 14, 12, 14, 8).scores

    found = drop_rule(ALLIANCE_CHECK_IN, scores, plan_with(ALLIANCE_CHECK_IN))

    assert found.tolist() == [[False, False, False, False, True, False, True]]


def test_alarms_count_from_the_fourth_session_on_outside_of_ruptures() -> None:
    raters = course(*[14] * 10, ruptured=(6, 7))

    found = judged(speaking(10, 1, 3, 4, 6, 7, 9), raters)

    assert (found.false[0], found.quiet[0]) == (2, 5)


@pytest.mark.parametrize(
    ("speaks_at", "delay", "soon"),
    [((6,), 0, 1), ((8,), 2, 1), ((9,), 3, 0), ((5, 10), 4, 0), ((), 4, 0)],
)
def test_delay_runs_from_the_beginning_and_at_most_until_it_is_over(
    speaks_at: tuple[int, ...], delay: int, soon: int
) -> None:
    raters = course(*[14] * 12, ruptured=(6, 7, 8, 9))

    found = judged(speaking(12, *speaks_at), raters)

    assert (found.delay[0], found.soon[0]) == (delay, soon)


def test_a_drift_to_the_end_that_is_never_found_counts_eight_sessions() -> None:
    raters = course(*[14] * 20, ruptured=tuple(range(5, 21)))

    assert judged(speaking(20), raters).delay[0] == 8


def test_where_nothing_begins_there_is_no_delay() -> None:
    found = judged(speaking(6, 5), course(*[14] * 6))

    assert np.isnan(found.delay[0])


def test_figures_are_per_twenty_sessions_and_ratios_are_ours_to_theirs() -> None:
    raters = course(*[14] * 13, ruptured=(6, 7, 8))  # seven sessions without a rupture
    ours = judged(speaking(13, 4, 6), raters)
    theirs = judged(speaking(13, 4, 5, 9, 7), raters)

    shown = point(theirs, EVERYBODY)
    found = ratios(ours, theirs, EVERYBODY, once(1))

    assert shown["false_alarms_per_20"] == pytest.approx(20 * 3 / 7, abs=0.001)
    assert (shown["mean_delay"], shown["found_within_3"]) == (1, 1)
    # Half an alarm and half a session are added on both sides.
    assert found["false_alarms"] == pytest.approx([1.5 / 3.5])
    assert found["delay"] == pytest.approx([0.5 / 1.5])
