"""The product's main job, step by step, as a person does it in a browser."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from tests.journeys.demo import Demo

ITEM_9 = "/44260-8"
PHQ_9 = (
    *("/44250-9", "/44255-8", "/44259-0", "/44254-1", "/44251-7"),
    *("/44258-2", "/44252-5", "/44253-3", ITEM_9, "/69722-7"),
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A patient's chart, open in the clinician's browser."""

    demo: Demo
    page: Page

    @property
    def app(self) -> FrameLocator:
        return self.page.frame_locator("iframe#app")

    def card_summaries(self) -> list[str]:
        return self.page.locator("[data-card-summary]").all_inner_texts()

    def launch(self) -> None:
        """Follow the first card's link; the app opens in the frame."""
        self.page.locator("[data-card-link]").first.click()
        expect(self.app.locator("[data-patient]")).to_be_visible(timeout=20_000)

    def open_app(self) -> None:
        """The chart's own button, for a patient without a card."""
        self.page.get_by_role("button", name="Open ROM on FHIR").click()
        expect(self.app.locator("[data-patient]")).to_be_visible(timeout=20_000)

    def code(self) -> tuple[str, str]:
        """Hand the form over: the tablet's address and the one-time code."""
        self.app.locator("#hand-over").click()
        address = self.app.locator("#kiosk-address")
        expect(address).to_be_visible()
        code = self.app.locator("#handoff-code").inner_text()
        return str(address.get_attribute("href")), code


def open_chart(demo: Demo, context: BrowserContext, name: str) -> Chart:
    """From the patient list, as a new visit of today."""
    page = context.new_page()
    page.goto(demo.ehr + "/")
    page.get_by_text(name).first.click()
    expect(page.locator("iframe#app")).to_be_attached()
    return Chart(demo, page)


def redeem(tablet: Page, address: str, code: str) -> None:
    """On the tablet: address, code, and who it is."""
    tablet.goto(address)
    tablet.get_by_label("Code from your clinician").fill(code)
    tablet.get_by_role("button", name="Continue").click()
    expect(tablet.locator("#start")).to_be_visible()


def answer_phq_9(tablet: Page, points: tuple[int | None, ...]) -> None:
    """Start, and tick one option per item; None leaves it blank."""
    tablet.locator("#start").click()
    for link_id, value in zip(PHQ_9, points, strict=True):
        if value is None:
            continue
        tablet.locator(f'[data-link-id="{link_id}"] input[value="{value}"]').check()


def send(tablet: Page) -> str:
    """Send, and the submission's id once "Saved" is on the screen."""
    tablet.locator("#send").click()
    saved = tablet.locator("[data-saved]")
    expect(saved).to_be_visible(timeout=20_000)
    expect(saved.get_by_role("heading", name="Saved")).to_be_visible()
    return str(saved.get_attribute("data-saved"))


def wait_for(question: Callable[[], bool], seconds: float = 40) -> None:
    """Until the answer is yes; delivery runs beside the pages."""
    until = time.monotonic() + seconds
    while not question() and time.monotonic() < until:
        time.sleep(0.1)


def check_narrow_frames(chart: Chart, part: str) -> None:
    """The app's page with this in its address is never wider than its frame."""
    frame = next(each for each in chart.page.frames if part in each.url)
    root = frame.locator("html")

    def is_as_wide(width: int) -> bool:
        # The frame's own process hears of it a little later; its border is thin.
        return width - 10 < int(root.evaluate("() => innerWidth")) <= width

    for width in (320, 768):
        chart.page.locator("iframe#app").evaluate(
            "(frame, width) => frame.style.width = width + 'px'", width
        )
        wait_for(partial(is_as_wide, width))
        assert is_as_wide(width)
        assert root.evaluate("root => root.scrollWidth") <= width


def walk_the_loop(demo: Demo, clinic: BrowserContext, tablet: BrowserContext) -> None:
    """Amina gets worse: her card, the app, item 9, the record, the changed cards."""
    chart = open_chart(demo, clinic, "Amina Saltmarsh")
    assert chart.card_summaries() == [
        "PHQ-9 is worse than at the start by more than measurement error (12 to 19)."
    ]

    before = demo.stored()
    chart.launch()
    assert chart.app.locator('.tone-attention[data-signal="S2"]').count() == 1
    address, code = chart.code()
    page = tablet.new_page()
    redeem(page, address, code)
    answer_phq_9(page, (3, 3, 2, 3, 2, 3, 2, 2, 1, 2))
    send(page)
    expect(page.locator("[data-crisis]")).to_be_visible()

    chart.app.locator("#back").click()
    expect(chart.app.locator("[data-safety]")).to_contain_text("item 9")

    wanted = {kind: count + 1 for kind, count in before.items()}
    wait_for(lambda: demo.stored() == wanted)
    assert demo.stored() == wanted, "one response and its one score, each once"

    again = open_chart(demo, clinic, "Amina Saltmarsh")
    summaries = again.card_summaries()
    assert summaries[0].startswith("PHQ-9 item 9 answered above zero (1).")
    assert "(12 to 21)" in summaries[1]
    assert demo.stored() == wanted
