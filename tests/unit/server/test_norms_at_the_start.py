"""A norm pack from the plan to the hook's card, the page and `rom check`."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from clinical.errors import NormPackError
from clinical.norms.pack import NormPack, pack_bytes
from clinical.plan import DEMO_PLAN
from server.commands.check import command as check
from tests.hook_calls import TENANT, call, course, new_caller
from tests.installation import STAFF, running
from tests.norm_packs import SIGNER, norms_toml, pack, signed

CALLER = new_caller()
PATH = f"/{TENANT}/cds-services/progress"
PATIENT = "p1"


def write(folder: Path, *packs: NormPack) -> str:
    """The packs beside the plan; returns the plan's text."""
    folder.mkdir(parents=True, exist_ok=True)
    for at, each in enumerate(packs):
        (folder / f"pack-{at}.json").write_bytes(pack_bytes(each))
    text = DEMO_PLAN.read_text(encoding="utf-8")
    head, tail = text.split("[crisis]", 1)
    return f"{head}\n[crisis]{tail}{norms_toml(*packs) if packs else ''}"


class Hook:
    def __init__(self, folder: Path, plan: str, monkeypatch: pytest.MonkeyPatch):
        self.running = running(folder, CALLER, monkeypatch, plan=plan)
        self.client = self.running.app.test_client()

    def cards(self, resources: list[Any], *, birth_date: str | None) -> list[Any]:
        table = self.client.get(f"/{TENANT}/cds-services", base_url=STAFF).get_json()
        keys = [key for key in table["services"][0]["prefetch"] if key != "patient"]
        body = call(keys, resources, patient=PATIENT)
        person = {"resourceType": "Patient", "id": PATIENT, "birthDate": birth_date}
        body["prefetch"]["patient"] = {k: v for k, v in person.items() if v}
        answer = self.client.post(
            PATH,
            base_url=STAFF,
            headers={"Authorization": f"Bearer {CALLER.token()}"},
            json=body,
        )
        assert answer.status_code == 200, answer.text
        found: list[Any] = answer.get_json()["cards"]
        return found


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    found: list[Hook] = []

    def start(*packs: NormPack, folder: str = "a") -> Hook:
        place = tmp_path / folder
        found.append(Hook(place, write(place, *packs), monkeypatch))
        return found[-1]

    yield start
    for each in found:
        each.running.vault.close()


def test_a_course_outside_its_band_is_a_card_that_names_the_pack(opened: Any) -> None:
    made = signed(pack())

    cards = opened(made).cards(course([12, 12, 16, 17]), birth_date="1980-05-01")

    assert made.hash[:12] in json.dumps(cards)


@pytest.mark.parametrize("birth_date", [None, "1980", "1940-01-01"])
def test_without_a_known_age_in_the_band_no_norm_speaks(
    opened: Any, birth_date: str | None
) -> None:
    made = signed(pack())

    cards = opened(made).cards(course([12, 12, 16, 17]), birth_date=birth_date)

    assert made.hash[:12] not in json.dumps(cards)


def test_two_installations_with_one_pack_make_the_same_cards(opened: Any) -> None:
    made, readings = signed(pack()), course([12, 12, 16, 17])

    here, there = (
        opened(made, folder=name).cards(readings, birth_date="1980-05-01")
        for name in ("a", "b")
    )

    def said(cards: list[Any]) -> str:
        return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", json.dumps(cards))

    assert here
    assert said(here) == said(there)


def test_a_changed_pack_is_no_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = signed(pack())
    plan = write(tmp_path, made)
    file = tmp_path / "pack-0.json"
    file.write_bytes(file.read_bytes().replace(b'"sigma2":"8"', b'"sigma2":"9"'))

    with pytest.raises(NormPackError, match=r"pack-0\.json: its content is not"):
        running(tmp_path, CALLER, monkeypatch, plan=plan)


def test_a_missing_pack_is_no_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = write(tmp_path, signed(pack()))
    (tmp_path / "pack-0.json").unlink()

    with pytest.raises(NormPackError, match="cannot be read beside the plan"):
        running(tmp_path, CALLER, monkeypatch, plan=plan)


def test_rom_check_says_for_whom_a_norm_is_and_who_signed_it(opened: Any) -> None:
    opened(signed(pack()))

    found = CliRunner().invoke(check, ["--json"])

    assert found.exit_code == 0, found.output
    (line,) = json.loads(found.output)["norms"]
    for part in ("phq-9-invented 1.0.0", "en", "18-64", "outpatient", SIGNER):
        assert part in line


def test_rom_check_says_that_a_review_is_overdue(opened: Any) -> None:
    opened(signed(pack(), review_by=date(2026, 1, 16)))

    found = json.loads(CliRunner().invoke(check, ["--json"]).output)

    overdue = date.today() > date(2026, 1, 16)
    assert any("review is overdue" in each for each in found["notes"]) is overdue
