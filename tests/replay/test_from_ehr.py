"""The whole way: an EHR's $export by `rom bulk export`, and its replay."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clinical.plan import DEMO_PLAN
from fhir_mapping.r4.json import json_bytes
from server.cli import main
from tests.publishing.site import Sandbox, new_client_key, sandbox, site_before
from tests.replay.charts import export_in, people

SCOPES = "system/Observation.rs system/QuestionnaireResponse.rs system/Appointment.rs"
CHARTS = people(12)


def rom(*options: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in options])


@pytest.fixture
def ehr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    private, public = new_client_key()
    with sandbox(public, tmp_path, scopes=SCOPES) as found:
        site_before(
            tmp_path,
            monkeypatch,
            origin=found.origin,
            fhir_base=f"{found.origin}/fhir",
            client_key=private,
            more=f'scopes.bulk = "{SCOPES}"',
        )
        for chart in CHARTS.values():
            for each in chart:
                assert found.store.inject(json.loads(json_bytes(each)))
        yield found


@pytest.mark.req("BD-01")
def test_what_the_ehr_exports_gives_the_cards_of_the_charts_themselves(
    ehr: Sandbox, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    exported = rom(
        *("bulk", "export", "--tenant", "sandbox", "--legal-basis", "consent"),
        *("--system", "--out", folder),
    )
    assert exported.exit_code == 0, exported.output

    found = rom("replay", folder, "--plan", DEMO_PLAN, "--json")

    straight = rom(
        *("replay", export_in(tmp_path / "straight", CHARTS)),
        *("--plan", DEMO_PLAN, "--json"),
    )
    assert (found.exit_code, straight.exit_code) == (0, 0), found.output
    ours, theirs = json.loads(found.stdout), json.loads(straight.stdout)
    assert ours["cards"] == theirs["cards"] > 0
    assert ours["read"]["lines"] == sum(map(len, CHARTS.values()))
    assert ours["sha256"] == theirs["sha256"]
