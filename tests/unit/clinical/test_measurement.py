"""Measurements in order, each sitting once."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from clinical.measurement import episode_from
from questionnaires.scoring import Score
from tests.instruments import GAD7, PHQ9, answered, scored

FORM = (1, 1, 1, 1, 1, 1, 1, 1, 1)


@pytest.mark.hazard("H13")
def test_the_time_of_answering_decides_the_order():
    late, early = scored(PHQ9, 12, day=8), scored(PHQ9, 11, day=1)

    assert episode_from([late, early]).measurements == (early, late)


@pytest.mark.hazard("H14")
def test_instants_are_compared_not_clock_faces():
    berlin = timezone(timedelta(hours=2))
    new_york = timezone(timedelta(hours=-4))
    first = replace(
        scored(PHQ9, 11, day=1), authored=datetime(2026, 7, 1, 15, 0, tzinfo=berlin)
    )
    second = replace(
        scored(PHQ9, 12, day=1), authored=datetime(2026, 7, 1, 10, 0, tzinfo=new_york)
    )

    assert episode_from([second, first]).measurements == (first, second)


@pytest.mark.hazard("H11")
def test_answers_win_over_the_bare_score_of_the_same_sitting():
    with_answers = answered(PHQ9, FORM, day=1)
    bare = replace(with_answers, answers=None, source="Observation/3")

    assert episode_from([bare, with_answers]).measurements == (with_answers,)


@pytest.mark.hazard("H11")
def test_what_is_in_the_record_wins_over_what_still_waits():
    in_record = answered(PHQ9, FORM, day=1)
    waiting = replace(in_record, in_record=False, source="outbox/1")

    assert episode_from([waiting, in_record]).measurements == (in_record,)


def test_a_server_that_drops_fractions_of_a_second_makes_no_second_sitting():
    sealed = answered(PHQ9, FORM, day=1)
    exact = replace(sealed, authored=sealed.authored.replace(microsecond=734_000))

    assert len(episode_from([exact, sealed]).measurements) == 1


def test_two_sittings_of_one_day_are_two_measurements():
    morning = scored(PHQ9, 11, day=1)
    evening = replace(morning, authored=morning.authored + timedelta(hours=8))

    assert len(episode_from([morning, evening]).measurements) == 2


def test_two_instruments_at_one_instant_are_two_measurements():
    both = [scored(PHQ9, 11, day=1), scored(GAD7, 9, day=1)]

    assert len(episode_from(both).measurements) == 2


def test_scores_of_one_sitting_that_were_filed_one_by_one_come_together():
    total = scored(PHQ9, 11, day=1)
    part = replace(
        total,
        scores=(Score("phq-9", "somatic", Decimal(4), ()),),
        source="Observation/99",
    )

    (sitting,) = episode_from([part, total]).measurements

    assert {each.score_id for each in sitting.scores} == {"total", "somatic"}
