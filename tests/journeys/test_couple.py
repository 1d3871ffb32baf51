"""Two charts open in one browser, two agreements, two lines beside each other."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.journeys.demo import Demo
from tests.journeys.walk import Chart, check_narrow_frames, open_chart

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NAMES = ["Odile Brackenmoor", "Tomasz Brackenmoor"]


def open_app(demo: Demo, clinic: BrowserContext, name: str) -> Chart:
    chart = open_chart(demo, clinic, name)
    chart.open_app()
    return chart


def agree(chart: Chart, name: str) -> None:
    chart.page.bring_to_front()
    how = chart.app.get_by_role("group", name=f"How {name} has agreed")
    how.get_by_label("asked alone, in the room").check()
    chart.app.get_by_role("button", name=f"{name} has agreed").click()
    withdraws = chart.app.get_by_role("button", name=f"{name} withdraws it")
    expect(withdraws).to_be_visible()


def test_two_partners_stand_beside_each_other_until_one_withdraws(
    demo: Demo, clinic: BrowserContext
) -> None:
    chart = open_app(demo, clinic, NAMES[0])
    app = chart.app
    app.locator("#beside").click()
    expect(app.locator("[data-nobody]")).to_contain_text("No other patient's chart")
    open_app(demo, clinic, NAMES[1])
    app.get_by_role("link", name="Back to today").click()
    app.locator("#beside").click()

    app.get_by_role("link", name=NAMES[1]).click()
    expect(app.locator("[data-agreements=lacking]")).to_be_visible()
    agree(chart, NAMES[0])
    expect(app.locator("svg")).to_have_count(0)
    agree(chart, NAMES[1])

    expect(app.locator("figure h3")).to_have_text(NAMES)
    expect(app.locator("[data-found]")).to_contain_text("4.33 points apart")
    places = [each.bounding_box() for each in app.locator("figure svg").all()]
    assert places[0] and places[1]
    assert (places[0]["y"], places[0]["width"]) == (places[1]["y"], places[1]["width"])

    app.get_by_role("button", name=f"{NAMES[1]} withdraws it").click()
    expect(app.get_by_role("heading", name="Beside a partner")).to_be_visible()
    app.get_by_role("link", name=NAMES[0]).click()
    expect(app.locator("[data-agreements=lacking]")).to_be_visible()
    expect(app.locator("svg")).to_have_count(0)


def test_the_page_fits_a_narrow_frame_needs_no_script_and_prints(
    demo: Demo, clinic: BrowserContext
) -> None:
    chart = [open_app(demo, clinic, each) for each in NAMES][1]
    app = chart.app
    app.locator("#beside").click()
    app.get_by_role("link", name=NAMES[0]).click()
    expect(app.locator("[data-agreements]")).to_be_visible()
    for each in NAMES:  # the test before may have left an agreement
        if app.get_by_role("button", name=f"{each} has agreed").count():
            agree(chart, each)

    check_narrow_frames(chart, "/beside/")
    expect(app.locator("script")).to_have_count(0)
    # The EHR prints its own page without the app: here the app's is looked at.
    chart.page.locator(".app").first.evaluate(
        "app => app.style.setProperty('display', 'block', 'important')"
    )
    chart.page.emulate_media(media="print")
    expect(app.get_by_role("button").first).to_be_hidden()
    expect(app.locator("figure svg")).to_have_count(2)
    expect(app.locator("figure svg").first).to_be_visible()
