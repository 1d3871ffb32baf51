"""From a signal to the support path, to a record in the chart, to a card that rests."""

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, expect

from tests.journeys.demo import Demo
from tests.journeys.walk import Chart, open_chart

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CHOSEN = (
    *("view=helps-not-yet", "seen=client", "seen=clinician", "trigger=S4"),
    *("crisis=yes", "domain=motivation", "fits=yes", "decision=change"),
    *("agreed=client", "agreed=clinician"),
)


def fill(app: FrameLocator) -> None:
    for each in CHOSEN:
        name, value = each.split("=")
        app.locator(f'[name="{name}"][value="{value}"]').check()
    app.locator("#branch").select_option("own-reasons")
    app.locator("#next").fill("2199-01-01")


def to_the_path(demo: Demo, clinic: BrowserContext, name: str) -> Chart:
    chart = open_chart(demo, clinic, name)
    chart.open_app()
    chart.app.get_by_role("link", name="What may help", exact=True).first.click()
    expect(chart.app.locator("[data-review-form]")).to_be_visible()
    return chart


def test_a_plan_review_goes_into_the_record_and_the_card_rests(
    demo: Demo, clinic: BrowserContext
) -> None:
    first = open_chart(demo, clinic, "Teodor Lanternhill")
    assert "no reliable gain" in first.card_summaries()[0]
    chart = to_the_path(demo, clinic, "Teodor Lanternhill")
    pointed = chart.app.locator("[data-pointed]")
    assert [each.get_attribute("data-domain") for each in pointed.all()] == [
        "motivation",
        "method-fit",
        "dose",
    ]

    mirror = chart.app.locator("[data-objectives]")
    mirror.locator("summary").click()
    expect(mirror).to_contain_text("Each session begins with a look together")

    fill(chart.app)
    chart.app.locator("#record").click()

    expect(chart.app.locator("[data-recorded]")).to_contain_text("Saved in the record")
    chart.app.locator("#back").click()
    expect(chart.app.locator("[data-reviewed]")).to_contain_text("1 Jan 2199")
    expect(chart.app.locator('[data-signal="S4"]')).to_have_count(0)
    assert open_chart(demo, clinic, "Teodor Lanternhill").card_summaries() == []


def test_what_is_missing_is_said_and_what_was_entered_stays(
    demo: Demo, clinic: BrowserContext
) -> None:
    chart = to_the_path(demo, clinic, "Kwame Fairlight")
    expect(chart.app.locator("[data-repair] li")).to_have_count(7)

    chart.app.locator('[name="view"][value="between-us"]').check()
    chart.app.locator("#record").focus()
    chart.page.keyboard.press("Enter")

    expect(chart.app.locator("#problems li")).not_to_have_count(0)
    expect(chart.app.locator('[name="view"][value="between-us"]')).to_be_checked()
    expect(chart.app.locator("[data-recorded]")).to_have_count(0)


def test_one_tick_says_that_it_was_looked_at_together(
    demo: Demo, clinic: BrowserContext
) -> None:
    chart = open_chart(demo, clinic, "Marta Windrush")
    chart.open_app()
    expect(chart.app.locator("[data-unseen]")).to_be_visible()

    chart.app.locator("#looked").click()

    expect(chart.app.locator("[data-looked]")).to_be_visible()
    expect(chart.app.locator("#looked")).to_have_count(0)


def test_a_safety_answer_leads_to_the_path_with_safety_open_and_first(
    demo: Demo, clinic: BrowserContext
) -> None:
    chart = open_chart(demo, clinic, "Jonas Marrowby")
    chart.open_app()

    banner = chart.app.locator("[data-safety]")
    banner.get_by_role("link", name="What may help", exact=True).click()

    expect(chart.app.locator("[data-safety]")).to_contain_text("item 9")
    first = chart.app.locator("[data-domain]").first
    expect(first).to_have_attribute("data-domain", "safety")
    expect(first).to_have_attribute("open", "")
    expect(chart.app.locator('[name="trigger"][value="S1"]')).to_have_count(1)


def test_the_keyboard_need_not_go_through_every_point_of_the_graph(
    demo: Demo, clinic: BrowserContext
) -> None:
    chart = open_chart(demo, clinic, "Wilhelmina Anastasia")
    chart.open_app()

    past = chart.app.get_by_role("link", name="Past the points of the graph")
    past.focus()
    chart.page.keyboard.press("Enter")

    expect(chart.app.locator("#table-heading")).to_be_focused()
