"""Whose answers a line holds, and where an alliance fell and came back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import pairwise

import pytest

from clinical.measurement import Episode, Respondent, episode_from
from clinical.signals.alliance import drops_in
from questionnaires.instrument import Instrument
from smart_app.clinician import answered_at_other_ages
from smart_app.graph.drawing import NARROW, WIDE, Frame, draw
from smart_app.graph.spec import GraphSpec, graph_spec
from smart_app.graph.table import captions, panel_title, point_words, table
from tests.instruments import ALLIANCE_CHECK_IN as ALLIANCE
from tests.instruments import PHQ9, plan_with, scored
from tests.unit.smart_app.conftest import Clinic

DROP_AND_REPAIR = (13, 13, 14, 13, 7, 8, 13, 13)


def answered(
    *values: int, by: Respondent = "self", instrument: Instrument = PHQ9
) -> Episode:
    return episode_from(
        replace(scored(instrument, value, day=1 + 7 * at), respondent=by)
        for at, value in enumerate(values)
    )


def both(own: Sequence[int], carers: Sequence[int]) -> GraphSpec:
    found = (
        *answered(*own).measurements,
        *answered(*carers, by="carer").measurements,
    )
    return graph_spec(episode_from(found), (PHQ9,), gap_days=42)


def alliance(*values: int) -> GraphSpec:
    return graph_spec(
        answered(*values, instrument=ALLIANCE),
        (ALLIANCE,),
        gap_days=42,
        drops_of=partial(
            drops_in, rules=plan_with(PHQ9, ALLIANCE).rules, sample_sd=None
        ),
    )


def test_a_carers_answers_have_a_panel_and_a_start_of_their_own(clinic: Clinic) -> None:
    spec = both([14, 13, 12], [10, 15, 18])
    own, carers = spec.panels

    assert [len(each.lines) for each in spec.panels] == [1, 1]
    assert own.corridor is not None and carers.corridor is not None
    assert (own.corridor.high, carers.corridor.high) == (20, 16)
    with clinic.app.test_request_context():
        assert [*map(panel_title, spec.panels)] == ["PHQ-9", "PHQ-9 (carer)"]
        assert table(spec).columns == ("PHQ-9", "PHQ-9 (carer)")
        assert table(spec).rows[0].cells == ("12", "18")


def test_the_table_shows_every_score_of_a_day_and_the_graph_the_one_that_counts(
    clinic: Clinic,
) -> None:
    first = scored(PHQ9, 17, day=1, prorated=True)
    again = replace(
        scored(PHQ9, 16, day=1),
        authored=first.authored + timedelta(minutes=5),
        source="Observation/again",
    )

    spec = graph_spec(episode_from([first, again]), (PHQ9,), gap_days=42)

    (panel,) = spec.panels
    assert [each.reading.value for each in panel.current.points] == [16]
    with clinic.app.test_request_context():
        assert table(spec).rows[0].cells == (
            "17 (replaced the same day, estimated), 16",
        )


def test_the_graph_marks_where_an_alliance_fell_and_where_it_came_back(
    clinic: Clinic,
) -> None:
    spec = alliance(*DROP_AND_REPAIR)
    (panel,) = spec.panels

    usual = [each.usual for each in panel.current.points]
    assert usual == [None] * 4 + ["dropped", "below", "back", None]
    with clinic.app.test_request_context():
        heard = [point_words(panel, each) for each in panel.current.points]
        cells = [each.cells[0] for each in reversed(table(spec).rows)]
        assert any("▼" in each and "△" in each for each in captions(spec))
    assert cells[4:7] == [
        "7 (below usual)",
        "8 (below usual)",
        "13 (usual again)",
    ]
    assert ["usual" in each for each in heard] == [each is not None for each in usual]


@pytest.mark.parametrize("frame", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize(
    "values", [DROP_AND_REPAIR, (16, 16, 16, 16, 0, 0, 16), (2, 2, 3, 2, 0, 2)]
)
def test_a_mark_stays_inside_its_panel_and_off_its_point(
    values: tuple[int, ...], frame: Frame
) -> None:
    (panel,) = draw(alliance(*values), frame).panels

    marked = [each for each in panel.marks if each.arrow]
    assert [each.point.usual for each in marked] == ["dropped", "back"]
    for each in marked:
        heights = [float(step.split(" ")[1]) for step in each.arrow[1:-1].split("L")]
        assert all(panel.top <= y <= panel.bottom for y in heights)
        assert all(abs(y - each.y) >= 8 for y in heights)


def test_without_a_drop_nothing_is_marked(clinic: Clinic) -> None:
    spec = alliance(13, 13, 14, 13, 13)

    assert not any(mark.arrow for mark in draw(spec, WIDE).panels[0].marks)
    with clinic.app.test_request_context():
        assert not any("▼" in each for each in captions(spec))


def test_every_drop_of_a_course_is_found_and_the_last_may_be_open() -> None:
    (panel,) = alliance(*DROP_AND_REPAIR, 6).panels

    found = [each.usual for each in panel.current.points]
    assert found.count("dropped") == 2 and found.count("back") == 1
    assert found[-1] == "dropped"


def test_a_notice_on_a_forms_numbers_is_said_once_whoever_answered(
    clinic: Clinic,
) -> None:
    spec = both([14, 13], [10, 15])

    with clinic.app.test_request_context():
        assert len(answered_at_other_ages(spec, born=date(2012, 5, 1))) == 1


def weekly(count: int) -> GraphSpec:
    return graph_spec(
        answered(*(10 + at % 7 for at in range(count))), (PHQ9,), gap_days=42
    )


@pytest.mark.parametrize("frame", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("count", [1, 2, 8, 25, 60, 99, 100, 200])
def test_labels_of_sessions_never_touch_and_many_points_do_not_hide_the_line(
    count: int, frame: Frame
) -> None:
    drawing = draw(weekly(count), frame)

    labelled = [each for each in drawing.sessions if each.labelled]
    assert labelled[-1].session == count
    for one, other in pairwise(labelled):
        assert other.x - one.x >= 10 * len(str(other.session)) + 4
    between = (drawing.right - drawing.left) / count
    assert drawing.dot == (4.0 if between >= 10 else max(1.5, round(0.4 * between, 1)))
