"""Spanish and German in a real browser: nothing runs over, nothing is left English."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.journeys.browser import chromium
from tests.journeys.demo import Demo
from tests.journeys.screenshots import app_of
from tests.journeys.walk import PHQ_9

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# What a person with a small screen would have to scroll sideways for, or never see.
RUNS_OVER = """() => {
  const width = document.documentElement.clientWidth, found = [];
  if (document.documentElement.scrollWidth > width) found.push("the page itself");
  for (const each of document.querySelectorAll("main *")) {
    if (each.closest(".table-scroll, .visually-hidden")) continue;
    const box = each.getBoundingClientRect();
    const room = each.ownerSVGElement?.getBoundingClientRect();
    const right = room ? room.right : width, left = room ? room.left : 0;
    if (box.width && (box.right > right + 1 || box.left < left - 1))
      found.push(`${each.tagName}: ${(each.textContent || "").trim().slice(0, 40)}`);
  }
  return found;
}"""
HEADINGS = {"es": "Qué mirar juntos", "de": "Worauf Sie gemeinsam schauen können"}
SAVED = {"es": "Guardado", "de": "Gespeichert"}


@pytest.mark.parametrize("language", ["es", "de"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_whole_way_fits_the_screen(
    playwright: Playwright, tmp_path: Path, demo: Demo, language: str, width: int
) -> None:
    over: dict[str, list[str]] = {}

    def look(name: str, page: Page) -> None:
        # A page that has come without its style sheet yet has no layout to judge.
        page.wait_for_load_state()
        over[name] = page.evaluate(RUNS_OVER)

    with chromium(
        playwright, tmp_path / "browser", width=width, locale=language
    ) as context:
        chart = clinicians_page(context, demo)
        expect(chart.get_by_role("heading", name=HEADINGS[language])).to_be_visible()
        for each in chart.locator("details").all():
            each.evaluate("each => { each.open = true; }")
        look("chart", chart)
        chart.select_option("#language", language)
        chart.locator("#hand-over").click()
        expect(chart.locator("#handoff-code")).to_be_visible()
        look("hand-over", chart)
        tablet = context.new_page()
        tablet.goto(str(chart.locator("#kiosk-address").get_attribute("href")))
        look("code", tablet)
        tablet.fill("#code", chart.locator("#handoff-code").inner_text())
        tablet.locator("form button").click()
        expect(tablet.locator("#start")).to_be_visible()
        look("hello", tablet)
        tablet.locator("#start").click()
        for link_id in PHQ_9[:6]:
            tablet.locator(f'[data-link-id="{link_id}"] input[value="1"]').check()
        tablet.locator("#send").click()
        expect(tablet.locator(".blank").first).to_be_visible()
        look("form", tablet)
        tablet.locator("#send").click()
        expect(tablet.get_by_role("heading", name=SAVED[language])).to_be_visible(
            timeout=20_000
        )
        look("saved", tablet)
        chart.locator("#back").click()
        chart.wait_for_load_state()  # until then both sizes of the graph are drawn
        expect(chart.locator("svg.graph:visible")).to_be_visible()
        look("chart with an estimated start", chart)

    assert {name: found for name, found in over.items() if found} == {}
    assert len(over) == 7


def clinicians_page(context: BrowserContext, demo: Demo) -> Page:
    """The page of a long course and a long name, outside the EHR's frame."""
    page = context.new_page()
    page.goto(f"{app_of(demo.folder)}/standalone/sandbox")
    page.get_by_text("Sunniva").first.click()
    page.get_by_text("Wilhelmina").first.click()
    expect(page.locator("[data-patient]")).to_be_visible()
    return page
