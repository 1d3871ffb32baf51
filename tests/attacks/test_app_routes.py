"""Every route of the app: whose it is, from where it may be changed, what leaks."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from smart_app.services import EXTENSION
from tests.hook_calls import TENANT
from tests.installation import STAFF, TABLET, running
from tests.shared_material import shared
from tests.unit.smart_app.conftest import CALLER, OWN, Clinic

# Each says nothing of anybody; all others need a launch, or a redeemed handoff.
PUBLIC = {
    "launch": "begins a launch",
    "standalone": "begins a launch",
    "callback": "ends a launch; needs its cookie and state",
    "jwks": "public keys",
    "static": "style and script",
    "kiosk_enter": "asks for a code",
    "kiosk_redeem": "asks for a code",
}
LAUNCH = {
    "clinician_page",
    "safety_seen",
    "offer_handoff",
    "own_form",
    "own_send",
    "own_saved",
    "support_page",
    "record_agreed",
    "note_session",
    "note_seen",
    "take_seen_back",
    "beside_page",
    "withdraw_agreed",
    "couple_page",
    "record_agreed_to",
    "group_choice",
    "choose_group",
    "group_page",
}
HANDOFF = {"kiosk_confirm", "kiosk_not_me", "kiosk_form", "kiosk_send", "kiosk_saved"}


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    found = running(tmp_path, CALLER, monkeypatch)
    yield Clinic(found.app.extensions[EXTENSION], found.app)
    found.vault.close()


def routes(clinic: Clinic) -> list[tuple[str, str, str]]:
    """Endpoint, method and a path of each of the app's routes."""
    found = []
    for rule in clinic.app.url_map.iter_rules():
        blueprint, _, endpoint = rule.endpoint.partition(".")
        if blueprint != "smart_app":
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            values: dict[str, Any] = dict.fromkeys(rule.arguments, "x" * 43)
            values |= {"tenant_id": TENANT, "place": 0, "filename": "form.js"}
            _, path = rule.build(
                {key: values[key] for key in rule.arguments}, append_unknown=False
            )
            found.append((endpoint, method, path))
    return sorted(found)


def base(endpoint: str) -> str:
    return TABLET if endpoint.startswith("kiosk_") else STAFF


def ask(
    browser: FlaskClient, endpoint: str, method: str, path: str, **more: Any
) -> Any:
    if method != "GET":
        more = {"data": {"a": "b"}, "headers": OWN} | more
    return browser.open(path, method=method, base_url=base(endpoint), **more)


@pytest.mark.hazard("H20")
def test_each_route_is_public_by_name_or_needs_a_launch_or_a_handoff(
    clinic: Clinic,
) -> None:
    browser = clinic.client()
    for endpoint, method, path in routes(clinic):
        assert (endpoint in PUBLIC) + (endpoint in LAUNCH) + (endpoint in HANDOFF) == 1
        if endpoint in PUBLIC:
            continue
        page = ask(browser, endpoint, method, path)
        assert page.status_code == (410 if endpoint in HANDOFF else 400), endpoint


@pytest.mark.hazard("H20")
def test_no_route_answers_on_the_other_host(clinic: Clinic) -> None:
    browser = clinic.client()
    for endpoint, method, path in routes(clinic):
        if endpoint == "static":
            continue
        other = STAFF if endpoint.startswith("kiosk_") else TABLET
        page = browser.open(path, method=method, base_url=other, headers=OWN)
        assert page.status_code == 404, endpoint


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_what_changes_something_comes_from_our_own_page(
    clinic: Clinic, headers: dict[str, str]
) -> None:
    browser = clinic.client()
    unsafe = [each for each in routes(clinic) if each[1] != "GET"]

    for endpoint, method, path in unsafe:
        page = ask(browser, endpoint, method, path, headers=headers)
        assert page.status_code == 403, endpoint
    assert len(unsafe) == 13


def test_the_other_hosts_page_is_a_foreign_page(clinic: Clinic) -> None:
    browser = clinic.client()
    for endpoint, method, path in routes(clinic):
        if method == "GET":
            continue
        other = STAFF if base(endpoint) == TABLET else TABLET
        page = ask(browser, endpoint, method, path, headers={"Origin": other})
        assert page.status_code == 403, endpoint


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""]
)
def test_only_forms_are_read(clinic: Clinic, kind: str) -> None:
    browser = clinic.client()
    for endpoint, method, path in routes(clinic):
        if method == "GET":
            continue
        page = ask(browser, endpoint, method, path, data=b"a=b", content_type=kind)
        assert page.status_code == 415, endpoint


def test_another_tenants_address_opens_no_launch_of_this_one(clinic: Clinic) -> None:
    browser = clinic.client()
    path = clinic.launch(browser)

    page = browser.get(path.replace(f"/{TENANT}/", "/nobody/"), base_url=STAFF)

    assert page.status_code == 400
    assert "p1" not in page.text


@pytest.mark.parametrize("made_up", ["", "x", "x.y", "W10.abc", "{launch}", "A" * 9000])
def test_a_forged_token_changes_nothing(clinic: Clinic, made_up: str) -> None:
    browser = clinic.client()
    path = clinic.launch(browser)

    for action in ("handoff", "seen/m"):
        page = browser.post(
            f"{path}{action}", base_url=STAFF, headers=OWN, data={"token": made_up}
        )
        assert page.status_code == 403


def test_naughty_strings_in_addresses_and_fields_come_back_nowhere(
    clinic: Clinic,
) -> None:
    strings = json.loads(
        shared("corpora/big-list-of-naughty-strings/blns.json").read_text("utf-8")
    )
    browser = clinic.client()
    marked = [each for each in strings if "<" in each or "'" in each]

    for number, each in enumerate(strings):
        pages = [
            browser.get(
                f"/launch/{TENANT}",
                query_string={"iss": each, "launch": each},
                base_url=STAFF,
            ),
            browser.get(
                f"/callback/{TENANT}",
                query_string={"state": each, "code": each, "error": each},
                base_url=STAFF,
            ),
            browser.post(
                f"/kiosk/{TENANT}", data={"code": each}, base_url=TABLET, headers=OWN
            ),
        ]
        assert [page.status_code for page in pages[:2]] == [400, 400], number
        assert pages[2].status_code in (410, 429), number
        if each in marked and len(each) > 8:
            assert not any(each in page.text for page in pages), number
    assert len(strings) > 500


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods_are_not_known(clinic: Clinic, method: str) -> None:
    browser = clinic.client()
    for endpoint, _, path in routes(clinic):
        page = browser.open(path, method=method, base_url=base(endpoint))
        assert page.status_code in (403, 405), endpoint


def test_an_unknown_address_says_so_in_one_line(clinic: Clinic) -> None:
    page = clinic.client().get("/<b>nothing</b>", base_url=STAFF)

    assert (page.status_code, page.text) == (404, "404 Not Found\n")


def test_a_person_at_any_unknown_address_reads_the_same_next_step(
    clinic: Clinic,
) -> None:
    browser = clinic.client()
    asks = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    addresses = ["/", "/<b>nothing</b>", f"/{TENANT}", f"/kiosk/{TENANT}", "/nobody"]

    pages = [browser.get(each, base_url=STAFF, headers=asks) for each in addresses]
    on_tablet = browser.get("/", base_url=TABLET, headers=asks)

    assert {page.status_code for page in (*pages, on_tablet)} == {404}
    assert len({page.text for page in pages}) == 1
    assert "This app is opened from a patient&#39;s chart" in pages[0].text
    assert TENANT not in pages[0].text and "nothing" not in pages[0].text
    assert "Please give the tablet to the staff." in on_tablet.text
