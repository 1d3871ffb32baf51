"""A recorded day in silent mode, and the replay of the same charts: the same."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from ehr.bulk.charts import ChartReader, charts_in
from fhir_mapping.history import history_of
from fhir_mapping.r4.json import Json
from server.cli import main
from server.replay.inputs import Wish, read_rules
from server.replay.openings import openings_in
from server.replay.run import Replayer
from tests.replay.charts import export_in, ndjson, people
from tests.replay.day import (
    DAY,
    Call,
    CardKey,
    Service,
    Words,
    calls_of,
    known_at,
    plan_text,
    service,
    write_openings,
)

pytestmark = pytest.mark.xdist_group("replay")  # the day is recorded once
PEOPLE = 60
CHARTS = people(PEOPLE)
PERSONS: dict[str, Json] = {
    patient: {
        "resourceType": "Patient",
        "id": patient,
        "birthDate": f"{1950 + number}-05-01",
    }
    for number, patient in enumerate(CHARTS)
}
CALLS = calls_of(CHARTS)
ODD = list(CHARTS)[::4]
Told = list[tuple[Call, list[Words]]]


def add_unreadable() -> None:
    """A score beyond its range in some charts, on the day itself."""
    for patient in ODD:
        score = next(each for each in CHARTS[patient] if "valueQuantity" in each)
        value = {**score["valueQuantity"], "value": 99}  # type: ignore[dict-item]  # JSON
        at = DAY.isoformat(timespec="seconds")
        more = {"id": f"odd-{patient}", "effectiveDateTime": at, "valueQuantity": value}
        CHARTS[patient].append({**score, **more})


add_unreadable()


def live_day(found: Service) -> Told:
    return [
        (
            each,
            found.words(
                each, known_at(CHARTS[each.patient], each.at), PERSONS[each.patient]
            ),
        )
        for each in CALLS
    ]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The charts whole, with what came after the day too."""
    folder = export_in(tmp_path_factory.mktemp("export"), CHARTS)
    (folder / "Patient.0001.ndjson").write_bytes(ndjson(PERSONS.values()))
    return folder


@dataclass(frozen=True, slots=True)
class Day:
    """What was recorded: the openings, the cards given out, the card log."""

    plan: Path
    openings: Path
    told: Told
    logged: Counter[CardKey]


def recorded(folder: Path, *, speaking: bool) -> Day:
    openings = write_openings(folder / "day.csv", CALLS)
    with (
        pytest.MonkeyPatch.context() as patch,
        service(folder / "site", patch, speaking=speaking) as live,
    ):
        told = live_day(live)
        return Day(live.plan, openings, told, live.logged(list(CHARTS)))


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return recorded(tmp_path_factory.mktemp("silent"), speaking=False)


def replayed_day(
    export: Path, wish: Wish, openings: Path
) -> tuple[Counter[CardKey], list[tuple[str, str, Words]]]:
    """Cards as the log counts them, and their words in the order of the openings."""
    charts, moments = charts_in(export), openings_in(openings)
    replayer = Replayer(wish, read_rules(wish), charts.files)
    reader, keys, words = ChartReader(charts.files), Counter[CardKey](), []
    with replayer.words():
        for patient, places in charts.places.items():
            resources, unread = reader.chart(patient, places)
            past = history_of(
                resources,
                patient=patient,
                library=replayer.rules.library,
                dialect=replayer.rules.dialect,
                unread=unread,
            ).past
            for each in replayer.cards(past, moments[patient]):
                keys[patient, each.cause, each.data_hash, each.occasion] += 1
                said = (
                    str(each.card[key]) for key in ("summary", "detail", "indicator")
                )
                words.append((patient, each.at.isoformat(), tuple(said)))
    return keys, words  # type: ignore[return-value]  # three each


def agreement(left: Counter[CardKey], right: Counter[CardKey]) -> tuple[int, int]:
    """How many of all cards are in both."""
    return (left & right).total(), (left | right).total()


def in_order(told: Told) -> list[tuple[str, str, Words]]:
    return sorted(
        (each.patient, each.at.isoformat(), words)
        for each, cards in told
        for words in cards
    )


def test_silent_mode_and_replay_agree_on_every_card_of_a_day(
    silent: Day, export: Path
) -> None:
    found, _ = replayed_day(export, Wish(silent.plan, way="silent"), silent.openings)

    agreeing, of = agreement(silent.logged, found)
    print(f"live silent mode and replay agree on {agreeing} of {of} cards")
    assert not any(cards for _, cards in silent.told)
    assert of > 60
    assert agreeing == of
    rules = {cause.partition("|")[0] for _, cause, _, _ in found}
    assert {"S1", "S2", "S3", "S4", "R3", "D1"} <= rules


def test_the_command_counts_what_the_log_of_the_day_holds(
    silent: Day, export: Path
) -> None:
    ended = CliRunner().invoke(
        main,
        [
            *("replay", str(export), "--plan", str(silent.plan), "--as", "silent"),
            *("--occasions", str(silent.openings), "--json"),
        ],
    )

    report = json.loads(ended.stdout)
    logged = silent.logged
    assert (report["cards"], report["times_shown"]) == (len(logged), logged.total())
    assert ended.exit_code == 1  # some scores could not be read
    assert [each["count"] for each in report["read"]["unread"]] == [len(ODD)]


def test_speaking_and_replay_agree_on_every_word_of_a_day(
    tmp_path: Path, export: Path
) -> None:
    day = recorded(tmp_path, speaking=True)

    _, found = replayed_day(export, Wish(day.plan), day.openings)

    said = in_order(day.told)
    print(f"speaking and replay agree on the words of {len(said)} cards")
    assert len(said) > 30
    assert sorted(found) == said
    assert any("could not be read" in words[1] for _, _, words in said)


@pytest.mark.parametrize(
    ("key", "value"),
    [("no_gain_sessions", "5"), ("watch_sd", "2"), ("band_from_session", "9")],
)
def test_with_another_threshold_they_disagree(
    silent: Day, export: Path, key: str, value: str
) -> None:
    there = re.compile(rf"(\[rules\.{key}\].*\nvalue\s*= )\S+")
    text, times = there.subn(rf"\g<1>{value}", plan_text(speaking=False))
    assert times == 1
    other = silent.plan.with_name("other.toml")
    other.write_text(text)

    found, _ = replayed_day(export, Wish(other, way="silent"), silent.openings)

    agreeing, of = agreement(silent.logged, found)
    assert agreeing < of
