"""Where a course is heading decides, if the site asks, what interrupts."""

from dataclasses import replace
from decimal import Decimal

import pytest

from clinical.attention import Attention, Budget, Horizon
from clinical.forecast import CannotTellYet, NotOnTrack, OnTrack
from clinical.interruptions import Heading, heading_of, interruptions
from clinical.measurement import episode_from
from clinical.plan import MeasurementPlan
from clinical.signals.band import NormKey, Norms
from clinical.signals.kinds import NoReliableGain, OutsideBand, ReliablyWorse
from clinical.signals.read import SignalReport, read_signals
from questionnaires.instrument import Instrument
from tests.curves import curve
from tests.instruments import (
    ALLIANCE_CHECK_IN,
    GAD7,
    PHQ9,
    on_day,
    plan_with,
    scored,
    weekly,
)

PLAN = plan_with(PHQ9, ALLIANCE_CHECK_IN)
ALL, NOBODY = 0.0, 1.0  # thresholds: everybody is pointed out, nobody is


def norms(at_least: float | None, *instruments: Instrument) -> Norms:
    asked = None
    if at_least is not None:
        budget = Budget(at_least, 0.10, n_persons=900)
        asked = Attention(
            Horizon(10, Decimal(6), whole_points=True),
            tuple((session, budget) for session in range(2, 10)),
        )
    law = replace(curve(attention=asked), intake_low=Decimal(0))
    return {
        NormKey(each.id, each.version, "en", "self"): law
        for each in instruments or (PHQ9,)
    }


def report_of(
    *scores: int,
    at_least: float | None = NOBODY,
) -> SignalReport:
    return read_signals(
        weekly(PHQ9, scores),
        PLAN,
        today=on_day(2 + 7 * len(scores)).date(),
        unread=0,
        norms=norms(at_least),
    )


def causes(report: SignalReport, plan: MeasurementPlan = PLAN) -> list[str]:
    found = interruptions(report, plan, acknowledged=(), shown=(), encounter="A")
    return [each.cause for each in found]


def test_a_site_that_does_not_ask_hears_of_s2_and_s3_as_ever() -> None:
    report = report_of(12, 16, 19, at_least=None)

    assert report.outlooks == {}
    assert causes(report) == ["S2|phq-9"]


def test_a_course_on_track_keeps_its_signals_on_the_page() -> None:
    report = report_of(12, 16, 19)

    assert isinstance(report.outlooks["phq-9", "self"], OnTrack)
    assert {ReliablyWorse, OutsideBand} <= {type(each) for each in report.speaking}
    assert causes(report) == []


def test_a_course_not_on_track_interrupts_with_the_signal_that_is_on() -> None:
    report = report_of(12, 16, 19, at_least=ALL)

    assert isinstance(report.outlooks["phq-9", "self"], NotOnTrack)
    assert causes(report) == ["S2|phq-9"]


def test_not_on_track_alone_is_no_signal_and_makes_no_card() -> None:
    report = report_of(14, 13, 12, at_least=ALL)

    assert isinstance(report.outlooks["phq-9", "self"], NotOnTrack)
    assert causes(report) == []


@pytest.mark.hazard("H16")
def test_where_nobody_can_tell_s2_interrupts_as_ever() -> None:
    long = [12, *[16] * 9, 19]  # after the last session with a threshold

    report = report_of(*long)

    assert report.outlooks["phq-9", "self"] == CannotTellYet(
        "no_threshold_after_this_session"
    )
    assert causes(report) == ["S2|phq-9"]


@pytest.mark.hazard("H16")
def test_it_can_tell_only_where_the_band_can() -> None:
    alone = report_of(12)
    healthy = report_of(3, 4, 12)  # started outside the clinical range

    for report in (alone, healthy):
        assert report.outlooks["phq-9", "self"] == CannotTellYet("rule_is_silent")
    assert causes(healthy) == ["S2|phq-9"]


@pytest.mark.parametrize(
    ("scores", "at_least", "word"),
    [
        ((12, 16, 19), NOBODY, "on_track"),
        ((12, 16, 19), ALL, "not_on_track"),
        ((12, *[16] * 9, 19), ALL, "cannot_tell_yet"),
        ((12, 16, 19), None, None),  # the site does not ask
    ],
)
def test_one_word_says_where_s2_and_s3_are_heading_and_no_probability(
    scores: tuple[int, ...], at_least: float | None, word: Heading | None
) -> None:
    report = report_of(*scores, at_least=at_least)

    about_the_end = [
        each
        for each in report.speaking
        if isinstance(each, ReliablyWorse | OutsideBand)
    ]
    assert {heading_of(each, report) for each in about_the_end} == {word}


def test_what_others_say_waits_for_no_forecast() -> None:
    """R8 and S4 are no guesses about the end; safety answers least of all."""
    stalled = report_of(14, 14, 14, 14, 14)

    assert isinstance(stalled.outlooks["phq-9", "self"], OnTrack)
    assert causes(stalled) == ["S4|phq-9"]
    (review,) = (each for each in stalled.speaking if isinstance(each, NoReliableGain))
    assert heading_of(review, stalled) is None


def test_the_norm_of_no_series_or_another_asks_nothing() -> None:
    spanish = scored(PHQ9, 12, day=1, language="es")
    report = read_signals(
        episode_from([spanish]),
        PLAN,
        today=on_day(2).date(),
        unread=0,
        norms=norms(ALL),
    )
    nothing = read_signals(
        episode_from([]), PLAN, today=on_day(2).date(), unread=0, norms=norms(ALL)
    )

    assert report.outlooks == nothing.outlooks == {}


def test_of_two_courses_that_are_reliably_worse_the_worse_forecast_comes_first() -> (
    None
):
    plan = plan_with(PHQ9, GAD7)
    little, much = (12, 16, 18), (12, 17, 21)

    def first(phq9: tuple[int, ...], gad7: tuple[int, ...], known: Norms) -> str:
        report = read_signals(
            episode_from(
                (
                    *weekly(PHQ9, phq9).measurements,
                    *weekly(GAD7, gad7).measurements,
                )
            ),
            plan,
            today=on_day(23).date(),
            unread=0,
            norms=known,
        )
        return causes(report, plan)[0]

    both = norms(ALL, PHQ9, GAD7)
    assert first(much, little, both) == "S2|phq-9"
    assert first(little, much, both) == "S2|gad-7"
    # Without a forecast of one of them, the plan's order stands.
    assert first(little, much, norms(ALL, GAD7)) == "S2|phq-9"
