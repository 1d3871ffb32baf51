"""Forms, tablets, launches: what a person can do, and what nobody can."""

import json
from itertools import permutations
from typing import Any

import pytest

from ehr.delivery.seal import sealed_submission
from tests.hook_calls import TENANT
from tests.installation import STAFF, TABLET
from tests.shared_material import shared
from tests.unit.smart_app.conftest import ITEM_9, OWN, Clinic, Tablet, hidden


def kept(clinic: Clinic, patient: str = "p1") -> list[Any]:
    rows = clinic.vault.outbox.waiting(patient)
    library = clinic.services.library
    return [sealed_submission(each.payload, library).submission for each in rows]


def test_a_sent_form_is_saved_for_its_patient(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet = clinic.tablet()

    answer = tablet.send(tablet.open(), all_answers)
    page = tablet.get(answer.headers["Location"])

    assert answer.status_code == 303
    assert "Saved" in page.text and "data-crisis" not in page.text
    [submission] = kept(clinic)
    assert (submission.patient, submission.encounter) == ("p1", "e1")
    assert submission.source == "Patient/p1"


@pytest.mark.hazard("H04")
def test_item_9_shows_the_crisis_text_and_the_clinician_sees_it_with_the_ehr_away(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet, staff = clinic.tablet(), clinic.client()
    path = clinic.launch(staff)

    answer = tablet.send(tablet.open(), all_answers | {ITEM_9: "1"})
    page = tablet.get(answer.headers["Location"])
    seen = staff.get(path, base_url=STAFF)

    assert "data-crisis" in page.text
    assert seen.status_code == 503  # nothing answers at the EHR's address
    assert "data-safety" in seen.text and "item 9" in seen.text
    assert "1 response is saved here and not yet in the record" in seen.text


@pytest.mark.hazard("H04")
def test_an_urgent_answer_does_not_wait_for_blanks_or_a_score(clinic: Clinic) -> None:
    tablet = clinic.tablet()

    answer = tablet.send(tablet.open(), {ITEM_9: "2"})

    assert answer.status_code == 303
    assert len(clinic.vault.safety.open_marks("p1")) >= 1


def test_a_named_person_says_that_they_have_seen_it(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet, staff = clinic.tablet(), clinic.client()
    path = clinic.launch(staff)
    tablet.send(tablet.open(), all_answers | {ITEM_9: "3"})
    page = staff.get(path, base_url=STAFF).text
    mark = clinic.vault.safety.open_marks("p1")[0].mark_id

    answer = staff.post(
        f"{path}seen/{mark}", data=hidden(page), base_url=STAFF, headers=OWN
    )

    assert answer.status_code == 303
    [seen] = [each for each in clinic.vault.safety.marks("p1") if each.mark_id == mark]
    assert seen.seen_by == "Practitioner/1"


@pytest.mark.hazard("H17")
def test_blanks_are_shown_once_and_stay_blank(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet = clinic.tablet()
    some = {key: all_answers[key] for key in list(all_answers)[:8]}

    first = tablet.send(tablet.open(), some)
    second = tablet.send(hidden(first.text), some)

    assert first.status_code == 422 and "still open" in first.text
    assert second.status_code == 303
    [submission] = kept(clinic)
    assert set(submission.answers.given) == set(some)


@pytest.mark.hazard("H11")
def test_twenty_taps_are_one_response(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet = clinic.tablet()
    fields = tablet.open()

    places = {tablet.send(fields, all_answers).headers["Location"] for _ in range(20)}

    assert len(places) == 1
    assert len(kept(clinic)) == 1


def test_the_same_form_with_other_answers_is_refused_and_both_are_kept(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet = clinic.tablet()
    fields = tablet.open()
    tablet.send(fields, all_answers)

    again = tablet.send(fields, all_answers | {"/44250-9": "3"})

    assert again.status_code == 409
    assert len(kept(clinic)) == 2
    assert len(clinic.vault.outbox.held()) == 1


@pytest.mark.hazard("H01")
def test_two_tablets_and_two_patients_never_mix_in_any_order(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    orders = [
        order
        for order in permutations(["open a", "open b", "send a", "send b"])
        if order.index("open a") < order.index("send a")
        and order.index("open b") < order.index("send b")
    ]
    for number, order in enumerate(orders):
        a, b = f"a{number}", f"b{number}"
        tablets = {"a": clinic.tablet(patient=a), "b": clinic.tablet(patient=b)}
        fields: dict[str, dict[str, str]] = {}
        for step in order:
            what, who = step.split()
            if what == "open":
                fields[who] = tablets[who].open()
            else:
                points = all_answers | {"/44250-9": "3" if who == "a" else "2"}
                assert tablets[who].send(fields[who], points).status_code == 303
        for patient, points in ((a, 3), (b, 2)):
            [submission] = kept(clinic, patient)
            assert submission.answers.given["/44250-9"].points == points


@pytest.mark.hazard("H01")
def test_a_form_opened_for_one_patient_cannot_be_sent_for_another(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    mine, theirs = clinic.tablet(patient="p1"), clinic.tablet(patient="p2")

    crossed = theirs.send(mine.open(), all_answers)

    assert crossed.status_code in (403, 404, 409)
    assert kept(clinic, "p1") == kept(clinic, "p2") == []


@pytest.mark.hazard("H02")
def test_a_code_opens_one_tablet_once(clinic: Clinic) -> None:
    tablet = clinic.tablet()

    again = Tablet.redeem(tablet)

    assert again.status_code == 410


@pytest.mark.hazard("H22")
@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "Your clinician will see your answers and they are stored in your record"
            " here. The answers are for talking about, not for marking anybody.",
        ),
        ("es", "Su terapeuta verá sus respuestas"),
        ("de", "Ihre Behandlerin oder Ihr Behandler sieht Ihre Antworten"),
    ],
)
def test_who_sees_the_answers_is_said_before_the_first_question(
    clinic: Clinic, language: str, said: str
) -> None:
    tablet = clinic.tablet()

    page = tablet.get(f"{tablet.path}?language={language}").text

    assert said in page
    assert 'name="answer:' not in page


def test_codes_cannot_be_tried_out(clinic: Clinic) -> None:
    tablet = clinic.tablet()

    answers = [
        tablet.post(f"/kiosk/{TENANT}", {"code": f"{number:08}"}).status_code
        for number in range(15)
    ]

    assert answers[-1] == 429


def test_this_is_not_me_ends_the_handoff(clinic: Clinic) -> None:
    tablet = clinic.tablet()

    said = tablet.post(f"{tablet.path}not-me", {"yes": "1"})

    assert said.status_code == 200
    assert tablet.get(tablet.path).status_code == 410


@pytest.mark.hazard("H20")
def test_tablet_and_staff_pages_live_on_hosts_of_their_own(clinic: Clinic) -> None:
    tablet, staff = clinic.tablet(), clinic.client()
    path = clinic.launch(staff)

    assert tablet.get(path).status_code == 404
    assert staff.get(f"/kiosk/{TENANT}", base_url=STAFF).status_code == 404
    assert staff.get(path, base_url="http://evil.example").status_code in (400, 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://evil.example"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "none"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_sites_page_can_send_nothing(
    clinic: Clinic, all_answers: dict[str, str], headers: dict[str, str]
) -> None:
    tablet = clinic.tablet()
    form = tablet.open() | {f"answer:{k}": v for k, v in all_answers.items()}

    answer = tablet.post(f"{tablet.path}form/0", form, **headers)

    assert answer.status_code == 403
    assert kept(clinic) == []


@pytest.mark.parametrize(
    "points",
    [
        {"/44250-9": "4"},
        {"/44250-9": "-1"},
        {"/44250-9": "1e400"},
        {"/44250-9": "NaN"},
        {"/nobody": "1"},
    ],
)
def test_an_answer_that_is_not_offered_stores_nothing(
    clinic: Clinic, all_answers: dict[str, str], points: dict[str, str]
) -> None:
    tablet = clinic.tablet()

    answer = tablet.send(tablet.open(), all_answers | points)

    assert answer.status_code == 400
    assert kept(clinic) == []


def test_what_else_a_browser_says_is_not_believed(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    tablet = clinic.tablet()
    extra = {"patient": "p2", "status": "x", "authored": "1999-01-01", "author": "x"}

    tablet.send(tablet.open() | extra, all_answers)

    assert kept(clinic, "p2") == []
    [submission] = kept(clinic)
    assert submission.authored.year > 2000


@pytest.mark.parametrize("user", ["Patient/p1", "RelatedPerson/1", "Person/1"])
def test_a_patients_own_launch_opens_nothing_of_the_clinicians(
    clinic: Clinic, user: str
) -> None:
    browser = clinic.client()
    path = clinic.launch(browser, user=user)

    for page in (
        browser.post(f"{path}handoff", base_url=STAFF, headers=OWN, data={"x": "y"}),
        browser.post(f"{path}seen/1", base_url=STAFF, headers=OWN, data={"x": "y"}),
    ):
        assert page.status_code == 403


@pytest.mark.hazard("H01")
def test_a_launch_opens_in_its_own_browser_only(clinic: Clinic) -> None:
    path = clinic.launch(clinic.client())

    assert clinic.client().get(path, base_url=STAFF).status_code == 400


def test_headers_forbid_framing_scripts_and_keeping(clinic: Clinic) -> None:
    tablet, staff = clinic.tablet(), clinic.client()
    path = clinic.launch(staff)

    kiosk, page = tablet.get(tablet.path), staff.get(path, base_url=STAFF)

    for each in (kiosk, page):
        policy = each.headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy
        assert each.headers["Cache-Control"] == "no-store"
        assert each.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in kiosk.headers["Content-Security-Policy"]
    assert (
        "frame-ancestors http://127.0.0.1:9" in page.headers["Content-Security-Policy"]
    )


def test_cookies_are_out_of_reach_and_kept_per_frame(clinic: Clinic) -> None:
    tablet = clinic.client()
    clinic.tablet()
    code_page = clinic.tablet()
    # The redeeming answer set the cookie; read it from a fresh redemption.
    assert code_page.path
    launched = tablet.get(
        f"/launch/{TENANT}?iss=http://127.0.0.1:9/fhir&launch=x", base_url=STAFF
    )

    assert launched.status_code in (302, 400, 503)
    for line in launched.headers.getlist("Set-Cookie"):
        for part in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
            assert part in line


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?iss=http://127.0.0.1:9/fhir",
        "?launch=x",
        "?iss=https://evil.example&launch=x",
        "?iss=http://127.0.0.1:9/fhir&iss=https://evil.example&launch=x",
        "?iss=http://127.0.0.1:9/fhir.evil&launch=x",
        "?iss=http://127.0.0.1:9/fhir&launch=" + "x" * 9000,
    ],
)
def test_an_odd_launch_is_a_page_that_says_what_to_do(
    clinic: Clinic, query: str
) -> None:
    answer = clinic.client().get(f"/launch/{TENANT}{query}", base_url=STAFF)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("query", ["", "?state=x", "?state=x&code=y", "?error=<b>"])
def test_an_odd_callback_completes_nothing(clinic: Clinic, query: str) -> None:
    browser = clinic.client()
    answer = browser.get(f"/callback/{TENANT}{query}", base_url=STAFF)

    assert answer.status_code == 400
    assert "<b>" not in answer.text


def test_naughty_strings_are_never_reflected_and_never_a_crash(clinic: Clinic) -> None:
    strings = json.loads(
        shared("corpora/big-list-of-naughty-strings/blns.json").read_text("utf-8")
    )
    tablet = clinic.tablet(forms=("session-alliance",))
    statuses = []
    for each in strings:
        fields = tablet.open()
        points = {"a1": "1", "a5": each}
        statuses.append(tablet.send(fields, points).status_code)
        page = tablet.send(fields | {"nonce": each}, points)
        statuses.append(page.status_code)
        assert "<script>alert" not in page.text

    assert len(strings) > 500
    assert max(statuses) < 500


def test_an_open_answer_is_escaped_when_the_form_comes_back(clinic: Clinic) -> None:
    tablet = clinic.tablet(forms=("session-alliance",))

    page = tablet.send(tablet.open(), {"a1": "1", "a5": "<script>alert(1)</script>"})

    assert page.status_code == 422
    assert "<script>alert" not in page.text and "&lt;script&gt;" in page.text


def test_too_large_a_form_is_refused(clinic: Clinic) -> None:
    tablet = clinic.tablet()

    answer = tablet.send(tablet.open(), {"a5": "x" * 300_000})

    assert answer.status_code == 413
    assert TABLET.startswith("http://tablet.")
