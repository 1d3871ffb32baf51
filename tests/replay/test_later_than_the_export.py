"""What is dated later than its export is named and does not count."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinical.across_episodes.numbers import numbers
from ehr.bulk.job import Job, Request
from fhir_mapping.r4.json import Json
from tests.hook_fixtures import points_for, sitting
from tests.instruments import PHQ9
from tests.replay.charts import export_in, people
from tests.replay.encounters import encounter, with_encounters
from tests.replay.test_encounters import DAY, at_encounters, figures, listed, rom

CHARTS = people(40)
FAR = datetime(2131, 3, 2, 10, tzinfo=UTC)
VISITS = [encounter(f"a{number}", each, DAY) for number, each in enumerate(CHARTS)]
COUNTED = ("openings", "sessions", "weeks", "cards", "cards_per_week")


def counted(figures: Mapping[str, object]) -> dict[str, object]:
    return {name: figures[name] for name in COUNTED}


def test_an_encounter_of_another_century_is_named_and_makes_no_week(
    tmp_path: Path,
) -> None:
    wrong = encounter("wrong", "p1", FAR)
    plain = with_encounters(tmp_path / "plain", CHARTS, VISITS)
    slip = with_encounters(tmp_path / "slip", CHARTS, [*VISITS, wrong])

    found = at_encounters(slip)

    assert counted(found) == counted(at_encounters(plain))
    told = rom(slip, "--occasions", "encounters")
    assert told.exit_code == 1
    assert "unread: 1 Encounter period.start: after_the_export" in told.stdout
    assert f"Encounter.0001.ndjson:{len(VISITS) + 1}: after_the_export" in told.stdout


@pytest.mark.parametrize("rhythm", ["sessions", "weekly"])
def test_an_answer_of_another_century_is_named_and_makes_no_week(
    tmp_path: Path, rhythm: str
) -> None:
    late: Sequence[Json] = sitting(PHQ9, points_for(PHQ9, 9), on=FAR, patient="p1")
    slip = {**CHARTS, "p1": [*CHARTS["p1"], *late]}
    options = ("--occasions", rhythm)

    found = figures(export_in(tmp_path / "slip", slip), *options)

    plain = figures(export_in(tmp_path / "plain", CHARTS), *options)
    assert counted(found) == counted(plain)
    (unread,) = found["read"]["unread"]
    assert (unread["reason"], unread["count"]) == ("after_the_export", 1)


def test_an_opening_of_another_century_in_a_list_is_named_and_makes_no_week(
    tmp_path: Path,
) -> None:
    export = export_in(tmp_path / "export", CHARTS)
    late = [*VISITS, encounter("wrong", "p1", FAR)]
    plain = figures(export, "--occasions", listed(tmp_path / "plain.csv", VISITS))

    found = figures(export, "--occasions", listed(tmp_path / "slip.csv", late))

    assert counted(found) == counted(plain)
    assert [each["type"] for each in found["read"]["unread"]] == ["opening of the list"]


def test_the_ehr_says_when_its_export_ended(tmp_path: Path) -> None:
    export = with_encounters(tmp_path / "export", CHARTS, VISITS)
    told = Job(export, Request("t", "$export", (), post=False, legal_basis="consent"))
    before = at_encounters(export)
    late = {}
    for days in (0, 2):  # a day is left for clocks that differ
        told.transaction_time = (DAY - timedelta(days=days)).isoformat()
        told.save()
        late[days] = at_encounters(export)

    assert late[0]["openings"] == before["openings"] == len(VISITS)
    assert late[2]["openings"] == 0
    assert late[2]["read"]["unread"][-1]["count"] > numbers().smallest_cell
