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
from clinical.norms.judged import digest_judged
from clinical.norms.pack import NormPack, hashed, pack_bytes
from clinical.plan import DEMO_PLAN
from server.commands.check import command as check
from tests.hook_calls import TENANT, call, course, new_caller
from tests.installation import STAFF, running
from tests.norm_packs import (
    OTHER_SEED,
    SIGNER,
    asked,
    chance_after,
    is_told,
    norms_toml,
    pack,
    signed,
)

CALLER = new_caller()
PATH = f"/{TENANT}/cds-services/progress"
PATIENT = "p1"


def write(folder: Path, *packs: NormPack, false_alarms: str = "") -> str:
    """The packs beside the plan; returns the plan's text."""
    folder.mkdir(parents=True, exist_ok=True)
    for at, each in enumerate(packs):
        (folder / f"pack-{at}.json").write_bytes(pack_bytes(each))
    text = DEMO_PLAN.read_text(encoding="utf-8")
    head, tail = text.split("[crisis]", 1)
    norms = norms_toml(*packs, false_alarms=false_alarms) if packs else ""
    return f"{head}\n[crisis]{tail}{norms}"


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

    def start(*packs: NormPack, folder: str = "a", false_alarms: str = "") -> Hook:
        place = tmp_path / folder
        plan = write(place, *packs, false_alarms=false_alarms)
        found.append(Hook(place, plan, monkeypatch))
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


WORSE = [12, 14, 17, 19]  # reliably worse, and outside the band


@pytest.mark.parametrize(("at_least", "cards"), [("0.000001", 1), ("1", 0)])
def test_with_a_share_of_false_alarms_only_a_course_not_on_track_interrupts(
    opened: Any, at_least: str, cards: int
) -> None:
    made = signed(asked(at_least))

    found = opened(made, false_alarms="0.10").cards(
        course(list(WORSE)), birth_date="1980-05-01"
    )

    assert len(found) == cards
    assert not is_told(json.dumps(found), chance_after(made, WORSE))


@pytest.mark.parametrize("birth_date", [None, "1940-01-01"])
def test_without_a_norm_the_share_of_false_alarms_changes_nothing(
    opened: Any, birth_date: str | None
) -> None:
    made = signed(asked("1"))

    found = opened(made, false_alarms="0.10").cards(
        course(list(WORSE)), birth_date=birth_date
    )

    assert len(found) == 1


def test_a_pack_without_thresholds_is_no_start_where_the_plan_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = write(tmp_path, signed(pack()), false_alarms="0.10")

    with pytest.raises(NormPackError, match=r"pack-0\.json: its check chose no"):
        running(tmp_path, CALLER, monkeypatch, plan=plan)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (hashed(pack()), "not signed by a named person"),
        (signed(pack(), by="Dr Nobody"), "Dr Nobody, for whom the plan has no key"),
        (signed(pack(), seed=OTHER_SEED), "signature was not made with the plan's key"),
        (signed(pack(validation=None)), "holds no validation report"),
    ],
    ids=["unsigned", "unknown", "another key", "unchecked"],
)
def test_without_report_and_named_sign_off_there_is_no_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: NormPack, said: str
) -> None:
    plan = write(tmp_path, made)

    with pytest.raises(NormPackError, match=said):
        running(tmp_path, CALLER, monkeypatch, plan=plan)


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

    with pytest.raises(NormPackError, match="cannot be read"):
        running(tmp_path, CALLER, monkeypatch, plan=plan)


def test_rom_check_says_for_whom_a_norm_is_and_who_signed_it(opened: Any) -> None:
    opened(signed(pack()))

    found = CliRunner().invoke(check, ["--json"])

    assert found.exit_code == 0, found.output
    (line,) = json.loads(found.output)["norms"]
    for part in ("phq-9-invented 1.0.0", "en", "18-64", "outpatient", SIGNER):
        assert part in line


def test_rom_check_says_what_a_share_of_false_alarms_does(opened: Any) -> None:
    opened(signed(asked("0.1")), false_alarms="0.10")

    found = json.loads(CliRunner().invoke(check, ["--json"]).output)

    assert any(
        each.startswith("false alarms 0.10: S2 and S3") for each in found["notes"]
    )


@pytest.mark.parametrize("says", [True, False])
def test_rom_check_names_a_pack_whose_report_does_not_say_what_it_judged(
    opened: Any, says: bool
) -> None:
    report = {"judged": digest_judged(pack())} if says else {"persons": 500}
    opened(signed(pack(validation=report)))

    found = json.loads(CliRunner().invoke(check, ["--json"]).output)

    named = any("which curve it judged" in each for each in found["notes"])
    assert named is not says


def test_rom_check_says_that_a_review_is_overdue(opened: Any) -> None:
    opened(signed(pack(), review_by=date(2026, 1, 16)))

    found = json.loads(CliRunner().invoke(check, ["--json"]).output)

    overdue = date.today() > date(2026, 1, 16)
    assert any("review is overdue" in each for each in found["notes"]) is overdue
