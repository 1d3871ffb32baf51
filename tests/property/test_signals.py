"""What must hold for every course, not only for those somebody thought of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.attendance import Visit
from clinical.change import swings
from clinical.interruptions import Acknowledgement, Shown, interruptions
from clinical.measurement import Episode, Measurement, episode_from
from clinical.plan import Repeat
from clinical.signals.kinds import (
    BelowOwnLimits,
    BothDown,
    CannotTellYet,
    MissedWhileDown,
    NoisyProfile,
    NoReliableGain,
    Plateau,
    QualityNote,
    ReachedGoal,
    ReliablyWorse,
    SafetyAnswer,
    SafetyBlank,
    Signal,
)
from clinical.signals.read import SignalReport, read_signals
from clinical.trajectory import trajectories
from tests.instruments import (
    ALLIANCE_CHECK_IN,
    PHQ9,
    answered,
    on_day,
    plan_with,
    scored,
    turned,
    upside_down,
    weekly,
)

# A busy machine is no reason for a property to fail.
unhurried = settings(deadline=None)

PLAN = plan_with(PHQ9, ALLIANCE_CHECK_IN, control_chart=True)
TURNED_PLAN = plan_with(
    upside_down(PHQ9), upside_down(ALLIANCE_CHECK_IN), control_chart=True
)
# A copied form is a doubt of its own; it would hide what the next two are about.
PLAN_WITHOUT_COPIES = replace(PLAN, rules=replace(PLAN.rules, identical_sittings=99))

phq9_scores = st.lists(st.integers(0, 27), max_size=9)
alliance_scores = st.lists(st.integers(0, 16), max_size=9)
full_form = st.lists(st.integers(0, 3), min_size=9, max_size=9)
any_form = st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=9, max_size=9)


def read(
    episode: Episode, *, unread: int = 0, today: date | None = None
) -> SignalReport:
    last = max((each.authored for each in episode.measurements), default=on_day(1))
    return read_signals(episode, PLAN, today=today or last.date(), unread=unread)


def read_forms(forms: Sequence[Sequence[int | None]]) -> SignalReport:
    return read_signals(
        episode_from(
            answered(PHQ9, form, day=1 + 7 * week) for week, form in enumerate(forms)
        ),
        PLAN_WITHOUT_COPIES,
        today=on_day(1 + 7 * len(forms)).date(),
        unread=0,
    )


def kinds(report: SignalReport) -> list[tuple[object, ...]]:
    """Everything about the signals that does not depend on the scale's direction."""
    return [_kind(each) for each in report.signals]


def _kind(signal: Signal) -> tuple[object, ...]:
    match signal:
        case CannotTellYet():
            return (CannotTellYet, signal.rule, signal.reason, signal.readings)
        case QualityNote():
            return (QualityNote, signal.reason, signal.silences)
        case ReliablyWorse():
            return (ReliablyWorse, signal.in_a_row)
        case NoReliableGain():
            return (NoReliableGain, signal.best.session_number)
        case Plateau():
            return (Plateau, signal.slope, signal.after_gain)
        case NoisyProfile():
            return (NoisyProfile, signal.swings)
        case BelowOwnLimits():
            return (BelowOwnLimits, signal.how, signal.in_a_row)
        case BothDown():
            return (BothDown, _kind(signal.outcome), _kind(signal.alliance))
        case MissedWhileDown():
            return (MissedWhileDown, *(_kind(each) for each in signal.because))
        case _:
            return (type(signal), getattr(signal, "level", None))


@pytest.mark.hazard("H06")
@unhurried
@given(phq9_scores, alliance_scores)
def test_turning_an_instrument_upside_down_changes_no_signal(outcome, alliance):
    upright = episode_from(
        (
            *weekly(PHQ9, outcome).measurements,
            *weekly(ALLIANCE_CHECK_IN, alliance).measurements,
        )
    )
    turned_phq9 = [turned(PHQ9, Decimal(each)) for each in outcome]
    turned_alliance = [turned(ALLIANCE_CHECK_IN, Decimal(each)) for each in alliance]
    over = episode_from(
        (
            *weekly(upside_down(PHQ9), turned_phq9).measurements,
            *weekly(upside_down(ALLIANCE_CHECK_IN), turned_alliance).measurements,
        )
    )
    today = on_day(70).date()

    visits = [Visit(on_day(69), "missed")]
    here = read_signals(upright, PLAN, today=today, unread=0, visits=visits)
    there = read_signals(over, TURNED_PLAN, today=today, unread=0, visits=visits)

    assert kinds(here) == kinds(there)
    levels = [
        [
            each.level
            for each in interruptions(
                report, plan, acknowledged=(), shown=(), encounter="A"
            )
        ]
        for report, plan in ((here, PLAN), (there, TURNED_PLAN))
    ]
    assert levels[0] == levels[1]


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[Measurement], list[Measurement]]:
    """Sittings with copies among them, and the same ones in another order."""
    days = draw(st.lists(st.integers(1, 60), unique=True, max_size=6))
    found: list[Measurement] = []
    for day in days:
        sitting = answered(PHQ9, draw(any_form), day=day)
        found.append(sitting)
        if draw(st.booleans()):
            found.append(replace(sitting, answers=None, source=f"Observation/{day}"))
        if draw(st.booleans()):
            found.append(replace(sitting, in_record=False, source=f"outbox/{day}"))
        if draw(st.booleans()):
            found.append(scored(ALLIANCE_CHECK_IN, draw(st.integers(0, 16)), day=day))
    return found, draw(st.permutations(found))


@pytest.mark.hazard("H13")
@unhurried
@given(arrivals())
def test_any_order_of_arrival_gives_the_same_report(order):
    as_authored, as_arrived = order

    assert read(episode_from(as_authored)) == read(episode_from(as_arrived))


@unhurried
@given(st.lists(st.integers(0, 27), min_size=1, max_size=8), st.integers(0, 27))
def test_a_measurement_before_intake_changes_the_intake(scores, earlier):
    known = weekly(PHQ9, scores).measurements
    longer = episode_from((*known, scored(PHQ9, earlier, day=-6)))

    intake = trajectories(longer, PHQ9)[-1].readings[0]

    assert (intake.value, intake.session_number) == (earlier, 1)


@unhurried
@given(st.lists(st.integers(0, 27), min_size=1, max_size=8), st.integers(0, 27))
def test_a_measurement_after_intake_never_changes_it(scores, later):
    known = weekly(PHQ9, scores)
    longer = episode_from((*known.measurements, scored(PHQ9, later, day=90)))

    before = trajectories(known, PHQ9)[-1].readings[0]
    after = trajectories(longer, PHQ9)[-1].readings[0]

    assert before == after


def warnings(report: SignalReport) -> set[type]:
    """What asks for attention; each of them gone would be better news."""
    asking = (SafetyAnswer, SafetyBlank, ReliablyWorse, NoReliableGain)
    return {type(each) for each in report.speaking if isinstance(each, asking)}


def good_news(report: SignalReport) -> set[type]:
    return {type(each) for each in report.speaking if isinstance(each, ReachedGoal)}


@pytest.mark.hazard("H06")
@unhurried
@given(
    st.lists(full_form, min_size=1, max_size=7),
    st.integers(0, 8),
    st.integers(1, 3),
)
def test_worsening_an_item_never_makes_the_status_better(forms, item, by):
    worse = [list(form) for form in forms]
    worse[-1][item] = min(3, worse[-1][item] + by)
    if len(forms) == 1:
        worse = [forms[0], *worse]  # a course needs an intake that stays as it was
        forms = [forms[0], *forms]

    before, after = read_forms(forms), read_forms(worse)

    assert warnings(before) <= warnings(after)
    assert good_news(after) <= good_news(before)


@pytest.mark.hazard("H17")
@unhurried
@given(
    st.lists(full_form, min_size=1, max_size=7),
    st.data(),
)
def test_dropping_answers_never_improves_the_status_without_a_note(forms, data):
    at = data.draw(st.integers(0, len(forms) - 1))
    dropped = data.draw(st.sets(st.integers(0, 8), min_size=1))
    fewer: list[list[int | None]] = [list(form) for form in forms]
    fewer[at] = [None if item in dropped else fewer[at][item] for item in range(9)]

    before, after = read_forms(forms), read_forms(fewer)

    improved = (warnings(before) - warnings(after)) or (
        good_news(after) - good_news(before)
    )
    if improved:
        said = {each.reason for each in after.signals if isinstance(each, QualityNote)}
        blank = any(isinstance(each, SafetyBlank) for each in after.speaking)
        assert said & {"prorated", "not_scored"} or blank


@pytest.mark.hazard("H16")
@unhurried
@given(
    st.lists(st.integers(0, 27), min_size=2, max_size=8),
    st.integers(0, 400),
    st.integers(0, 9),
)
def test_no_doubt_about_the_data_ever_silences_a_reliable_worsening(
    scores, days_later, unread
):
    intake, latest = scores[0], scores[-1]
    episode = weekly(PHQ9, scores)
    today = on_day(7 * len(scores)).date() + timedelta(days=days_later)

    report = read(episode, unread=unread, today=today)

    spoke = any(isinstance(each, ReliablyWorse) for each in report.speaking)
    assert spoke == (latest - intake >= 6)  # the PHQ-9's reliable change


@unhurried
@given(phq9_scores, alliance_scores)
def test_each_progress_rule_says_at_most_one_thing(outcome, alliance):
    report = read(
        episode_from(
            (
                *weekly(PHQ9, outcome).measurements,
                *weekly(ALLIANCE_CHECK_IN, alliance).measurements,
            )
        )
    )

    said = [(type(each), each.instrument_id) for each in report.speaking]
    silent = [
        (each.rule, each.instrument_id)
        for each in report.signals
        if isinstance(each, CannotTellYet)
    ]

    assert len(said) == len(set(said))
    assert len(silent) == len(set(silent))


@pytest.mark.hazard("H15")
@pytest.mark.parametrize("repeat", ["once_per_encounter", "until_acknowledged"])
def test_a_thousand_openings_without_new_data_make_one_card(repeat: Repeat):
    plan = replace(PLAN, repeat=repeat)
    report = read(weekly(PHQ9, [11, 12, 18]))
    shown: list[Shown] = []
    cards = set()

    for _ in range(1000):
        for each in interruptions(
            report, plan, acknowledged=(), shown=shown, encounter="A"
        ):
            cards.add((each.cause, each.data_hash))
            shown.append(Shown(each.cause, each.data_hash, "A"))

    assert len(cards) == 1
    assert len(shown) == (1 if repeat == "once_per_encounter" else 1000)


@pytest.mark.hazard("H15")
@pytest.mark.parametrize("repeat", ["once_per_encounter", "until_acknowledged"])
def test_a_thousand_openings_after_an_acknowledgement_are_silent(repeat: Repeat):
    plan = replace(PLAN, repeat=repeat)
    report = read(weekly(PHQ9, [11, 12, 18]))
    (card,) = interruptions(report, plan, acknowledged=(), shown=(), encounter="A")
    answer = Acknowledgement(card.cause, card.level, on=on_day(16))

    later = [
        interruptions(
            report, plan, acknowledged=[answer], shown=(), encounter=f"visit {visit}"
        )
        for visit in range(1000)
    ]

    assert set(later) == {()}


@pytest.mark.hazard("H15")
@unhurried
@given(
    st.lists(any_form, max_size=6),
    alliance_scores,
    st.sampled_from(["once_per_encounter", "until_acknowledged"]),
)
def test_at_most_two_cards_and_each_cause_is_silent_once_answered(
    forms, alliance, repeat
):
    plan = replace(PLAN, repeat=repeat)
    episode = episode_from(
        (
            *(answered(PHQ9, form, day=1 + 7 * at) for at, form in enumerate(forms)),
            *weekly(ALLIANCE_CHECK_IN, alliance).measurements,
        )
    )
    report = read_signals(episode, plan, today=on_day(70).date(), unread=0)
    answers: list[Acknowledgement] = []
    openings = 0

    while cards := interruptions(
        report, plan, acknowledged=answers, shown=(), encounter=f"visit {openings}"
    ):
        safety = [each for each in cards if each.cause.startswith("S1")]
        assert len(safety) <= 1
        assert len(cards) - len(safety) <= 1
        assert not {each.cause for each in cards} & {each.cause for each in answers}
        answers += [
            Acknowledgement(each.cause, each.level, on=on_day(71)) for each in cards
        ]
        openings += 1

    assert openings <= len(report.speaking)


@unhurried
@given(phq9_scores)
def test_an_episode_that_raises_nothing_interrupts_nobody(scores):
    report = read(weekly(PHQ9, scores))

    cards = interruptions(report, PLAN, acknowledged=(), shown=(), encounter="A")

    assert bool(cards) <= bool(report.speaking)


@pytest.mark.hazard("H08")
@unhurried
@given(phq9_scores, phq9_scores)
def test_what_a_carer_says_changes_nothing_that_is_said_of_the_patient(own, carers):
    alone = weekly(PHQ9, own)
    both = episode_from(
        (
            *alone.measurements,
            *(
                replace(each, respondent="carer", source=f"{each.source}-carer")
                for each in weekly(PHQ9, carers).measurements
            ),
        )
    )
    today = on_day(70).date()

    def of_patient(episode: Episode) -> list[Signal]:
        report = read_signals(episode, PLAN, today=today, unread=0)
        return [
            each
            for each in report.signals
            if each.instrument_id == "phq-9"
            and each.respondent == "self"
            and not (isinstance(each, CannotTellYet) and each.rule == "D1")
        ]

    if own:
        assert of_patient(alone) == of_patient(both)


@unhurried
@given(phq9_scores)
def test_each_move_of_a_noisy_profile_is_counted_once(scores):
    found = swings(PHQ9, [Decimal(each) for each in scores]) if scores else 0

    longest = max(len(scores) - 1, 0)
    assert 0 <= found <= longest
    if scores:
        assert found == swings(PHQ9, [Decimal(each) for each in reversed(scores)])
