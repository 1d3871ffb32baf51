"""Chart → card → launch → form → saved → in the EHR once → changed card."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.journeys.demo import Demo
from tests.journeys.walk import answer_phq_9, open_chart, redeem, send

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def wait_for(question: Callable[[], bool], seconds: float = 30) -> None:
    """Until the answer is yes; delivery runs beside the pages."""
    until = time.monotonic() + seconds
    while not question() and time.monotonic() < until:
        time.sleep(0.1)


@pytest.mark.hazard("H04")
def test_the_loop_closes_inside_the_chart(
    demo: Demo, clinic: BrowserContext, tablet: BrowserContext
) -> None:
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

    wait_for(lambda: demo.stored() != before)
    after = demo.stored()
    assert after["QuestionnaireResponse"] == before["QuestionnaireResponse"] + 1
    assert after["Observation"] == before["Observation"] + 1

    again = open_chart(demo, clinic, "Amina Saltmarsh")
    summaries = again.card_summaries()
    assert summaries[0].startswith("PHQ-9 item 9 answered above zero (1).")
    assert "(12 to 21)" in summaries[1]
    assert demo.stored() == after
