"""What the form says of a question that depends on an earlier answer."""

from questionnaires.answers import answers_from_offered
from questionnaires.library import load_library
from questionnaires.wording import neutral_wording
from smart_app.patient_form import OnlyIf, blank_numbers, form_view

SCREENER = load_library().instrument("c-ssrs-screener")


def test_a_question_that_depends_on_another_says_on_which():
    view = form_view(SCREENER, neutral_wording(SCREENER), given={})

    depends = {each.link_id: each.only_if for each in view.items if each.only_if}
    assert set(depends) == {"q3", "q4", "q5", "q6-3-months"}
    assert depends["q3"] == OnlyIf(number=2, link_id="q2", points=("1",), label="1")


def test_a_question_that_is_not_asked_is_not_marked_as_open():
    no = answers_from_offered(SCREENER, {"q1": 0, "q2": 0}, language="en")
    yes = answers_from_offered(SCREENER, {"q1": 0, "q2": 1}, language="en")

    assert blank_numbers(SCREENER, no) == (6,)
    assert blank_numbers(SCREENER, yes) == (3, 4, 5, 6)
