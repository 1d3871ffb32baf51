"""Since when a signal is on, and in which order people see them."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from clinical.measurement import Measurement, episode_from
from clinical.signals.band import NormKey
from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    AllianceUnrepaired,
    BelowOwnBaseline,
    BelowOwnLimits,
    BelowSiteCutoff,
    CannotTellYet,
    FlatAtMaximum,
    LargeGain,
    NoisyProfile,
    NoReliableGain,
    OutsideBand,
    Plateau,
    QualityNote,
    ReachedGoal,
    ReliablyWorse,
    SafetyAnswer,
    SafetyBlank,
    SpeakingSignal,
)
from clinical.signals.read import SignalReport, read_signals
from questionnaires.answers import answers_from_offered
from questionnaires.instrument import Instrument
from questionnaires.scoring import score_answers
from tests.curves import curve
from tests.instruments import (
    ALLIANCE_CHECK_IN,
    GAD7,
    LIBRARY,
    PHQ9,
    answered,
    licensed,
    on_day,
    plan_with,
    scored,
    weekly,
)


def report(*measurements: Measurement) -> SignalReport:
    plan = plan_with(PHQ9, GAD7, ALLIANCE_CHECK_IN)
    return read_signals(
        episode_from(measurements), plan, today=on_day(64).date(), unread=0
    )


@pytest.mark.parametrize(
    ("instrument", "scores", "kind", "session"),
    [
        (PHQ9, [11, 17, 12, 17, 18], ReliablyWorse, 4),
        (PHQ9, [16, 15, 15, 15, 15, 15, 15], NoReliableGain, 5),
        (PHQ9, [16, 12, 8, 8, 8, 8], ReachedGoal, 4),
        (PHQ9, [16, 8, 8, 12, 8, 8], ReachedGoal, 6),
        (ALLIANCE_CHECK_IN, [14, 14, 13, 14, 13, 13], BelowOwnBaseline, 5),
        (ALLIANCE_CHECK_IN, [14, 14, 14, 8, 14, 8, 9, 8], AllianceDrop, 6),
        (ALLIANCE_CHECK_IN, [14, 14, 14, 8, 8, 14], AllianceRepaired, 6),
    ],
)
def test_a_signal_is_on_since_the_reading_from_which_it_stayed_on(
    instrument: Instrument,
    scores: Sequence[int],
    kind: type[SpeakingSignal],
    session: int,
):
    found = report(*weekly(instrument, scores).measurements)

    (signal,) = (each for each in found.speaking if isinstance(each, kind))
    assert found.since[signal] == on_day(1 + 7 * (session - 1))


def test_each_speaking_signal_and_no_other_has_its_time():
    found = report(
        *weekly(PHQ9, [11, 11, 11, 11, 17]).measurements,
        *weekly(ALLIANCE_CHECK_IN, [14, 14, 14, 4]).measurements,
    )

    assert set(found.since) == set(found.speaking)


def test_people_see_what_speaks_then_the_doubts_then_the_silence():
    found = report(
        # The drop lies too long before the worsening to be one thing with it.
        *weekly(ALLIANCE_CHECK_IN, [14, 14, 14, 12]).measurements,
        *weekly(GAD7, [9, 9, 9, 9, 8, 9, 13]).measurements,
        *weekly(PHQ9, [16, 16, 16]).measurements,
        scored(PHQ9, Decimal("16.5"), day=22, prorated=True),
        answered(PHQ9, (2, 2, 2, 2, 2, 2, 2, 2, 1), day=29),
    )

    said = [(type(each), each.instrument_id) for each in found.signals]
    assert said[:6] == [
        (SafetyAnswer, "phq-9"),
        (ReliablyWorse, "gad-7"),
        (NoReliableGain, "gad-7"),
        (AllianceDrop, "session-alliance"),
        (BelowOwnBaseline, "session-alliance"),
        (QualityNote, "phq-9"),
    ]
    assert {kind for kind, _ in said[6:]} == {CannotTellYet}


def test_a_safety_answer_carries_the_reading_of_its_own_sitting():
    found = report(
        answered(PHQ9, (2, 2, 2, 2, 2, 2, 2, 2, 1), day=1),
        scored(PHQ9, 11, day=8),
    )

    (signal,) = (each for each in found.speaking if isinstance(each, SafetyAnswer))
    assert signal.reading
    assert (signal.reading.value, signal.authored_on) == (17, "2026-03-02")


def test_the_smallest_sd_is_a_part_of_the_range_and_not_of_the_highest_score():
    total = replace(ALLIANCE_CHECK_IN.total, low=Decimal(6))  # a range of 10
    narrow = replace(ALLIANCE_CHECK_IN, scores=(total,))
    episode = weekly(narrow, [14, 14, 14, 13])

    found = read_signals(episode, plan_with(narrow), today=on_day(22).date(), unread=0)

    (drop,) = (each for each in found.speaking if isinstance(each, AllianceDrop))
    assert (drop.sd, drop.sd_of, drop.level) == (1, "floor", "watch")


@pytest.mark.hazard("H07")
@pytest.mark.parametrize(
    ("scores", "changes", "reason"),
    [
        ([14] * 21, {}, "after_last_session"),
        ([14, 15], {"intake_low": Decimal(15)}, "intake_outside_sample"),
        ([14], {}, "too_few_readings"),
        ([], {}, "no_readings"),
    ],
)
def test_where_the_norm_says_nothing_the_reason_is_said(
    scores: Sequence[int], changes: dict[str, object], reason: str
):
    found = read_signals(
        weekly(PHQ9, scores),
        plan_with(PHQ9),
        today=on_day(150).date(),
        unread=0,
        norms={NormKey("phq-9", PHQ9.version, "en", "self"): curve(**changes)},
    )

    silent = [each for each in found.signals if isinstance(each, CannotTellYet)]
    (band,) = (each for each in silent if each.rule == "S3")
    # A doubt about the data may come before what the norm would say.
    assert band.reason in (reason, "data_quality")


@pytest.mark.hazard("H07")
@pytest.mark.parametrize(
    "key",
    [
        NormKey("gad-7", PHQ9.version, "en", "self"),
        NormKey("phq-9", "2.0.0", "en", "self"),
        NormKey("phq-9", PHQ9.version, "es", "self"),
        NormKey("phq-9", PHQ9.version, "en", "carer"),
    ],
)
def test_a_neighbours_norm_is_never_taken(key: NormKey):
    found = read_signals(
        weekly(PHQ9, [14, 19]),
        plan_with(PHQ9),
        today=on_day(8).date(),
        unread=0,
        norms={key: curve()},
    )

    reasons = [
        each.reason
        for each in found.signals
        if isinstance(each, CannotTellYet) and each.rule == "S3"
    ]
    assert reasons == ["no_norm_for_this_group"]


def test_a_safety_answer_of_long_ago_is_found_behind_many_blanks():
    blank = (2, 2, 2, 2, 2, 2, 2, 2, None)
    found = report(
        answered(PHQ9, (2, 2, 2, 2, 2, 2, 2, 2, 1), day=1),
        *(answered(PHQ9, blank, day=day) for day in range(8, 64, 7)),
    )

    kinds = [type(each) for each in found.speaking]
    assert kinds[:2] == [SafetyAnswer, SafetyBlank]


@pytest.mark.parametrize(
    ("scores", "kind", "session"),
    [
        ([14, 19, 12, 19, 19], OutsideBand, 4),
        ([20, 13, 13, 13, 13, 13], Plateau, 5),
        ([18, 12, 18, 12, 18, 12], NoisyProfile, 5),
        ([26, 20, 14], LargeGain, 3),
        ([16] * 9, NoReliableGain, 9),
    ],
)
def test_a_progress_signal_is_on_since_its_own_reading(
    scores: Sequence[int], kind: type[SpeakingSignal], session: int
):
    found = read_signals(
        weekly(PHQ9, scores),
        plan_with(PHQ9),
        today=on_day(1 + 7 * (len(scores) - 1)).date(),
        unread=0,
        norms={NormKey("phq-9", PHQ9.version, "en", "self"): curve()},
    )

    (signal,) = (each for each in found.speaking if isinstance(each, kind))
    assert found.since[signal] == on_day(1 + 7 * (session - 1))


@pytest.mark.parametrize(
    ("ratings", "kind", "session"),
    [
        ([14, 14, 14, 9, 9, 9, 9, 9], AllianceUnrepaired, 7),
        ([14, 16, 16, 16, 16, 16], FlatAtMaximum, 5),
        ([14] * 5 + [8, 8], BelowOwnLimits, 6),
        ([14] * 5 + [13] * 9, BelowOwnLimits, 13),
    ],
)
def test_an_alliance_signal_is_on_since_its_own_reading(
    ratings: Sequence[int], kind: type[SpeakingSignal], session: int
):
    found = read_signals(
        weekly(ALLIANCE_CHECK_IN, ratings),
        plan_with(ALLIANCE_CHECK_IN, control_chart=True),
        today=on_day(120).date(),
        unread=0,
    )

    (signal,) = (each for each in found.speaking if isinstance(each, kind))
    assert found.since[signal] == on_day(1 + 7 * (session - 1))
    assert signal.latest.session_number == len(ratings)


def test_below_the_sites_cutoff_since_the_first_of_the_low_ratings():
    srs = licensed(LIBRARY.instrument("srs"), cutoff=20)
    found = read_signals(
        weekly(srs, [19, 21, 19, 18]), plan_with(srs), today=on_day(22).date(), unread=0
    )

    (signal,) = (each for each in found.speaking if isinstance(each, BelowSiteCutoff))
    assert (signal.latest.value, found.since[signal]) == (18, on_day(15))


@pytest.mark.hazard("H08")
def test_both_respondents_are_read_and_named():
    own = weekly(PHQ9, [11, 18]).measurements
    carers = [
        replace(each, respondent="carer", source=f"{each.source}-carer") for each in own
    ]

    found = report(*own, *carers)

    worse = [each for each in found.speaking if isinstance(each, ReliablyWorse)]
    assert [each.respondent for each in worse] == ["self", "carer"]
    assert {each.respondent for each in found.signals} == {"self", "carer"}
    assert [each.respondent for each in found.courses_on(PHQ9)] == ["self", "carer"]


def test_from_a_later_session_on_the_band_is_not_asked_before():
    plan = plan_with(PHQ9)
    later = replace(plan, rules=replace(plan.rules, band_from_session=3))
    norms = {NormKey("phq-9", PHQ9.version, "en", "self"): curve()}

    in_a_row = [
        signal.in_a_row
        for each in (plan, later)
        for signal in read_signals(
            weekly(PHQ9, [14, 19, 19]),
            each,
            today=on_day(15).date(),
            unread=0,
            norms=norms,
        ).speaking
        if isinstance(signal, OutsideBand)
    ]

    assert in_a_row == [2, 1]


@pytest.mark.parametrize(
    ("scores", "kind", "first"),
    [
        ([14, 19, 20], OutsideBand, "intake"),
        ([14, 13, 15, 14, 13], Plateau, "first"),
        ([18, 12, 19, 12, 18, 12], NoisyProfile, "first"),
    ],
)
def test_a_signal_names_the_first_and_the_last_reading_that_it_looks_at(
    scores: Sequence[int], kind: type[SpeakingSignal], first: str
):
    found = read_signals(
        weekly(PHQ9, scores),
        plan_with(PHQ9),
        today=on_day(36).date(),
        unread=0,
        norms={NormKey("phq-9", PHQ9.version, "en", "self"): curve()},
    )

    (signal,) = (each for each in found.speaking if isinstance(each, kind))
    begins = 1 if kind is Plateau else 0  # the slope lies through the last four
    assert getattr(signal, first).value == scores[begins]
    assert signal.latest.value == scores[-1]


def test_a_scale_without_cutoff_has_no_goal_and_no_standstill():
    without = replace(PHQ9, cutoff=None)
    found = read_signals(
        weekly(without, [20, 13, 13, 13, 13]),
        plan_with(without),
        today=on_day(29).date(),
        unread=0,
    )

    silent = {
        each.rule
        for each in found.signals
        if isinstance(each, CannotTellYet) and each.reason == "no_cutoff_known"
    }
    assert silent == {"S4", "S5", "S8"}


def test_a_licensed_form_without_any_number_of_the_site_cannot_tell():
    srs = replace(licensed(LIBRARY.instrument("srs"), cutoff=20), cutoff=None)
    found = read_signals(
        weekly(srs, [1]), plan_with(srs), today=on_day(1).date(), unread=0
    )

    reasons = [
        (each.reason, each.readings, each.needed)
        for each in found.signals
        if isinstance(each, CannotTellYet) and each.rule == "R1"
    ]
    assert reasons == [("no_cutoff_known", 1, 1)]


def test_a_prorated_reading_of_a_scale_without_reliable_change_is_noted():
    without = replace(PHQ9, reliable_change=None)
    found = read_signals(
        episode_from(
            [
                scored(without, 20, day=1),
                scored(without, 13, day=8, prorated=True),
                *(scored(without, 13, day=day) for day in (15, 22, 29, 36)),
            ]
        ),
        plan_with(without),
        today=on_day(36).date(),
        unread=0,
    )

    notes = [each for each in found.signals if isinstance(each, QualityNote)]
    assert notes == []


def test_a_form_of_one_question_is_not_answered_alike_throughout():
    total = replace(PHQ9.total, link_ids=PHQ9.total.link_ids[:1])
    short = replace(PHQ9, scores=(total,))
    found = read_signals(
        episode_from(
            answered(short, (points,), day=1 + 7 * week)
            for week, points in enumerate((3, 1, 2))
        ),
        plan_with(short),
        today=on_day(15).date(),
        unread=0,
    )

    notes = {each.reason for each in found.signals if isinstance(each, QualityNote)}
    assert "identical_answers" not in notes


SCREENER = LIBRARY.instrument("c-ssrs-screener")


def screened(given: dict[str, int]) -> SignalReport:
    """One sitting of the screener on demand, beside a plan that follows the PHQ-9."""
    answers = answers_from_offered(SCREENER, given, language="en")
    sitting = Measurement(
        instrument_id=SCREENER.id,
        instrument_version=SCREENER.version,
        language="en",
        authored=on_day(1),
        scores=score_answers(SCREENER, answers),
        answers=answers,
        source="QuestionnaireResponse/1",
        in_record=True,
    )
    return read_signals(
        episode_from([sitting]),
        plan_with(PHQ9, screening=(SCREENER,)),
        today=on_day(1).date(),
        unread=0,
    )


def test_a_form_on_demand_without_scores_shows_its_safety_answer():
    found = screened({"q1": 1, "q2": 0}).speaking

    assert [(type(each), each.link_id) for each in found] == [
        (SafetyAnswer, "q1"),
        (SafetyBlank, "q6"),
    ]


def test_what_was_not_asked_is_not_reported_as_left_blank():
    answers = screened({"q1": 0, "q2": 0, "q6": 0}).speaking

    assert answers == ()


def test_no_rule_follows_the_course_of_a_form_on_demand():
    report = screened({"q1": 0, "q2": 0, "q6": 0})

    assert {each.instrument_id for each in report.signals} == {"phq-9"}
