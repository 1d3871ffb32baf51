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
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from benchmarks.report import Target, below, report, run, say, versions
from clinical.measurement import Episode, Measurement
from clinical.norms.readings import BoolArray, FloatArray
from clinical.norms.simulate_alliance import (
    KINDS,
    VISUAL_LINES,
    AllianceLaw,
    AllianceRaters,
    on_whole_points,
    simulate_alliance,
)
from clinical.plan import MeasurementPlan, demo_plan
from clinical.signals.kinds import AllianceDrop
from clinical.signals.read import read_signals
from questionnaires.instrument import Instrument
from questionnaires.library import load_library
from questionnaires.scoring import Score

FORMS: Mapping[str, AllianceLaw] = {
    "srs": VISUAL_LINES,
    "sai": on_whole_points(30.0),
    "session-alliance": on_whole_points(16.0),
}
WATCH_SD = tuple(
    Decimal(each)
    for each in (
        *("0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4", "0.45"),
        *("0.5", "0.6", "0.75", "0.9", "1", "1.25"),
    )
)
SHIPPED = Decimal("1")
CHOOSING, JUDGING = 600, 1_500
CHOOSING_SEED, JUDGING_SEED, NOTHING_SEED, DRAWN_SEED = 1_000, 2_000, 3_000, 4_000
DRAWS, SHIPPED_DRAWS = 500, 100
FROM_SESSION = 4
LONGEST = 8
FIRST_DAY = datetime(2026, 1, 5, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One rule on one set of people, each array of (n_persons,).

    Attributes:
        false, quiet: alarms without a rupture, and the sessions that could have one.
        delay: in sessions, NaN where there is no rupture.
        soon: 1.0 where the rule spoke in the first three sessions.
    """

    false: FloatArray
    quiet: FloatArray
    delay: FloatArray
    soon: FloatArray


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
        curve = drop_rule_curve(f"{form}, choosing", instrument, first, plan=plan)
        ours = drop_rule_curve(f"{form}, judging", instrument, second, plan=plan)
        groups = groups_of(second, FORMS[form])
        for rule in RULES:
            theirs = judged(OWN_POINT[rule](second.scores, law.high), second)
            chosen = choose(
                curve,
                judged(OWN_POINT[rule](first.scores, law.high), first),
                groups_of(first, FORMS[form]),
            )
            for name, group in groups.items():
                targets |= better_on_both(
                    f"{form}_{rule}_{name}", ours[chosen[name]], theirs, group
                )
            raw[f"{form}: {rule}"] = figures(theirs, groups)
            raw[f"{form}: watch_sd beside {rule}"] = {
                name: str(each) for name, each in chosen.items()
            }
            targets |= at_shipped(
                f"{form}_{rule}", rule, ours[SHIPPED], second, form=FORMS[form]
            )
        raw[f"{form}: R3 as shipped"] = figures(ours[SHIPPED], groups)
        raw[f"{form}: R3 by watch_sd"] = {
            str(each): point(found, groups["overall"]) for each, found in ours.items()
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


# ---- The rules: (n_persons, n_sessions), whether they speak -------------------------


def drop_rule(
    instrument: Instrument, scores: FloatArray, plan: MeasurementPlan
) -> BoolArray:
    """R3 as the product reads it, after each rating anew."""
    own = replace(plan, outcome=(), alliance=(instrument,))
    speaks = np.zeros(scores.shape, dtype=bool)
    for person, row in enumerate(scores):
        sessions = np.flatnonzero(~np.isnan(row))
        taken = tuple(sitting(instrument, int(at), row[at]) for at in sessions)
        for number, at in enumerate(sessions, start=1):
            found = read_signals(
                Episode(taken[:number]),
                own,
                today=taken[number - 1].authored.date(),
                unread=0,
            )
            speaks[person, at] = any(isinstance(s, AllianceDrop) for s in found.signals)
    return speaks


def sitting(instrument: Instrument, session: int, value: float) -> Measurement:
    """A rating in the record, a week after the one before."""
    total = Score(instrument.id, instrument.total.id, Decimal(f"{value:.1f}"), ())
    return Measurement(
        instrument_id=instrument.id,
        instrument_version=instrument.version,
        language="en",
        authored=FIRST_DAY + timedelta(weeks=session),
        scores=(total,),
        answers=None,
        source=f"Observation/{session}",
        in_record=True,
    )


def drop_rule_curve(
    what: str, instrument: Instrument, raters: AllianceRaters, *, plan: MeasurementPlan
) -> dict[Decimal, Judged]:
    """By `watch_sd`; all other numbers as they ship."""
    curve = {}
    for at, watch in enumerate(WATCH_SD, start=1):
        rules = replace(plan.rules, watch_sd=watch)
        speaks = drop_rule(instrument, raters.scores, replace(plan, rules=rules))
        curve[watch] = judged(speaks, raters)
        say(f"ruptures: {what}, {at} of {len(WATCH_SD)} thresholds")
    return curve


def below_cutoff(scores: FloatArray, cutoff: float) -> BoolArray:
    return np.nan_to_num(scores, nan=np.inf) < cutoff - 1e-9


def points_below_last(scores: FloatArray, points: float) -> BoolArray:
    """So many points or more below the rating before, whenever that was."""
    before = np.full(len(scores), np.nan)
    speaks = np.zeros(scores.shape, dtype=bool)
    for at, column in enumerate(scores.T):
        speaks[:, at] = column <= before - points + 1e-9
        before = np.where(np.isnan(column), before, column)
    return speaks


# 36 of 40 on visual lines is the cut-off in common use; forms without one get the same
# part of their range. One point is one point on every form.
RULES = ("cutoff", "one_point")
OWN_POINT: Mapping[str, Callable[[FloatArray, float], BoolArray]] = {
    "cutoff": lambda scores, high: below_cutoff(scores, 0.9 * high),
    "one_point": lambda scores, high: points_below_last(scores, 1.0),
}
AT_POINTS: Mapping[str, Callable[[FloatArray, float], BoolArray]] = {
    "cutoff": below_cutoff,
    "one_point": points_below_last,
}


# ---- Judging ------------------------------------------------------------------------


def judged(speaks: BoolArray, raters: AllianceRaters) -> Judged:
    """False alarms and delays of one rule, person by person."""
    n_persons, n_sessions = speaks.shape
    session = np.arange(1, n_sessions + 1)
    quiet = ~np.isnan(raters.scores) & ~raters.ruptured & (session >= FROM_SESSION)
    delay, soon = np.full(n_persons, np.nan), np.zeros(n_persons)
    for person in np.flatnonzero(raters.ruptured.any(axis=1)):
        begins = raters.onset[person] - 1
        lasts = min(int(raters.ruptured[person].sum()), LONGEST)
        window = speaks[person, begins : begins + lasts]
        delay[person] = window.argmax() if window.any() else lasts
        soon[person] = window[:3].any()
    false = speaks & quiet
    return Judged(false.sum(axis=1) * 1.0, quiet.sum(axis=1) * 1.0, delay, soon)


def alarms_per_20(rule: Judged, group: Group, times: FloatArray) -> float:
    """False alarms per 20 sessions; half an alarm is added, so that none is no zero.

    Args:
        rule: how it did.
        group: whose alarms.
        times: (n_persons,) how often each person was drawn.
    """
    weight = group.false * times
    half = 0.5 * group.false.max()
    return float(20 * (weight @ rule.false + half) / (weight @ rule.quiet))


def mean_delay(rule: Judged, group: Group, times: FloatArray) -> float:
    """In sessions; half a session is added to the sum, as with the alarms."""
    weight = np.where(np.isnan(rule.delay), 0.0, group.delay * times)
    half = 0.5 * group.delay.max()
    return float((weight @ np.nan_to_num(rule.delay) + half) / weight.sum())


def ratios(ours: Judged, theirs: Judged, group: Group, times: FloatArray) -> FloatArray:
    """Of false alarms and of delays, ours to theirs."""
    return np.array(
        [
            of(ours, group, times) / of(theirs, group, times)
            for of in (alarms_per_20, mean_delay)
        ]
    )


def drawn(n_persons: int) -> list[FloatArray]:
    """How often each person is drawn, the same draws for every comparison."""
    random = seeded(DRAWN_SEED)
    return [
        np.bincount(
            random.integers(n_persons, size=n_persons), minlength=n_persons
        ).astype(np.float64)
        for _ in range(DRAWS)
    ]


def choose(
    curve: Mapping[Decimal, Judged], theirs: Judged, groups: Mapping[str, Group]
) -> dict[str, Decimal]:
    """For each group the threshold at which the larger ratio is smallest."""
    once = np.ones(len(theirs.delay))
    return {
        name: min(
            curve, key=lambda each: ratios(curve[each], theirs, group, once).max()
        )
        for name, group in groups.items()
    }


def better_on_both(
    name: str, ours: Judged, theirs: Judged, group: Group
) -> dict[str, Target]:
    found = ratios(ours, theirs, group, np.ones(len(ours.delay)))
    again = np.array(
        [ratios(ours, theirs, group, each) for each in drawn(len(ours.delay))]
    )
    low, high = np.quantile(again, (0.025, 0.975), axis=0)
    return {
        f"{name}_{what}": below(1.0, (low[at], high[at]), found[at])
        for at, what in enumerate(("false_alarms", "delay"))
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

    def ratio(times: FloatArray) -> float:
        theirs = np.array(
            [
                (alarms_per_20(each, group, times), mean_delay(each, group, times))
                for each in others
            ]
        )
        alarms, delays = theirs[np.argsort(theirs[:, 0], kind="stable")].T
        same = np.interp(alarms_per_20(ours, group, times), alarms, delays)
        return mean_delay(ours, group, times) / float(same)

    again = [ratio(each) for each in drawn(len(ours.delay))[:SHIPPED_DRAWS]]
    interval = np.quantile(again, (0.025, 0.975))
    measured = ratio(np.ones(len(ours.delay)))
    what = "shipped_delay_at_same_false_alarms"
    return {f"{name}_{what}": below(1.0, interval.tolist(), measured)}


# ---- What is printed beside the targets ---------------------------------------------


def figures(rule: Judged, groups: Mapping[str, Group]) -> dict[str, dict[str, float]]:
    return {name: point(rule, group) for name, group in groups.items()}


def point(rule: Judged, group: Group) -> dict[str, float]:
    """False alarms per 20 sessions, delay, and what was found in three sessions."""
    its = ~np.isnan(rule.delay) & (group.delay > 0)
    weight = group.delay[its]
    order = np.argsort(rule.delay[its], kind="stable")
    half = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    found = {
        "false_alarms_per_20": 20
        * group.false
        @ rule.false
        / (group.false @ rule.quiet),
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
