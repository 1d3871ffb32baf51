"""What each opening of a chart would have shown, from what was known then."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from clinical.across_episodes.replay import (
    Moment,
    Past,
    Replayed,
    Way,
    moments_of,
    replayed,
    session_days,
)
from clinical.expected_response import NoNorm
from clinical.measurement import Episode, episode_from
from clinical.norms.library import NO_LIBRARY, NormLibrary, norms_for, norms_on_trial
from clinical.opening import occasion_of
from tests.instruments import (
    ALLIANCE_CHECK_IN,
    PHQ9,
    answered,
    on_day,
    plan_with,
    scored,
    weekly,
)
from tests.norm_packs import BORN, contents, pack

PLAN = plan_with(PHQ9, ALLIANCE_CHECK_IN)
WORSE = weekly(PHQ9, (10, 11, 18, 19))
HOUR = timedelta(hours=1)


def opened(
    episode: Episode,
    *moments: Moment,
    way: Way = "speaking",
    plan=PLAN,
    **known: object,
) -> list[Replayed]:
    past = Past(episode, **known)  # type: ignore[arg-type]  # each test names fields
    return list(
        replayed(
            past, moments or moments_of(episode, "sessions"), plan, NO_LIBRARY, way=way
        )
    )


def causes(found: list[Replayed]) -> list[list[str]]:
    return [[card.cause for card in each.through] for each in found]


def test_a_card_comes_when_its_reading_does_and_not_before():
    assert causes(opened(WORSE)) == [[], [], ["S2|phq-9"], ["S2|phq-9"]]


def test_an_opening_before_the_first_answer_knows_nothing():
    [before] = opened(WORSE, Moment(on_day(1) - HOUR))

    assert (before.session, before.language, before.through) == (0, "", ())


def test_what_was_shown_in_this_encounter_is_not_shown_again():
    twice = [Moment(on_day(15), "e1"), Moment(on_day(15) + HOUR, "e1")]
    another = Moment(on_day(16), "e2")

    assert causes(opened(WORSE, *twice, another)) == [["S2|phq-9"], [], ["S2|phq-9"]]


def test_without_an_encounter_the_day_is_the_occasion():
    same_day = [Moment(on_day(15)), Moment(on_day(15) + HOUR)]

    assert causes(opened(WORSE, *same_day, Moment(on_day(16)))) == [
        ["S2|phq-9"],
        [],
        ["S2|phq-9"],
    ]


def test_until_acknowledged_a_card_stays_at_each_opening():
    plan = replace(PLAN, repeat="until_acknowledged")

    found = opened(WORSE, Moment(on_day(15)), Moment(on_day(15) + HOUR), plan=plan)

    assert causes(found) == [["S2|phq-9"], ["S2|phq-9"]]
    assert {each.occasion for each in found} == {""}


def test_silent_mode_remembers_nothing():
    found = opened(WORSE, Moment(on_day(15)), Moment(on_day(15) + HOUR), way="silent")

    assert causes(found) == [["S2|phq-9"], ["S2|phq-9"]]


def test_an_answered_card_stays_away_until_things_are_worse():
    episode = weekly(PHQ9, (10, 11, 18, 18, 23))

    found = opened(episode, way="answered")

    assert causes(found) == [[], [], ["S2|phq-9"], [], ["S2|phq-9"]]


def test_moments_in_any_order_are_gone_through_in_order():
    later, earlier = Moment(on_day(22)), Moment(on_day(8))

    assert [each.at for each in opened(WORSE, later, earlier)] == [
        earlier.at,
        later.at,
    ]


def test_two_forms_of_one_sitting_are_one_opening_and_two_of_a_day_one_session():
    episode = episode_from(
        [
            scored(PHQ9, 10, day=1),
            scored(ALLIANCE_CHECK_IN, 14, day=1),
            answered(PHQ9, (1,) * 9, day=1, authored=on_day(1) + HOUR),
            scored(PHQ9, 12, day=8),
        ]
    )

    assert [each.at for each in moments_of(episode, "sessions")] == [
        on_day(1),
        on_day(1) + HOUR,
        on_day(8),
    ]
    assert session_days(episode) == (on_day(1).date(), on_day(8).date())
    assert [each.session for each in opened(episode)] == [1, 1, 2]


def test_weekly_openings_go_on_for_a_week_after_the_last_answer():
    episode = episode_from([scored(PHQ9, 10, day=1), scored(PHQ9, 10, day=10)])

    weeks = [each.at for each in moments_of(episode, "weekly")]

    assert weeks == [on_day(1), on_day(8), on_day(15)]
    assert moments_of(Episode(()), "weekly") == ()


def test_what_could_not_be_read_counts_from_its_day_on():
    found = opened(WORSE, unread=[on_day(8), None])

    assert [each.opening.unread for each in found] == [1, 2, 2, 2]


def test_a_plan_review_is_known_from_its_day_on():
    episode = weekly(PHQ9, (14, 14, 14, 14, 14, 14))

    plain = opened(episode)
    reviewed = opened(episode, reviews=[on_day(30)])

    assert causes(plain)[-1] == ["S4|phq-9"]
    assert causes(reviewed)[-2:] == [["S4|phq-9"], []]


def test_the_language_is_that_of_the_latest_answer():
    episode = episode_from(
        [scored(PHQ9, 10, day=1), scored(PHQ9, 10, day=8, language="de")]
    )

    assert [each.language for each in opened(episode)] == ["en", "de"]


@pytest.mark.parametrize(
    ("repeat", "encounter", "expected"),
    [
        ("once_per_encounter", "e1", "e1"),
        ("once_per_encounter", "", "2026-03-02"),
        ("until_acknowledged", "e1", ""),
    ],
)
def test_what_an_occasion_is(repeat: str, encounter: str, expected: str):
    plan = replace(PLAN, repeat=repeat)

    assert occasion_of(encounter, plan, today=date(2026, 3, 2)) == expected


def test_only_on_trial_does_an_unsigned_pack_speak():
    episode = weekly(PHQ9, (14, 14, 14))
    on_trial = norms_on_trial(PLAN, contents(pack()))

    def curves(library: NormLibrary) -> list[object]:
        found = norms_for(library, episode, born=BORN, today=on_day(15).date())
        return list(found.values())

    assert curves(on_trial) == [on_trial.packs[0].curve]
    assert curves(replace(on_trial, on_trial=False)) == [NoNorm("norm_review_overdue")]
