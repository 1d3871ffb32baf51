"""Chart → card → launch → form → saved → in the EHR once → changed card."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.journeys.demo import Demo
from tests.journeys.walk import answer_phq_9, open_chart, redeem, send, walk_the_loop

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# What the stories of docs/tutorials/the-eight-patients.md promise when a chart opens.
FIRST_CARD = {
    "Marta Windrush": None,
    "Teodor Lanternhill": "PHQ-9: no reliable gain after",
    "Kwame Fairlight": "Alliance rating is far below this person's usual.",
    "Inés Quillfeather": "Alliance rating is back at this person's usual",
    "Jonas Marrowby": "PHQ-9 item 9 answered above zero (1).",
    "Ravi Hollowbrook": "The last visit did not take place,",
    "Noor Emberton": None,
    "Bartholomew Inkling": None,
    "Yuki Thistledown": None,
    "Wilhelmina": "PHQ-9: reliably better and past the cut-off twice.",
    "Odile Brackenmoor": None,
    "Tomasz Brackenmoor": "GAD-7: no reliable gain after",
    "Hana Oakhurst": None,
    "Mateusz Fernsby": None,
    "Linnea Harrowgate": None,
    "Chidi Wrenfield": None,
    "Rosa Millbrook": None,
    "Leif Copperdale": None,
}
# And what the app then says.
IN_THE_APP = {
    "Noor Emberton": "too early to say",
    "Bartholomew Inkling": "6 entries could not be read",
    "Yuki Thistledown": "No measurements yet",
    "Marta Windrush": "No signal",
}


@pytest.mark.hazard("H04")
def test_the_loop_closes_inside_the_chart(
    demo: Demo, clinic: BrowserContext, tablet: BrowserContext
) -> None:
    walk_the_loop(demo, clinic, tablet)


def test_each_story_shows_the_card_it_promises(
    demo: Demo, clinic: BrowserContext
) -> None:
    for name, wanted in FIRST_CARD.items():
        cards = open_chart(demo, clinic, name).card_summaries()
        if wanted is None:
            assert cards == [], name
        else:
            assert cards and cards[0].startswith(wanted), (name, cards)


@pytest.mark.parametrize("name", IN_THE_APP)
def test_no_card_does_not_mean_no_words(
    demo: Demo, clinic: BrowserContext, name: str
) -> None:
    chart = open_chart(demo, clinic, name)

    chart.open_app()

    expect(chart.app.locator("main")).to_contain_text(IN_THE_APP[name])


def test_a_card_that_was_set_aside_stays_away(
    demo: Demo, clinic: BrowserContext
) -> None:
    chart = open_chart(demo, clinic, "Teodor Lanternhill")
    assert len(chart.card_summaries()) == 1

    chart.page.get_by_text("Dismiss").first.click()
    chart.page.locator("[data-card-dismiss]").first.click()

    assert open_chart(demo, clinic, "Teodor Lanternhill").card_summaries() == []


def test_after_a_missed_visit_the_way_leads_to_reaching_out(
    demo: Demo, clinic: BrowserContext
) -> None:
    chart = open_chart(demo, clinic, "Ravi Hollowbrook")

    chart.launch()

    missed = chart.app.locator('[data-signal="D1"]')
    expect(missed).to_contain_text("Reach out to this person?")
    chart.app.get_by_role("link", name="What may help", exact=True).first.click()
    expect(chart.app.locator('[data-domain="alliance"][data-pointed]')).to_be_visible()


@pytest.mark.hazard("H19")
def test_after_sending_the_back_button_brings_no_answers(
    demo: Demo, clinic: BrowserContext, tablet: BrowserContext
) -> None:
    chart = open_chart(demo, clinic, "Marta Windrush")
    chart.open_app()
    page = tablet.new_page()
    redeem(page, *chart.code())
    answer_phq_9(page, (1, 1, 1, 1, 1, 1, 1, 1, 0, 1))
    send(page)

    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.evaluate("document.cookie") == ""
    for _ in range(2):
        page.go_back()
        page.wait_for_load_state()
        assert page.locator("input:checked").count() == 0


def test_the_form_works_without_script_and_shows_its_blanks_once(
    demo: Demo, clinic: BrowserContext
) -> None:
    chart = open_chart(demo, clinic, "Marta Windrush")
    chart.open_app()
    address, code = chart.code()
    plain = clinic.new_page()
    plain.route("**/*.js", lambda route: route.abort())
    redeem(plain, address, code)
    answer_phq_9(plain, (1, None, 1, 1, 1, 1, 1, 1, 0, 1))

    plain.locator("#send").click()
    expect(plain.get_by_text("1 question is still open")).to_be_visible()
    send(plain)


@pytest.mark.hazard("H10")
def test_reloading_a_form_that_has_answers_asks_first(
    demo: Demo, clinic: BrowserContext, tablet: BrowserContext
) -> None:
    chart = open_chart(demo, clinic, "Marta Windrush")
    chart.open_app()
    page = tablet.new_page()
    redeem(page, *chart.code())
    asked: list[str] = []
    page.on("dialog", lambda each: (asked.append(each.type), each.accept()))
    page.locator("#start").click()
    page.reload()
    assert asked == []

    page.locator('[data-link-id="/44250-9"] input[value="1"]').check()
    page.reload()
    assert asked == ["beforeunload"]


@pytest.mark.hazard("H10")
def test_a_server_that_is_away_is_said_so_and_the_answers_arrive_once(
    demo: Demo, clinic: BrowserContext, tablet: BrowserContext
) -> None:
    chart = open_chart(demo, clinic, "Marta Windrush")
    chart.open_app()
    page = tablet.new_page()
    redeem(page, *chart.code())
    answer_phq_9(page, (1, 1, 1, 1, 1, 1, 1, 1, 0, 1))
    away = {"left": 1}

    def answer(route) -> None:  # type: ignore[no-untyped-def]
        if route.request.method == "POST" and away["left"]:
            away["left"] -= 1
            route.abort("connectionrefused")
        else:
            route.continue_()

    page.route("**/form/*", answer)
    expect(page.locator("[data-crisis-unsent]")).to_be_hidden()
    page.locator("#send").click()

    expect(page.locator("#not-saved")).to_be_visible()
    expect(page.locator("[data-crisis-unsent]")).to_be_visible()
    expect(page.locator("[data-saved]")).to_be_visible(timeout=15_000)
