"""An acceptance is written into the plan; every other byte stays as it was."""

from datetime import date

import pytest

from clinical.errors import PlanFileError
from clinical.plan import DEMO_PLAN, plan_from_toml
from clinical.plan_text import with_acceptance
from tests.instruments import LIBRARY

DAY = date(2026, 11, 25)
DEMO = DEMO_PLAN.read_text(encoding="utf-8")
WITHOUT_GAD = DEMO.replace(
    "[acceptances.gad-7]\n"
    'by = "Demonstration only: accepted by nobody, so that the demo can show cards"\n'
    "on = 2026-01-01\n",
    "",
)
ADDED = '\n[acceptances.gad-7]\nby = "Dr. Ö. Example"\non = 2026-11-25\n'


def accepted(text, instrument_id="gad-7", *, by="Dr. Ö. Example"):
    return with_acceptance(text, instrument_id, by=by, on=DAY, file="plan.toml")


def test_an_acceptance_is_added_after_the_last_one_and_nothing_else_changes():
    after = accepted(WITHOUT_GAD)

    assert after.replace(ADDED, "") == WITHOUT_GAD
    plan = plan_from_toml(after, LIBRARY, file="plan.toml")
    assert plan.acceptances["gad-7"].by == "Dr. Ö. Example"
    assert plan.acceptances["gad-7"].on == "2026-11-25"
    assert after.index("[acceptances.gad-7]") < after.index("# ---- The numbers")


def test_an_acceptance_that_is_there_gets_a_new_name_and_day():
    after = accepted(DEMO)

    assert len(after.splitlines()) == len(DEMO.splitlines())
    changed = [
        (old, new)
        for old, new in zip(DEMO.splitlines(), after.splitlines(), strict=True)
        if old != new
    ]
    assert [new for _, new in changed] == ['by = "Dr. Ö. Example"', "on = 2026-11-25"]


def test_the_same_acceptance_twice_changes_nothing():
    once = accepted(WITHOUT_GAD)

    assert accepted(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "[acceptances]\n",
        "[acceptances]",
        "x = 1\n[acceptances]\n# nobody yet\n\n[rules]\ny = 2\n",
        "x = 1\n[rules]\ny = 2",
        "",
        "x = 1\r\n[acceptances]\r\n[rules]\r\ny = 2\r\n",
        '[ acceptances . "other" ]\nby = "A"\non = 2026-01-01\n\n# of rules\n[rules]\n',
    ],
)
def test_an_acceptance_finds_its_place_in_any_plan(text):
    after = accepted(text)

    end = "\r\n" if "\r\n" in text else "\n"
    assert ADDED.replace("\n", end) in after
    assert after.replace(ADDED.replace("\n", end), "").strip() == text.strip()


def test_a_comment_that_belongs_to_what_follows_stays_before_it():
    text = '[acceptances.a]\nby = "A"\non = 2026-01-01\n\n# the rules\n[rules]\n'

    assert accepted(text).endswith("\n\n# the rules\n[rules]\n")


@pytest.mark.parametrize(
    "text",
    [
        'acceptances = { gad-7 = { by = "A", on = 2026-01-01 } }\n',
        "acceptances = 7\n",
        '[acceptances]\ngad-7 = { by = "A", on = 2026-01-01 }\n',
        '[acceptances.gad-7]\nby = """\nA\n"""\non = 2026-01-01\n',
        '[acceptances.gad-7]\nby = "A"\n',
        'x = """\n[acceptances.gad-7]\n"""\n[acceptances.b]\nby="B"\non=2026-01-01\n',
        '[acceptances.gad-7]\nby = "A"\non = 2026-01-01\nnote = "kept?"\n',
    ],
)
def test_a_plan_that_cannot_be_changed_safely_is_left_to_a_person(text):
    with pytest.raises(PlanFileError) as refused:
        accepted(text)

    assert refused.value.key == "acceptances.gad-7"
    assert "by hand" in refused.value.problem


@pytest.mark.parametrize("name", ["", "  ", "A\nB", "A\x00", "\ud800"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(PlanFileError) as refused:
        accepted(DEMO, by=name)

    assert refused.value.key == "by"


def test_a_name_with_quotation_marks_is_written_as_it_is():
    after = accepted(WITHOUT_GAD, by='Dr. "Al" \\ Example')

    plan = plan_from_toml(after, LIBRARY, file="plan.toml")
    assert plan.acceptances["gad-7"].by == 'Dr. "Al" \\ Example'


def test_a_text_that_is_no_toml_is_refused():
    with pytest.raises(PlanFileError) as refused:
        accepted("x =")

    assert refused.value.key == "file"
