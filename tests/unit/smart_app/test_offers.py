"""A form is given while the site may give it, and nobody is left guessing why not."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from server.settings import Settings, safe
from server.wsgi import create_app, read_installation
from smart_app.offers import Offers, offers
from smart_app.services import EXTENSION
from tests.hook_calls import environment, write_files
from tests.installation import STAFF
from tests.unit.smart_app.conftest import CALLER, Clinic
from tests.unit.smart_app.licensed_site import (
    LAST_DAY,
    plan_with_ors,
    write_site_folder,
)


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime.fromisoformat(f"{LAST_DAY}T23:30:00+02:00")

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def licensed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> Iterator[Clinic]:
    """A clinic with its own words for a form, on the last evening of its licence."""
    site = write_site_folder(tmp_path / "site")
    write_files(tmp_path, CALLER, plan=plan_with_ors())
    for name in [each for each in os.environ if each.startswith("ROM_")]:
        monkeypatch.delenv(name)
    settings = environment(tmp_path)
    settings["ROM_INSTRUMENT_FOLDERS"] = json.dumps([str(site)])
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    installation = read_installation(safe(Settings()))  # type: ignore[call-arg]
    found = create_app(installation, clock=clock)
    yield Clinic(found.app.extensions[EXTENSION], found.app)
    found.vault.close()


def offered(clinic: Clinic) -> Offers:
    with clinic.app.test_request_context("/", base_url=STAFF):
        return offers(clinic.services)


def ids(found: Offers) -> list[str]:
    return [each.id for each in found.forms]


ALL = ["phq-9", "gad-7", "ors", "session-alliance"]
LINES = {"o1": "10", "o2": "20", "o3": "30", "o4": "40"}


def test_on_the_last_day_the_form_is_offered_and_on_the_next_it_is_not(
    licensed: Clinic, clock: Clock
) -> None:
    on_the_day = offered(licensed)
    clock.now += timedelta(hours=1)  # half past midnight where the clinic is
    after = offered(licensed)

    assert ids(on_the_day) == ALL and on_the_day.withheld == ()
    assert ids(after) == [each for each in ALL if each != "ors"]
    assert after.withheld == (
        "ORS is not offered: this clinic's licence ended on 1 May 2026."
        " Earlier scores stay readable.",
    )


def test_a_handed_over_form_does_not_open_after_the_licence(
    licensed: Clinic, clock: Clock
) -> None:
    tablet = licensed.tablet(forms=("ors",))
    clock.now += timedelta(hours=1)

    page = tablet.get(f"{tablet.path}form/0")

    assert page.status_code == 403
    assert "licence of this form has ended" in page.text


def test_a_form_that_was_open_is_still_taken_after_midnight(
    licensed: Clinic, clock: Clock
) -> None:
    tablet = licensed.tablet(forms=("ors",))
    fields = tablet.open()
    clock.now += timedelta(hours=1)

    blanks = tablet.send(fields, {"o1": "10"})
    saved = tablet.send(fields, LINES)

    assert (blanks.status_code, saved.status_code) == (422, 303)


def test_a_line_has_no_value_until_somebody_gives_one(licensed: Clinic) -> None:
    page = licensed.tablet(forms=("ors",))

    text = page.get(f"{page.path}form/0").text

    assert text.count('name="answer:o1"') == 1
    assert 'value="" placeholder="0–100"' in text
    assert 'type="range" name' not in text  # what is sent is the number field


def test_a_form_without_words_is_not_among_those_to_hand_over(clinic: Clinic) -> None:
    plan = clinic.services.plan
    skeleton = clinic.services.library.instrument("srs")
    bare = replace(
        clinic.services, plan=replace(plan, alliance=(*plan.alliance, skeleton))
    )

    with clinic.app.test_request_context("/", base_url=STAFF):
        found = offers(bare)

    assert "srs" not in ids(found)
    assert found.withheld == ("SRS is not offered: its wording is missing.",)
