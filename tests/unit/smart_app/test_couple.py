"""Two partners beside each other: the way there, and what each has agreed to."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from ehr.couple_agreements import AGREED, WITHDRAWN, agreements_of
from smart_app.services import EXTENSION, AppServices
from tests.instruments import LIBRARY
from tests.unit.smart_app.conftest import hidden
from tests.unit.smart_app.couple_desk import Desk, id_of, kept, token_of
from tests.unit.smart_app.sandbox_site import Browser, Ehr

CHECK_IN = LIBRARY.instrument("relationship-check-in")


@pytest.fixture
def desk(browser: Browser, services: AppServices) -> Desk:
    return Desk(browser, services)


def test_the_clinicians_page_leads_to_the_other_open_charts(desk: Desk) -> None:
    today = desk.browser.get(desk.own)
    page = desk.browser.get(desk.beside)

    assert f'id="beside" href="{desk.beside}"' in today.text
    assert f'href="{desk.couple}">Tomasz Brackenmoor</a>' in page.text
    assert "born 27 Oct 1984" in page.text


def test_a_patient_without_a_form_for_couples_has_no_such_link(
    browser: Browser,
) -> None:
    assert 'id="beside"' not in browser.get(browser.launch("marta")).text


def test_where_no_other_chart_is_open_it_says_how(browser: Browser) -> None:
    page = browser.get(f"{browser.launch('odile')}beside")

    assert "data-nobody" in page.text and "start the app there" in page.text


def test_before_both_have_agreed_no_score_is_read_or_shown(
    desk: Desk, ehr: Ehr
) -> None:
    for agreed in ((), ("own",)):
        for whose in agreed:
            desk.agree(whose)
        ehr.asked.clear()

        page = desk.page()

        assert 'data-agreements="lacking"' in page.text
        assert "<svg" not in page.text and "<table" not in page.text
        assert {address.split("?")[0] for _, address in ehr.asked} == {
            "/fhir/Patient/odile",
            "/fhir/Patient/tomasz",
        }


def test_once_both_have_agreed_there_are_two_lines_and_words(desk: Desk) -> None:
    desk.both_agree()
    text = desk.page().text

    assert 'data-agreements="both"' in text
    assert re.findall(r'data-name="([^"]+)"', text) == [
        "Odile Brackenmoor",
        "Tomasz Brackenmoor",
    ]
    assert "4.33 points apart, Odile Brackenmoor on the better side" in text
    assert "has moved by 5 points" in text
    assert len(set(re.findall(r'id="([^"]+)"', text))) == len(
        re.findall(r' id="([^"]+)"', text)
    )


def test_the_two_are_never_averaged_and_nothing_else_is_there(desk: Desk) -> None:
    desk.both_agree()
    text = desk.page().text

    cells = re.findall(r"<td>(\d+)</td>", text)
    assert cells == [
        "7",
        "12",
        "8",
        "13",
        "9",
        "12",
        "11",
        "11",
        "12",
        "12",
        "13",
        "11",
    ]
    assert "9.5" not in text and "10.17" not in text
    for absent in ("data-safety", "data-signal", "data-note", "cut-off", "PHQ-9"):
        assert absent not in text


@pytest.mark.hazard("H01")
def test_each_record_is_read_with_its_own_launchs_token(desk: Desk, ehr: Ehr) -> None:
    desk.both_agree()
    ehr.asked.clear()

    desk.page()

    used: dict[str, set[str]] = {"odile": set(), "tomasz": set()}
    for token, address in ehr.asked:
        (patient,) = [each for each in used if each in address]
        used[patient].add(token.removeprefix("Bearer "))
    assert used == {
        "odile": {desk.context(desk.own).access_token},
        "tomasz": {desk.context(desk.partner).access_token},
    }


# ---- The agreement -------------------------------------------------------------------


def test_an_agreement_stands_in_the_audit_of_both(desk: Desk) -> None:
    desk.agree("partner", how="alone-in-person")

    [row] = kept(desk, "odile")
    assert kept(desk, "tomasz") == [row]
    kind, actor, told = row
    assert (kind, actor) == (AGREED, "Practitioner/okafor")
    assert (told["of"], told["with"]) == ("tomasz", "odile")
    assert (told["how"], told["instruments"]) == ("alone-in-person", ["gad-7"])
    assert "recorded by Practitioner/okafor" in desk.page().text


def test_one_agreement_is_recorded_once_however_often_it_is_sent(desk: Desk) -> None:
    token = token_of(desk.page())
    for _ in range(2):
        desk.agree("own", token=token)

    assert len(kept(desk, "odile")) == 1


@pytest.mark.parametrize("whose", ["own", "partner"])
def test_either_ends_it_and_only_the_own_chart_is_needed_for_it(
    desk: Desk, whose: str
) -> None:
    desk.both_agree()
    path = desk.own if whose == "own" else desk.partner
    page = desk.browser.get(f"{path}beside")
    desk.vault.launches.close(id_of(desk.partner if whose == "own" else desk.own))

    answer = desk.browser.post(f"{path}beside", hidden(page.text))

    assert answer.status_code == 303
    who = "odile" if whose == "own" else "tomasz"
    assert desk.agreements(who) == ()
    assert [each[0] for each in kept(desk, "odile")] == [AGREED, AGREED, WITHDRAWN]
    assert kept(desk, "odile") == kept(desk, "tomasz")
    assert 'id="withdraw"' not in desk.browser.get(f"{path}beside").text


def test_after_a_withdrawal_nothing_is_compared(desk: Desk) -> None:
    desk.both_agree()
    page = desk.browser.get(desk.beside)

    desk.browser.post(desk.beside, hidden(page.text))

    assert 'data-agreements="lacking"' in desk.page().text
    assert "<svg" not in desk.page().text


def test_an_agreement_is_over_after_the_days_of_the_plan(desk: Desk) -> None:
    desk.agree("own")
    now = desk.services.clock()
    days = desk.services.plan.couples.agreement_days

    before, after = (now + timedelta(days=days, hours=each) for each in (-1, 1))

    assert len(agreements_of(desk.vault, "odile", now=before)) == 1
    assert agreements_of(desk.vault, "odile", now=after) == ()


def test_an_agreement_is_for_these_two_alone(desk: Desk) -> None:
    desk.both_agree()
    desk.partner = desk.browser.launch("marta")

    desk.agree("partner")  # Marta has, towards Odile; Odile has towards Tomasz alone

    page = desk.page()
    assert 'data-agreements="lacking"' in page.text
    assert "<svg" not in page.text
    assert [each.partner for each in desk.agreements("odile")] == ["tomasz"]
    assert [each.partner for each in desk.agreements("marta")] == ["odile"]


def test_an_agreement_covers_the_forms_that_were_spoken_of(
    desk: Desk, app: Flask
) -> None:
    desk.both_agree()
    couples = desk.services.plan.couples
    more = replace(couples, instruments=(*couples.instruments, CHECK_IN))
    plan = replace(desk.services.plan, couples=more)
    app.extensions[EXTENSION] = replace(desk.services, plan=plan)

    assert 'data-agreements="lacking"' in desk.page().text
