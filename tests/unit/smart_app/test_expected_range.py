"""The expected range in picture, table and words: only with a norm, never a goal."""

import re
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from flask import render_template

from clinical.expected_response import expected_band
from clinical.measurement import Episode, episode_from
from clinical.norms.library import norm_library, norms_for
from clinical.signals.band import NO_NORMS, Norms
from smart_app.figures import number
from smart_app.graph.drawing import NARROW, WIDE, Frame, draw
from smart_app.graph.spec import GraphSpec, graph_spec
from smart_app.graph.table import (
    captions,
    direction_words,
    panel_title,
    point_words,
    rule_words,
    summary,
    table,
)
from tests.instruments import PHQ9, plan_with, scored
from tests.norm_packs import BORN, contents, pack, plan_naming, signed
from tests.unit.smart_app.conftest import Clinic

PACK = signed(pack())
LIBRARY = norm_library(plan_naming(plan_with(PHQ9), PACK), contents(PACK))
SCORES = (15, 13, 14, 20)


def course(*values: int) -> Episode:
    return episode_from(
        scored(PHQ9, value, day=1 + 7 * at) for at, value in enumerate(values)
    )


def spec_of(*values: int, norms: Norms | None = None) -> GraphSpec:
    episode = course(*values)
    if norms is None:
        norms = norms_for(LIBRARY, episode, born=BORN, today=date(2026, 6, 1))
    return graph_spec(episode, (PHQ9,), gap_days=42, norms=norms)


def written(clinic: Clinic, spec: GraphSpec) -> str:
    with clinic.app.test_request_context():
        return render_template(
            "graph.svg",
            size="wide",
            drawing=draw(spec, WIDE),
            summary=summary(spec),
            panel_title=panel_title,
            number=number,
            direction_words=direction_words,
            rule_words=rule_words,
            point_words=point_words,
        )


def test_the_range_drawn_is_the_one_that_the_rule_compares_with() -> None:
    (panel,) = spec_of(*SCORES).panels

    assert panel.expected is not None
    assert panel.expected.bands == tuple(
        (
            session,
            expected_band(
                PACK.curve,
                intake=panel.current.points[0].reading.value,
                session_number=session,
            ),
        )
        for session in (2, 3, 4)
    )


@pytest.mark.parametrize("values", [(15,), (1, 2, 3)], ids=["intake", "not covered"])
def test_without_a_session_that_the_norm_covers_there_is_no_range(
    values: tuple[int, ...],
) -> None:
    (panel,) = spec_of(*values).panels

    assert panel.expected is None


def test_without_a_norm_nothing_is_drawn_and_nothing_said(clinic: Clinic) -> None:
    spec = spec_of(*SCORES, norms=NO_NORMS)

    assert "band-" not in written(clinic, spec)
    with clinic.app.test_request_context():
        assert len(table(spec).columns) == 1
        assert not any(PACK.hash[:12] in each for each in captions(spec))


def test_the_wider_range_lies_below_the_inner_one_and_both_below_the_line(
    clinic: Clinic,
) -> None:
    svg = written(clinic, spec_of(*SCORES))

    drawn = re.findall(r'class="(band-80|band-68|expected|series|cutoff)"', svg)
    assert drawn == ["band-80", "band-68", "expected", "cutoff", "series"]
    assert svg.count('class="band-edge"') == 4


def test_one_session_alone_has_a_range_with_a_width() -> None:
    (panel,) = draw(spec_of(15, 13), WIDE).panels

    xs = {
        float(each) for each in re.findall(r"[ML](\d+\.?\d*) ", panel.ribbons[0].area)
    }
    assert len(xs) == 2
    assert panel.expected.count("L") == 1


def test_the_line_in_the_middle_is_the_expected_score_of_each_session() -> None:
    spec = spec_of(*SCORES)
    (panel,), (drawn,) = spec.panels, draw(spec, WIDE).panels
    assert panel.expected is not None

    heights = [float(y) for y in re.findall(r" (\d+\.?\d*)", drawn.expected)]
    points = [float(band.expected) for _, band in panel.expected.bands]
    scale = (drawn.bottom - drawn.top) / 27
    assert heights == pytest.approx(
        [drawn.bottom - each * scale for each in points], abs=0.06
    )


def test_the_caption_names_norm_hash_people_and_says_that_it_is_no_goal(
    clinic: Clinic,
) -> None:
    with clinic.app.test_request_context():
        text = " ".join(captions(spec_of(*SCORES)))

    for said in (
        *("phq-9-invented 1.0.0", PACK.hash[:12], "1,000 people", "outpatient, XX"),
        *("68 %", "80 %", "stayed", "no goal", "1,000 of them until session 4"),
    ):
        assert said in text


@pytest.mark.parametrize(("values", "said"), [((8, 5, 5, 5), True), (SCORES, False)])
def test_where_a_band_ends_with_the_scale_the_caption_says_that_it_holds_more(
    clinic: Clinic, values: tuple[int, ...], said: bool
) -> None:
    with clinic.app.test_request_context():
        text = " ".join(captions(spec_of(*values)))

    assert ("up to 84 (inner) and 90 (outer) in 100" in text) is said


def test_every_drawn_number_is_in_the_table(clinic: Clinic) -> None:
    spec = spec_of(*SCORES)
    (panel,) = spec.panels
    assert panel.expected is not None

    with clinic.app.test_request_context():
        found = table(spec)
        rows: dict[int, Any] = {row.session: row.cells for row in found.rows}
        for session, band in panel.expected.bands:
            ends = (band.expected, band.low_68, band.high_68, band.low_80, band.high_80)
            for value in ends:
                assert number(round(value, 1)) in rows[session][1]

    assert found.columns == ("PHQ-9", "PHQ-9, expected")
    assert rows[1][1] == "–"


def test_a_screen_reader_hears_what_was_expected_at_a_point(clinic: Clinic) -> None:
    (panel,) = spec_of(*SCORES).panels

    with clinic.app.test_request_context():
        heard = [point_words(panel, each) for each in panel.current.points]

    assert "expected" not in heard[0]
    assert all("expected" in each for each in heard[1:])


@pytest.mark.parametrize("frame", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_range_is_named_beside_its_end_and_no_label_touches_another(
    clinic: Clinic, frame: Frame
) -> None:
    spec = spec_of(*SCORES)
    (panel,) = draw(spec, frame).panels
    heights = sorted([*(each.label_y for each in panel.rules), panel.value_at_end.y])

    with clinic.app.test_request_context():
        said = [rule_words(panel.panel, each) for each in panel.rules]

    assert said.count("expected range") == 1
    assert all(b - a >= frame.line for a, b in pairwise(heights))


def test_without_a_norm_no_label_speaks_of_a_range() -> None:
    (panel,) = draw(spec_of(*SCORES, norms=NO_NORMS), WIDE).panels

    assert "expected" not in {each.kind for each in panel.rules}
