"""`rom explain`: a card that was shown, explained later and on another machine."""

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clinical.norms.pack import NormPack, pack_bytes
from clinical.plan import DEMO_PLAN
from server.commands.explain import command
from server.wsgi import Running
from tests.hook_calls import (
    ALLIANCE,
    TENANT,
    call,
    course,
    environment,
    new_caller,
)
from tests.hook_fixtures import ONE_ITEM_9, sitting
from tests.installation import STAFF, running
from tests.instruments import PHQ9
from tests.norm_packs import asked, norms_toml, pack, signed
from vault.audit import Intact
from vault.cipher import generate_key_file, keys_from_file
from vault.database import open_vault

CALLER = new_caller()
PATIENT = "p1"
PACK = signed(pack())
NAMED = f"{PACK.pack_id} {PACK.version}"
PLAIN_PLAN = DEMO_PLAN.read_text(encoding="utf-8")
WITH_NORM = PLAIN_PLAN + norms_toml(PACK)
ASKED = ("--by", "Dr A. Example", "--reason", "the patient asked why")
CARDS: dict[str, list[Any]] = {
    "S1": sitting(PHQ9, ONE_ITEM_9)[:1],
    "S1-blank": sitting(PHQ9, (1, 1, 1, 1, 1, 1, 1, 1, None))[:1],
    "S2": course([12, 13, 15, 18, 19]),
    "S3": course([12, 12, 15, 16]),
    "S4": course([15, 14, 15, 14, 15]),
    "S5": course([20, 12, 12, 12, 12]),
    "S6": course([20, 12]),
    "S7": course([18, 11, 18, 11, 18, 11]),
    "S8": course([18, 15, 8, 7]),
    "R3": course([13, 14, 13, 14, 14, 7], coding=ALLIANCE),
    "R8": [
        *course([12, 13, 15, 18, 19, 20]),
        *course([13, 14, 13, 14, 14, 7], coding=ALLIANCE),
    ],
}


@dataclass
class Machine:
    """One installation in one folder; `rom` runs on it while it is `use`d."""

    folder: Path
    running: Running

    def cards(self, resources: list[Any], **headers: str) -> list[dict[str, Any]]:
        client = self.running.app.test_client()
        table = client.get(f"/{TENANT}/cds-services", base_url=STAFF).get_json()
        keys = [key for key in table["services"][0]["prefetch"] if key != "patient"]
        body = call(keys, resources, patient=PATIENT)
        born = {"resourceType": "Patient", "id": PATIENT, "birthDate": "1980-05-01"}
        body["prefetch"]["patient"] = born
        answer = client.post(
            f"/{TENANT}/cds-services/progress",
            base_url=STAFF,
            headers={"Authorization": f"Bearer {CALLER.token()}", **headers},
            json=body,
        )
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.get_json()["cards"]
        return found

    def card(self, rule: str, **headers: str) -> dict[str, Any]:
        return self.cards(CARDS[rule], **headers)[0]


Start = Callable[..., Machine]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    opened: list[Running] = []

    def begin(plan: str = PLAIN_PLAN, *, norm: NormPack = PACK) -> Machine:
        folder = tmp_path / "here"
        folder.mkdir(exist_ok=True)
        (folder / "pack-0.json").write_bytes(pack_bytes(norm))
        opened.append(running(folder, CALLER, monkeypatch, plan=plan))
        return Machine(folder, opened[-1])

    yield begin
    for each in opened:
        each.vault.close()


def elsewhere(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Vault, key and files copied to another folder; `rom` runs there from now on."""
    machine.running.vault.close()
    there = machine.folder.parent / "there"
    shutil.copytree(machine.folder, there)
    for name, value in environment(there).items():
        monkeypatch.setenv(name, value)
    return there


def explain(card: str, *more: str) -> Result:
    return CliRunner().invoke(command, [card, "--tenant", TENANT, *ASKED, *more])


def told(card: str, *more: str) -> dict[str, Any]:
    found = explain(card, "--for", "auditor", "--json", *more)
    assert found.exit_code in (0, 1), found.output
    answer: dict[str, Any] = json.loads(found.stdout)
    return answer


def audit_of(folder: Path) -> list[tuple[str, str | None, dict[str, Any]]]:
    vault = open_vault(folder / "data", keys_from_file(folder / "master.key"))
    audit = vault.for_tenant(TENANT).audit
    assert isinstance(audit.verify(), Intact)
    rows = [
        (each.row.actor, each.row.patient, json.loads(each.row.details))
        for each in audit.entries()
        if each.row.kind == "card.explained"
    ]
    vault.close()
    return rows


@pytest.mark.parametrize("rule", CARDS)
def test_a_shown_card_is_made_again_byte_for_byte_on_another_machine(
    start: Start, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    machine = start(WITH_NORM if rule == "S3" else PLAIN_PLAN)
    card = machine.card(rule)
    elsewhere(machine, monkeypatch)

    found = explain(card["uuid"], "--for", "auditor", "--json")

    assert found.exit_code == 0, found.output
    answer = json.loads(found.stdout)
    assert (answer["verdict"], answer["differences"]) == ("same", [])
    assert answer["said"] == {
        name: card[name] for name in ("summary", "indicator", "detail")
    }
    assert answer["cause"].startswith(f"{rule}|")
    kind = "predictive" if rule == "S3" else "evidence_based"
    assert answer["decision_support"] == kind


def test_a_card_in_german_is_explained_in_german(start: Start) -> None:
    card = start().card("S2", **{"Accept-Language": "de-CH"})

    found = explain(card["uuid"])

    assert found.exit_code == 0, found.output
    assert card["summary"] in found.stdout
    assert "Byte für Byte" in found.stdout


def test_a_clinician_reads_what_was_seen_by_which_rule_and_what_it_does_not_tell(
    start: Start,
) -> None:
    machine = start()
    card = machine.card("S4")
    answer = told(card["uuid"])

    text = explain(card["uuid"]).stdout

    for part in (
        "PHQ-9: 15",
        "S4: Sessions have passed since the start",
        "rules.no_gain_sessions 4: Our choice: a plan review after 4 sessions",
        PHQ9.reliable_change.source.text,  # type: ignore[union-attr]
        "may still be chance",
        "A plan review is suggested.",
        "The same, byte for byte.",
    ):
        assert part in text
    for hidden in (answer["data_hash"], answer["inputs_sha256"], "Observation/"):
        assert hidden not in text


def test_an_auditor_reads_everything_with_its_hashes(start: Start) -> None:
    card = start(WITH_NORM).card("S3")
    answer = told(card["uuid"])

    text = explain(card["uuid"], "--for", "auditor").stdout

    assert answer["norms"] == [{"pack": NAMED, "sha256": PACK.hash}]
    [form] = answer["instruments"]
    assert (form["id"], form["sha256"]) == ("phq-9", PHQ9.digest)
    for part in (
        PACK.hash,
        PHQ9.digest,
        answer["data_hash"],
        answer["plan_sha256"],
        answer["inputs_sha256"],
        answer["readings"][0]["source"],
        PATIENT,
    ):
        assert part in text


def test_an_auditor_reads_what_was_shown_and_answered_before_the_card(
    start: Start,
) -> None:
    machine = start()
    first = machine.card("S2")
    cards, clock = machine.running.vault.for_tenant(TENANT).cards, machine.running.clock
    cards.feedback(
        card=first["uuid"],
        outcome="overridden",
        reason="already-discussed",
        at=clock(),
        now=clock(),
    )
    [worse] = machine.cards(course([12, 13, 15, 18, 19, 24]))
    cards.feedback(
        card=worse["uuid"], outcome="accepted", reason=None, at=clock(), now=clock()
    )

    answer, before = told(worse["uuid"]), told(first["uuid"])
    text = explain(worse["uuid"], "--for", "auditor").stdout

    [card], [answered] = answer["logged_before"], answer["answered_before"]
    assert (card["card"], card["shown"], card["times"]) == (first["uuid"], True, 1)
    assert not card["same_evidence"]
    assert (answered["outcome"], answered["reason"], answered["level"]) == (
        "overridden",
        "already-discussed",
        card["level"],
    )
    assert (before["logged_before"], before["answered_before"]) == ([], [])
    assert "One card of this cause had been shown before: " in text
    assert "(overridden), at level -7; this card's level was -12" in text
    assert "The plan sets no share of false alarms." in text
    assert "had been shown before" not in explain(worse["uuid"]).stdout


@pytest.mark.parametrize(
    ("rule", "heading", "said"),
    [
        ("S2", "not_on_track", "the course was not on track"),
        ("S6", None, "not one of the rules that wait"),
    ],
)
def test_an_auditor_reads_where_the_course_was_heading_and_no_probability(
    start: Start, rule: str, heading: str | None, said: str
) -> None:
    norm = signed(asked("0.01"))
    plan = PLAIN_PLAN + norms_toml(norm, false_alarms="0.10")
    card = start(plan, norm=norm).card(rule)

    answer = told(card["uuid"])
    text = explain(card["uuid"], "--for", "auditor").stdout
    why = text.partition("Why it could interrupt")[2].partition("In full")[0]

    assert (answer["false_alarms"], answer["heading"]) == ("0.10", heading)
    assert said in why
    assert not re.search(r"\d", re.sub(r"S\d", "", why))


def test_who_asked_and_why_is_in_the_audit_of_this_patient(start: Start) -> None:
    machine = start()
    card = machine.card("S2")

    explain(card["uuid"])

    [(actor, patient, details)] = audit_of(machine.folder)
    assert (actor, patient) == ("Dr A. Example", PATIENT)
    assert details == {
        "card": card["uuid"],
        "for": "clinician",
        "reason": "the patient asked why",
        "outcome": "shown",
    }


@pytest.mark.parametrize("name", ["--by", "--reason"])
def test_without_a_name_or_a_reason_nothing_is_shown(start: Start, name: str) -> None:
    card = start().card("S2")
    asked = dict(zip(ASKED[::2], ASKED[1::2], strict=True)) | {name: " "}

    found = CliRunner().invoke(
        command,
        [
            card["uuid"],
            "--tenant",
            TENANT,
            *(x for pair in asked.items() for x in pair),
        ],
    )

    assert found.exit_code == 2
    assert found.stdout == ""
    assert name in found.stderr


@pytest.mark.parametrize("table", ["card_inputs", "card_grounds", "cards"])
def test_a_changed_byte_is_noticed_audited_and_nothing_is_shown(
    start: Start, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    machine = start()
    card = machine.card("S2")
    there = elsewhere(machine, monkeypatch)
    with sqlite3.connect(there / "data" / "calls.sqlite") as changed:
        [(body,)] = changed.execute(f"SELECT body FROM {table}")
        body = body[:-1] + bytes([body[-1] ^ 1])
        changed.execute(f"UPDATE {table} SET body = ?", (body,))
    changed.close()

    found = explain(card["uuid"])

    assert found.exit_code == 3
    assert found.stdout == ""
    assert "not what was written" in found.stderr
    assert [each[2]["outcome"] for each in audit_of(there)] == ["tampered"]


def test_another_number_in_todays_plan_differs_and_is_named(start: Start) -> None:
    machine = start()
    card = machine.card("S4")
    name = r"(\[rules\.no_gain_sessions\].*\nvalue +=) 4"
    plan = re.sub(name, r"\1 6", PLAIN_PLAN)
    assert plan != PLAIN_PLAN
    (machine.folder / "measurement_plan.toml").write_text(plan, encoding="utf-8")

    found = explain(card["uuid"])

    assert found.exit_code == 1
    assert "The same, byte for byte." in found.stdout
    assert "rules.no_gain_sessions was 4, and today it is 6" in found.stdout
    assert "With today's plan there would be no such signal." in found.stdout
    answer = told(card["uuid"])
    assert (answer["verdict"], answer["rebuilt"]) == ("differs", "same")


def test_without_its_norm_pack_it_says_which_one_and_takes_the_file(
    start: Start,
) -> None:
    machine = start(WITH_NORM)
    card = machine.card("S3")
    (machine.folder / "measurement_plan.toml").write_text(PLAIN_PLAN, encoding="utf-8")

    without = explain(card["uuid"])
    answer = told(card["uuid"], "--pack", str(machine.folder / "pack-0.json"))

    assert without.exit_code == 1
    assert f"({PACK.hash}) is no longer here" in without.stdout
    assert answer["rebuilt"] == "same"
    assert [each["what"] for each in answer["changed_since"]] == [f"norm:{NAMED}"]


def test_a_withheld_card_is_explained_like_a_shown_one(start: Start) -> None:
    machine = start(PLAIN_PLAN.replace("speaking = true", "speaking = false"))
    assert machine.cards(CARDS["S2"]) == []
    cards = machine.running.vault.for_tenant(TENANT).cards
    [logged] = cards.known(PATIENT).rows

    answer = told(logged.row.uuid)

    assert (answer["verdict"], answer["shown"]) == ("same", False)
    assert answer["said"]["summary"].startswith("PHQ-9 is worse")


@pytest.mark.parametrize(
    ("card", "tenant", "problem"),
    [
        ("not-a-uuid", TENANT, "is no UUID"),
        ("123e4567-e89b-42d3-a456-426614174000", TENANT, "no card"),
        ("123e4567-e89b-42d3-a456-426614174000", "nowhere", "no EHR 'nowhere'"),
    ],
)
def test_what_is_not_here_is_said_by_name(
    start: Start, card: str, tenant: str, problem: str
) -> None:
    start()

    found = CliRunner().invoke(command, [card, "--tenant", tenant, *ASKED])

    assert (found.exit_code, found.stdout) == (2, "")
    assert problem in found.stderr


def test_another_key_opens_nothing(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = start()
    card = machine.card("S2")
    there = elsewhere(machine, monkeypatch)
    (there / "master.key").unlink()
    generate_key_file(there / "master.key")

    found = explain(card["uuid"])

    assert (found.exit_code, found.stdout) == (2, "")
    assert "master key" in found.stderr
