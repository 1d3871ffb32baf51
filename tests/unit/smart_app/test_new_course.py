"""Whoever comes back after a long pause: two lines, and from when on is counted."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from clinical.measurement import Episode, episode_from
from clinical.signals.read import read_signals
from smart_app.clinician import new_courses
from smart_app.graph.spec import graph_spec
from smart_app.graph.table import table
from tests.installation import STAFF
from tests.instruments import PHQ9, on_day, plan_with, scored
from tests.unit.smart_app.conftest import Clinic


@pytest.fixture(autouse=True)
def words(clinic: Clinic) -> Iterator[None]:
    with clinic.app.test_request_context("/", base_url=STAFF):
        yield


def answers(*days: int) -> Episode:
    return episode_from(scored(PHQ9, Decimal(15), day=day) for day in days)


def said(episode: Episode) -> list[str]:
    plan = plan_with(PHQ9, new_course_after_days=365)
    today = episode.measurements[-1].authored.date()
    return new_courses(read_signals(episode, plan, today=today, unread=0))


def test_the_page_names_the_day_from_which_is_counted() -> None:
    assert said(answers(1, 8, 600, 607)) == [
        "PHQ-9: a new course, counted from 22 Oct 2027. Nothing is compared with the"
        " answers before the pause."
    ]


def test_without_a_long_pause_it_says_nothing() -> None:
    assert said(answers(1, 8, 373)) == []


def test_each_course_is_a_line_and_a_column_of_its_own() -> None:
    spec = graph_spec(answers(1, 8, 600, 607), (PHQ9,), gap_days=42, new_after_days=365)

    [panel] = spec.panels
    assert [len(each.points) for each in panel.lines] == [2, 2]
    assert panel.current.points[0].reading.on == on_day(600).date()
    assert table(spec).columns == (
        "PHQ-9 1.0.0 (English), 2 Mar 2026–9 Mar 2026",
        "PHQ-9 1.0.0 (English), 22 Oct 2027–29 Oct 2027",
    )
