"""`python -m tests.journeys.screenshots FOLDER`: the journey, in pictures."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.journeys.browser import chromium
from tests.journeys.demo import running_demo
from tests.journeys.walk import answer_phq_9, open_chart, redeem, send

ANSWERS = (3, 3, 2, 3, 2, 3, 2, 2, 1, 2)
SOME_BLANK = (3, 3, 2, 3, 2, 3, None, None, None, None)


def take(folder: Path) -> None:
    """Every step of the loop; each picture's name begins with its place."""
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="rom-screenshots-"))

    def look(name: str, page: Page, *, whole: bool = False) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=whole)
        print(f"screenshots: {name}")

    with running_demo(work / "demo") as demo, sync_playwright() as playwright:
        clinic_folder, tablet_folder = work / "clinic", work / "tablet"
        with (
            chromium(playwright, clinic_folder, width=1280, height=860) as clinic,
            chromium(playwright, tablet_folder, width=820, height=1100) as tablets,
        ):
            page = clinic.new_page()
            page.goto(demo.ehr + "/")
            look("1-patients", page)
            chart = open_chart(demo, clinic, "Amina Saltmarsh")
            look("2-card", chart.page)
            chart.launch()
            look("3-app", chart.page)
            alone = clinic.new_page()
            alone.goto(f"{app_of(demo.folder)}/standalone/sandbox")
            alone.get_by_text("Sunniva").first.click()
            alone.get_by_text("Amina").first.click()
            expect(alone.locator("[data-patient]")).to_be_visible()
            look("4-clinician", alone)
            address, code = chart.code()
            look("5-hand-over", chart.page)
            tablet = tablets.new_page()
            redeem(tablet, address, code)
            look("6-tablet-hello", tablet)
            answer_phq_9(tablet, SOME_BLANK)
            look("7-form", tablet)
            tablet.locator("#send").click()
            expect(tablet.get_by_text("still open")).to_be_visible()
            look("8-form-blanks", tablet)
            for link_id, points in zip(
                ("/44252-5", "/44253-3", "/44260-8", "/69722-7"),
                ANSWERS[6:],
                strict=True,
            ):
                tablet.locator(
                    f'[data-link-id="{link_id}"] input[value="{points}"]'
                ).check()
            send(tablet)
            look("9-saved-crisis", tablet)
            chart.app.locator("#back").click()
            expect(chart.app.locator("[data-safety]")).to_be_visible()
            look("10-safety-banner", chart.page)
            again = open_chart(demo, clinic, "Amina Saltmarsh")
            look("11-changed-cards", again.page)


def app_of(folder: Path) -> str:
    """The plug-in's own address, as the demonstration wrote it down."""
    text = (folder / "tenants.toml").read_text(encoding="utf-8")
    line = next(each for each in text.splitlines() if each.startswith("redirect_uri"))
    return line.split('"')[1].removesuffix("/callback/sandbox")


if __name__ == "__main__":
    take(Path(sys.argv[1]))
