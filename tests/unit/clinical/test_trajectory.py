"""One instrument, version and language through one episode."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from clinical.measurement import Measurement, episode_from
from clinical.trajectory import Equivalence, trajectories
from questionnaires.instrument import Source
from tests.instruments import GAD7, PHQ9, scored, weekly


def at_hour(value: int, *, day: int, hour: int) -> Measurement:
    """A PHQ-9 at this hour of a day of the episode."""
    sitting = scored(PHQ9, value, day=day)
    authored = sitting.authored.replace(hour=hour)
    return replace(sitting, authored=authored, source=f"{sitting.source}-{hour}")


@pytest.mark.hazard("H17")
def test_a_sitting_without_score_is_a_session_and_no_reading():
    (series,) = trajectories(weekly(PHQ9, [16, None, 12]), PHQ9)

    numbers = [(each.session_number, each.value) for each in series.readings]
    assert numbers == [(1, 16), (3, 12)]


def test_the_first_sitting_with_a_score_is_the_intake():
    (series,) = trajectories(weekly(PHQ9, [None, 16, 12]), PHQ9)

    assert [each.session_number for each in series.readings] == [1, 2]


def test_without_any_score_there_is_no_trajectory():
    assert trajectories(weekly(PHQ9, [None, None]), PHQ9) == ()


@pytest.mark.hazard("H08")
def test_versions_and_languages_are_never_joined():
    episode = episode_from(
        [
            scored(PHQ9, 11, day=1),
            scored(PHQ9, 12, day=8, language="de"),
            scored(PHQ9, 13, day=15, version="2.0.0"),
            scored(PHQ9, 14, day=22),
        ]
    )

    found = trajectories(episode, PHQ9)

    keys = [(each.instrument_version, each.language) for each in found]
    assert keys == [("1.0.0", "de"), ("2.0.0", "en"), ("1.0.0", "en")]
    assert [len(each.readings) for each in found] == [1, 1, 2]


@pytest.mark.parametrize(("carers_day", "last"), [(1, "self"), (15, "carer")])
def test_the_series_measured_last_stands_last_whoever_answered(
    carers_day: int, last: str
):
    episode = episode_from(
        [scored(PHQ9, 11, day=8), scored(PHQ9, 20, day=carers_day, respondent="carer")]
    )

    assert trajectories(episode, PHQ9)[-1].respondent == last


@pytest.mark.hazard("H08")
def test_what_a_site_declares_of_one_instrument_joins_no_series_of_another():
    episode = episode_from(
        [scored(PHQ9, 11, day=1), scored(PHQ9, 17, day=8, language="de")]
    )

    joined = [
        len(
            trajectories(
                episode,
                PHQ9,
                equivalences=[
                    Equivalence(
                        each.id, "language", ("en", "de"), Source("invented", "own")
                    )
                ],
            )
        )
        for each in (PHQ9, GAD7)
    ]

    assert joined == [1, 2]


@pytest.mark.hazard("H09")
def test_another_instruments_scores_are_not_in_it():
    episode = episode_from([scored(PHQ9, 11, day=1), scored(GAD7, 19, day=8)])

    (series,) = trajectories(episode, PHQ9)

    assert [each.value for each in series.readings] == [11]


@pytest.mark.hazard("H14")
def test_the_day_is_the_day_where_it_was_answered():
    auckland = timezone(timedelta(hours=13))
    sitting = replace(
        scored(PHQ9, 11, day=1),
        authored=datetime(2026, 1, 2, 0, 30, tzinfo=auckland),
    )

    (series,) = trajectories(episode_from([sitting]), PHQ9)

    assert series.readings[0].on.isoformat() == "2026-01-02"


def test_what_was_scored_before_on_the_same_day_stays_with_the_reading():
    scores = ((9, 20), (12, 18), (15, 16))
    day = [at_hour(value, day=8, hour=hour) for hour, value in scores]

    (series,) = trajectories(episode_from([scored(PHQ9, 11, day=1), *day]), PHQ9)

    numbers = [(each.session_number, each.value) for each in series.readings]
    assert numbers == [(1, 11), (2, 16)]
    assert [each.value for each in series.readings[-1].of_day] == [20, 18, 16]
    assert series.readings[-1].begun == day[0].authored


@pytest.mark.hazard("H14")
def test_one_day_is_the_day_as_it_was_written():
    auckland = timezone(timedelta(hours=13))
    morning, evening = (
        replace(
            scored(PHQ9, value, day=1),
            authored=datetime(2026, 1, 2, hour, tzinfo=auckland),
            source=f"Observation/{hour}",
        )
        for hour, value in ((9, 20), (21, 18))
    )  # in Greenwich these are two days

    (series,) = trajectories(episode_from([morning, evening]), PHQ9)

    assert [each.value for each in series.readings] == [18]
