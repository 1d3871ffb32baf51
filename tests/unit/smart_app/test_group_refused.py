"""Nobody's answer goes into a mean through somebody else's launch, or in part."""

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
from tests.unit.smart_app.couple_desk import id_of
from tests.unit.smart_app.group_desk import GROUP, GroupDesk, group_token
from tests.unit.smart_app.sandbox_site import STAFF, Browser, Ehr

OTHERS = GROUP[1:]


@pytest.fixture
def desk(browser: Browser, services: AppServices) -> GroupDesk:
    return GroupDesk(browser, services)


def refused(answer: TestResponse, status: int) -> bool:
    return answer.status_code == status and "Oakhurst" not in answer.text


@pytest.mark.hazard("H01")
def test_a_tampered_member_is_none(desk: GroupDesk) -> None:
    real = id_of(desk.partner)
    for made_up in ("x" * 43, real[:-1], real.swapcase(), id_of(desk.own)):
        assert refused(desk.choose(*OTHERS, f"/{made_up}"), 404)
    assert desk.nothing_kept()


@pytest.mark.hazard("H01")
def test_another_browsers_launch_is_no_member(
    desk: GroupDesk, browser: Browser
) -> None:
    elsewhere = browser.another().launch("odile")

    assert id_of(elsewhere) not in desk.choice().text
    assert refused(desk.choose(*OTHERS, elsewhere), 404)


@pytest.mark.hazard("H01")
@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "another"},
        {"issuer": "https://other.example"},
        {"fhir_user": "Practitioner/other"},
        {"fhir_user": "Patient/odile"},
        {"fhir_user": None},
    ],
    ids=str,
)
def test_another_users_launch_is_no_member(
    desk: GroupDesk, changes: dict[str, str]
) -> None:
    user = replace(desk.context(desk.partner).user, **changes)
    theirs = desk.put(desk.partner, patient="odile", user=user)

    assert id_of(theirs) not in desk.choice().text
    assert refused(desk.choose(*OTHERS, theirs), 404)


def test_another_launch_of_the_same_patient_counts_once(desk: GroupDesk) -> None:
    again = desk.put(desk.own)

    assert id_of(again) not in desk.choice().text
    assert refused(desk.choose(*OTHERS, again), 404)
    assert desk.choose(*OTHERS[:4], OTHERS[0]).status_code == 422


@pytest.mark.hazard("H01")
def test_another_tenants_launch_is_no_member(desk: GroupDesk) -> None:
    context = replace(desk.context(desk.partner), id=uuid4().hex, tenant="other")
    value, now = uuid4().hex, desk.services.clock()
    other = desk.services.vault.for_tenant("other")
    store_context(other, context, browser=value, now=now)
    name = cookie_name(desk.services, "c", context.id)
    desk.browser.client.set_cookie(name, value, domain="rom.example", secure=True)

    assert context.id not in desk.choice().text
    assert refused(desk.choose(*OTHERS, f"/{context.id}"), 404)


@pytest.mark.parametrize("over", ["close", "lock"])
def test_when_a_members_launch_is_over_nothing_of_anybody_is_shown(
    desk: GroupDesk, over: str
) -> None:
    desk.choose_all()
    getattr(desk.vault.launches, over)(id_of(desk.partner))

    page = desk.page()

    assert refused(page, 404)
    assert "start the app from the chart of each member" in page.text
    assert "Copperdale" not in page.text + desk.choice().text


def test_a_chart_that_was_opened_anew_is_the_members(desk: GroupDesk) -> None:
    desk.choose_all()
    desk.vault.launches.close(id_of(desk.partner))
    desk.browser.launch("leif")

    assert desk.page().status_code == 200


def test_when_a_token_is_over_nothing_of_anybody_is_shown(desk: GroupDesk) -> None:
    desk.choose_all()
    past = desk.services.clock() - timedelta(hours=1)
    desk.put(desk.partner, expires_at=past, refresh_token=None)

    page = desk.page()

    assert refused(page, 503)
    assert "Copperdale" not in page.text


def test_when_the_ehr_is_away_nothing_of_anybody_is_shown_or_kept(
    desk: GroupDesk, ehr: Ehr
) -> None:
    desk.choose_all()
    ehr.away = True

    assert refused(desk.page(), 503)
    assert "data-away" in desk.choice().text
    assert desk.rows("group.shown", "hana") == []


def test_a_form_for_another_patient_records_nothing(desk: GroupDesk) -> None:
    other = group_token(desk.choice("rosa"))

    assert desk.choose(*OTHERS, token=other).status_code == 409
    page_token = hidden(desk.browser.get(desk.own).text)["token"]
    assert desk.choose(*OTHERS, token=page_token).status_code == 403
    assert desk.choose(*OTHERS, token="").status_code == 403
    assert desk.nothing_kept()


def test_a_foreign_page_records_nothing(desk: GroupDesk) -> None:
    form = {
        "token": group_token(desk.choice()),
        "member": [id_of(desk.paths[each]) for each in OTHERS],
    }

    answer = desk.browser.client.post(
        f"{desk.own}group",
        data=form,
        base_url=STAFF,
        headers={"Origin": "https://evil.example"},
    )

    assert answer.status_code == 403
    assert desk.nothing_kept()


def test_a_patients_own_launch_has_no_such_pages(desk: GroupDesk) -> None:
    desk.choose_all()
    user = replace(desk.context(desk.own).user, fhir_user="Patient/hana")
    own = desk.put(desk.own, user=user)

    for address in (f"{own}group", f"{own}group/mean"):
        assert refused(desk.browser.get(address), 403)
    assert desk.browser.post(f"{own}group", {"a": "b"}).status_code == 403


def test_a_site_that_names_no_form_for_groups_has_no_such_pages(
    desk: GroupDesk, app: Flask
) -> None:
    desk.choose_all()
    plan = replace(desk.services.plan, groups=())
    app.extensions[EXTENSION] = replace(desk.services, plan=plan)

    assert 'id="with-group"' not in desk.browser.get(desk.own).text
    assert refused(desk.choice(), 404)
    assert refused(desk.page(), 404)
    assert desk.browser.post(f"{desk.own}group", {"a": "b"}).status_code == 404
