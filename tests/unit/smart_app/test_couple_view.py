"""What two partners see of a form, and when no word is said on a difference."""

from dataclasses import replace

import pytest
from flask import Flask

from clinical.measurement import Episode, episode_from
from clinical.pairs import BothAgreed
from clinical.plan import MeasurementPlan
from fhir_mapping.episode import ChartReading
from fhir_mapping.unread import Unread
from questionnaires.instrument import Instrument
from smart_app.couple_view import CoupleView, couple_views
from tests.instruments import GAD7, LIBRARY, plan_with, scored
from tests.unit.smart_app.sandbox_site import STAFF

BOTH = BothAgreed("audit/1", "audit/3")
CHECK_IN = LIBRARY.instrument("relationship-check-in")


def read(*scores: int, form: Instrument = GAD7, unread: int = 0) -> ChartReading:
    episode = episode_from(
        scored(form, value, day=1 + 7 * at) for at, value in enumerate(scores)
    )
    return ChartReading(
        episode, (Unread("Observation", "x", "", "unknown_code"),) * unread, 0
    )


def view(
    app: Flask,
    first: ChartReading,
    second: ChartReading,
    *,
    form: Instrument = GAD7,
    **changes: object,
) -> CoupleView:
    plan: MeasurementPlan = plan_with(form, **changes)
    plan = replace(plan, couples=replace(plan.couples, instruments=(form,)))
    with app.test_request_context(base_url=STAFF):
        [found] = couple_views(
            plan, LIBRARY, (first, second), names=("Ada", "Ben"), agreed=BOTH
        )
    return found


def test_too_few_shared_days_are_said_to_be_too_few(app: Flask) -> None:
    found = view(app, read(10, 9), read(12, 12))

    assert found.found[0].startswith("There are not yet 3 days")
    assert len(found.graphs) == 2


def test_no_reliable_difference_is_no_proof(app: Flask) -> None:
    found = view(app, read(10, 9, 8), read(11, 10, 9))

    assert "1 points apart. That is no proof" in found.found[0]
    assert "5 of 100" in found.size_test


def test_a_form_without_reliable_change_is_shown_and_not_compared(app: Flask) -> None:
    scores = (read(10, 9, 8, form=CHECK_IN), read(2, 2, 2, form=CHECK_IN))

    found = view(app, *scores, form=CHECK_IN)

    assert "by chance alone is not known" in found.found[0]
    assert len(found.graphs) == 2


@pytest.mark.parametrize("unread", [(1, 0), (0, 1)])
def test_where_a_score_may_be_missing_no_difference_is_told(
    app: Flask, unread: tuple[int, int]
) -> None:
    first, second = (read(*([5 + 9 * n] * 3), unread=unread[n]) for n in (0, 1))

    assert "only partly readable" in view(app, first, second).found[0]


def test_a_site_that_records_only_draws_no_conclusion(app: Flask) -> None:
    found = view(app, read(5, 5, 5), read(15, 15, 15), decision_support=False)

    assert "records only" in found.found[0]
    assert found.size_test == ""


def test_who_has_no_score_is_named_and_no_line_is_drawn(app: Flask) -> None:
    found = view(app, read(5, 5, 5), ChartReading(Episode(()), (), 0))

    assert found.found == ("Ben has no score on this form yet.",)
    assert (found.graphs, found.rows) == ((), ())


def test_both_lines_are_on_one_scale_and_one_axis(app: Flask) -> None:
    found = view(app, read(5, 5, 5, 5), read(15, 15))

    first, second = (each.drawing for each in found.graphs)
    assert first.sessions == second.sessions
    assert first.panels[0].ticks == second.panels[0].ticks
    assert [each.cells for each in found.rows] == [
        *(("5", "–"), ("5", "–"), ("5", "15"), ("5", "15")),
    ]


def test_a_carers_answers_about_somebody_are_not_that_partners_own(app: Flask) -> None:
    own = read(5, 5, 5)
    carers = tuple(
        replace(each, respondent="carer") for each in own.episode.measurements
    )

    found = view(app, own, ChartReading(Episode(carers), (), 0))

    assert found.found == ("Ben has no score on this form yet.",)
