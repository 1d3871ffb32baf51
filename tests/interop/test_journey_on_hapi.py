"""The same journey, with the record kept by a FHIR server that nobody here wrote."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Playwright, sync_playwright

from tests.journeys.browser import chromium
from tests.journeys.demo import running_demo
from tests.journeys.walk import walk_the_loop

pytestmark = [pytest.mark.interop, pytest.mark.browser]


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """One driver for the browsers of this module."""
    with sync_playwright() as found:
        yield found


def test_the_loop_closes_on_hapi_fhir(
    hapi: str, playwright: Playwright, tmp_path: Path
) -> None:
    with (
        running_demo(tmp_path / "demo", "--fhir-backend", hapi) as demo,
        chromium(playwright, tmp_path / "clinic") as clinic,
        chromium(playwright, tmp_path / "tablet", width=820, height=1100) as tablet,
    ):
        walk_the_loop(demo, clinic, tablet)

    today = written_by_us(hapi, "QuestionnaireResponse")
    assert len(today) == 1
    [response] = today
    [score] = written_by_us(hapi, "Observation")
    assert (
        score["derivedFrom"][0]["reference"]
        == f"QuestionnaireResponse/{response['id']}"
    )
    assert score["valueQuantity"]["value"] == 21


def written_by_us(hapi: str, kind: str) -> list[dict[str, object]]:
    """Amina's entries that carry our submission identifier, asked of HAPI itself."""
    answer = requests.get(
        f"{hapi}/{kind}",
        params={
            "patient": "amina",
            "identifier": "https://rom-on-fhir.example/fhir/NamingSystem/submission|",
        },
        headers={"Cache-Control": "no-cache"},
        timeout=30,
    )
    answer.raise_for_status()
    return [each["resource"] for each in answer.json().get("entry", [])]
