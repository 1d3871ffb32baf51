"""A member's own line beside the group's mean, and nothing of anybody else."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from ehr.group_record import CHOSEN, MEAN, SHOWN, choice_of, record_shown
from ehr.smart.context import ABSOLUTE
from smart_app.services import AppServices
from tests.unit.smart_app.couple_desk import Clock, id_of
from tests.unit.smart_app.group_desk import GROUP, GroupDesk, group_token, means
from tests.unit.smart_app.sandbox_site import Browser, Ehr

OTHERS = GROUP[1:]
HANA = ["8", "10", "11", "13", "13", "14"]  # newest first
MEANS = ["8.5", "9.8", "10.8", "12.7", "13.5"]


@pytest.fixture
def desk(browser: Browser, services: AppServices) -> GroupDesk:
    return GroupDesk(browser, services)


def test_the_clinicians_page_leads_to_the_members_whose_charts_are_open(
    desk: GroupDesk,
) -> None:
    today = desk.browser.get(desk.own)
    page = desk.choice()

    assert f'id="with-group" href="{desk.own}group"' in today.text
    assert page.text.count('type="checkbox" name="member"') == 5
    assert "Leif Copperdale" in page.text and "born 30 Dec 1981" in page.text
    assert "Choose only members who know and agree" in page.text
    assert "checked" not in page.text


def test_a_patient_without_a_form_for_groups_has_no_such_link(browser: Browser) -> None:
    assert 'id="with-group"' not in browser.get(browser.launch("marta")).text


def test_where_no_other_chart_is_open_it_says_how(browser: Browser) -> None:
    page = browser.get(f"{browser.launch('hana')}group")

    assert "data-nobody" in page.text and "start the app there" in page.text


def test_nothing_is_read_or_shown_before_a_group_is_chosen(
    desk: GroupDesk, ehr: Ehr
) -> None:
    ehr.asked.clear()

    page = desk.page()

    assert page.headers["Location"].endswith("/group")
    assert ehr.asked == [] and desk.nothing_kept()


def test_the_own_line_and_the_mean_stand_beside_each_other(desk: GroupDesk) -> None:
    desk.choose_all()
    page = desk.page()

    assert re.findall(r"<h3>([^<]+)</h3>", page.text) == [
        "Hana Oakhurst",
        "Mean of the group",
    ]
    # 8 8 9 7 9 10 are 51 of six; in the third week Leif was away.
    assert means(page) == [*MEANS[:3], "too few to show", *MEANS[3:]]
    assert "at least 5 members answered beside whoever looks" in page.text
    # No line through the day without a mean: one stretch, and two.
    assert page.text.count('<path class="series"') == 1 + 2
    ids = re.findall(r' id="([^"]+)"', page.text)
    assert len(set(ids)) == len(ids)


def test_the_mean_is_the_same_on_each_members_page(desk: GroupDesk) -> None:
    desk.choose_all()

    assert means(desk.page("rosa")) == means(desk.page())
    # Who was away that week is not told of it at all.
    assert means(desk.page("leif")) == MEANS


@pytest.mark.hazard("H01")
def test_nothing_of_another_member_is_on_the_page(desk: GroupDesk) -> None:
    desk.choose_all()
    names = re.findall(r"<span>(\w+) (\w+) <span", desk.choice().text)
    assert len(names) == 5

    text = desk.page().text

    for each in {word for pair in names for word in pair} | {"born", "B-10", "G-10"}:
        assert each not in text
    for each in OTHERS:
        assert each not in text
        assert id_of(desk.paths[each]) not in text
    assert re.findall(r'aria-label="[^"]*: (\S+) of 21', text) == [
        *reversed(HANA),
        *reversed(MEANS),
    ]
    assert re.findall(r"<td>([\d.]+)</td>", text) == [
        *("8", "8.5", "10", "9.8", "11", "10.8", "13"),  # too few to show
        *("13", "12.7", "14", "13.5"),
    ]
    for absent in ("data-safety", "data-signal", "data-note", "cut-off", "PHQ-9"):
        assert absent not in text


@pytest.mark.hazard("H01")
def test_each_record_is_read_with_its_own_launchs_token(
    desk: GroupDesk, ehr: Ehr
) -> None:
    desk.choose_all()
    ehr.asked.clear()

    desk.page()

    used: dict[str, set[str]] = {each: set() for each in GROUP}
    for token, address in ehr.asked:
        (patient,) = [each for each in used if each in address]
        used[patient].add(token.removeprefix("Bearer "))
    assert used == {
        each: {desk.context(path).access_token} for each, path in desk.paths.items()
    }


def test_whoever_has_no_score_sees_no_mean(desk: GroupDesk) -> None:
    desk.paths["yuki"] = desk.browser.launch("yuki")
    desk.choose(*OTHERS, of="yuki")

    page = desk.page("yuki")

    assert "has no score on this form yet" in page.text
    assert "<svg" not in page.text and "<table" not in page.text
    assert desk.rows(MEAN, "leif") == []


def test_a_record_that_is_partly_unreadable_is_said_to_be(desk: GroupDesk) -> None:
    desk.paths["bartholomew"] = desk.browser.launch("bartholomew")
    desk.choose(*OTHERS, "bartholomew")

    assert "only partly readable" in desk.page().text


# ---- The choice, and what is kept ----------------------------------------------------


def test_the_choice_is_the_record_that_each_member_agrees(desk: GroupDesk) -> None:
    desk.choose_all()

    for each in GROUP:
        assert desk.rows(CHOSEN, each) == [
            ("Practitioner/okafor", {"members": sorted(GROUP)})
        ]


def test_who_looked_at_whose_page_with_whom_is_kept_and_no_score(
    desk: GroupDesk,
) -> None:
    desk.choose_all()
    desk.page()
    desk.page()

    assert (
        desk.rows(SHOWN, "hana")
        == [("Practitioner/okafor", {"with": sorted(GROUP)})] * 2
    )
    assert desk.rows(SHOWN, "leif") == []
    [(_, kept)] = desk.rows(MEAN, "leif")
    days = kept["gad-7"]
    assert isinstance(days, dict) and len(days) == len(MEANS)
    assert all(people == sorted(GROUP) for people in days.values())


def test_a_members_audit_holds_the_means_that_this_member_is_in(
    desk: GroupDesk,
) -> None:
    now = desk.services.clock()
    first, second = now.date(), now.date() - timedelta(days=7)
    record_shown(
        desk.vault,
        "hana",
        members=["hana", "leif", "rosa"],
        new={
            "gad-7": {first: frozenset(["hana", "leif"]), second: frozenset(["hana"])}
        },
        by="Practitioner/okafor",
        now=now,
    )

    [(_, kept)] = desk.rows(MEAN, "leif")
    assert kept == {"gad-7": {first.isoformat(): ["hana", "leif"]}}
    assert desk.rows(MEAN, "rosa") == []


def test_a_choice_stands_on_the_page_of_each_of_its_members(desk: GroupDesk) -> None:
    desk.choose_all()

    assert "data-chosen" in desk.choice("chidi").text
    assert desk.choice("chidi").text.count(" checked") == 5


def test_a_choice_is_taken_back_for_all(desk: GroupDesk) -> None:
    desk.choose_all()
    token = group_token(desk.choice())

    answer = desk.choose(token=token)

    assert answer.headers["Location"].endswith("/group")
    for each in GROUP:
        assert desk.page(each).headers["Location"].endswith("/group")
        assert "data-chosen" not in desk.choice(each).text


def test_whoever_is_left_out_of_a_later_choice_is_in_no_group(desk: GroupDesk) -> None:
    desk.paths["odile"] = desk.browser.launch("odile")
    desk.choose_all()
    desk.choose(*OTHERS[:-1], "odile")

    assert desk.page("leif").headers["Location"].endswith("/group")
    assert desk.page("odile").status_code == 200


@pytest.mark.parametrize("members", [(), OTHERS[:1], OTHERS[:4]])
def test_too_few_are_no_group_and_nothing_is_recorded(
    desk: GroupDesk, members: tuple[str, ...]
) -> None:
    answer = desk.choose(*members)

    assert answer.status_code == 422
    assert "Please choose at least 5" in answer.text
    assert desk.nothing_kept()


def test_a_choice_is_its_users_and_no_older_than_a_launch_can_be(
    desk: GroupDesk,
) -> None:
    desk.choose_all()
    by, now = "Practitioner/okafor", desk.services.clock()

    def choice(by: str, after: timedelta) -> tuple[str, ...]:
        return choice_of(desk.vault, "hana", by=by, now=now + after)

    minute = timedelta(minutes=1)
    assert choice(by, ABSOLUTE - minute) == tuple(sorted(GROUP))
    assert choice(by, ABSOLUTE + minute) == ()
    assert choice("Practitioner/other", minute) == ()


# ---- Two means of one day, one person apart ------------------------------------------


def test_without_one_member_a_day_that_was_shown_is_not_shown_again(
    desk: GroupDesk,
) -> None:
    desk.paths["odile"] = desk.browser.launch("odile")
    desk.choose_all()
    before = means(desk.page())

    desk.choose(*OTHERS[:-1], "odile")
    after = means(desk.page())

    # The third week was never shown: of it there may be a mean, of six others.
    assert [each for each in before if each != "too few to show"] != after
    assert after == [
        *("not shown",) * 3,
        "11.5",
        *("not shown",) * 2,
    ]
    assert "could tell what one person has answered" in desk.page().text


def test_a_member_more_does_not_move_what_was_shown(desk: GroupDesk) -> None:
    desk.paths["odile"] = desk.browser.launch("odile")
    desk.choose_all()
    before = means(desk.page())

    desk.choose(*OTHERS, "odile")
    after = means(desk.page())

    moved = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert moved == [("too few to show", "11.5")]


def test_another_clinicians_look_counts_as_well(desk: GroupDesk) -> None:
    today = desk.services.clock().date()
    days = [today - timedelta(days=each) for each in (6, 7, 8)]  # in either zone
    seven = frozenset([*GROUP, "somebody"])
    record_shown(
        desk.vault,
        "rosa",
        members=sorted(seven),
        new={"gad-7": dict.fromkeys(days, seven)},
        by="Practitioner/other",
        now=desk.services.clock(),
    )

    desk.choose_all()

    assert means(desk.page())[:2] == ["not shown", "9.8"]


def test_to_look_with_the_group_keeps_its_launches_open(
    desk: GroupDesk, app: Flask
) -> None:
    desk.choose_all()
    clock = Clock(desk, app)
    clock.forward(minutes=14)
    desk.page()
    clock.forward(minutes=2)

    assert id_of(desk.partner) in desk.choice().text
