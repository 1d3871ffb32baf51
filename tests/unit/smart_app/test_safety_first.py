"""A safety answer is seen by a person, whatever else happens."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from werkzeug.test import TestResponse

from clinical.safety import SafetyAnswer
from ehr.delivery.marks import bytes_from_finding
from questionnaires.library import Library
from smart_app.safety import safety_sentences, safety_view
from tests.hook_calls import TENANT
from tests.installation import STAFF
from tests.instruments import LIBRARY
from tests.unit.smart_app.conftest import ITEM_9, OWN, Clinic, hidden
from vault.safety_marks import Mark

EARLIER = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def finding(**changes: object) -> SafetyAnswer:
    told = {
        "instrument_id": "phq-9",
        "link_id": ITEM_9,
        "points": Decimal(2),
        "urgency": "full",
        "reading": None,
        "authored_on": "2026-03-02",
        "source": "outbox/1",
    }
    return SafetyAnswer(**(told | changes))  # type: ignore[arg-type]


def mark(raised: SafetyAnswer, *, seen_by: str | None = None) -> Mark:
    return Mark(
        mark_id="m",
        submission_id="s",
        patient_index="i",
        body=bytes_from_finding(raised),
        raised_at=EARLIER,
        seen_by=seen_by,
        seen_at=EARLIER if seen_by else None,
        told_at=None,
    )


@pytest.fixture
def in_the_app(clinic: Clinic):  # type: ignore[no-untyped-def]  # a context, nothing more
    with clinic.app.test_request_context("/", base_url=STAFF):
        yield


@pytest.mark.hazard("H04")
@pytest.mark.usefixtures("in_the_app")
def test_an_open_mark_is_told_even_if_the_chart_no_longer_speaks_of_it() -> None:
    told = safety_sentences((), [mark(finding())], LIBRARY)

    assert [("item 9" in each.text, "2 of 3" in each.text) for each in told] == [
        (True, True)
    ]


@pytest.mark.usefixtures("in_the_app")
def test_chart_and_mark_of_one_sitting_are_told_once() -> None:
    in_chart = finding(source="QuestionnaireResponse/17")

    assert len(safety_sentences([in_chart], [mark(finding())], LIBRARY)) == 1


@pytest.mark.usefixtures("in_the_app")
def test_a_mark_that_somebody_has_seen_is_not_told_again() -> None:
    assert safety_sentences((), [mark(finding(), seen_by="Dr A")], LIBRARY) == []


@pytest.mark.hazard("H04")
@pytest.mark.usefixtures("in_the_app")
@pytest.mark.parametrize("changes", [{"instrument_id": "gone"}, {"link_id": "/gone"}])
def test_a_mark_of_a_form_that_is_gone_still_asks_for_a_person(
    changes: dict[str, str],
) -> None:
    [told] = safety_sentences((), [mark(finding(**changes))], LIBRARY)

    assert "no longer here" in told.text and told.next_step


@pytest.mark.hazard("H04")
def test_a_blank_item_9_is_flagged_and_is_no_crisis(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet, staff = clinic.tablet(), clinic.client()
    path = clinic.launch(staff)
    blank = {key: value for key, value in all_answers.items() if key != ITEM_9}

    first = tablet.send(tablet.open(), blank)
    second = tablet.send(hidden(first.text), blank)
    saved = tablet.get(second.headers["Location"])
    page = staff.get(path, base_url=STAFF)

    assert "data-crisis" not in saved.text
    assert "item 9 was left blank" in page.text


@pytest.mark.hazard("H04")
def test_a_delivered_answer_is_still_told_while_the_ehr_is_away(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet, staff = clinic.tablet(), clinic.client()
    path = clinic.launch(staff)
    tablet.send(tablet.open(), all_answers | {ITEM_9: "1"})
    now = clinic.services.clock()
    leased = clinic.vault.outbox.lease(
        worker="w", now=now, until=now + timedelta(minutes=5)
    )
    assert leased is not None
    clinic.vault.outbox.sending(leased, now=now)
    clinic.vault.outbox.accepted(leased, progress=b"{}", now=now)
    clinic.vault.outbox.verified(leased, progress=b"{}", now=now)

    page = staff.get(path, base_url=STAFF)

    assert clinic.vault.outbox.waiting("p1") == ()
    assert "item 9" in page.text


@pytest.mark.hazard("H04")
def test_other_answers_in_the_same_form_show_the_crisis_text_too(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet = clinic.tablet()
    fields = tablet.open()
    tablet.send(fields, all_answers)

    again = tablet.send(fields, all_answers | {ITEM_9: "3"})

    assert again.status_code == 409
    assert "data-crisis" in again.text
    assert len(clinic.vault.safety.open_marks("p1")) == 1


@pytest.mark.hazard("H04")
def test_each_answer_to_look_at_has_a_button_of_its_own(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    blank = {key: value for key, value in all_answers.items() if key != ITEM_9}
    staff = clinic.client()
    path = clinic.launch(staff)
    for answers in (all_answers | {ITEM_9: "1"}, blank):
        tablet = clinic.tablet()
        first = tablet.send(tablet.open(), answers)
        if first.status_code == 422:
            tablet.send(hidden(first.text), answers)

    page = staff.get(path, base_url=STAFF).text
    buttons = re.findall(r"<button>(I have seen this[^<]*)</button>", page)

    assert len(set(buttons)) == len(buttons) == 2
    assert "PHQ-9, item 9: 1 of 3, raised " in buttons[0]
    assert "PHQ-9, item 9 left blank, raised " in buttons[1]


@pytest.mark.usefixtures("in_the_app")
def test_a_button_about_a_form_that_is_gone_names_the_time(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet = clinic.tablet()
    tablet.send(tablet.open(), all_answers | {ITEM_9: "1"})

    [told] = safety_view(
        clinic.vault,
        "p1",
        signals=(),
        library=Library({}, {}),
        now=clinic.services.clock(),
    ).open

    assert re.fullmatch(r"raised \d+ \w+ \d{4}, \d\d:\d\d", told.about)


def acknowledge(clinic: Clinic, path: str, mark_id: str) -> TestResponse:
    staff = clinic.client()
    mine = clinic.launch(staff, patient=path)
    token = hidden(staff.get(mine, base_url=STAFF).text).get("token", "")
    return staff.post(
        f"{mine}seen/{mark_id}", data={"token": token}, base_url=STAFF, headers=OWN
    )


@pytest.mark.hazard("H04")
def test_from_another_patients_page_nobody_acknowledges_this_patients_mark(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    for patient in ("p1", "p2"):
        tablet = clinic.tablet(patient=patient)
        tablet.send(tablet.open(), all_answers | {ITEM_9: "1"})
    [raised] = clinic.vault.safety.open_marks("p1")

    refused = acknowledge(clinic, "p2", raised.mark_id)
    taken = acknowledge(clinic, "p1", raised.mark_id)

    assert (refused.status_code, taken.status_code) == (404, 303)


def test_saved_is_said_of_a_sealed_response_only(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    mine, theirs = clinic.tablet(), clinic.tablet(patient="p2")
    receipt = mine.send(mine.open(), all_answers).headers["Location"].rsplit("/", 1)[1]

    for tablet, claimed in ((mine, "made-up"), (theirs, receipt)):
        page = tablet.get(f"{tablet.path}saved/0/{claimed}")
        assert page.status_code == 410
        assert "data-saved" not in page.text


@pytest.mark.hazard("H19")
def test_after_the_last_form_the_tablet_opens_nothing_of_this_person(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet = clinic.tablet(forms=("phq-9", "session-alliance"))

    first = tablet.send(tablet.open(), all_answers)
    assert tablet.get(first.headers["Location"]).text.count("Next form") == 1
    last = tablet.send(tablet.open(1), {f"a{n}": "3" for n in range(1, 5)}, 1)
    saved = [tablet.get(last.headers["Location"]) for _ in range(2)]

    assert [each.status_code for each in saved] == [200, 200]
    assert "storage" in saved[0].headers["Clear-Site-Data"]
    for path in (tablet.path, f"{tablet.path}form/0", f"{tablet.path}form/1"):
        page = tablet.get(path)
        assert page.status_code == 410
        assert "Ada" not in page.text and "chart" not in page.text


def test_a_lost_answer_of_ours_is_asked_for_again_with_the_same_form(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet = clinic.tablet()
    fields = tablet.open()
    lost = tablet.send(fields, all_answers)

    again = tablet.send(fields, all_answers)

    assert again.status_code == 303
    assert again.headers["Location"] == lost.headers["Location"]


def test_an_item_answered_twice_is_refused(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet = clinic.tablet()
    form = tablet.open() | {f"answer:{k}": v for k, v in all_answers.items()}
    twice = [*form.items(), (f"answer:{ITEM_9}", "3")]

    answer = tablet.client.post(
        f"{tablet.path}form/0",
        data="&".join(f"{name}={value}" for name, value in twice),
        content_type="application/x-www-form-urlencoded",
        base_url="http://tablet.localhost:8702",
        headers=OWN,
    )

    assert answer.status_code == 400
    assert clinic.vault.outbox.waiting("p1") == ()


def test_digits_of_another_script_are_digits(clinic: Clinic) -> None:
    now = clinic.services.clock()
    clinic.vault.handoffs.offer(
        "12345678",
        context_id="c",
        patient="p1",
        body=b'{"patient":"p1","encounter":null,"greeting":"A.","language":"en",'
        b'"instruments":["phq-9"]}',
        now=now,
        expires_at=now + timedelta(minutes=10),
    )

    answer = clinic.client().post(
        f"/kiosk/{TENANT}",
        data={"code": "١٢٣٤ ٥٦٧٨"},
        base_url="http://tablet.localhost:8702",
        headers=OWN,
    )

    assert answer.status_code == 303
