"""Nobody reads a partner through somebody else's launch, and nothing is half shown."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ehr.smart.context import store_context
from smart_app.access import cookie_name
from smart_app.services import EXTENSION, AppServices
from tests.unit.smart_app.conftest import hidden
from tests.unit.smart_app.couple_desk import Clock, Desk, id_of, kept, token_of
from tests.unit.smart_app.sandbox_site import STAFF, Browser, Ehr


@pytest.fixture
def desk(browser: Browser, services: AppServices) -> Desk:
    return Desk(browser, services)


def refused(answer: TestResponse, status: int) -> bool:
    return answer.status_code == status and "Brackenmoor" not in answer.text


@pytest.mark.hazard("H01")
def test_a_tampered_partner_opens_nothing(desk: Desk) -> None:
    desk.both_agree()
    real = id_of(desk.partner)
    for made_up in ("x" * 43, real[:-1], real.swapcase(), f"{real}x", id_of(desk.own)):
        assert refused(desk.browser.get(f"{desk.beside}/{made_up}"), 404)


@pytest.mark.hazard("H01")
def test_another_browsers_launch_cannot_be_the_partner(
    desk: Desk, browser: Browser
) -> None:
    elsewhere = browser.another().launch("tomasz")

    page = desk.browser.get(desk.beside)

    assert id_of(elsewhere) not in page.text
    assert refused(desk.browser.get(f"{desk.beside}/{id_of(elsewhere)}"), 404)


@pytest.mark.hazard("H01")
@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "another"},
        {"issuer": "https://other.example"},
        {"fhir_user": "Practitioner/other"},
        {"fhir_user": "Patient/tomasz"},
        {"fhir_user": None},
    ],
    ids=str,
)
def test_another_users_launch_cannot_be_the_partner(
    desk: Desk, changes: dict[str, str]
) -> None:
    user = replace(desk.context(desk.partner).user, **changes)
    theirs = desk.put(desk.partner, user=user)

    assert id_of(theirs) not in desk.browser.get(desk.beside).text
    assert refused(desk.browser.get(f"{desk.beside}/{id_of(theirs)}"), 404)


def test_another_launch_of_the_same_patient_is_no_partner(desk: Desk) -> None:
    again = desk.put(desk.own)

    assert id_of(again) not in desk.browser.get(desk.beside).text
    assert refused(desk.browser.get(f"{desk.beside}/{id_of(again)}"), 404)


@pytest.mark.hazard("H01")
def test_another_tenants_launch_cannot_be_the_partner(desk: Desk) -> None:
    context = replace(desk.context(desk.partner), id=uuid4().hex, tenant="other")
    value, now = uuid4().hex, desk.services.clock()
    other = desk.services.vault.for_tenant("other")
    store_context(other, context, browser=value, now=now)
    name = cookie_name(desk.services, "c", context.id)
    desk.browser.client.set_cookie(name, value, domain="rom.example", secure=True)

    assert context.id not in desk.browser.get(desk.beside).text
    assert refused(desk.browser.get(f"{desk.beside}/{context.id}"), 404)


@pytest.mark.parametrize("over", ["closed", "locked", "idle"])
def test_when_the_partners_launch_is_over_the_page_says_what_to_do(
    desk: Desk, app: Flask, over: str
) -> None:
    desk.both_agree()
    launches = desk.vault.launches
    match over:
        case "closed":
            launches.close(id_of(desk.partner))
        case "locked":
            launches.lock(id_of(desk.partner))
        case "idle":
            clock = Clock(desk, app)
            clock.forward(minutes=14)
            desk.browser.get(desk.own)
            clock.forward(minutes=2)

    page = desk.page()

    assert refused(page, 404)
    assert "Please start the app from each of the two charts" in page.text
    assert "data-nobody" in desk.browser.get(desk.beside).text


def test_when_the_own_launch_is_over_nothing_is_shown(desk: Desk) -> None:
    desk.both_agree()
    desk.vault.launches.close(id_of(desk.own))

    assert refused(desk.page(), 404)


def test_when_a_token_is_over_nothing_of_either_is_shown(desk: Desk) -> None:
    desk.both_agree()
    past = desk.services.clock() - timedelta(hours=1)
    old = desk.put(desk.partner, expires_at=past, refresh_token=None)

    page = desk.browser.get(f"{desk.beside}/{id_of(old)}")

    assert refused(page, 503)
    assert "open both charts again" in page.text


def test_when_the_ehr_is_away_nothing_of_either_is_shown(desk: Desk, ehr: Ehr) -> None:
    desk.both_agree()
    ehr.away = True

    assert refused(desk.page(), 503)
    assert "data-away" in desk.browser.get(desk.beside).text


def test_to_look_for_partners_keeps_no_launch_open(desk: Desk, app: Flask) -> None:
    clock = Clock(desk, app)
    clock.forward(minutes=14)
    assert id_of(desk.partner) in desk.browser.get(desk.beside).text

    clock.forward(minutes=2)

    assert id_of(desk.partner) not in desk.browser.get(desk.beside).text


def test_a_form_for_another_pair_records_nothing(desk: Desk) -> None:
    third = desk.browser.launch("marta")
    other = token_of(desk.browser.get(f"{desk.own}beside/{id_of(third)}"))

    assert desk.agree("own", token=other).status_code == 409
    page_token = hidden(desk.browser.get(desk.own).text)["token"]
    assert desk.agree("own", token=page_token).status_code == 403
    assert desk.agree("own", token="").status_code == 403
    assert desk.agree("both").status_code == 403
    assert kept(desk, "odile") == kept(desk, "tomasz") == []


def test_a_foreign_page_records_and_ends_nothing(desk: Desk) -> None:
    form = {"token": token_of(desk.page()), "whose": "own", "how": "in-writing"}
    for address in (desk.couple, desk.beside):
        answer = desk.browser.client.post(
            address,
            data=form,
            base_url=STAFF,
            headers={"Origin": "https://evil.example"},
        )
        assert answer.status_code == 403
    assert kept(desk, "odile") == []


@pytest.mark.parametrize("how", ["", "together", "<b>"])
def test_without_a_word_on_how_nothing_is_recorded(desk: Desk, how: str) -> None:
    answer = desk.agree("own", how=how)

    assert answer.status_code == 422
    assert "Please say how it was given" in answer.text
    assert kept(desk, "odile") == []


def test_one_patients_form_ends_nothing_of_another(desk: Desk) -> None:
    desk.both_agree()
    theirs = hidden(desk.browser.get(f"{desk.partner}beside").text)

    answer = desk.browser.post(desk.beside, theirs)

    assert answer.status_code == 409
    assert len(kept(desk, "odile")) == 2


def test_a_patients_own_launch_has_no_such_pages(desk: Desk) -> None:
    user = replace(desk.context(desk.own).user, fhir_user="Patient/odile")
    own = desk.put(desk.own, user=user)

    for address in (f"{own}beside", f"{own}beside/{id_of(desk.partner)}"):
        assert refused(desk.browser.get(address), 403)
        assert desk.browser.post(address, {"a": "b"}).status_code == 403


def test_a_site_that_names_no_form_for_couples_has_no_such_pages(
    desk: Desk, app: Flask
) -> None:
    none = replace(desk.services.plan.couples, instruments=())
    plan = replace(desk.services.plan, couples=none)
    app.extensions[EXTENSION] = replace(desk.services, plan=plan)

    assert 'id="beside"' not in desk.browser.get(desk.own).text
    for address in (desk.beside, desk.couple):
        assert refused(desk.browser.get(address), 404)
        assert desk.browser.post(address, {"a": "b"}).status_code == 404
