"""Six charts open in one browser, one choice, and the mean beside the own line."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.journeys.demo import Demo
from tests.journeys.walk import Chart, check_narrow_frames, open_chart

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OTHERS = (
    *("Hana Oakhurst", "Mateusz Fernsby", "Linnea Harrowgate"),
    *("Chidi Wrenfield", "Leif Copperdale"),
)


def with_the_group(demo: Demo, clinic: BrowserContext) -> Chart:
    """Rosa's chart, opened last, at the choice of her group."""
    for name in OTHERS:
        open_chart(demo, clinic, name).open_app()
    chart = open_chart(demo, clinic, "Rosa Millbrook")
    chart.open_app()
    chart.app.locator("#with-group").click()
    expect(chart.app.locator("#choose")).to_be_visible()
    return chart


def test_the_group_is_chosen_by_keyboard_looked_at_and_taken_back(
    demo: Demo, clinic: BrowserContext
) -> None:
    chart = with_the_group(demo, clinic)
    app, keys = chart.app, chart.page.keyboard
    boxes = app.get_by_role("group", name="Members beside Rosa Millbrook")
    expect(boxes.get_by_role("checkbox")).to_have_count(5)

    boxes.get_by_role("checkbox").first.focus()
    for _ in range(4):
        keys.press("Space")
        keys.press("Tab")
    app.locator("#choose").click()
    expect(app.get_by_role("alert")).to_contain_text("Please choose at least 5")
    for each in OTHERS:
        app.get_by_label(each).check()
    app.locator("#choose").press("Enter")

    expect(app.locator("figure h3")).to_have_text(
        ["Rosa Millbrook", "Mean of the group"]
    )
    expect(app.locator("tbody tr")).to_have_count(6)
    expect(app.locator("tbody tr").nth(0)).to_contain_text("8.5")
    expect(app.locator("tbody tr").nth(3)).to_contain_text("too few to show")
    text = app.locator("html").inner_html()
    for name in (word for each in OTHERS for word in each.split()):
        assert name not in text

    app.get_by_role("link", name="Back to today").click()
    app.locator("#with-group").click()
    app.locator("#take-back").click()
    expect(app.locator("[data-chosen]")).to_have_count(0)


def test_the_page_fits_a_narrow_frame_needs_no_script_and_prints(
    demo: Demo, clinic: BrowserContext
) -> None:
    chart = with_the_group(demo, clinic)
    app = chart.app

    def fits(part: str) -> None:
        check_narrow_frames(chart, part)
        expect(app.locator("script")).to_have_count(0)

    fits("/group")
    for each in OTHERS:
        app.get_by_label(each).check()
    app.locator("#choose").click()
    expect(app.locator("figure svg")).to_have_count(2)
    fits("/group/mean")
    table = app.locator(".table-scroll")
    assert table.evaluate("each => each.scrollWidth <= each.clientWidth")
    # The EHR prints its own page without the app: here the app's is looked at.
    chart.page.locator(".app").first.evaluate(
        "app => app.style.setProperty('display', 'block', 'important')"
    )
    chart.page.emulate_media(media="print")
    expect(app.locator("figure svg").first).to_be_visible()
    expect(app.get_by_role("table")).to_be_visible()
