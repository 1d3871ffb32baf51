"""`rom replay --occasions encounters`: as if a list had named each of them."""

import csv
import json
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clinical.plan import DEMO_PLAN
from fhir_mapping.r4.json import Json
from server.cli import main
from tests.replay.charts import FIRST, HOUR, bundle, export_in, ndjson, people
from tests.replay.encounters import CLASS, encounter, with_encounters

CHARTS = people(40)
DAY = FIRST + timedelta(weeks=5)
EASTWARD = timezone(timedelta(hours=10))
# Of each person two on one day, before and after most answers, and one abroad.
VISITS = [
    each
    for number, patient in enumerate(CHARTS)
    for each in (
        encounter(f"a{number}", patient, DAY - HOUR),
        encounter(f"b{number}", patient, DAY + 5 * HOUR, status="in-progress"),
        encounter(f"c{number}", patient, (DAY - 99 * HOUR).astimezone(EASTWARD)),
    )
]
NEVER = [
    encounter(f"n{status}", "p1", DAY, status=status)
    for status in ("planned", "cancelled", "entered-in-error")
]


def rom(export: Path, *options: str | Path) -> Result:
    given = ("replay", str(export), "--plan", str(DEMO_PLAN), *map(str, options))
    return CliRunner().invoke(main, given)


def figures(export: Path, *options: str | Path) -> Any:
    ended = rom(export, "--json", *options)
    assert ended.exit_code in (0, 1), ended.output
    return json.loads(ended.stdout)


def at_encounters(export: Path, *options: str | Path) -> Any:
    return figures(export, "--occasions", "encounters", *options)


def listed(file: Path, visits: list[Json]) -> Path:
    """The same openings as a list."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("patient", "at", "encounter"))
        for each in visits:
            patient = str(each["subject"]["reference"]).partition("/")[2]  # type: ignore[index,call-overload]  # JSON
            rows.writerow((patient, each["period"]["start"], each["id"]))  # type: ignore[index,call-overload]  # JSON
    return file


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encounters") / "export"
    return with_encounters(folder, CHARTS, [*VISITS, *NEVER])


@pytest.fixture(scope="module")
def plain(export: Path) -> Any:
    return at_encounters(export)


def test_each_card_is_that_of_the_same_openings_in_a_list(
    export: Path, plain: Any, tmp_path: Path
) -> None:
    openings = listed(tmp_path / "openings.csv", VISITS)

    found = figures(export, "--occasions", openings)

    assert plain["cards"] > 10
    assert (plain["openings"], plain["sha256"]) == (len(VISITS), found["sha256"])
    assert (plain["openings_at"], found["openings_at"]) == ("encounters", "list")


def test_two_processes_say_the_same_to_the_byte(export: Path) -> None:
    options = ("--json", "--occasions", "encounters")

    one, two = (rom(export, *options, "--processes", each) for each in "12")

    assert one.stdout == two.stdout
    assert json.loads(one.stdout)["people"] == len(CHARTS)


def test_one_encounter_is_one_occasion_and_another_of_the_same_day_is_another(
    tmp_path: Path,
) -> None:
    same_day = [
        encounter(f"e{number}-{hour}", patient, DAY + hour * HOUR)
        for number, patient in enumerate(CHARTS)
        for hour in (5, 6)
    ]
    unnamed = [
        {key: of for key, of in each.items() if key != "id"} for each in same_day
    ]
    two = with_encounters(tmp_path / "two", CHARTS, same_day)
    one = with_encounters(tmp_path / "one", CHARTS, unnamed)

    twice, once = at_encounters(two), at_encounters(one)
    assert twice["openings"] == once["openings"] == 2 * len(CHARTS)
    assert twice["cards"] == 2 * once["cards"] > 0


def test_the_newest_version_of_an_encounter_counts(tmp_path: Path, plain: Any) -> None:
    older = [
        {
            **each,
            "meta": {"versionId": "1"},
            "period": {"start": "2026-03-01T09:00:00Z"},
        }
        for each in VISITS
    ]
    newer = [{**each, "meta": {"versionId": "2"}} for each in VISITS]
    withdrawn = encounter("x", "p1", DAY, status="entered-in-error")
    gone = [
        {**withdrawn, "status": "finished", "meta": {"versionId": "7"}},
        {**withdrawn, "meta": {"versionId": "8"}},
    ]
    export = with_encounters(tmp_path, CHARTS, [*gone, *newer, *older])

    found = at_encounters(export)

    assert found["sha256"] == plain["sha256"]
    assert found["openings"] == len(VISITS)


@pytest.mark.parametrize(
    ("kinds", "openings"),
    [
        ((f"{CLASS}|AMB",), len(VISITS) - 1),
        ((f"{CLASS}|IMP", "urn:oid:2.999.7|therapy"), len(VISITS)),
        ((f"{CLASS}|IMP",), None),  # one: hidden
    ],
)
def test_only_encounters_of_a_class_or_type_may_be_wished_for(
    tmp_path: Path, kinds: tuple[str, ...], openings: int | None
) -> None:
    inpatient = VISITS[0] | {"class": {"system": CLASS, "code": "IMP"}}
    export = with_encounters(tmp_path, CHARTS, [inpatient, *VISITS[1:]])
    options = [part for each in kinds for part in ("--encounter-type", each)]

    assert at_encounters(export, *options)["openings"] == openings


def test_people_without_an_encounter_are_counted_and_told(tmp_path: Path) -> None:
    some = [each for each in VISITS if each["subject"] != {"reference": "Patient/p0"}]
    missing = [each for each in VISITS if str(each["id"])[1:] not in set("0123456")]
    few = with_encounters(tmp_path / "few", CHARTS, some)
    seven = with_encounters(tmp_path / "seven", CHARTS, missing)

    assert at_encounters(few)["without_openings"] is None
    assert at_encounters(seven)["without_openings"] == 7
    text = rom(seven, "--occasions", "encounters").stdout
    assert "charts opened at the start of each Encounter; never opened: 7" in text


def test_openings_of_few_charts_among_many_are_hidden(tmp_path: Path) -> None:
    export = with_encounters(tmp_path, CHARTS, VISITS[:6])

    found = at_encounters(export)

    assert found["people"] == len(CHARTS)
    assert found["openings"] is None and found["without_openings"] is None


def test_bundles_hold_encounters_too(tmp_path: Path, plain: Any) -> None:
    for patient, chart in CHARTS.items():
        whose = {"reference": f"Patient/{patient}"}
        own = [each for each in (*VISITS, *NEVER) if each["subject"] == whose]
        (tmp_path / f"{patient}.json").write_bytes(bundle([*chart, *own]))
    broken = encounter("odd", "p1", "yesterday")
    (tmp_path / "odd.json").write_bytes(bundle([broken]))

    found = at_encounters(tmp_path)

    assert found["sha256"] == plain["sha256"]
    [unread] = found["read"]["unread"]
    assert (unread["place"], unread["count"]) == ("period.start", 1)


UNREADABLE: list[tuple[Json, str]] = [
    ({"period": None}, "no_date at period.start"),
    ({"period": {"end": "2026-04-06"}}, "no_date at period.start"),
    ({"period": {"start": "2026-04"}}, "no_date at period.start"),
    ({"period": {"start": "2026-04-06"}}, "no_time at period.start"),
    (
        {"period": {"start": "2026-04-06T10:00:00"}},
        "no_date at period.start",
    ),
    ({"period": "today"}, "malformed at period"),
    ({"status": None}, "malformed at status"),
    ({"status": "completed"}, "malformed at status"),
    ({"subject": None}, "malformed at subject"),
    ({"class": "AMB"}, "malformed at class"),
    (
        {"modifierExtension": [{"url": "urn:oid:2.999.1"}]},
        "not_interpreted at modifierExtension",
    ),
    ({"implicitRules": "urn:oid:2.999.2"}, "not_interpreted at implicitRules"),
]


def test_encounters_that_cannot_be_used_are_told_by_file_and_line(
    tmp_path: Path, plain: Any
) -> None:
    export = with_encounters(tmp_path, CHARTS, [*VISITS, *NEVER])
    odd = [encounter("odd", "p1", DAY) | changes for changes, _ in UNREADABLE]
    (export / "Odd.ndjson").write_bytes(b"\n" + ndjson([VISITS[0], *odd]))

    ended = rom(export, "--json", "--occasions", "encounters")

    found = json.loads(ended.stdout)
    assert ended.exit_code == 1
    assert found["read"]["unread_at"] == [
        f"Odd.ndjson:{line}: {said}" for line, (_, said) in enumerate(UNREADABLE, 3)
    ]
    assert found["sha256"] == plain["sha256"]


def test_without_this_option_encounters_are_something_else(tmp_path: Path) -> None:
    odd = [encounter("odd", "p1", DAY) | changes for changes, _ in UNREADABLE]
    export = with_encounters(tmp_path, CHARTS, [*VISITS, *odd])
    (export / "one.json").write_bytes(bundle(odd))

    ended = rom(export, "--json")

    found = json.loads(ended.stdout)
    assert ended.exit_code == 0
    assert found["read"]["other_types"] == {"Encounter": len(VISITS) + 2 * len(odd)}
    straight = figures(export_in(tmp_path / "straight", CHARTS))
    assert found["sha256"] == straight["sha256"]


def test_an_export_without_encounters_is_refused_with_what_to_do(
    tmp_path: Path,
) -> None:
    ended = rom(export_in(tmp_path, CHARTS), "--occasions", "encounters")

    assert ended.exit_code == 2
    assert "fetch it too, with rom bulk export --type Encounter" in ended.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--encounter-type", f"{CLASS}|AMB"), "goes with --occasions encounters"),
        (("--occasions", "encounters", "--encounter-type", "AMB"), "SYSTEM|CODE"),
        (("--occasions", "encounters", "--encounter-type", "|AMB"), "SYSTEM|CODE"),
    ],
)
def test_a_wrong_wish_is_refused(
    export: Path, options: tuple[str, ...], said: str
) -> None:
    ended = rom(export, *options)

    assert ended.exit_code == 2
    assert said in ended.stderr
