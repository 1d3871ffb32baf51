"""Our searches, and the prefetch templates that ask the same."""

import re
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from ehr.queries import (
    APPOINTMENTS,
    PATIENT_TOKEN,
    REVIEWS,
    appointments_of_a_year,
    chart_queries,
    prefetch_templates,
)
from ehr.server import search_path
from fhir_mapping.dialect import load_dialect

PLAIN = load_dialect("plain-r4")
ALLOWED = {"patient", "category", "code", "_sort", "_count"}


@pytest.mark.req("CH-14")
def test_the_templates_ask_for_the_patient_the_scores_and_the_responses() -> None:
    templates = prefetch_templates(replace(PLAIN, categories_read=("survey",)))

    assert templates == {
        "patient": "Patient/{{context.patientId}}",
        "scores": (
            "Observation?patient={{context.patientId}}&category=survey"
            "&_sort=-date&_count=100"
        ),
        "responses": (
            "QuestionnaireResponse?patient={{context.patientId}}"
            "&_sort=-authored&_count=50"
        ),
    }


@pytest.mark.req("CH-10", "CH-11", "CH-12", "CH-13")
def test_templates_use_only_what_every_client_is_recommended_to_support() -> None:
    for template in prefetch_templates(PLAIN, beside=(REVIEWS, APPOINTMENTS)).values():
        assert set(re.findall(r"\{\{(.*?)\}\}", template)) == {"context.patientId"}
        names = {name for name, _ in parse_qsl(urlsplit(template).query)}
        assert names <= ALLOWED


def test_each_category_the_dialect_reads_is_asked_by_itself() -> None:
    queries = chart_queries(replace(PLAIN, categories_read=("survey", "vital-signs")))

    assert [each.key for each in queries] == [
        "scores",
        "scores_vital_signs",
        "responses",
    ]
    assert [dict(each.parameters).get("category") for each in queries] == [
        "survey",
        "vital-signs",
        None,
    ]


def test_our_own_search_is_the_template_with_the_patient_filled_in() -> None:
    templates = prefetch_templates(PLAIN)

    for query in chart_queries(PLAIN):
        searched = search_path(query.resource_type, query.search_parameters("p-17"))
        assert searched == templates[query.key].replace(PATIENT_TOKEN, "p-17")


def test_plan_reviews_are_asked_for_only_where_the_site_says_so() -> None:
    asked = prefetch_templates(PLAIN, beside=(REVIEWS,))
    searched = search_path(REVIEWS.resource_type, REVIEWS.search_parameters("p-17"))

    assert "plan_reviews" not in prefetch_templates(PLAIN)
    assert unquote(searched) == asked["plan_reviews"].replace(PATIENT_TOKEN, "p-17")


def test_appointments_are_asked_for_between_a_year_ago_and_tomorrow() -> None:
    query = appointments_of_a_year(date(2026, 3, 2))

    assert unquote(
        search_path(query.resource_type, query.search_parameters("p-17"))
    ) == (
        "Appointment?patient=p-17&date=ge2025-03-01&date=le2026-03-03"
        "&_sort=-date&_count=50"
    )
    assert query.key == APPOINTMENTS.key


def test_a_full_page_may_hide_older_entries() -> None:
    scores, *_ = chart_queries(PLAIN)

    assert scores.maybe_cut(100)
    assert not scores.maybe_cut(99)
