"""A plan review as a Task, both ways; words of people in neither."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.support.plan_review import PlanReview, plan_review_from
from clinical.support.tree import support_tree
from fhir_mapping.errors import NotValidR4
from fhir_mapping.plan_review import (
    ReviewPlace,
    as_written,
    reviews_from_tasks,
    task_from_review,
)
from fhir_mapping.r4.json import Json, json_bytes
from fhir_mapping.r4.models import checked
from fhir_mapping.r4.reading import resource_from_bytes
from tests.plan_reviews import entries, review

PLACE = ReviewPlace(
    patient="p1",
    encounter="e1",
    requester="Practitioner/7",
    focus="QuestionnaireResponse/17",
    identifier=UUID(int=5),
)
TREE = support_tree()


def read(*tasks: Json):
    found = [resource_from_bytes(json_bytes(each)) for each in tasks]
    return reviews_from_tasks(found, patient="p1")


def stored(found: PlanReview, **changes: object) -> Json:
    return task_from_review(found, PLACE) | {"id": "t1"} | changes


@st.composite
def any_review(draw: st.DrawFn) -> PlanReview:
    domains = draw(
        st.lists(st.sampled_from(TREE.domains), min_size=1, max_size=2, unique=True)
    )
    decision = draw(st.sampled_from(["continue", "change", "consult", "end"]))
    roles = st.lists(st.sampled_from(TREE.record.roles), min_size=1, unique=True)
    offset = timezone(timedelta(hours=draw(st.integers(-11, 13))))
    moment = draw(st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1)))
    at = moment.replace(tzinfo=offset)
    found = plan_review_from(
        entries(
            at=at,
            trigger=draw(st.sampled_from(["", "S4", "R3", "D1"])),
            norm_hash=draw(st.sampled_from(["", "ab" * 32])),
            graph_seen_by=tuple(draw(roles)),
            client_view=draw(st.sampled_from(TREE.record.client_views)),
            domains=tuple(each.id for each in domains),
            branches=(domains[0].branches[0],) if decision == "change" else (),
            decision=decision,
            reason=draw(st.sampled_from(TREE.record.reasons))
            if decision == "continue"
            else "",
            agreed_by=tuple(draw(roles)),
            next_look=None if decision == "end" else (at + timedelta(days=9)).date(),
            measure_fits=draw(st.booleans()),
        ),
        TREE,
    )
    assert isinstance(found, PlanReview), found
    return found


@given(any_review())
def test_what_was_written_is_read_back_as_it_was(found: PlanReview) -> None:
    [again] = read(stored(found)).reviews

    assert as_written(found, again)


def test_the_task_says_whose_review_it_is_what_it_rests_on_and_when_people_look_again():
    task = task_from_review(review(), PLACE)

    assert task["for"] == {"reference": "Patient/p1"}
    assert task["encounter"] == {"reference": "Encounter/e1"}
    assert task["focus"] == {"reference": "QuestionnaireResponse/17"}
    assert task["status"] == "completed" and task["intent"] == "plan"
    assert task["restriction"] == {"period": {"end": "2026-04-20"}}
    assert str(UUID(int=5)) in json.dumps(task["identifier"])


def test_a_review_without_encounter_trigger_or_requester_is_valid_too() -> None:
    bare = ReviewPlace("p1", None, None, None, UUID(int=6))
    ended = review(decision="end", branches=(), next_look=None, trigger="")

    task = task_from_review(ended, bare)

    assert {"encounter", "requester", "focus", "restriction"} & set(task) == set()


@pytest.mark.parametrize(
    "words",
    [
        {"description": "He said"},
        {"note": [{"text": "He said"}]},
        {"text": {"status": "generated", "div": "<div>He said</div>"}},
        {"output": [{"type": {"text": "x"}, "valueString": "He said"}]},
    ],
)
def test_a_task_with_words_of_people_is_not_sent(words: Json) -> None:
    with pytest.raises(NotValidR4):
        checked(task_from_review(review(), PLACE) | words)


@pytest.mark.parametrize(
    "words",
    [
        {"description": "He said"},
        {"note": [{"text": "He said"}]},
        {"owner": {"display": "Dr Who"}},
    ],
)
def test_words_and_names_that_others_added_are_not_read(words: Json) -> None:
    [found] = read(stored(review(), **words)).reviews

    assert "said" not in repr(found) and "Who" not in repr(found)
    assert "Practitioner" not in repr(found)


def test_reviews_come_oldest_first_and_one_entered_in_error_is_none() -> None:
    later = stored(review(at=review().at + timedelta(days=7)), id="t2")
    wrong = stored(review(), id="t3", status="entered-in-error")

    found = read(later, stored(review()), wrong)

    assert [each.at for each in found.reviews] == [
        review().at,
        review().at + timedelta(days=7),
    ]
    assert found.unread == ()


def test_a_task_of_somebody_else_is_neither_read_nor_reported() -> None:
    other = {
        "resourceType": "Task",
        "id": "t9",
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": "http://example.org", "code": "plan-review"}]},
        "input": "not a list",
    }

    found = reviews_from_tasks(
        [resource_from_bytes(json_bytes(other | {"input": []}))], patient="p1"
    )

    assert found.reviews == () and found.unread == ()


@pytest.mark.parametrize(
    ("changes", "place", "reason"),
    [
        ({"for": {"reference": "Patient/p2"}}, "for", "other_patient"),
        ({"for": None}, "for", "other_patient"),
        ({"status": "draft"}, "status", "not_final"),
        ({"authoredOn": "2026"}, "authoredOn", "no_date"),
        ({"output": []}, "output.decision", "unknown_code"),
        ({"input": []}, "input.last-change", "unknown_code"),
        ({"implicitRules": "http://x"}, "implicitRules", "not_interpreted"),
        (
            {"modifierExtension": [{"url": "http://x", "valueCode": "not"}]},
            "modifierExtension",
            "not_interpreted",
        ),
        (
            {"restriction": {"period": {"end": "soon"}}},
            "restriction.period.end",
            "no_date",
        ),
    ],
)
def test_a_review_that_cannot_be_read_is_reported_with_its_place(
    changes: Json, place: str, reason: str
) -> None:
    task = {key: each for key, each in stored(review(), **changes).items() if each}

    found = read(task | {key: [] for key in changes if changes[key] == []})

    assert found.reviews == ()
    [unread] = found.unread
    assert (unread.resource_id, unread.place, unread.reason) == ("t1", place, reason)


def test_a_code_that_this_tree_does_not_have_is_kept_as_it_was_written() -> None:
    text = json_bytes(stored(review())).replace(b"client-view.helps-not-yet", b"%s")
    older = text.replace(b"%s", b"client-view.of-an-older-tree")

    found = reviews_from_tasks([resource_from_bytes(older)], patient="p1")

    assert [each.client_view for each in found.reviews] == ["of-an-older-tree"]


def test_a_code_that_is_no_code_is_refused() -> None:
    text = json_bytes(stored(review()))
    hostile = text.replace(b"client-view.helps-not-yet", b"client-view.<b>He said</b>")

    found = reviews_from_tasks([resource_from_bytes(hostile)], patient="p1")

    assert found.reviews == ()
    assert [each.place for each in found.unread] == ["input.client-view"]


def test_another_day_in_the_copy_is_another_review() -> None:
    changed = replace(review(), next_look=date(2026, 4, 21))

    assert not as_written(review(), changed)
