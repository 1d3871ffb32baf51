"""Who will end reliably worse: the forecast against plainer rules and against the law.

`python -m benchmarks.detection [--quick] [--json]`

For each seed and law a norm is fitted to 1,000 people and 20,000 new ones are followed
for k sessions; those who come on are judged by their last score. Each rule ranks them
on what was known after session k: how far the latest score lies outside the expected
course (band), the change from the intake (change rule), the probability of ending
reliably worse (ours), and the same with the law's own parameters and each person's own
last session (oracle: the best that this kind of rule can know). Sensitivity is read
where 90 in 100 of the others are left alone; ties are shared out. Seeds are paired.

Under the hard law, where the oracle's model is wrong, the best that anybody can know
stands beside ours after session 5: the law's own probability, with tails, floor and
leaving, of the first 3,000 people of each seed (`benchmarks.best_forecast`). It finds
1.2 times as many as the band: 1.25 is out of reach there, for whatever method. The .98
of it that ours is held to was set after a first look, after that of the oracle.

The budget: a threshold for 10 false alarms in 100, chosen from the 1,000, kept by the
20,000. Invented people: no figure here is about patients.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from benchmarks.best_forecast import best_chance
from benchmarks.report import Target, at_least, report, run, say, versions, within
from clinical.attention import Horizon
from clinical.norms.caseload import budget_for, forecasts, forecasts_at
from clinical.norms.conformal import standardised
from clinical.norms.fit import Fit, fit
from clinical.norms.form import FULL
from clinical.norms.readings import BoolArray, FloatArray, IntArray, Readings
from clinical.norms.simulate import HARD, PLAIN, Law, simulate
from clinical.norms.sums import sums_of

LAWS: Mapping[str, Law] = {"plain": PLAIN, "hard": HARD}
KNOWN = (3, 5, 8)
PERSONS = 1_000
NEW_PERSONS = 20_000
SEEDS = 60
RCI = Decimal(6)
HORIZON_SESSION = 10
FALSE_ALARMS = 0.10
BEST_AFTER, BEST_PERSONS, BEST_SEED = 5, 3_000, 6_000
RULES = ("band", "change", "ours", "oracle")


def measure(quick: bool) -> dict[str, Any]:
    """All seeds of both laws; ratios are means over paired seeds."""
    seeds = 3 if quick else SEEDS
    targets: dict[str, Target] = {}
    raw: dict[str, Any] = {}
    checks: dict[str, bool] = {}
    for name, law in LAWS.items():
        found = []
        for seed in range(seeds):
            found.append(one_seed(law, seed))
            say(f"detection: {name}, {seed + 1} of {seeds} seeds")
        for k in KNOWN:
            its = [each[k] for each in found]
            targets |= targets_of(f"{name}_k{k}", its, k)
            raw[f"{name} k={k}"] = {
                column: round(float(np.mean([each[column] for each in its])), 4)
                for column in its[0]
            }
            checks[f"20 events or more in every seed, {name} k={k}"] = (
                min(each["events"] for each in its) >= 20
            )
    return report(
        "detection",
        targets,
        n={"norm_persons": PERSONS, "new_persons": NEW_PERSONS, "seeds": seeds},
        seed=f"0 to {seeds - 1}, one generator per seed and law",
        control={
            "what": "oracle with the law's parameters and own last session; band;"
            " change from intake",
            "sensitivity_at_90_specificity": raw,
        },
        checks=checks,
        raw=raw,
        passes=seeds,
        skipped=(),
        packages=versions("numpy"),
    )


def one_seed(law: Law, seed: int) -> dict[int, dict[str, float]]:
    """Sensitivities of all rules after each k, prevalence, and the budget kept."""
    random = np.random.default_rng(seed)
    home = simulate(law, PERSONS, random=random)
    new = simulate(law, NEW_PERSONS, random=random)
    norm = fit(sums_of(home), FULL, reference=14.0)
    truth = lawful(law, norm)
    horizon = Horizon(HORIZON_SESSION, RCI, whole_points=law.whole_points)
    found = {}
    for k in KNOWN:
        people, ended, last = still_there(new, k)
        ours = chance(norm, people, horizon)
        columns = {
            "band": latest(people, outside(norm, people)),
            "change": latest(people, people.score - people.intake_of_row),
            "ours": ours,
            "oracle": forecasts_at(
                truth,
                people,
                end=np.log(last),
                horizon=horizon,
                direction="higher_is_worse",
                knot_session=None,
            ).reliably_worse,
        }
        found[k] = {
            name: sensitivity(column, ended) for name, column in columns.items()
        }
        at_home, ended_home, _ = still_there(home, k)
        budget = budget_for(
            chance(norm, at_home, horizon), ended_home, false_alarms=FALSE_ALARMS
        )
        found[k]["false_alarms"] = float((ours[~ended] >= budget.at_least).mean())
        found[k]["prevalence"] = float(ended.mean())
        found[k]["events"] = float(ended.sum())
        if law is HARD and k == BEST_AFTER:
            found[k] |= beside_the_best(law, people, columns, ended, seed=seed)
    return found


def beside_the_best(
    law: Law,
    people: Readings,
    columns: Mapping[str, FloatArray],
    ended: BoolArray,
    *,
    seed: int,
) -> dict[str, float]:
    """Sensitivities of the law's own probability, ours and the band in fewer people."""
    its = slice(BEST_PERSONS)
    best = best_chance(
        law,
        people.of_persons(np.arange(people.n_persons)[its]),
        known=BEST_AFTER,
        rci=float(RCI),
        random=np.random.default_rng(BEST_SEED + seed),
    )
    return {
        "best": sensitivity(best, ended[its]),
        **{
            f"{name}_beside_best": sensitivity(columns[name][its], ended[its])
            for name in ("ours", "band")
        },
    }


def lawful(law: Law, like: Fit) -> Fit:
    """The law itself as a fit: what nobody can know about a clinic."""
    return replace(
        like,
        reference=0.0,
        beta=np.array(law.beta),
        cov_beta=np.zeros((4, 4)),
        g=np.array([[law.g[0], law.g[1]], [law.g[1], law.g[2]]]),
        sigma2=law.sigma2,
    )


def still_there(readings: Readings, k: int) -> tuple[Readings, BoolArray, IntArray]:
    """People with a reading up to session k and one after it.

    Returns:
        What was known of them, who ended worse by the reliable change, and the last
        session of each.
    """
    counts = readings.rows_per_person
    final = np.cumsum(counts) - 1
    last = readings.session[final]
    early = np.bincount(
        readings.person, weights=readings.session <= k, minlength=len(counts)
    )
    wanted = np.flatnonzero((last > k) & (early > 0))
    worse = readings.score[final] - readings.intake >= float(RCI)
    return readings.of_persons(wanted).first(k), worse[wanted], last[wanted]


def chance(norm: Fit, people: Readings, horizon: Horizon) -> FloatArray:
    return forecasts(
        norm,
        people,
        horizon=horizon,
        direction="higher_is_worse",
        knot_session=None,
    ).reliably_worse


def outside(norm: Fit, people: Readings) -> FloatArray:
    return standardised(norm, people, direction="higher_is_worse", knot_session=None)


def latest(people: Readings, column: FloatArray) -> FloatArray:
    """(n_persons,) of each person's last row."""
    return column[np.cumsum(people.rows_per_person) - 1]


def sensitivity(column: FloatArray, ended: BoolArray) -> float:
    """Share of those who ended worse that is found, where a tenth of others are too."""
    others = column[~ended]
    line = np.sort(others)[-int(np.ceil(FALSE_ALARMS * len(others)))]
    above, at = (others > line).mean(), (others == line).mean()
    share_of_ties = (FALSE_ALARMS - above) / at
    cases = column[ended]
    return float((cases > line).mean() + share_of_ties * (cases == line).mean())


def targets_of(name: str, its: list[dict[str, float]], k: int) -> dict[str, Target]:
    """Ratios of means over seeds; low and high of single seeds."""

    def ratio(other: str, limit: float, ours: str = "ours") -> Target:
        singles = [each[ours] / each[other] for each in its]
        mean = sum(each[ours] for each in its) / sum(each[other] for each in its)
        return at_least(limit, singles, mean)

    alarms = [each["false_alarms"] for each in its]
    targets = {
        f"per_change_rule_{name}": ratio("change", 1.0),
        f"per_oracle_{name}": ratio("oracle", 0.98),
        f"false_alarms_{name}": within(0.09, 0.11, alarms, float(np.mean(alarms))),
    }
    if k == 5:
        targets[f"per_band_{name}"] = ratio("band", 1.25)
    if "best" in its[0]:
        targets[f"per_best_{name}"] = ratio("best", 0.98, ours="ours_beside_best")
    return targets


if __name__ == "__main__":
    run("detection", measure)
