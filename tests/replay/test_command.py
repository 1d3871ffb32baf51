"""`rom replay`: the same figures however the charts come, and nothing about anybody."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clinical.norms.pack import hashed, pack_bytes
from clinical.plan import DEMO_PLAN
from server.cli import main
from tests.norm_packs import pack, signed
from tests.replay.charts import bundle, export_in, ndjson, people

PEOPLE = 70
CHARTS = people(PEOPLE)
FEW = list(CHARTS)[:20]


def rom(export: Path, *options: str | Path, plan: Path = DEMO_PLAN) -> Result:
    given = ["replay", str(export), "--plan", str(plan), *map(str, options)]
    return CliRunner().invoke(main, given)


def figures(export: Path, *options: str | Path, plan: Path = DEMO_PLAN) -> Any:
    ended = rom(export, "--json", *options, plan=plan)
    assert ended.exit_code in (0, 1), ended.output
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_in(tmp_path_factory.mktemp("replay") / "export", CHARTS)


@pytest.fixture(scope="module")
def plain(export: Path) -> str:
    return rom(export, "--json", "--what-if", "rules.no_gain_sessions=2").stdout


def test_twice_is_the_same_to_the_byte(export: Path, plain: str) -> None:
    again = rom(export, "--json", "--what-if", "rules.no_gain_sessions=2")

    assert (again.exit_code, again.stdout) == (0, plain)
    assert json.loads(plain)["cards"] > 50


def test_two_processes_say_the_same_to_the_byte(export: Path, plain: str) -> None:
    more = ("--what-if", "rules.no_gain_sessions=2", "--processes", "2")

    assert rom(export, "--json", *more).stdout == plain


@pytest.mark.parametrize("form", ["ndjson", "json", "turned"])
def test_other_files_give_the_same_cards(tmp_path: Path, plain: str, form: str) -> None:
    if form == "turned":
        turned = {key: CHARTS[key][::-1] for key in reversed(CHARTS)}
        export_in(tmp_path, turned)
    else:
        for patient, chart in CHARTS.items():
            body = ndjson(chart) if form == "ndjson" else bundle(chart)
            (tmp_path / f"{patient}.{form}").write_bytes(body)

    found = figures(tmp_path, "--what-if", "rules.no_gain_sessions=2")

    expected = json.loads(plain)
    assert found.pop("read")["lines"] == expected.pop("read")["lines"]
    assert found == expected


def test_one_file_of_one_patient_is_read_and_says_nothing_about_them(
    tmp_path: Path,
) -> None:
    file = tmp_path / "p2.json"
    file.write_bytes(bundle(CHARTS["p2"]))

    found = figures(file)

    assert found["read"]["lines"] == len(CHARTS["p2"])
    assert (found["people"], found["cards"], found["sessions"]) == (None, None, None)
    assert found["by"]["week"] and all(
        each["cards"] is None for rows in found["by"].values() for each in rows
    )


def test_the_parts_of_a_breakdown_add_up_to_the_cards(plain: str) -> None:
    report = json.loads(plain)

    for rows in report["by"].values():
        known = [each["cards"] for each in rows if each["cards"] is not None]
        hidden = [each for each in rows if each["cards"] is None]
        assert sum(known) <= report["cards"]
        # One hidden figure alone could be taken from the total.
        assert len(hidden) != 1 or sum(known) == report["cards"]
        assert hidden or sum(known) == report["cards"]


def test_each_session_and_each_day_of_answers_is_counted_once(plain: str) -> None:
    report = json.loads(plain)

    days = {
        (each["subject"]["reference"], each["authored"][:10])  # type: ignore[index]  # JSON
        for chart in CHARTS.values()
        for each in chart
        if each["resourceType"] == "QuestionnaireResponse"
    }
    assert report["sessions"] == len(days)
    assert report["people"] == PEOPLE
    rate = report["cards_per_100_sessions"]
    assert rate == pytest.approx(100 * report["cards"] / len(days), abs=0.05)


def test_another_number_does_what_the_changed_plan_does(
    export: Path, tmp_path: Path, plain: str
) -> None:
    text = DEMO_PLAN.read_text("utf-8")
    here = re.compile(r"(\[rules\.no_gain_sessions\].*\nvalue\s*= )4")
    (tmp_path / "plan.toml").write_text(here.sub(r"\g<1>2", text))

    [asked, answered] = json.loads(plain)["what_if"]

    assert asked["change"] == "rules.no_gain_sessions=2"
    changed = figures(export, plan=tmp_path / "plan.toml")
    assert asked["cards"] == changed["cards"] != json.loads(plain)["cards"]
    assert answered["change"] == "every card answered when shown"
    assert answered["cards"] == figures(export, "--as", "answered")["cards"]


def test_a_larger_reliable_change_gives_fewer_cards(export: Path) -> None:
    found = figures(export, "--what-if", "reliable_change.phq-9=8")

    [asked, _] = found["what_if"]
    assert asked["people_touched"] >= 5
    assert asked["cards"] < found["cards"]


def test_every_threshold_is_tried_lower_and_higher(tmp_path: Path) -> None:
    export_in(tmp_path, people(12))

    found = figures(tmp_path, "--thresholds")

    tried = [each["change"] for each in found["what_if"]]
    assert {"rules.no_gain_sessions=3", "rules.no_gain_sessions=5"} < set(tried)
    assert {"reliable_change.phq-9=5", "reliable_change.phq-9=7"} < set(tried)
    assert "rules.band_from_session=1" in found["not_tried"]
    assert not any("group_least" in each for each in tried)


def test_charts_may_be_opened_weekly(export: Path, plain: str) -> None:
    weekly = figures(export, "--occasions", "weekly")

    assert weekly["openings"] != json.loads(plain)["openings"]
    assert weekly["sessions"] == json.loads(plain)["sessions"]


def test_an_unsigned_pack_may_be_tried_and_is_called_so(tmp_path: Path) -> None:
    export = export_in(tmp_path / "export", {key: CHARTS[key] for key in FEW})
    (export / "Patient.ndjson").write_bytes(
        ndjson(
            {"resourceType": "Patient", "id": each, "birthDate": "1980-05-01"}
            for each in FEW
        )
    )
    (tmp_path / "signed").write_bytes(pack_bytes(signed(pack())))
    (tmp_path / "unsigned").write_bytes(pack_bytes(hashed(pack())))

    without = figures(export)
    on_trial = figures(export, "--norms", tmp_path / "unsigned")
    text = rom(export, "--norms", tmp_path / "signed").stdout

    assert on_trial["sha256"] != without["sha256"]
    assert "S3" in {each["key"] for each in on_trial["by"]["signal"]}
    assert (without["norms"], on_trial["norms"][0]["signed_by"]) == ([], None)
    assert "signed by Dr Test, invented" in text
    unsigned = rom(export, "--norms", tmp_path / "unsigned").stdout
    assert "not signed" in unsigned


def test_people_without_enough_are_counted_and_not_called_on_track(
    plain: str,
) -> None:
    report = json.loads(plain)

    once = sum(len(_days(chart)) == 1 for chart in CHARTS.values())
    assert report["with_one_session"] == once
    silent = {(each["rule"], each["reason"]) for each in report["cannot_tell"]}
    assert ("S3", "no_norm_for_this_group") in silent


def test_the_text_says_what_the_object_says(export: Path, plain: str) -> None:
    text = rom(export).stdout

    report = json.loads(plain)
    assert f"cards {report['cards']}: {report['cards_per_100_sessions']}" in text
    assert "by signal:" in text and "busiest week:" in text
    assert "every card answered when shown" in text
    assert not any(f"p{person} " in text for person in range(PEOPLE))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--what-if", "nonsense"), "is no KEY=VALUE"),
        (("--what-if", "rules.unheard_of=3"), "does not stand in this plan"),
        (("--what-if", "rules.no_gain_sessions=0"), "must be at least 1"),
        (("--what-if", "rules.watch_sd=3"), "must not exceed strong_sd"),
        (("--what-if", "rules.watch_sd=lots"), "rules.watch_sd.value"),
        (("--what-if", "reliable_change.phq-9=-1"), "a number above zero"),
        (("--what-if", "reliable_change.phq-9=x"), "a number above zero"),
        (("--what-if", "reliable_change.who=5"), "no outcome of this plan"),
        (("--occasions", "monthly"), "monthly"),
        (("--dialect", "unheard-of"), "no such file"),
        (("--norms", DEMO_PLAN), "demo.toml"),
        (("--norms", DEMO_PLAN, "--norms", DEMO_PLAN), "two packs of one name"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_name(
    export: Path, options: tuple[str, ...], said: str
) -> None:
    ended = rom(export, *options)

    assert ended.exit_code == 2
    assert said in ended.stderr


def _days(chart: Sequence[Any]) -> set[str]:
    """Those with an answer."""
    return {each["authored"][:10] for each in chart if "authored" in each}
