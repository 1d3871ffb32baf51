"""Thresholds for a share of false alarms: chosen by the check, read from the pack."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from clinical.attention import Horizon
from clinical.errors import NormPackError
from clinical.forecast import NotOnTrack
from clinical.norms.budgets import forecast_report
from clinical.norms.caseload import forecasts
from clinical.norms.library import norm_library, norms_for
from clinical.norms.norm import Norm
from clinical.norms.pack import NormPack
from clinical.norms.readings import Readings
from clinical.signals.read import read_signals
from questionnaires.instrument import Instrument
from tests.instruments import PHQ9, on_day, plan_with, weekly
from tests.norm_packs import BORN, asked, contents, pack, plan_naming, signed
from tests.unit.clinical.norms.cohorts import (
    RULES,
    WORSE_DOWN,
    cohort,
    norm_of,
    turned_over,
)

UPSIDE_DOWN = replace(PHQ9, direction="higher_is_better")
PLAN = plan_with(PHQ9)


def chosen(
    norm: Norm, readings: Readings, instrument: Instrument = PHQ9
) -> dict[str, Any]:
    found = forecast_report(
        norm, readings, instrument, rules=RULES, random=np.random.default_rng(1)
    )
    assert found is not None
    return found


def thresholds(found: dict[str, Any], share: str) -> dict[int, float]:
    return {
        each["session"]: float(each["at_least"])
        for each in found["budgets"]
        if each["false_alarms"] == share
    }


def test_new_people_get_as_many_false_alarms_as_the_share_says() -> None:
    home, new = cohort(1_000), cohort(8_000, seed=3)
    norm = norm_of(home)
    at_least = thresholds(chosen(norm, home), "0.10")

    for session in (3, 5, 8):
        people = new.first(session)
        last = np.cumsum(new.rows_per_person) - 1
        stayed = new.session[last] > session
        ended = new.score[last] - new.intake >= 6
        chance = forecasts(
            norm.fit,
            people,
            horizon=Horizon(10, Decimal(6), whole_points=True),
            direction="higher_is_worse",
            knot_session=None,
        ).reliably_worse
        others = stayed & ~ended
        alarms = float((chance[others] >= at_least[session]).mean())
        assert alarms == pytest.approx(0.10, abs=0.03)


def test_more_false_alarms_point_out_more() -> None:
    found = chosen(norm_of(cohort(1_000)), cohort(1_000))

    for session, strict in thresholds(found, "0.05").items():
        assert strict >= thresholds(found, "0.10")[session]
        assert strict >= thresholds(found, "0.20")[session]
    assert found["budgets"][0]["found"] is not None


def test_sessions_from_which_too_few_went_on_have_no_threshold() -> None:
    few = cohort(75)
    last = few.session[np.cumsum(few.rows_per_person) - 1]

    found = chosen(norm_of(cohort(1_000)), few)

    went_on = {session: int((last > session).sum()) for session in range(2, 10)}
    for session in thresholds(found, "0.10"):
        assert went_on[session] >= RULES.persons_per_session
    assert 2 in thresholds(found, "0.10")
    assert went_on[9] < RULES.persons_per_session


def test_a_scale_turned_over_has_the_same_thresholds() -> None:
    readings = cohort(600)

    up = chosen(norm_of(readings), readings)
    down = chosen(
        norm_of(turned_over(readings), scale=WORSE_DOWN),
        turned_over(readings),
        UPSIDE_DOWN,
    )

    for session, threshold in thresholds(up, "0.10").items():
        assert thresholds(down, "0.10")[session] == pytest.approx(threshold, abs=1e-4)


def test_without_a_reliable_change_or_with_one_session_nothing_is_asked() -> None:
    norm, readings = norm_of(cohort(300)), cohort(300)
    options: dict[str, Any] = {"rules": RULES, "random": np.random.default_rng(1)}
    bare = replace(PHQ9, reliable_change=None)

    assert forecast_report(norm, readings, bare, **options) is None
    short = replace(norm, max_session=2)
    assert forecast_report(short, readings, PHQ9, **options) is None


def read(made: NormPack, share: str = "0.10") -> Any:
    plan = plan_naming(PLAN, made)
    norms = replace(plan.norms, false_alarms=Decimal(share))
    return norm_library(replace(plan, norms=norms), contents(made))


def test_the_plan_reads_the_threshold_of_its_share_from_the_signed_pack() -> None:
    library = read(signed(asked("0.000001")), "0.1")
    episode = weekly(PHQ9, (15, 16, 17))

    report = read_signals(
        episode,
        PLAN,
        today=on_day(16).date(),
        unread=0,
        norms=norms_for(library, episode, born=BORN, today=on_day(16).date()),
    )

    assert isinstance(report.outlooks["phq-9", "self"], NotOnTrack)


def test_a_plan_that_does_not_ask_reads_none() -> None:
    made = signed(asked("0.5"))
    library = norm_library(plan_naming(PLAN, made), contents(made))

    assert library.packs[0].curve.attention is None


def test_a_pack_of_an_earlier_version_is_not_asked() -> None:
    earlier = replace(pack().key, instrument_version="0.9.0")

    assert read(signed(pack(key=earlier))).packs[0].curve.attention is None


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (pack(), "no threshold for norms.false_alarms = 0.10"),
        (asked("0.5", false_alarms="0.20"), "no threshold for"),
        (asked("much"), "is not a decimal number"),
        (
            replace(asked("0.5"), validation={"forecast": {"horizon_session": 10}}),
            "validation.forecast.rci: is missing",
        ),
    ],
    ids=["none", "another share", "no number", "half a table"],
)
def test_a_pack_without_the_threshold_is_no_start(made: NormPack, said: str) -> None:
    with pytest.raises(NormPackError, match=said):
        read(signed(made))


def test_thresholds_for_another_reliable_change_are_no_start() -> None:
    made = asked("0.5")
    assert made.validation is not None
    other = {**made.validation["forecast"], "rci": "5"}

    with pytest.raises(NormPackError, match="another reliable change"):
        read(signed(replace(made, validation={"forecast": other})))
