"""The record of what was agreed: kept by the EHR, or said to be not saved."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from clinical.across_episodes.objectives import Objective
from clinical.across_episodes.sessions import REFUSAL_REASONS
from clinical.support.plan_review import DECISIONS, LAST_CHANGES, ReviewProblem
from clinical.support.tree import RULES, support_tree
from ehr.session_events import events_of
from ehr.smart.context import context_from_bytes
from ehr.tenants import EHR_LAUNCH_SCOPES
from smart_app.access import Visit, purpose_of, signed
from smart_app.objective_words import objective_names, objective_views
from smart_app.review_form import FIELD_OF, Trigger
from smart_app.review_words import (
    decision_words,
    last_change_words,
    problem_words,
    reason_words,
    role_words,
    signal_names,
    view_words,
)
from smart_app.session_notes import refusal_words
from smart_app.support import OpenForm, form_token
from smart_app.support_words import (
    branch_words,
    domain_views,
    domain_words,
    repair_words,
)
from tests.hook_calls import TENANT
from tests.installation import STAFF
from tests.unit.smart_app.conftest import OWN, Clinic, hidden

WRITES = f"{EHR_LAUNCH_SCOPES} user/Task.crs"
NO_GAIN = Trigger("S4", "", "QuestionnaireResponse/17")
AGREED = {
    "view": "helps-not-yet",
    "seen": ["client", "clinician"],
    "trigger": "S4",
    "last": "none-before",
    "crisis": "yes",
    "domain": ["motivation"],
    "fits": "yes",
    "decision": "change",
    "branch": "own-reasons",
    "reason": "",
    "agreed": ["client"],
    "next": "2199-01-01",
    "therapy": "schema therapy <b>",
    "problem": "panic",
}


class Desk:
    """A clinician's browser with one launch."""

    def __init__(self, clinic: Clinic, *, scopes: str, patient: str = "p1") -> None:
        self.clinic = clinic
        self.client: FlaskClient = clinic.client()
        self.path = clinic.launch(self.client, patient=patient, scopes=scopes)

    @property
    def visit(self) -> Visit:
        stored = self.clinic.vault.launches.for_delivery(self.path.split("/")[3])
        assert stored is not None
        tenant = self.clinic.services.tenants.by_id(TENANT)
        return Visit(tenant, context_from_bytes(stored.body))

    def token(self) -> str:
        opened = OpenForm(uuid4(), None, (NO_GAIN,))
        return form_token(self.clinic.services, self.visit, opened)

    def send(self, *, token: str = "", **changes: object) -> TestResponse:
        form = AGREED | {"review_token": token or self.token()} | changes
        return self.client.post(
            f"{self.path}support", data=form, base_url=STAFF, headers=OWN
        )

    def note(self, *, token: str = "", **form: str) -> TestResponse:
        of_page = signed(self.clinic.services, "page", *purpose_of(self.visit))
        return self.client.post(
            f"{self.path}session",
            data={"token": token or of_page, **form},
            base_url=STAFF,
            headers=OWN,
        )


@pytest.fixture
def desk(clinic: Clinic) -> Desk:
    """One whose EHR is not there: nothing listens at its address."""
    return Desk(clinic, scopes=WRITES)


@pytest.fixture
def in_the_app(clinic: Clinic) -> Iterator[None]:
    with clinic.app.test_request_context("/", base_url=STAFF):
        yield


def note_of(page: str) -> str:
    found = re.search(r"data-note>([^<]*)</textarea>", page)
    return found[1] if found else ""


def test_when_the_ehr_is_away_it_says_not_saved_and_keeps_everything(
    desk: Desk,
) -> None:
    page = desk.send()

    assert page.status_code == 503
    assert "data-not-saved" in page.text and "data-recorded" not in page.text
    assert 'value="helps-not-yet" checked' in page.text
    assert '<option value="own-reasons" selected' in page.text
    assert 'value="2199-01-01"' in page.text
    assert 'value="schema therapy &lt;b&gt;"' in page.text
    assert "Decided: change one thing" in note_of(page.text)


def test_sent_again_it_is_the_same_record_of_the_same_moment(desk: Desk) -> None:
    first = hidden(desk.send().text)["review_token"]
    second = hidden(desk.send(token=first).text)["review_token"]

    assert first == second


def test_a_launch_that_may_not_write_gives_a_text_for_the_note(clinic: Clinic) -> None:
    page = Desk(clinic, scopes=EHR_LAUNCH_SCOPES).send()

    assert page.status_code == 200
    assert "Not saved in the record" in page.text
    assert "What led to it: no reliable gain yet (S4)" in note_of(page.text)
    assert "used within schema therapy &lt;b&gt; to address panic." in page.text


def test_without_therapy_or_problem_the_note_has_no_such_line(clinic: Clinic) -> None:
    page = Desk(clinic, scopes=EHR_LAUNCH_SCOPES).send(problem=" ")

    assert "monitoring was used" not in page.text


def test_what_is_missing_is_named_at_its_field_and_the_rest_stays(desk: Desk) -> None:
    page = desk.send(view="", next="soon", crisis="")

    assert page.status_code == 422
    assert re.findall(r'<li><a href="#field-(\w+)">', page.text) == [
        *("view", "crisis", "next"),
    ]
    assert 'aria-describedby="wrong-view"' in page.text
    assert '<option value="own-reasons" selected' in page.text
    assert "data-note" not in page.text


def test_when_to_look_again_is_still_said_where_the_day_is_missing(desk: Desk) -> None:
    page = desk.send(next="", check_day=["13 Dec 2026", "<20> Dec 2026"])
    without = desk.send(next="")

    said = "between 13 Dec 2026 and &lt;20&gt; Dec 2026."
    assert (page.status_code, page.text.count(said)) == (422, 1)
    assert page.text.count('name="check_day"') == 2
    assert "next-hint" in page.text and "next-hint" not in without.text


def test_a_signal_that_did_not_speak_cannot_be_the_trigger(clinic: Clinic) -> None:
    page = Desk(clinic, scopes=EHR_LAUNCH_SCOPES).send(trigger="S2")

    assert "What led to it: no signal" in note_of(page.text)


def test_a_form_of_another_patient_records_nothing(clinic: Clinic) -> None:
    mine, theirs = (Desk(clinic, scopes=WRITES, patient=each) for each in ("p1", "p2"))

    assert mine.send(token=theirs.token()).status_code == 409
    assert mine.note(token=signed_of(theirs), kind="looked-together").status_code == 409
    assert events_of(clinic.vault, "p1") == events_of(clinic.vault, "p2") == ()


def signed_of(desk: Desk) -> str:
    return signed(desk.clinic.services, "page", *purpose_of(desk.visit))


def test_a_token_that_we_did_not_sign_records_nothing(desk: Desk) -> None:
    assert desk.send(token="made-up").status_code == 403


@pytest.mark.parametrize("what", ["support", "session"])
def test_a_patients_own_launch_sees_no_support_path(clinic: Clinic, what: str) -> None:
    client = clinic.client()
    path = clinic.launch(client, user="Patient/p1", scopes=WRITES)

    posted = client.post(f"{path}{what}", data={"x": "y"}, base_url=STAFF, headers=OWN)

    assert posted.status_code == 403
    assert client.get(f"{path}support", base_url=STAFF).status_code == 403


def test_the_path_without_the_chart_says_so(desk: Desk) -> None:
    page = desk.client.get(f"{desk.path}support", base_url=STAFF)

    assert page.status_code == 503
    assert "data-away" in page.text


def test_one_tick_is_kept_once_with_its_session(desk: Desk) -> None:
    for _ in range(2):
        assert desk.note(kind="looked-together").status_code == 303

    [kept] = events_of(desk.clinic.vault, "p1")
    assert (kept.kind, kept.session, kept.reason) == ("looked-together", "e1", None)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("too-much", "too-much"), ("", "no-reason-given"), ("<b>", "no-reason-given")],
)
def test_a_refusal_is_kept_with_its_reason_as_a_code(
    desk: Desk, sent: str, kept: str
) -> None:
    desk.note(kind="refused", reason=sent)

    [event] = events_of(desk.clinic.vault, "p1")
    assert (event.kind, event.reason) == ("refused", kept)


def test_what_nobody_can_note_is_refused(desk: Desk) -> None:
    assert desk.note(kind="ranking").status_code == 403
    assert events_of(desk.clinic.vault, "p1") == ()


@pytest.mark.usefixtures("in_the_app")
def test_every_code_of_the_tree_has_its_words_and_no_word_is_left_over() -> None:
    tree = support_tree()

    assert set(domain_words()) == {each.id for each in tree.domains}
    assert set(branch_words()) == {b for each in tree.domains for b in each.branches}
    assert len(repair_words(tree)) == len(tree.repair.steps)
    assert set(role_words()) == set(tree.record.roles)
    assert set(view_words()) == set(tree.record.client_views)
    assert set(reason_words()) == set(tree.record.reasons)
    assert tuple(decision_words()) == DECISIONS
    assert tuple(last_change_words()) == LAST_CHANGES
    assert tuple(refusal_words()) == REFUSAL_REASONS
    assert set(signal_names()) == RULES


@pytest.mark.usefixtures("in_the_app")
def test_the_numbers_in_the_words_are_the_numbers_of_the_tree() -> None:
    cycle = support_tree().cycle

    # "at most two", "one change", "in two to three sessions", "two rounds"
    assert (cycle.most_domains, cycle.most_changes) == (2, 1)
    assert (cycle.check_after_least, cycle.check_after_most) == (2, 3)
    assert cycle.cycles_before_other_help == 2


@pytest.mark.usefixtures("in_the_app")
def test_an_objective_says_what_it_left_out_and_is_silent_without_occasion() -> None:
    found = [
        Objective("O6", "not-met", 3, 4, refused=1, crisis=2),
        Objective("O2", "nothing-to-do", 0, 0, refused=0, crisis=0),
        Objective("O3", "cannot-tell-yet", 0, 0, refused=0, crisis=0),
    ]

    told = {each.id: (each.state, each.apart) for each in objective_views(found)}

    assert told == {
        "O6": (
            "not always: 3 of 4",
            "1 session without a form by the person's own wish, 2 crisis contacts",
        ),
        "O3": ("too early to say", ""),
    }
    assert list(objective_names()) == ["O1", "O2", "O3", "O4", "O5", "O6", "O7"]


@pytest.mark.usefixtures("in_the_app")
def test_every_problem_has_its_sentence_and_its_field() -> None:
    problems: tuple[ReviewProblem, ...] = ReviewProblem.__args__  # type: ignore[attr-defined]

    assert set(FIELD_OF) == set(problems)
    assert all(problem_words(each).endswith(".") for each in problems)


def test_safety_stands_first_and_then_what_a_signal_points_to(
    in_the_app: None,
) -> None:
    tree = support_tree()

    after_r3 = domain_views(tree, frozenset({"R3"}))
    quiet = domain_views(tree, frozenset())

    assert [each.id for each in after_r3[:3]] == ["safety", "alliance", "motivation"]
    assert [each.pointed for each in after_r3[:3]] == [False, True, False]
    assert [each.id for each in quiet] == [each.id for each in tree.domains]
