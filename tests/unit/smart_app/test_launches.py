"""Launches from a sandbox EHR, over https, in one browser with several tabs."""

from collections.abc import Callable
from itertools import permutations

import pytest
import requests
from werkzeug.test import TestResponse

from ehr.delivery.seal import sealed_submission
from ehr.smart.context import LaunchContext, load_context, store_context
from ehr.smart.id_token import User
from smart_app.access import cookie_name
from smart_app.services import AppServices
from tests.unit.smart_app.conftest import ITEM_9, hidden
from tests.unit.smart_app.sandbox_site import STAFF, TABLET, Browser, Ehr

FLAGS = ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/")


def answers(points: str) -> dict[str, object]:
    library_order = (
        *("/44250-9", "/44255-8", "/44259-0", "/44254-1", "/44251-7"),
        *("/44258-2", "/44252-5", "/44253-3", ITEM_9, "/69722-7"),
    )
    return {f"answer:{each}": points for each in library_order} | {
        f"answer:{ITEM_9}": "0"
    }


def test_a_launch_ends_on_the_patients_page_with_the_chart_on_it(
    browser: Browser,
) -> None:
    page = browser.get(browser.launch("amina"))

    assert page.status_code == 200
    assert "Amina Saltmarsh" in page.text and 'data-signal="S2"' in page.text
    assert "S2: Worse than at the start by at least the reliable change" in page.text
    assert "What it does not tell" in page.text


def test_every_cookie_is_secure_out_of_reach_and_kept_per_frame(
    browser: Browser, services: AppServices
) -> None:
    begun = browser.client.get(
        "/launch/sandbox",
        query_string={
            "iss": f"{browser.ehr.url}/fhir",
            "launch": browser.ehr.launch_id("amina"),
        },
        base_url=STAFF,
    )
    back = requests.get(begun.headers["Location"], allow_redirects=False, timeout=10)
    done = browser.get(back.headers["Location"])
    tablet = browser.another()
    redeemed = redeem(tablet, hand_over(browser, done.headers["Location"]))

    for answer in (begun, done, redeemed):
        lines = answer.headers.getlist("Set-Cookie")
        assert lines
        for line in lines:
            assert line.startswith("__Host-rom-")
            assert all(flag in line for flag in FLAGS)
            assert "Domain" not in line
            assert "amina" not in line


def test_https_is_asked_for_from_now_on(browser: Browser) -> None:
    page = browser.get(browser.launch("amina"))

    assert "max-age=" in page.headers["Strict-Transport-Security"]


@pytest.mark.hazard("H01")
def test_charts_opened_at_the_same_moment_all_come_up(browser: Browser) -> None:
    names = ("amina", "jonas", "kwame", "marta")
    callbacks = [browser.begin(each) for each in names]

    pages = [browser.get(browser.get(each).headers["Location"]) for each in callbacks]

    assert [each.status_code for each in pages] == [200] * 4
    for name, page in zip(names, pages, strict=True):
        assert f'data-patient="{name}"' in page.text


def test_a_callback_is_good_once(browser: Browser) -> None:
    address = browser.begin("amina")
    first, second = browser.get(address), browser.get(address)

    assert (first.status_code, second.status_code) == (302, 400)


def test_a_callback_without_its_browser_completes_nothing(browser: Browser) -> None:
    address = browser.begin("amina")

    stranger = browser.another().get(address)

    assert stranger.status_code == 400
    assert "open it in its own window" in stranger.text


@pytest.mark.hazard("H18")
@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"link": [{"type": "replaced-by", "other": {"reference": "Patient/x"}}]},
        {"id": "somebody-else"},
    ],
    ids=["inactive", "merged", "another"],
)
def test_a_record_that_is_not_in_use_is_refused_and_the_page_says_why(
    browser: Browser, ehr: Ehr, changes: dict[str, object]
) -> None:
    address = browser.begin("amina")
    ehr.patient = changes

    page = browser.get(address)

    assert page.status_code == 400
    assert "inactive or was merged" in page.text
    assert "in use for this person now" in page.text


@pytest.mark.hazard("H18")
def test_another_patient_read_back_later_shows_no_chart(
    browser: Browser, ehr: Ehr
) -> None:
    path = browser.launch("amina")
    ehr.patient = {"id": "jonas", "name": [{"text": "Jonas Marrowby"}]}

    page = browser.get(path)

    assert page.status_code == 503
    assert "Jonas" not in page.text


@pytest.mark.hazard("H03")
def test_with_the_ehr_away_nothing_old_is_shown(browser: Browser, ehr: Ehr) -> None:
    path = browser.launch("amina")
    assert "data-signal" in browser.get(path).text
    ehr.away = True

    page = browser.get(path)

    assert page.status_code == 503
    assert "cannot be read now" in page.text
    assert "data-signal" not in page.text and "No measurements" not in page.text


def hand_over(browser: Browser, path: str, *forms: str) -> str:
    """The one-time code for these forms."""
    token = hidden(browser.get(path).text)["token"]
    page = browser.post(
        f"{path}handoff", {"token": token, "instrument": list(forms or ("phq-9",))}
    )
    assert page.status_code == 200, page.text
    return page.text.split('id="handoff-code"')[1].split(">")[1].split("<")[0]


def redeem(tablet: Browser, code: str) -> TestResponse:
    return tablet.post("/kiosk/sandbox", {"code": code}, base=TABLET)


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"token": ""}, 403), ({"token": "{other}"}, 409), ({"instrument": "x"}, 400)],
    ids=["no token", "another launch's token", "no such form"],
)
def test_a_handoff_needs_this_launchs_own_page(
    browser: Browser, changes: dict[str, str], status: int
) -> None:
    mine, other = browser.launch("amina"), browser.launch("jonas")
    tokens = {path: hidden(browser.get(path).text)["token"] for path in (mine, other)}
    form = {"token": tokens[mine], "instrument": "phq-9"} | {
        key: value.replace("{other}", tokens[other]) for key, value in changes.items()
    }

    page = browser.post(f"{mine}handoff", form)

    assert page.status_code == status
    assert "handoff-code" not in page.text


def test_the_tablet_greets_by_first_name_and_initial(browser: Browser) -> None:
    tablet = browser.another()
    answer = redeem(tablet, hand_over(browser, browser.launch("amina")))

    page = tablet.get(answer.headers["Location"], TABLET)

    assert "Hello Amina S." in page.text
    assert "Saltmarsh" not in page.text


@pytest.mark.hazard("H01")
def test_in_one_browser_two_charts_and_their_tablets_never_mix(
    browser: Browser, services: AppServices
) -> None:
    orders = [
        each
        for each in permutations(
            ["open amina", "open jonas", "send amina", "send jonas"]
        )
        if each.index("open amina") < each.index("send amina")
        and each.index("open jonas") < each.index("send jonas")
    ]
    paths = {name: browser.launch(name) for name in ("amina", "jonas")}
    tablet = browser.another()  # one tablet, two tabs
    sent: dict[str, int] = {"amina": 0, "jonas": 0}

    for order in orders:
        forms: dict[str, tuple[str, dict[str, str]]] = {}
        for step in order:
            what, name = step.split()
            if what == "open":
                redeemed = redeem(tablet, hand_over(browser, paths[name]))
                place = f"{redeemed.headers['Location']}form/0"
                forms[name] = place, hidden(tablet.get(place, TABLET).text)
                continue
            place, fields = forms[name]
            points = answers("1" if name == "amina" else "2")
            assert tablet.post(place, fields | points, TABLET).status_code == 303
            sent[name] += 1

    vault = services.vault.for_tenant("sandbox")
    for name, points in (("amina", 1), ("jonas", 2)):
        kept = [
            sealed_submission(each.payload, services.library).submission
            for each in vault.outbox.waiting(name)
        ]
        assert len(kept) == sent[name] == len(orders)
        assert {each.answers.given["/44250-9"].points for each in kept} == {points}


@pytest.fixture
def own_launch(browser: Browser, services: AppServices) -> Callable[..., str]:
    """A completed launch turned into one that the person made in a portal."""

    def made(patient: str, user: str | None = None) -> str:
        path = browser.launch(patient)
        context_id = path.strip("/").split("/")[-1]
        name = cookie_name(services, "c", context_id)
        cookie = browser.client.get_cookie(name, domain="rom.example")
        assert cookie is not None
        vault = services.vault.for_tenant("sandbox")
        now = services.clock()
        found = load_context(vault, context_id, browser=cookie.value, now=now)
        members = {each: getattr(found, each) for each in found.__slots__}
        members |= {
            "id": f"own-{context_id}",
            "user": User(found.user.issuer, "me", user or f"Patient/{patient}"),
            "scopes": found.scopes.replace("user/", "patient/"),
        }
        context = LaunchContext(**members)
        store_context(vault, context, browser=cookie.value, now=now)
        browser.client.set_cookie(
            cookie_name(services, "c", context.id), cookie.value, domain="rom.example"
        )
        return f"/c/sandbox/{context.id}/"

    return made


def test_a_patients_own_launch_shows_forms_and_no_graph(
    browser: Browser, own_launch: Callable[..., str]
) -> None:
    page = browser.get(own_launch("amina"))

    assert page.status_code == 200
    assert "Hello Amina S." in page.text and "form/0" in page.text
    for clinicians in ("<svg", "data-signal", "handoff", "data-safety"):
        assert clinicians not in page.text


def test_a_carers_launch_fills_in_nothing_for_the_patient(
    browser: Browser, own_launch: Callable[..., str]
) -> None:
    path = own_launch("amina", "RelatedPerson/1")

    assert "form/0" not in browser.get(path).text
    assert browser.get(f"{path}form/0").status_code == 404


@pytest.mark.hazard("H01")
def test_two_people_in_one_browser_file_their_own_forms_in_any_order(
    browser: Browser, services: AppServices, own_launch: Callable[..., str]
) -> None:
    names = ("amina", "jonas")
    paths = {name: own_launch(name) for name in names}
    fields = {name: hidden(browser.get(f"{paths[name]}form/0").text) for name in names}

    crossed = [
        browser.post(f"{paths[other]}form/0", fields[name] | answers("3"))
        for name, other in (names, names[::-1])
    ]
    right = [
        browser.post(f"{paths[name]}form/0", fields[name] | answers("1"))
        for name in reversed(names)
    ]

    assert [each.status_code for each in crossed] == [409, 409]
    assert [each.status_code for each in right] == [303, 303]
    vault = services.vault.for_tenant("sandbox")
    for name in names:
        [kept] = vault.outbox.waiting(name)
        found = sealed_submission(kept.payload, services.library).submission
        assert (found.patient, found.mode) == (name, "app")


def test_a_patient_sees_the_crisis_text_for_their_own_answer(
    browser: Browser, own_launch: Callable[..., str]
) -> None:
    path = own_launch("amina")
    fields = hidden(browser.get(f"{path}form/0").text)

    answer = browser.post(
        f"{path}form/0", fields | answers("1") | {f"answer:{ITEM_9}": "2"}
    )
    page = browser.get(answer.headers["Location"])

    assert "data-crisis" in page.text and "Saved" in page.text
