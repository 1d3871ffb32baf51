"""An EHR that sends no feedback: a card is answered on the app's page instead."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.journeys.demo import Demo
from tests.journeys.walk import answer_phq_9, open_chart, redeem, send, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WORSE = (3, 3, 3, 3, 3, 3, 3, 3, 0, 2)  # 24: by more than half a reliable change


def test_a_card_answered_in_the_app_rests_until_things_are_worse(
    demo: Demo, clinic: BrowserContext, tablet: BrowserContext
) -> None:
    chart = open_chart(demo, clinic, "Amina Saltmarsh")
    assert "(12 to 19)" in chart.card_summaries()[0]
    chart.launch()

    signal = chart.app.locator('[data-signal="S2"]')
    signal.locator(".set-aside summary").focus()
    chart.page.keyboard.press("Enter")
    signal.get_by_label("Reason").select_option("already-discussed")
    signal.get_by_role("button", name="I have seen it").click()

    answered = signal.locator("[data-answered]")
    expect(answered).to_contain_text("Seen by Practitioner/")
    expect(answered).to_contain_text("Already discussed")
    assert open_chart(demo, clinic, "Amina Saltmarsh").card_summaries() == []

    before = demo.stored()
    page = tablet.new_page()
    redeem(page, *chart.code())
    answer_phq_9(page, WORSE)
    send(page)
    wanted = {kind: count + 1 for kind, count in before.items()}
    wait_for(lambda: demo.stored() == wanted)

    [again] = open_chart(demo, clinic, "Amina Saltmarsh").card_summaries()
    assert "(12 to 24)" in again


def test_what_was_taken_back_is_a_card_again(
    demo: Demo, clinic: BrowserContext
) -> None:
    [said] = open_chart(demo, clinic, "Kwame Fairlight").card_summaries()
    chart = open_chart(demo, clinic, "Kwame Fairlight")
    chart.launch()
    form = chart.app.locator(".set-aside").first
    form.locator("summary").click()
    form.get_by_role("button", name="I have seen it").click()
    expect(chart.app.locator("[data-answered]")).to_be_visible()
    assert said not in open_chart(demo, clinic, "Kwame Fairlight").card_summaries()

    chart.app.get_by_role("button", name="Take this back").click()

    expect(chart.app.locator("[data-answered]")).to_have_count(0)
    assert open_chart(demo, clinic, "Kwame Fairlight").card_summaries() == [said]
