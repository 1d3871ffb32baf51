"""Alliance ruptures: the drop rule against a fixed cut-off and against one point less.

`python -m benchmarks.ruptures [--quick] [--json]`

Invented people rate each session on three forms. After each rating the product reads
the course as it does in use, and the drop rule (R3) speaks or not. Beside it stand the
two rules in common use: below nine tenths of the range (36 of 40), and one point
or more below the rating before.

A false alarm is a rated session at which a rule speaks and no rupture is on, from the
fourth session on, where every rule may speak; a dip of one session is no rupture. Delay
counts sessions from the beginning of a rupture to the first one at which the rule
speaks; one that is never found counts until it is over, a drift for eight sessions.
Early ruptures, before the fourth session, stand apart.

How far a rating must fall stands in the plan (`watch_sd`). For each group and each
other rule it is chosen on people of one seed, such that the larger of two ratios (false
alarms, delay) is smallest, and judged on people of another seed: better is below 1 on
both. Then the other way round: the other rule is given the threshold at which it raises
as many false alarms as the plan that ships, and delays are compared. Intervals are from
drawing people again. No figure here is about patients.

Where it is about level: a person at the ceiling shows nothing but how far the latest
rating lies below the top, and there all rules draw the same line; a large fall of a
steady rater is found at once by all. Drifts are level with one point less, since small
steps are first found by chance; a rule that knew the whole law of these people, tried
once beside these, was level there too. Early ruptures fall into the sessions in which
the drop rule learns what is usual, and are missed by any rule that is silent before the
fourth; R2, which is shown on the page, looks from the third on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from benchmarks.report import Target, below, report, run, say, versions
from benchmarks.rupture_rules import (
    AT_POINTS,
    OWN_POINT,
    RULES,
    Judged,
    drop_rule,
    judged,
)
from clinical.norms.readings import FloatArray
from clinical.norms.simulate_alliance import (
    KINDS,
    VISUAL_LINES,
    AllianceLaw,
    AllianceRaters,
    on_whole_points,
    simulate_alliance,
)
from clinical.plan import MeasurementPlan, demo_plan
from questionnaires.instrument import Instrument
from questionnaires.library import load_library

FORMS: Mapping[str, AllianceLaw] = {
    "srs": VISUAL_LINES,
    "sai": on_whole_points(30.0),
    "session-alliance": on_whole_points(16.0),
}
WATCH_SD = tuple(
    Decimal(each)
    for each in (
        *("0.05", "0.1", "0.15", "0.2", "0.25", "0.3"),
        *("0.4", "0.5", "0.6", "0.75", "1", "1.25"),
    )
)
SHIPPED = Decimal("1")
# Late ones are rare in some kinds: of 1,500 people there were four among the steady.
CHOOSING, JUDGING = 3_000, 6_000
CHOOSING_SEED, JUDGING_SEED, NOTHING_SEED, DRAWN_SEED = 1_000, 5_000, 3_000, 4_000
DRAWS = 500


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Whose false alarms and whose delays are looked at, as weights of people."""

    false: FloatArray
    delay: FloatArray


def measure(quick: bool) -> dict[str, Any]:
    """All forms, rules and groups; where the drop rule is not better, it is missed."""
    choosing, judging = (120, 120) if quick else (CHOOSING, JUDGING)
    targets: dict[str, Target] = {}
    raw: dict[str, Any] = {}
    control: dict[str, Any] = {}
    checks: dict[str, bool] = {}
    library = load_library()
    plan = demo_plan(library)
    for form in FORMS:
        instrument = library.instrument(form)
        law = evenly(FORMS[form])
        first = simulate_alliance(law, choosing, random=seeded(CHOOSING_SEED))
        second = simulate_alliance(law, judging, random=seeded(JUDGING_SEED))
        groups = groups_of(second, FORMS[form])
        curve = drop_rule_by(
            WATCH_SD, f"{form}, choosing", instrument, first, plan=plan
        )
        chosen = {
            rule: choose(
                curve,
                judged(OWN_POINT[rule](first.scores, law.high), first),
                groups_of(first, FORMS[form]),
            )
            for rule in RULES
        }
        needed = {SHIPPED, *(each for of in chosen.values() for each in of.values())}
        ours = drop_rule_by(
            sorted(needed), f"{form}, judging", instrument, second, plan=plan
        )
        for rule in RULES:
            theirs = judged(OWN_POINT[rule](second.scores, law.high), second)
            for name, group in groups.items():
                targets |= better_on_both(
                    f"{form}_{rule}_{name}", ours[chosen[rule][name]], theirs, group
                )
            targets |= at_shipped(
                f"{form}_{rule}", rule, ours[SHIPPED], second, form=FORMS[form]
            )
            raw[f"{form}: {rule}"] = figures(theirs, groups)
            raw[f"{form}: R3 beside {rule}"] = {
                name: {"watch_sd": str(watch), **point(ours[watch], groups[name])}
                for name, watch in chosen[rule].items()
            }
        raw[f"{form}: R3 as shipped"] = figures(ours[SHIPPED], groups)
        overall = groups_of(first, FORMS[form])["overall"]
        raw[f"{form}: R3 by watch_sd, of those on whom it was chosen"] = {
            str(watch): point(found, overall) for watch, found in curve.items()
        }
        found, holds = controls(instrument, second, law=law, plan=plan)
        control |= {f"{form}: {name}": each for name, each in found.items()}
        checks |= {f"{form}: {name}": each for name, each in holds.items()}
    return report(
        "ruptures",
        targets,
        n={"forms": len(FORMS), "choosing": choosing, "judging": judging},
        seed=f"{CHOOSING_SEED} to choose, {JUDGING_SEED} to judge, one per form",
        control=control,
        checks=checks,
        raw=raw,
        passes=1,
        skipped=(),
        packages=versions("numpy"),
    )


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def evenly(law: AllianceLaw) -> AllianceLaw:
    """As many people of each kind; `groups_of` gives them their weight in the law."""
    share = 1 / len(KINDS)
    return replace(law, shares=(share, share, share, share, share, share))


def groups_of(raters: AllianceRaters, law: AllianceLaw) -> dict[str, Group]:
    """Each kind by itself, and all together in the law's shares without early ruptures.

    Who dips has no rupture: their false alarms stand beside the delay of all.
    """
    kinds = {name: (raters.kind == at) * 1.0 for at, name in enumerate(KINDS)}
    weights = np.zeros(len(raters.kind))
    for (name, its), share in zip(kinds.items(), law.shares, strict=True):
        if name != "early":
            weights += its * share / its.sum()
    groups = {"overall": Group(weights, weights)}
    for name, its in kinds.items():
        groups[name] = Group(its, weights if name == "dipping" else its)
    return groups


def drop_rule_by(
    thresholds: Sequence[Decimal],
    what: str,
    instrument: Instrument,
    raters: AllianceRaters,
    *,
    plan: MeasurementPlan,
) -> dict[Decimal, Judged]:
    """By `watch_sd`; all other numbers as they ship."""
    curve = {}
    for at, watch in enumerate(thresholds, start=1):
        rules = replace(plan.rules, watch_sd=watch)
        speaks = drop_rule(instrument, raters.scores, replace(plan, rules=rules))
        curve[watch] = judged(speaks, raters)
        say(f"ruptures: {what}, {at} of {len(thresholds)} thresholds")
    return curve


def drawn(n_persons: int) -> FloatArray:
    """(DRAWS, n_persons): how often each is drawn; the same for every question."""
    random = seeded(DRAWN_SEED)
    return np.array(
        [
            np.bincount(random.integers(n_persons, size=n_persons), minlength=n_persons)
            for _ in range(DRAWS)
        ],
        dtype=float,
    )


def once(n_persons: int) -> FloatArray:
    """(1, n_persons): everybody as they are."""
    return np.ones((1, n_persons))


def alarms_per_20(rule: Judged, group: Group, times: FloatArray) -> FloatArray:
    """(draws,) false alarms per 20 sessions.

    Half an alarm is added, so that none is no zero to divide by.
    """
    half = 0.5 * group.false.max()
    alarms = times @ (group.false * rule.false) + half
    return np.asarray(20 * alarms / (times @ (group.false * rule.quiet)))


def mean_delay(rule: Judged, group: Group, times: FloatArray) -> FloatArray:
    """(draws,) in sessions; half a session is added to the sum, as with the alarms."""
    weight = np.where(np.isnan(rule.delay), 0.0, group.delay)
    lost = times @ (weight * np.nan_to_num(rule.delay)) + 0.5 * group.delay.max()
    return np.asarray(lost / (times @ weight))


def ratios(
    ours: Judged, theirs: Judged, group: Group, times: FloatArray
) -> dict[str, FloatArray]:
    """(draws,) of false alarms and of delays, ours to theirs."""
    return {
        name: of(ours, group, times) / of(theirs, group, times)
        for name, of in (("false_alarms", alarms_per_20), ("delay", mean_delay))
    }


def choose(
    curve: Mapping[Decimal, Judged], theirs: Judged, groups: Mapping[str, Group]
) -> dict[str, Decimal]:
    """For each group the threshold at which the larger ratio is smallest."""
    everybody = once(len(theirs.delay))

    def larger(watch: Decimal, group: Group) -> float:
        both = ratios(curve[watch], theirs, group, everybody)
        return max(float(each[0]) for each in both.values())

    return {
        name: min(curve, key=lambda watch: larger(watch, group))
        for name, group in groups.items()
    }


def interval(values: FloatArray) -> list[float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return [float(low), float(high)]


def better_on_both(
    name: str, ours: Judged, theirs: Judged, group: Group
) -> dict[str, Target]:
    n_persons = len(ours.delay)
    again = ratios(ours, theirs, group, drawn(n_persons))
    return {
        f"{name}_{what}": below(1.0, interval(again[what]), float(found[0]))
        for what, found in ratios(ours, theirs, group, once(n_persons)).items()
    }


def at_shipped(
    name: str, rule: str, ours: Judged, raters: AllianceRaters, *, form: AllianceLaw
) -> dict[str, Target]:
    """Delay, ours to theirs, where the other rule raises as many false alarms as ours.

    Between two thresholds of the other rule delays are interpolated.
    """
    group = groups_of(raters, form)["overall"]
    step = max(form.step, form.high / 80)
    thresholds = np.arange(step, form.high, step)
    others = [judged(AT_POINTS[rule](raters.scores, at), raters) for at in thresholds]

    def ratio(times: FloatArray) -> FloatArray:
        alarms, delays = (
            np.array([of(each, group, times) for each in others]).T
            for of in (alarms_per_20, mean_delay)
        )
        order = np.argsort(alarms, axis=1, kind="stable")
        alarms, delays = (
            np.take_along_axis(each, order, axis=1) for each in (alarms, delays)
        )
        wanted = alarms_per_20(ours, group, times)
        same = [np.interp(*each) for each in zip(wanted, alarms, delays, strict=True)]
        return np.asarray(mean_delay(ours, group, times) / np.array(same))

    n_persons = len(ours.delay)
    what = "shipped_delay_at_same_false_alarms"
    measured = float(ratio(once(n_persons))[0])
    return {f"{name}_{what}": below(1.0, interval(ratio(drawn(n_persons))), measured)}


# ---- What is printed beside the targets ---------------------------------------------


def figures(rule: Judged, groups: Mapping[str, Group]) -> dict[str, Any]:
    """By group, each with its interval."""
    times = drawn(len(rule.delay))
    found: dict[str, Any] = {}
    for name, group in groups.items():
        found[name] = {
            **point(rule, group),
            "false_alarms_interval": rounded(alarms_per_20(rule, group, times)),
            "delay_interval": rounded(mean_delay(rule, group, times)),
        }
    return found


def rounded(values: FloatArray) -> list[float]:
    return [round(each, 2) for each in interval(values)]


def point(rule: Judged, group: Group) -> dict[str, float]:
    """False alarms per 20 sessions, delay, and what was found in three sessions."""
    its = ~np.isnan(rule.delay) & (group.delay > 0)
    weight = group.delay[its]
    order = np.argsort(rule.delay[its], kind="stable")
    half = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    alarms = group.false @ rule.false / (group.false @ rule.quiet)
    found = {
        "false_alarms_per_20": 20 * alarms,
        "mean_delay": weight @ rule.delay[its] / weight.sum(),
        "median_delay": rule.delay[its][order][half],
        "found_within_3": weight @ rule.soon[its] / weight.sum(),
    }
    return {name: round(float(each), 3) for name, each in found.items()}


def controls(
    instrument: Instrument,
    raters: AllianceRaters,
    *,
    law: AllianceLaw,
    plan: MeasurementPlan,
) -> tuple[dict[str, Any], dict[str, bool]]:
    """The rule switched off, and people from whom a rupture takes nothing away."""
    off = drop_rule(instrument, raters.scores, replace(plan, decision_support=False))
    nothing = simulate_alliance(
        replace(law, fall=(0.0, 0.0)), len(raters.kind), random=seeded(NOTHING_SEED)
    )
    by_chance = judged(drop_rule(instrument, nothing.scores, plan), nothing)
    found = judged(drop_rule(instrument, raters.scores, plan), raters)
    everyone = {
        name: Group(np.ones(len(raters.kind)), np.ones(len(raters.kind)))
        for name in ("rupture", "nothing lost")
    }
    chance, real = (
        point(rule, everyone[name])
        for name, rule in (("nothing lost", by_chance), ("rupture", found))
    )
    return (
        {"off": int(off.sum()), "nothing lost": chance, "rupture": real},
        {
            "switched off, the rule never speaks": not off.any(),
            "where nothing is lost it is found a third as often at most": (
                chance["found_within_3"] <= real["found_within_3"] / 3
            ),
        },
    )


if __name__ == "__main__":
    run("ruptures", measure)
