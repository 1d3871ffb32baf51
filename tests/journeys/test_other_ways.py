"""Two tabs, no mouse, no chart around it, lines to mark, and how the demo ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from werkzeug.serving import make_server

from ehr.delivery.seal import sealed_submission
from server.settings import Settings, safe
from server.wsgi import create_app, read_installation
from smart_app.services import EXTENSION, AppServices
from tests.hook_calls import TENANT, environment, new_caller, write_files
from tests.journeys.demo import Demo, running_demo
from tests.journeys.screenshots import app_of
from tests.journeys.walk import ITEM_9, PHQ_9, open_chart, redeem, send
from tests.unit.smart_app.licensed_site import plan_with_ors, write_site_folder

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.mark.hazard("H01")
def test_two_charts_in_two_tabs_stay_two_charts(
    demo: Demo, clinic: BrowserContext
) -> None:
    marta = open_chart(demo, clinic, "Marta Windrush")
    marta.open_app()
    jonas = open_chart(demo, clinic, "Jonas Marrowby")
    jonas.open_app()

    for chart, name in ((marta, "marta"), (jonas, "jonas")):
        chart.app.locator("#hand-over").click()
        expect(chart.app.locator("#handoff-code")).to_be_visible()
        chart.app.locator("#back").click()
        banner = chart.app.locator("[data-patient]")
        expect(banner).to_have_attribute("data-patient", name)


def test_outside_the_chart_the_person_chooses_the_patient(
    demo: Demo, clinic: BrowserContext
) -> None:
    page = clinic.new_page()

    page.goto(f"{app_of(demo.folder)}/standalone/sandbox")
    page.get_by_text("Sunniva").first.click()
    page.get_by_text("Kwame").first.click()

    expect(page.locator('[data-patient="kwame"]')).to_contain_text("Kwame Fairlight")
    expect(page.locator('[data-signal="R3"]')).to_be_visible()


def test_a_form_is_filled_in_and_sent_without_a_mouse(
    demo: Demo, clinic: BrowserContext, tablet: BrowserContext
) -> None:
    chart = open_chart(demo, clinic, "Noor Emberton")
    chart.open_app()
    address, code = chart.code()
    page = tablet.new_page()

    page.goto(address)
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.locator("#start")).to_be_visible()
    for _ in ("English", "Español", "Deutsch", "Start"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#form")).to_be_visible()
    for link_id in PHQ_9:
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        if link_id != ITEM_9:
            page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("[data-saved]")).to_be_visible()
    assert page.locator("[data-crisis]").count() == 0


@pytest.mark.hazard("H19")
def test_after_the_last_form_the_tablet_knows_nobody(
    demo: Demo, clinic: BrowserContext, tablet: BrowserContext
) -> None:
    chart = open_chart(demo, clinic, "Noor Emberton")
    chart.open_app()
    page = tablet.new_page()
    redeem(page, *chart.code())
    hello = page.url
    page.locator("#start").click()
    form = page.url
    for link_id in PHQ_9:
        page.locator(f'[data-link-id="{link_id}"] input[value="0"]').check()
    send(page)
    page.reload()
    expect(page.locator("[data-saved]")).to_be_visible()

    for address in (hello, form):
        page.goto(address)
        expect(page.get_by_role("heading", name="This form is closed")).to_be_visible()
        assert "Noor" not in page.content()


def test_the_tablets_pages_cannot_be_framed(demo: Demo, clinic: BrowserContext) -> None:
    chart = open_chart(demo, clinic, "Marta Windrush")
    chart.open_app()
    address, _ = chart.code()
    page = clinic.new_page()
    page.goto("about:blank")

    with page.expect_event("frameattached"):
        page.evaluate(
            "address => { const f = document.createElement('iframe');"
            " f.src = address; document.body.append(f); }",
            address,
        )
    page.wait_for_load_state("networkidle")

    [frame] = page.frames[1:]
    assert frame.url.startswith("chrome-error://")


@dataclass
class Site:
    """A running app of a clinic with its own words for `ors`."""

    services: AppServices
    address: str

    def code(self) -> str:
        """A one-time code for the form with lines."""
        code, now = str(uuid4().int)[:8], self.services.clock()
        body = {
            "patient": "p1",
            "encounter": None,
            "greeting": "Ada L.",
            "language": "en",
            "instruments": ["ors"],
        }
        self.services.vault.for_tenant(TENANT).handoffs.offer(
            code,
            context_id=uuid4().hex,
            patient="p1",
            body=json.dumps(body).encode(),
            now=now,
            expires_at=now + timedelta(minutes=10),
        )
        return code


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    folder = tmp_path / "site"
    words = write_site_folder(folder / "words", last_day="2099-12-31")
    write_files(folder, new_caller(), plan=plan_with_ors())
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    settings = environment(folder, server.server_port)
    settings["ROM_INSTRUMENT_FOLDERS"] = json.dumps([str(words)])
    for name in [each for each in os.environ if each.startswith("ROM_")]:
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    running = create_app(read_installation(safe(Settings())))  # type: ignore[call-arg]
    server.app = running.app
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Site(
        running.app.extensions[EXTENSION],
        f"{settings['ROM_KIOSK_URL']}/kiosk/{TENANT}",
    )
    server.shutdown()
    thread.join()
    server.server_close()
    running.vault.close()


def line(page: Page, link_id: str) -> tuple[str, str, str]:
    """What a line holds: sent value, words for a screen reader, words on the page."""
    place = page.locator(f'[data-link-id="{link_id}"]')
    return (
        place.locator("input[type=number]").input_value(),
        str(place.locator("input[type=range]").get_attribute("aria-valuetext")),
        place.locator("[data-unanswered]").inner_text(),
    )


@pytest.mark.hazard("H17")
def test_a_line_has_no_value_until_it_is_touched_and_then_the_right_one(
    site: Site, tablet: BrowserContext
) -> None:
    page = tablet.new_page()
    redeem(page, site.address, site.code())
    page.locator("#start").click()
    untouched = line(page, "o1")

    page.locator('[data-link-id="o1"] input[type=range]').press("ArrowRight")
    page.locator('[data-link-id="o2"] input[type=number]').fill("7")
    page.locator('[data-link-id="o3"] [data-step="1"]').click()
    page.locator('[data-link-id="o3"] [data-step="1"]').click()
    page.locator('[data-link-id="o4"] input[type=range]').click()  # the middle
    marked = [line(page, each) for each in ("o1", "o2", "o3", "o4")]
    send(page)

    assert untouched == ("", "not answered yet", "not answered yet")
    assert [each[0] for each in marked] == ["51", "7", "52", "50"]
    assert marked[1][1] == "7 / 100, none" and marked[0][2] == ""
    [row] = site.services.vault.for_tenant(TENANT).outbox.waiting("p1")
    kept = sealed_submission(row.payload, site.services.library).submission
    points = {key: str(each.points) for key, each in kept.answers.given.items()}
    assert points == {"o1": "5.1", "o2": "0.7", "o3": "5.2", "o4": "5.0"}


def test_a_line_that_was_cleared_or_left_alone_is_a_blank(
    site: Site, tablet: BrowserContext
) -> None:
    page = tablet.new_page()
    redeem(page, site.address, site.code())
    page.locator("#start").click()
    page.locator('[data-link-id="o1"] input[type=number]').fill("0")
    page.locator('[data-link-id="o2"] input[type=number]').fill("30")
    page.locator('[data-link-id="o2"] [data-clear]').click()

    page.locator("#send").click()
    expect(page.get_by_text("3 questions are still open")).to_be_visible()
    send(page)

    [row] = site.services.vault.for_tenant(TENANT).outbox.waiting("p1")
    kept = sealed_submission(row.payload, site.services.library).submission
    assert set(kept.answers.given) == {"o1"}


def test_the_demo_ends_and_leaves_nothing_running(tmp_path: Path) -> None:
    with running_demo(tmp_path / "demo") as demo:
        children = psutil.Process(demo.process.pid).children(recursive=True)
        assert len(children) >= 2
        demo.process.send_signal(signal.SIGINT)
        demo.process.wait(timeout=30)

    gone, left = psutil.wait_procs(children, timeout=10)
    assert left == [] and len(gone) == len(children)


def test_a_port_in_use_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ended = subprocess.run(
            [
                *(sys.executable, "-m", "server", "demo"),
                *("--port", str(port), "--app-port", "0"),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert ended.returncode == 2
    assert f"port {port} is in use" in ended.stderr
    assert "rom demo --port 0 --app-port 0" in ended.stderr
    assert "Traceback" not in ended.stderr
