"""Is a pack true for these people, and does it find more than the plain rules do?

Everything is counted by person, with intervals from drawing persons again. A signal is
worse than the 80 % line, as S3; plain rules are a reliable worsening since intake, as
S2, and simply worse than the reading before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from clinical.change import worse_sign
from clinical.norms.bootstrap import Share, shares
from clinical.norms.budgets import forecast_report
from clinical.norms.conformal import (
    folds_of,
    standardised,
    standardised_by_folds,
)
from clinical.norms.errors import TooFewPeople
from clinical.norms.judged import digest_judged
from clinical.norms.made_pack import norm_of_pack, reliably_worse
from clinical.norms.norm import Norm
from clinical.norms.pack import NormPack
from clinical.norms.people import People
from clinical.norms.readings import BoolArray, FloatArray, IntArray, Readings
from clinical.norms.rules import NormRules
from questionnaires.instrument import Instrument

INTAKE_TERTILES = ("low intake", "middle intake", "high intake")


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Readings that the pack covers, and what each rule says of each.

    Attributes:
        outer, inner: (n_rows,) worse than the line of the outer, of the inner band.
        reliable: (n_rows,) reliably worse than at intake; none without such a number.
        dropped: (n_rows,) worse than the reading before.
    """

    readings: Readings
    outer: BoolArray
    inner: BoolArray
    reliable: BoolArray | None
    dropped: BoolArray


def check_pack(
    pack: NormPack,
    people: People,
    instrument: Instrument,
    *,
    same_people: bool,
    rules: NormRules,
    seed: int,
    told: Callable[[int, int], None] = lambda _done, _all: None,
) -> dict[str, object]:
    """The report, as a pack holds it: texts and whole numbers only.

    Args:
        told: parts done and parts in all, as it goes on.
        people: with at least `persons_for_any` whom the pack covers.
        same_people: these are who the pack was made from; then each is judged by a
            fit that lacks a tenth of them. The widths of the bands stay the pack's.

    Raises:
        TooFewPeople: too few to say anything.
        NotFitted: without a tenth of them there is no fit.
    """
    covered, left_out = covered_by(pack, people)
    readings = covered.readings
    n_persons = int((readings.rows_per_person > 0).sum())
    if n_persons < rules.persons_for_any:
        raise TooFewPeople("a check", persons=n_persons, needed=rules.persons_for_any)
    random = np.random.default_rng(seed)
    norm = norm_of_pack(pack)
    away = (
        standardised_by_folds(
            readings,
            norm.fit.form,
            fold=folds_of(readings, rules.folds, random=random),
            direction=norm.scale.direction,
            knot_session=norm.knot_session,
        )
        if same_people
        else standardised(
            norm.fit,
            readings,
            direction=norm.scale.direction,
            knot_session=norm.knot_session,
        )
    )
    judged = _judged(norm, readings, away=away, instrument=instrument)
    told(1, 5)
    calibration = _calibration(judged, covered, rules=rules, random=random)
    told(2, 5)
    accuracy = _accuracy(judged, instrument, rules=rules, random=random)
    told(3, 5)
    alerts = _alerts(judged, rules=rules, random=random)
    told(4, 5)
    forecast = forecast_report(norm, readings, instrument, rules=rules, random=random)
    told(5, 5)
    overall = calibration["all"]
    within = (
        abs(overall[0].value - float(1 - rules.outer_band) / 2)
        <= float(rules.outer_tolerance)
    ) and (
        abs(overall[1].value - float(1 - rules.inner_band) / 2)
        <= float(rules.inner_tolerance)
    )
    return {
        "judged": digest_judged(pack),
        "people": "same" if same_people else "other",
        "persons": n_persons,
        "readings": len(readings.score),
        "not_covered": left_out,
        "seed": seed,
        "within_tolerance": "yes" if within else "no",
        "calibration": [
            {
                "group": name,
                "worse_than_80": outer.told(),
                "worse_than_68": inner.told(),
            }
            for name, (outer, inner) in calibration.items()
        ],
        "accuracy": accuracy,
        "alerts_per_100_sessions": alerts,
        "forecast": forecast,
    }


def covered_by(pack: NormPack, people: People) -> tuple[People, dict[str, int]]:
    """People and sessions that the pack speaks about, and how many it does not."""
    readings, curve = people.readings, pack.curve
    inside = (readings.intake >= float(curve.intake_low)) & (
        readings.intake <= float(curve.intake_high)
    )
    kept = np.flatnonzero(inside)
    shorter = readings.of_persons(kept).first(curve.max_session)
    late = len(readings.of_persons(kept).score) - len(shorter.score)
    groups = {
        name: tuple(values[at] for at in kept) for name, values in people.groups.items()
    }
    return People(shorter, groups), {
        "persons_with_another_intake": int((~inside).sum()),
        "readings_after_the_last_session": late,
    }


def _judged(
    norm: Norm, readings: Readings, *, away: FloatArray, instrument: Instrument
) -> _Judged:
    sign = worse_sign(norm.scale.direction)
    since_intake = sign * (readings.score - readings.intake_of_row)
    before = np.empty(len(readings.score))
    before[1:] = readings.score[:-1]
    first = np.append(True, readings.person[1:] != readings.person[:-1])
    before[first] = readings.intake_of_row[first]
    return _Judged(
        readings,
        # A line that is clipped to the end of the scale changes nothing: a score at
        # that end is worse than it only where the line lies before the end.
        outer=away > norm.scales.k_80,
        inner=away > norm.scales.k_68,
        reliable=reliably_worse(since_intake, instrument),
        dropped=sign * (readings.score - before) > 0,
    )


def _calibration(
    judged: _Judged, people: People, *, rules: NormRules, random: np.random.Generator
) -> dict[str, tuple[Share, Share]]:
    readings = judged.readings
    names, rows = zip(*_groups(readings, people), strict=True)
    counts = [per_person(each.astype(float), readings) for each in rows]
    # Each person weighs the same in each group, with however many readings.
    found = shares(
        np.column_stack(
            [
                per_person((flag & row).astype(float), readings) / np.maximum(count, 1)
                for flag in (judged.outer, judged.inner)
                for row, count in zip(rows, counts, strict=True)
            ]
        ),
        np.column_stack([each > 0 for each in counts] * 2).astype(float),
        least=rules.persons_per_cell,
        draws=rules.draws,
        random=random,
    )
    half = len(names)
    return {name: (found[at], found[half + at]) for at, name in enumerate(names)}


def _groups(readings: Readings, people: People) -> Iterator[tuple[str, BoolArray]]:
    """Name, and which rows."""
    yield "all", np.ones(len(readings.score), dtype=np.bool_)
    for session in range(2, int(readings.session.max()) + 1):
        yield f"session {session}", readings.session == session
    edges = np.quantile(readings.intake, (1 / 3, 2 / 3))
    tertile: IntArray = np.searchsorted(edges, readings.intake_of_row, side="left")
    for at, name in enumerate(INTAKE_TERTILES):
        yield name, tertile == at
    for name, values in people.groups.items():
        for value in sorted(set(values)):
            which = np.array([each == value for each in values], dtype=np.bool_)
            yield f"{name} {value or 'not written down'}", which[readings.person]


def _accuracy(
    judged: _Judged,
    instrument: Instrument,
    *,
    rules: NormRules,
    random: np.random.Generator,
) -> list[dict[str, object]]:
    """How each rule, before the last reading, foretold where the course ended."""
    readings = judged.readings
    if judged.reliable is None:
        return []
    several = readings.rows_per_person > 1
    last = np.append(readings.person[1:] != readings.person[:-1], True)
    change = worse_sign(instrument.direction) * (
        readings.score - readings.intake_of_row
    )
    better = reliably_worse(-change, instrument)
    assert better is not None
    ended = {
        "reliably worse": _any(judged.reliable & last, readings),
        "no reliable gain": ~_any(better & last, readings),
    }
    before_last = np.append(last[1:], False) & ~last
    rules_said = {
        "norm: ever outside the 80 % line": _any(judged.outer & ~last, readings),
        "plain: ever reliably worse": _any(judged.reliable & ~last, readings),
        "plain: last change for the worse": _any(
            judged.dropped & before_last, readings
        ),
    }
    told: list[dict[str, object]] = []
    for end, happened in ended.items():
        for rule, fired in rules_said.items():
            pairs = (
                (happened, several),
                (fired & happened, happened),
                (~fired & ~happened, ~happened),
                (fired & happened, fired),
            )
            found = shares(
                np.column_stack([a & b & several for a, b in pairs]).astype(float),
                np.column_stack([b & several for _, b in pairs]).astype(float),
                least=rules.persons_per_cell,
                draws=rules.draws,
                random=random,
            )
            names = ("base_rate", "sensitivity", "specificity", "ppv")
            told.append(
                {
                    "end": end,
                    "rule": rule,
                    "persons": int(several.sum()),
                    **dict(zip(names, (each.told() for each in found), strict=True)),
                }
            )
    return told


def _alerts(
    judged: _Judged, *, rules: NormRules, random: np.random.Generator
) -> list[dict[str, object]]:
    """Readings of which the norm, or S2, would speak, before any is acknowledged."""
    readings = judged.readings
    sessions = range(2, int(readings.session.max()) + 1)
    rows = [np.ones(len(readings.score), dtype=np.bool_)]
    rows += [readings.session == each for each in sessions]
    flags = [judged.outer]
    if judged.reliable is not None:
        flags.append(judged.reliable)
    found = shares(
        np.column_stack(
            [per_person((f & r).astype(float), readings) for f in flags for r in rows]
        ),
        np.column_stack(
            [per_person(r.astype(float), readings) for _ in flags for r in rows]
        ),
        least=rules.persons_per_cell,
        draws=rules.draws,
        random=random,
    )
    names = ["all", *(str(each) for each in sessions)]
    return [
        {
            "session": name,
            "readings": int(rows[at].sum()),
            "norm": found[at].told(100),
            "plain_reliably_worse": (
                found[len(names) + at].told(100) if len(flags) > 1 else None
            ),
        }
        for at, name in enumerate(names)
    ]


def per_person(values: FloatArray, readings: Readings) -> FloatArray:
    found: FloatArray = np.bincount(
        readings.person, weights=values, minlength=readings.n_persons
    ).astype(np.float64)
    return found


def _any(rows: BoolArray, readings: Readings) -> BoolArray:
    found: BoolArray = per_person(rows.astype(float), readings) > 0
    return found
